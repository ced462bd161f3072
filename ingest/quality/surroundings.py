"""What else the same device measured at the time: particles in humid air, HCHO after a step of VOC.

What counts is the newest reading of the other series at or before a row's time, in the block or before it.
"""

from typing import Final

import numpy as np

from ingest.quality.limits import Limits
from ingest.quality.runs import Lookup, Runs, spread
from ingest.quality.start_values import HUMID_AGE_MS, HUMID_PERCENT, INTERFERENCE_MS
from ingest.quality.state import State
from venueair.block import Int64

_NO_ROWS: Final = np.empty(0, dtype=np.int64)


def in_humid_air(rows: Runs, state: State, limits: Limits) -> Int64:
    """Rows of the block. `state` is that before the rows."""
    humidity = limits.humidity[rows.series]
    run = np.flatnonzero(humidity >= 0)
    if not len(run):
        return _NO_ROWS
    kept = state.newest.take(humidity[run])
    lookup = Lookup(rows, state.place)
    other = lookup.find(humidity[run])
    damp = (kept["raw"] > HUMID_PERCENT) | ((other >= 0) & (rows.high[other] > HUMID_PERCENT))
    if not damp.any():
        return _NO_ROWS
    run, kept, other = run[damp], kept[damp], other[damp]
    row, pair, found = _newest(rows, run, lookup, other)
    t = np.where(found >= 0, rows.t[found], kept["t"][pair])
    percent = np.where(found >= 0, rows.raw[found], kept["raw"][pair])
    age = rows.t[row] - t
    return rows.row[row[(percent > HUMID_PERCENT) & (age >= 0) & (age <= HUMID_AGE_MS)]]


def after_voc_steps(rows: Runs, stepped: Runs | None, state: State, limits: Limits) -> Int64:
    """Rows of the block. `stepped` are this block's VOC readings that are steps, `state` is of before."""
    return np.concatenate(
        [_after(rows, limits.voc_index, stepped, state), _after(rows, limits.tvoc, stepped, state)]
    )


def _after(rows: Runs, sibling: Int64, stepped: Runs | None, state: State) -> Int64:
    voc = sibling[rows.series]
    run = np.flatnonzero(voc >= 0)
    if not len(run):
        return _NO_ROWS
    kept = state.stepped[voc[run]]
    since = rows.t[rows.start[run]] - INTERFERENCE_MS
    if stepped is None:
        run, kept = run[kept >= since], kept[kept >= since]
        row, pair = _rows_of(rows, run)
        t = kept[pair]
    else:
        lookup = Lookup(stepped, state.place)
        row, pair, found = _newest(rows, run, lookup, lookup.find(voc[run]))
        t = np.where(found >= 0, stepped.t[found], kept[pair])
    age = rows.t[row] - t
    return rows.row[row[(age >= 0) & (age <= INTERFERENCE_MS)]]


def _rows_of(rows: Runs, run: Int64) -> tuple[Int64, Int64]:
    count = rows.end[run] - rows.start[run]
    return spread(rows.start[run], count), np.repeat(np.arange(len(run)), count)


def _newest(rows: Runs, run: Int64, lookup: Lookup, other: Int64) -> tuple[Int64, Int64, Int64]:
    """(row, index into `run`, row that `lookup` has at or before it in the run `other`, -1 for none)."""
    row, pair = _rows_of(rows, run)
    found = np.full(len(row), -1)
    there = np.flatnonzero(other[pair] >= 0)
    nth = row[there] - rows.start[run][pair[there]]
    found[there] = lookup.at_or_before(other[pair[there]], rows.t[row[there]], nth)
    return row, pair, found
