"""The order of the tests. Pure but for `state`, which changes in place; values are never changed."""

from typing import Final

import numpy as np

from ingest.quality.below_outdoor import below_outdoor
from ingest.quality.flags import FAILS, flags
from ingest.quality.limits import Limits
from ingest.quality.neighbours import Jumps, jumps
from ingest.quality.pairs import pairs
from ingest.quality.ranges import ranges
from ingest.quality.runs import T_BITS, Runs
from ingest.quality.start_values import FEWEST_IN_HALF
from ingest.quality.state import Records, State
from ingest.quality.surroundings import after_voc_steps, in_humid_air
from ingest.quality.windows import fill, flat_lines, on_the_floor, steps
from venueair.block import Block, Flag, Int64, Why, Whys

_OUT_OF_ORDER: Final = np.uint16(FAILS | Why.LATE | Why.CLOCK)


def judge(block: Block, state: State, limits: Limits) -> Block:
    """Flags `block`: sorted by (series, t), one row per key, `raw` finite or NaN; `why` may already say
    WARM_UP, DEVICE_FAULT, LATE or CLOCK.

    Returns its rows flagged, and rows of earlier blocks that turned out to be spikes, sorted. Rows that are
    late, of a wrong clock, or not newer than their series are judged by themselves alone (ranges and pairs)
    and leave `state` as it is.
    """
    if not len(block):
        return block
    state.fit(len(limits))
    why = block.why.copy()
    rows = Runs.of(block.t, block.raw, block.series, np.arange(len(block)))
    _mark(why, ranges(rows, limits))
    _mark(why, pairs(rows, why, state.place, limits))

    fresh = _in_order(block, rows, why, state)
    if fresh is None:
        return Block(block.t, block.series, block.value, block.raw, flags(block.raw, why), why)
    old = state.newest.take(fresh.series)
    jumped = jumps(fresh, old, limits)
    halves = fill(fresh, state.flat, limits.columns.flat_half_ms, FEWEST_IN_HALF, limits)
    clipped, stepped = _short_windows(block, fresh, state, limits)
    found = [
        (Why.SPIKE, jumped.spikes),
        (Why.RATE, jumped.rates),
        (Why.FLAT_LINE, flat_lines(halves, limits)),
        (Why.FLOOR, clipped),
        (Why.HUMID, in_humid_air(fresh, state, limits)),
        (Why.INTERFERENCE, after_voc_steps(fresh, stepped, state, limits)),
    ]
    _mark(why, found)
    _mark(why, [(Why.BELOW_OUTDOOR, below_outdoor(block, why, fresh, state, limits))])
    flag = flags(block.raw, why)
    flag[jumped.dips] = Flag.FAIL
    judged = Block(block.t, block.series, block.value, block.raw, flag, why)
    _remember(state, judged, fresh, stepped, old)
    return _with_earlier(judged, fresh, old, jumped)


def _mark(why: Whys, found: list[tuple[Why, Int64]]) -> None:
    for reason, rows in found:
        if len(rows):
            why[rows] |= np.uint16(reason)


def _in_order(block: Block, rows: Runs, why: Whys, state: State) -> Runs | None:
    """The rows that go on where their series are; None when there is none."""
    newest = state.newest["t"][rows.series]
    missing = np.isnan(rows.low).any()
    if not missing and (rows.t[rows.start] > newest).all() and not (why & _OUT_OF_ORDER).any():
        return rows
    newer = block.t > np.repeat(newest, rows.end - rows.start)
    keep = np.flatnonzero(newer & ~np.isnan(block.raw) & ((why & _OUT_OF_ORDER) == 0))
    return Runs.of(block.t[keep], block.raw[keep], block.series[keep], keep) if len(keep) else None


def _short_windows(block: Block, fresh: Runs, state: State, limits: Limits) -> tuple[Int64, Runs | None]:
    """(rows of the block on their floor, the readings of VOC that are steps)."""
    watched = limits.columns.is_short[limits.quantity[fresh.series]]
    if not watched.any():
        return np.empty(0, dtype=np.int64), None
    rows = fresh.only(watched)
    filled = fill(rows, state.short, limits.columns.short_ms, 1, limits)
    high = steps(filled, limits)
    row = rows.row[high]
    stepped = Runs.of(rows.t[high], rows.raw[high], block.series[row], row) if len(high) else None
    return on_the_floor(filled, limits), stepped


def _remember(state: State, judged: Block, fresh: Runs, stepped: Runs | None, old: Records) -> None:
    last = fresh.end - 1
    alone = fresh.end - fresh.start == 1
    row = fresh.row[last]
    new = np.empty_like(old)
    new["before_t"] = np.where(alone, old["t"], fresh.t[last - 1])
    new["before"] = np.where(alone, old["raw"], fresh.raw[last - 1])
    new["t"] = fresh.t[last]
    new["raw"] = fresh.raw[last]
    new["value"] = judged.value[row]
    new["flag"] = judged.flag[row]
    new["why"] = judged.why[row]
    state.newest.put(fresh.series, new)
    if stepped is not None:
        state.stepped[stepped.series] = stepped.t[stepped.end - 1]


def _with_earlier(judged: Block, fresh: Runs, old: Records, jumped: Jumps) -> Block:
    """`judged` and before it, at their places, the newest earlier readings that were spikes."""
    if not len(jumped.earlier):
        return judged
    kept, series = old[jumped.earlier], fresh.series[jumped.earlier]
    first = min(int(judged.t.min()), int(kept["t"].min()))
    keys = (judged.series.astype(np.int64) << T_BITS) + (judged.t - first)
    place = np.searchsorted(keys, (series << T_BITS) + (kept["t"] - first), side="left")
    flag = np.maximum(kept["flag"], np.where(jumped.earlier_dips, Flag.FAIL, Flag.SUSPECT))
    return Block(
        np.insert(judged.t, place, kept["t"]),
        np.insert(judged.series, place, series),
        np.insert(judged.value, place, kept["value"]),
        np.insert(judged.raw, place, kept["raw"]),
        np.insert(judged.flag, place, flag),
        np.insert(judged.why, place, kept["why"] | np.uint16(Why.SPIKE)),
    )
