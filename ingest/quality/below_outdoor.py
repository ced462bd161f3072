"""CO2 lower than outdoors, for long: people only add to it, so the sensor's baseline is wrong.

Outdoors is the venue's own sensor there: the lowest of its means over fixed windows in the last hours, since
air inside is older than that outside. The two newest windows are left out: so it does not matter in which
order devices are heard, as long as they are less than a window apart. Without such a sensor, or while it is
itself below the global background or above what outdoor air has, it is the global background.
"""

from typing import Final

import numpy as np

from ingest.quality.limits import Limits
from ingest.quality.runs import Runs
from ingest.quality.start_values import (
    BACKGROUND_PPM,
    BELOW_HOLD_MS,
    BELOW_PPM,
    OUTDOOR_MOST_PPM,
    OUTDOOR_WINDOW_MS,
    OUTDOOR_WINDOWS,
)
from ingest.quality.state import NEVER, State
from ingest.ragged import starts_of
from venueair.block import Block, Bool, Float64, Int64, Why, Whys

_MILLION: Final = 1e6
_NO_ROWS: Final = np.empty(0, dtype=np.int64)
_LOWEST: Final = BACKGROUND_PPM - BELOW_PPM


def below_outdoor(block: Block, why: Whys, fresh: Runs, state: State, limits: Limits) -> Int64:
    """Rows of the block; `why` is what other tests say. Goes by corrected values."""
    is_co2 = limits.is_co2[fresh.series]
    if not is_co2.any():
        return _NO_ROWS
    rows = fresh.only(is_co2)
    value = block.value[rows.row]
    _learn(rows, value, why, state, limits)
    group = limits.outdoor_of[rows.series]
    could = np.where(group >= 0, OUTDOOR_MOST_PPM - BELOW_PPM, _LOWEST)
    looked = (np.minimum.reduceat(value, rows.start) < could) | (state.below_since[rows.series] != NEVER)
    if not looked.any():
        return _NO_ROWS
    inside = np.repeat(looked, rows.end - rows.start)
    rows, value = rows.only(looked), value[inside]
    each = np.repeat(group[looked], rows.end - rows.start)
    below = value < _outdoors(each, rows.t // OUTDOOR_WINDOW_MS, state) - BELOW_PPM
    return rows.row[_held(rows, below, state)]


def _learn(rows: Runs, value: Float64, why: Whys, state: State, limits: Limits) -> None:
    """Adds what sensors outdoors measured to the windows of their venue; a spike is known too late."""
    group = np.repeat(limits.outdoor_air[rows.series], rows.end - rows.start)
    if not (there := np.flatnonzero(group >= 0)).size:
        return
    clean = (why[rows.row[there]] & np.uint16(~Why.SPIKE & 0xFFFF)) == 0
    there = there[clean & (value[there] >= _LOWEST) & (value[there] <= OUTDOOR_MOST_PPM)]
    if not len(there):
        return
    _forget(state)  # before this block's are there: its first rows look further back than its last
    venue, window = group[there], rows.t[there] // OUTDOOR_WINDOW_MS
    start = starts_of(venue, window)
    total = np.add.reduceat(np.rint(value[there] * _MILLION).astype(np.int64), start)
    count = np.diff(start, append=len(there))
    for of, number, *more in zip(
        *(c.tolist() for c in (venue[start], window[start], total, count)), strict=True
    ):
        windows = state.outdoors.setdefault(of, {})
        had = windows.get(number, (0, 0))
        windows[number] = had[0] + more[0], had[1] + more[1]


def _forget(state: State) -> None:
    for windows in state.outdoors.values():
        oldest = max(windows, default=0) - 4 * OUTDOOR_WINDOWS
        for number in [number for number in windows if number < oldest]:
            del windows[number]


def _outdoors(group: Int64, window: Int64, state: State) -> Float64:
    """(n,) ppm outdoors, for rows of these venues in these windows."""
    keys, place = np.unique(np.stack([group, window]), axis=1, return_inverse=True)
    ppm = [_lowest(state.outdoors.get(venue, {}), number) for venue, number in keys.T.tolist()]
    return np.array(ppm, dtype=np.float64)[place.ravel()]


def _lowest(windows: dict[int, tuple[int, int]], number: int) -> float:
    past = (windows.get(number - back, (0, 0)) for back in range(2, 2 + OUTDOOR_WINDOWS))
    return min((total / (count * _MILLION) for total, count in past if count), default=BACKGROUND_PPM)


def _held(rows: Runs, below: Bool, state: State) -> Int64:
    """Rows that are below, as were all of their series for BELOW_HOLD_MS; a longer gap begins anew."""
    since, newest = state.below_since[rows.series], state.newest["t"][rows.series]
    was = np.empty_like(below)
    was[1:] = below[:-1]
    was[rows.start] = since != NEVER
    before = np.empty_like(rows.t)
    before[1:] = rows.t[:-1]
    before[rows.start] = newest
    begins = below & (~was | (rows.t - before > BELOW_HOLD_MS))
    head = np.zeros(len(below), dtype=np.bool_)
    head[rows.start] = True
    # Of each row the last before it that begins a stretch or a run; the run's own goes on from before.
    mark = np.maximum.accumulate(np.where(begins | head, np.arange(len(below)), 0))
    start = rows.t[mark]
    goes_on = ~begins[mark]
    start[goes_on] = np.repeat(since, rows.end - rows.start)[goes_on]
    last = rows.end - 1
    state.below_since[rows.series] = np.where(below[last], start[last], NEVER)
    return np.flatnonzero(below & (rows.t - start >= BELOW_HOLD_MS))
