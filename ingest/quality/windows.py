"""Windows aligned to event time: flat line, floor, and steps of VOC.

Each series fills one window after another. A reading is held against the windows before its own, which are
complete, so that the result does not depend on how rows were cut into blocks.
"""

from dataclasses import dataclass

import numpy as np

from ingest.quality.limits import Limits
from ingest.quality.runs import Runs, spread
from ingest.quality.state import WINDOW, Records
from venueair.block import Bool, Float64, Int64


@dataclass(frozen=True, slots=True)
class Filled:
    """Rows cut where a window ends: m stretches, start:end of `rows`, each with its window and quantity."""

    rows: Runs
    start: Int64
    end: Int64
    quantity: Int64
    windows: Records

    def among(self, which: Bool) -> tuple[Int64, Int64]:
        """(row of `rows`, index of its stretch) of all rows of these stretches."""
        stretch = np.flatnonzero(which)
        count = self.end[stretch] - self.start[stretch]
        return spread(self.start[stretch], count), np.repeat(stretch, count)


def fill(rows: Runs, kept: Records, width_ms: Int64, fewest: int, limits: Limits) -> Filled:
    """Fills the windows `kept` (by series number, changed in place) with rows that are all newer.

    `width_ms` by quantity. `two_low`, `two_high` need `fewest` rows in each of the two windows before.
    """
    old = kept.take(rows.series)
    quantity = limits.quantity[rows.series]
    if (rows.t[rows.end - 1] < old["until"]).all():
        old["low"] = np.minimum(old["low"], rows.low)
        old["high"] = np.maximum(old["high"], rows.high)
        old["count"] += rows.end - rows.start
        kept.put(rows.series, old)
        return Filled(rows, rows.start, rows.end, quantity, old)

    width = width_ms[quantity]
    number = rows.t // np.repeat(width, rows.end - rows.start)
    is_head = np.zeros(len(number), dtype=np.bool_)
    is_head[rows.start] = True
    begins = is_head.copy()
    begins[1:] |= number[1:] != number[:-1]
    start = np.flatnonzero(begins)
    end = np.append(start[1:], len(number))
    head = np.flatnonzero(is_head[start])
    tail = np.append(head[1:], len(start)) - 1
    run = np.cumsum(is_head[start]) - 1

    new = np.empty(len(start), dtype=WINDOW)
    new["number"] = number[start]
    new["until"] = (number[start] + 1) * width[run]
    new["low"] = np.minimum.reduceat(rows.raw, start)
    new["high"] = np.maximum.reduceat(rows.raw, start)
    new["count"] = end - start
    _join(new, head, old, fewest)
    kept.put(rows.series, new.take(tail))
    return Filled(rows, start, end, quantity[run], new)


def _join(new: Records, head: Int64, old: Records, fewest: int) -> None:
    """Connects windows with those before them; the first of each series (`head`) with what was kept of it."""
    goes_on = new["number"][head] == old["number"]
    first = new.take(head)
    first["low"] = np.where(goes_on, np.minimum(first["low"], old["low"]), first["low"])
    first["high"] = np.where(goes_on, np.maximum(first["high"], old["high"]), first["high"])
    first["count"] += np.where(goes_on, old["count"], 0)
    for name in ("number", "low", "high", "count"):
        first[f"old_{name}"] = np.where(goes_on, old[f"old_{name}"], old[name])
    new.put(head, first)
    is_head = np.zeros(len(new), dtype=np.bool_)
    is_head[head] = True
    later = np.flatnonzero(~is_head)
    for name in ("number", "low", "high", "count"):
        new[f"old_{name}"][later] = new[name][later - 1]

    older = new.take(np.maximum(np.arange(len(new)) - 1, 0))
    older.put(head, old)
    low = np.minimum(new["old_low"], older["old_low"])
    high = np.maximum(new["old_high"], older["old_high"])
    together = (new["old_number"] == new["number"] - 1) & (older["old_number"] == new["number"] - 2)
    enough = (new["old_count"] >= fewest) & (older["old_count"] >= fewest)
    new["two_low"] = np.where(together & enough, low, np.nan)
    new["two_high"] = np.where(together & enough, high, np.nan)
    new["two_low"][head] = np.where(goes_on, old["two_low"], new["two_low"][head])
    new["two_high"][head] = np.where(goes_on, old["two_high"], new["two_high"][head])


def flat_lines(filled: Filled, limits: Limits) -> Int64:
    """Rows of the block that, with the two half windows before, moved less than the tolerance."""
    windows, quantity = filled.windows, filled.quantity
    columns = limits.columns
    quiet = windows["two_high"] - windows["two_low"] < columns.flat_tolerance[quantity]
    if not quiet.any():
        return np.empty(0, dtype=np.int64)
    row, stretch = filled.among(quiet)
    raw: Float64 = filled.rows.raw[row]
    low, high = windows["two_low"][stretch], windows["two_high"][stretch]
    moved = np.maximum(high, raw) - np.minimum(low, raw)
    kind = quantity[stretch]
    stuck = (moved < columns.flat_tolerance[kind]) & (raw != columns.rest[kind])
    result: Int64 = filled.rows.row[row[stuck]]
    return result


def on_the_floor(filled: Filled, limits: Limits) -> Int64:
    """Rows of the block that clip, as all readings of the two windows before did."""
    windows = filled.windows
    floor = limits.columns.floor[filled.quantity]
    clipped = (windows["two_low"] == floor) & (windows["two_high"] == floor)
    if not clipped.any():
        return np.empty(0, dtype=np.int64)
    row, stretch = filled.among(clipped)
    result: Int64 = filled.rows.row[row[filled.rows.raw[row] == floor[stretch]]]
    return result


def steps(filled: Filled, limits: Limits) -> Int64:
    """Rows of `filled.rows` that stand a step above the lowest reading of the window before."""
    windows = filled.windows
    step = limits.columns.step[filled.quantity]
    follows = windows["old_number"] == windows["number"] - 1
    high = follows & (windows["high"] - windows["old_low"] >= step)
    if not high.any():
        return np.empty(0, dtype=np.int64)
    row, stretch = filled.among(high)
    result: Int64 = row[filled.rows.raw[row] - windows["old_low"][stretch] >= step[stretch]]
    return result
