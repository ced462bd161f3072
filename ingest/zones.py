"""The value of a zone: the median over its sensors of each one's mean of the last minute. Pure, vectorised.

It is taken every 5 s of event time, as soon as every sensor of the zone has got there; a sensor that lags
more than GRACE_MS is not waited for. Only readings of flag 1 and 3 enter; without any there is no value,
never a 0.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from venueair.block import Block, Flag, Float64, Int32, Int64, Why

STEP_MS: Final = 5_000
WINDOW_MS: Final = 60_000
GRACE_MS: Final = 15_000
_NEVER: Final = -(2**62)
_T_BITS: Final = 42  # ms since 1970 fit until 2109


@dataclass(frozen=True, slots=True)
class State:
    """Readings that later values still need, and by series number how far sensors and zones are."""

    tail: Block
    newest: Int64  # of a sensor's series
    emitted: Int64  # of a zone's series

    @classmethod
    def empty(cls) -> "State":
        return cls(Block.empty(), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

    def grown(self, size: int) -> "State":
        room = np.full(max(size - len(self.newest), 0), _NEVER)
        return State(self.tail, np.concatenate([self.newest, room]), np.concatenate([self.emitted, room]))


def zone_values(block: Block, state: State, zone_of: Int32) -> tuple[Block, State]:
    """`zone_of` (series,) is the zone's series that a sensor's series counts for, -1 for none.

    Returns the zone values that became due, sorted. Rows older than what their zone has already said are left
    out: late data belong to history.
    """
    state = state.grown(len(zone_of))
    zone = zone_of[block.series]
    block = block.where((zone >= 0) & (block.t > state.emitted[zone]))
    if not len(block):
        return Block.empty(), state
    np.maximum.at(state.newest, block.series, block.t)
    usable = block.where((block.flag == Flag.GOOD) | (block.flag == Flag.SUSPECT))
    merged = Block.concat([state.tail, usable]).last_of_each()
    until = _watermarks(state.newest, zone_of)
    due_zone, due_t = _due(merged, zone_of, state.emitted, until)
    values = _medians(due_zone, due_t, *_means(merged, zone_of, due_zone, due_t))
    emitted = np.maximum(state.emitted, until)
    tail = merged.where(merged.t > emitted[zone_of[merged.series]] - WINDOW_MS)
    return values, State(tail, state.newest, emitted)


def _watermarks(newest: Int64, zone_of: Int32) -> Int64:
    """Per series of a zone: until when all its sensors have spoken, those that lag too much left aside."""
    sensors = np.flatnonzero((zone_of >= 0) & (newest > _NEVER))
    zones = zone_of[sensors]
    first = np.full(len(zone_of), 2**62)
    last = np.full(len(zone_of), _NEVER)
    np.minimum.at(first, zones, newest[sensors])
    np.maximum.at(last, zones, newest[sensors])
    mark = np.maximum(np.where(last > _NEVER, first, _NEVER), last - GRACE_MS)
    # A step is due when time has gone past it: other sensors may still speak at that very millisecond.
    return np.where(last > _NEVER, (mark - 1) // STEP_MS * STEP_MS, _NEVER)


def _due(rows: Block, zone_of: Int32, emitted: Int64, until: Int64) -> tuple[Int32, Int64]:
    """(zone series, t) of all steps that have a reading in their window, sorted and unique."""
    zone = zone_of[rows.series].astype(np.int64)
    first = -(-rows.t // STEP_MS) * STEP_MS
    steps = np.arange(0, WINDOW_MS, STEP_MS)
    t = (first[:, None] + steps).ravel()
    zone = np.repeat(zone, len(steps))
    keep = (t > emitted[zone]) & (t <= until[zone])
    due = np.unique(zone[keep] << _T_BITS | t[keep])
    return (due >> _T_BITS).astype(np.int32), due & (1 << _T_BITS) - 1


def _means(rows: Block, zone_of: Int32, due_zone: Int32, due_t: Int64) -> tuple[Int64, Float64, Float64]:
    """Means of each sensor of each due value: (index of the due value, mean, share of good readings)."""
    sensors = np.unique(rows.series)
    order = np.argsort(zone_of[sensors], kind="stable")
    sensors, zones = sensors[order], zone_of[sensors][order]
    low, high = np.searchsorted(zones, due_zone, "left"), np.searchsorted(zones, due_zone, "right")
    index = np.repeat(np.arange(len(due_t)), high - low)
    nth = np.arange(len(index)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    series = sensors[np.repeat(low, high - low) + nth].astype(np.int64)
    keys = rows.series.astype(np.int64) << _T_BITS | rows.t
    start = np.searchsorted(keys, series << _T_BITS | (due_t[index] - WINDOW_MS), "right")
    end = np.searchsorted(keys, series << _T_BITS | due_t[index], "right")
    some = end > start
    index, start, end = index[some], start[some], end[some]
    if not len(index):
        return index, np.zeros(0), np.zeros(0)
    bounds = np.stack([start, end], axis=1).ravel()
    count = end - start
    mean = np.add.reduceat(np.append(rows.value, 0.0), bounds)[::2] / count
    # A spike is known one reading later: it must not make a value depend on how the data were cut.
    good = np.append((rows.why & ~Why.SPIKE) == 0, False).astype(np.float64)
    good = np.add.reduceat(good, bounds)[::2] / count
    return index, mean, good


def _medians(due_zone: Int32, due_t: Int64, index: Int64, mean: Float64, good: Float64) -> Block:
    order = np.lexsort((mean, index))
    index, mean = index[order], mean[order]
    starts = np.flatnonzero(np.append(True, index[1:] != index[:-1])[: len(index)])
    count = np.diff(np.append(starts, len(index)))
    middle = (mean[starts + (count - 1) // 2] + mean[starts + count // 2]) / 2
    best = np.zeros(len(due_t))
    np.maximum.at(best, index, good[order])
    said = index[starts]
    flag = np.where(best[said] > 0, Flag.GOOD, Flag.SUSPECT).astype(np.uint8)
    why = np.zeros(len(said), dtype=np.uint16)
    return Block(due_t[said], due_zone[said], middle, middle, flag, why)
