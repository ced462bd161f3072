"""Rows by series: where each run of rows of one series lies, its extremes, and how to find rows of others.

Tests look at the lowest and highest of each run first, and at rows only where these could break a limit.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from venueair.block import Bool, Float64, Int32, Int64

T_BITS: Final = 42  # ms of 139 years within one block


@dataclass(frozen=True, slots=True)
class Runs:
    """n rows sorted by (series, t), in k runs.

    t, raw, row          (n,) `row` is the row's place in the block
    series, start, end   (k,) a run's rows are start:end
    low, high            (k,) extremes of raw, NaN where one is NaN
    """

    t: Int64
    raw: Float64
    row: Int64
    series: Int64
    start: Int64
    end: Int64
    low: Float64
    high: Float64

    @classmethod
    def of(cls, t: Int64, raw: Float64, series: Int32, row: Int64) -> "Runs":
        """Of at least one row."""
        turn = np.flatnonzero(series[1:] != series[:-1])
        turn += 1
        start = np.empty(len(turn) + 1, dtype=np.int64)
        start[0] = 0
        start[1:] = turn
        end = np.empty_like(start)
        end[:-1] = turn
        end[-1] = len(t)
        low, high = np.minimum.reduceat(raw, start), np.maximum.reduceat(raw, start)
        return cls(t, raw, row, series[start].astype(np.int64), start, end, low, high)

    def only(self, which: Bool) -> "Runs":
        run = np.flatnonzero(which)
        count = self.end[run] - self.start[run]
        rows = spread(self.start[run], count)
        end = np.cumsum(count)
        return Runs(
            self.t[rows],
            self.raw[rows],
            self.row[rows],
            self.series[run],
            end - count,
            end,
            self.low[run],
            self.high[run],
        )


def spread(start: Int64, count: Int64) -> Int64:
    """start[0], start[0] + 1, … (count[0] of them), start[1], …"""
    before = np.cumsum(count)
    before -= count
    return np.arange(int(count.sum())) + np.repeat(start - before, count)


class Lookup:
    """Finds runs by series and rows by time. `place` is scratch by series: the newest Lookup owns it."""

    def __init__(self, runs: Runs, place: Int64) -> None:
        self._runs = runs
        self._place = place
        place[runs.series] = np.arange(len(runs.series))

    def find(self, series: Int64) -> Int64:
        """The run of each series, -1 where it has none; series -1 has none."""
        run = np.minimum(self._place[series], len(self._runs.series) - 1)  # places may be of older blocks
        return np.where(self._runs.series[run] == series, run, -1)

    def at_or_before(self, run: Int64, t: Int64, nth: Int64) -> Int64:
        """The last row of each run at or before `t`, -1 for none. Quick where it is the run's `nth` row."""
        runs = self._runs
        end = runs.end[run]
        guess: Int64 = np.minimum(runs.start[run] + nth, end - 1)
        after = np.minimum(guess + 1, len(runs.t) - 1)
        hit = (runs.t[guess] <= t) & ((guess + 1 == end) | (runs.t[after] > t))
        if not hit.all():
            miss = np.flatnonzero(~hit)
            guess[miss] = self._search(run[miss], t[miss])
        return guess

    def _search(self, run: Int64, t: Int64) -> Int64:
        runs = self._runs
        first = runs.t.min()
        bases = np.arange(len(runs.series)) << T_BITS
        keys = np.repeat(bases, runs.end - runs.start) + (runs.t - first)
        found: Int64 = np.searchsorted(keys, bases[run] + (t - first), side="right") - 1
        found[found < runs.start[run]] = -1
        return found
