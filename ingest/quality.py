"""Quality tests over blocks, vectorised: gross and suspect range, spike, flat line, warm-up, device fault.

Flags and their roll-up are QARTOD's (IOOS Manual for Real-Time Quality Control); values are never changed.
A spike can only be judged when the next reading is there: then the earlier row comes out again, flagged anew.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from venueair.block import Block, Bool, Flag, Flags, Float64, Int64, Why, Whys
from venueair.quantities import QUANTITIES

GAP_MS: Final = 180_000  # readings further apart say nothing about each other
_NEVER: Final = np.iinfo(np.int64).min

# Start values tuned on a public minute-by-minute office data set; spike: |x - mean of its neighbours|.
SPIKE: Final = {"co2": 150.0, "pm2_5": 20.0, "pm10": 40.0, "temperature": 1.5}
_HOUR: Final = 3_600_000
FLAT_MS: Final = {
    "co2": _HOUR // 2,
    "pm1": 6 * _HOUR,
    "pm2_5": 6 * _HOUR,
    "pm10": 6 * _HOUR,
    "temperature": 6 * _HOUR,
    "humidity": 6 * _HOUR,
}
# Clean air can read 0 for hours; that is a value, not a stuck sensor.
_ZERO_IS_LEGAL: Final = frozenset({"pm1", "pm2_5", "pm10"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Parameters of the tests as columns by series number."""

    hard: Float64
    suspect: Float64
    spike: Float64
    flat_ms: Int64
    zero_is_legal: Bool

    @classmethod
    def of(cls, quantities: list[str]) -> "Limits":
        rows = [QUANTITIES[name] for name in quantities]
        return cls(
            np.array([row.hard for row in rows], dtype=np.float64).reshape(-1, 2),
            np.array([row.suspect for row in rows], dtype=np.float64).reshape(-1, 2),
            np.array([SPIKE.get(name, np.inf) for name in quantities], dtype=np.float64),
            np.array([FLAT_MS.get(name, np.iinfo(np.int64).max) for name in quantities], dtype=np.int64),
            np.array([name in _ZERO_IS_LEGAL for name in quantities], dtype=np.bool_),
        )


@dataclass(frozen=True, slots=True)
class State:
    """By series number: the two newest judged rows, and when the run of equal values began."""

    t: Int64  # (series, 2): the newest but one, the newest
    value: Float64  # (series, 2)
    flag: Flags  # of the newest
    why: Whys
    run_start: Int64

    @classmethod
    def empty(cls) -> "State":
        return cls(
            np.full((0, 2), _NEVER),
            np.full((0, 2), np.nan),
            np.zeros(0, dtype=np.uint8),
            np.zeros(0, dtype=np.uint16),
            np.full(0, _NEVER),
        )

    def grown(self, size: int) -> "State":
        """A copy with room for `size` series."""
        more = max(size - len(self.run_start), 0)
        return State(
            np.concatenate([self.t, np.full((more, 2), _NEVER)]),
            np.concatenate([self.value, np.full((more, 2), np.nan)]),
            np.concatenate([self.flag, np.zeros(more, dtype=np.uint8)]),
            np.concatenate([self.why, np.zeros(more, dtype=np.uint16)]),
            np.concatenate([self.run_start, np.full(more, _NEVER)]),
        )


def judge(block: Block, state: State, limits: Limits) -> tuple[Block, State]:
    """Flags `block` (sorted, one row per key; `why` may already say WARM_UP, DEVICE_FAULT, LATE or CLOCK).

    Returns the rows with their flags, and rows of earlier blocks whose flag changed; sorted. Rows that are
    late, or not newer than their series, are judged by range alone.
    """
    state = state.grown(len(limits.flat_ms))
    flag, why = _ranges(block, limits)
    in_order = (
        ~np.isnan(block.value)
        & (flag != Flag.FAIL)
        & ((why & (Why.LATE | Why.CLOCK)) == 0)
        & (block.t > state.t[block.series, 1])
    )
    judged = Block(block.t, block.series, block.value, block.raw, flag, why)
    sequence = judged.where(in_order)
    if not len(sequence):
        return judged, state
    context, runs = _context(sequence, state)
    rows = Block.concat([context, sequence])
    order = np.lexsort((rows.t, rows.series))
    rows, is_old = rows.take(order), order < len(context)
    starts = np.concatenate([runs, sequence.t])[order]
    spiky = _spikes(rows, limits)
    stuck, starts = _flat_lines(rows, starts, is_old, limits)
    flag = np.maximum(rows.flag, np.maximum(spiky, stuck)).astype(np.uint8)  # all are 1, 3 or 4 here
    why = rows.why | np.where(spiky > Flag.GOOD, Why.SPIKE, 0) | np.where(stuck > Flag.GOOD, Why.FLAT_LINE, 0)
    changed = ~is_old | (why != rows.why)
    out = Block(rows.t, rows.series, rows.value, rows.raw, flag, why.astype(np.uint16))
    rest = judged.where(~in_order)
    return Block.concat([out.where(changed), rest]).sorted(), _advance(state, out, starts)


def _ranges(block: Block, limits: Limits) -> tuple[Flags, Whys]:
    hard, suspect = limits.hard[block.series], limits.suspect[block.series]
    value = block.value
    below, above = value < hard[:, 0], value > hard[:, 1]
    odd = (value < suspect[:, 0]) | (value > suspect[:, 1])
    warming = (block.why & Why.WARM_UP) > 0
    faulty = (block.why & (Why.DEVICE_FAULT | Why.CLOCK)) > 0
    why = block.why | np.where(below, Why.GROSS_RANGE, 0) | np.where(above, Why.OVER_RANGE, 0)
    why = why | np.where(odd & ~below & ~above, Why.SUSPECT_RANGE, 0)
    # Above the sensor's range is no fault: smoke reads like this, and it must be able to raise an alarm.
    flag = np.where(odd | above | faulty, Flag.SUSPECT, Flag.GOOD)
    flag = np.where(below | warming, Flag.FAIL, flag)
    flag = np.where(np.isnan(value), Flag.MISSING, flag)
    return flag.astype(np.uint8), why.astype(np.uint16)


def _context(sequence: Block, state: State) -> tuple[Block, Int64]:
    """The two newest earlier rows of each series of `sequence`, and when their runs began."""
    touched = np.unique(sequence.series)
    series = np.repeat(touched, 2)
    t = state.t[touched].ravel()
    there = t != _NEVER
    value = state.value[touched].ravel()
    flag = np.ones(len(series), dtype=np.uint8)
    flag[1::2] = state.flag[touched]
    why = np.zeros(len(series), dtype=np.uint16)
    why[1::2] = state.why[touched]
    rows = Block(t, series.astype(np.int32), value, value, flag, why).where(there)
    return rows, np.repeat(state.run_start[touched], 2)[there]


def _spikes(rows: Block, limits: Limits) -> Flags:
    """Suspect, never fail: a rise may be an emergency, and averages take suspect readings."""
    result = np.full(len(rows), Flag.GOOD, dtype=np.uint8)
    if len(rows) < 3:
        return result
    before, here, after = rows.value[:-2], rows.value[1:-1], rows.value[2:]
    near = np.diff(rows.t) <= GAP_MS
    together = (rows.series[:-2] == rows.series[2:]) & near[:-1] & near[1:]
    height = np.abs(here - (before + after) / 2)
    result[1:-1][together & (height > limits.spike[rows.series[1:-1]])] = Flag.SUSPECT
    return result


def _flat_lines(rows: Block, starts: Int64, is_old: Bool, limits: Limits) -> tuple[Flags, Int64]:
    """Suspect once the very same value has stood for the quantity's flat-line time. Also the run starts."""
    same = np.zeros(len(rows), dtype=np.bool_)
    same[1:] = (
        (rows.series[1:] == rows.series[:-1])
        & (rows.value[1:] == rows.value[:-1])
        & (np.diff(rows.t) <= GAP_MS)
    )
    begins = ~same | is_old
    starts = starts[np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))]
    legal = limits.zero_is_legal[rows.series] & (rows.value == 0)
    stuck = (rows.t - starts >= limits.flat_ms[rows.series]) & ~legal & ~is_old
    return np.where(stuck, Flag.SUSPECT, Flag.GOOD).astype(np.uint8), starts


def _advance(state: State, rows: Block, starts: Int64) -> State:
    """`rows` (sorted) end with the newest row of each of their series; changes `state`, a copy of ours."""
    last = np.flatnonzero(np.append(rows.series[1:] != rows.series[:-1], True))
    series = rows.series[last]
    has_two = np.append(False, rows.series[1:] == rows.series[:-1])[last]
    before = np.maximum(last - 1, 0)
    state.t[series, 0] = np.where(has_two, rows.t[before], _NEVER)
    state.value[series, 0] = np.where(has_two, rows.value[before], np.nan)
    state.t[series, 1] = rows.t[last]
    state.value[series, 1] = rows.value[last]
    state.flag[series] = rows.flag[last]
    state.why[series] = rows.why[last]
    state.run_start[series] = starts[last]
    return state
