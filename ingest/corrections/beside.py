"""What the same device measured beside a reading: in the block, or the newest before it."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from venueair.block import Block, Flags, Float64, Int64, Why
from venueair.quantities import QUANTITIES

MINUTE_MS: Final = 60_000
# How old it may be. A count belongs to the mass in the same frame.
MAX_AGE_MS: Final = {
    "humidity": 10 * MINUTE_MS,
    "temperature": 10 * MINUTE_MS,
    "pressure": 60 * MINUTE_MS,
    "n0_3": 0,
}
OTHERS: Final = tuple(MAX_AGE_MS)
MEMORY_MS: Final = max(MAX_AGE_MS.values())
_LOW: Final = np.array([np.nan, *(QUANTITIES[name].hard[0] for name in OTHERS)])
_HIGH: Final = np.array([np.nan, *(QUANTITIES[name].hard[1] for name in OTHERS)])
_NEVER: Final = -(2**62)
_T_BITS: Final = 42
_CLOCK: Final = np.uint16(Why.CLOCK)


class State:
    """By series number, changing in place.

    t, raw        newest reading of a series that others are corrected by
    uncorrected   rows that stayed as they were for want of such a reading
    """

    def __init__(self) -> None:
        self.t: Int64 = np.empty(0, dtype=np.int64)
        self.raw: Float64 = np.empty(0, dtype=np.float64)
        self.uncorrected: Int64 = np.empty(0, dtype=np.int64)

    def fit(self, series: int) -> None:
        """Makes room for `series`; the cost of copying is spread over the series that come later."""
        if series <= len(self.t):
            return
        size = max(series, len(self.t) * 3 // 2)
        self.t = _grown(self.t, size, _NEVER)
        self.raw = _grown(self.raw, size, np.nan)
        self.uncorrected = _grown(self.uncorrected, size, 0)


class Nearby:
    """Readings of a block that others are corrected by, and those before it.

    Rows of a wrong clock serve only rows of their own message: its times mean nothing beside others.
    """

    def __init__(self, block: Block, companion: Flags, state: State) -> None:
        """`companion` (n,): which of OTHERS a row is, from 1; 0 for none. Impossible values are left out."""
        row = np.flatnonzero(companion)
        raw, code = block.raw[row], companion[row]
        row = row[(raw >= _LOW[code]) & (raw <= _HIGH[code])]
        is_clock = (block.why[row] & _CLOCK) != 0
        self._state = state
        self._first = int(block.t.min())
        self._rows = _Found(block, row[~is_clock], self._first)
        self._clocked = _Found(block, row[is_clock], self._first)

    def reading(self, rows: Block, others: Int64, quantity: str) -> Float64:
        """(n,) the newest at or before the t of each row; NaN where there is none as young as it must be.

        `others` (n, 4) are series by OTHERS, -1 for none.
        """
        series = others[:, OTHERS.index(quantity)]
        at, raw = self._rows.newest(series, rows.t)
        known = np.maximum(series, 0)
        before = self._state.t[known]
        is_older = (series >= 0) & (before <= rows.t) & (before > at)
        at, raw = np.where(is_older, before, at), np.where(is_older, self._state.raw[known], raw)
        raw = np.where(at >= rows.t - MAX_AGE_MS[quantity], raw, np.nan)
        is_clock = (rows.why & _CLOCK) != 0
        if is_clock.any():
            same, clocked = self._clocked.newest(series, rows.t)
            raw = np.where(is_clock & (same == rows.t), clocked, raw)
        return raw

    def remember(self) -> None:
        series, t, raw = self._rows.last()
        is_newer = t >= self._state.t[series]
        self._state.t[series[is_newer]] = t[is_newer]
        self._state.raw[series[is_newer]] = raw[is_newer]


class _Found:
    """Rows of a block, sorted by (series, t), to search in."""

    def __init__(self, block: Block, row: Int64, first: int) -> None:
        self._series = block.series[row].astype(np.int64)
        self._t, self._raw, self._first = block.t[row], block.raw[row], first
        self._key = (self._series << _T_BITS) + (self._t - first)

    def newest(self, series: Int64, t: Int64) -> tuple[Int64, Float64]:
        """(t, raw) of the last at or before `t`; (_NEVER, NaN) for none."""
        if not len(self._key):
            return np.full(len(t), _NEVER), np.full(len(t), np.nan)
        found = np.searchsorted(self._key, (series << _T_BITS) + (t - self._first), side="right") - 1
        is_there = (found >= 0) & (self._series[found] == series)
        return np.where(is_there, self._t[found], _NEVER), np.where(is_there, self._raw[found], np.nan)

    def last(self) -> tuple[Int64, Int64, Float64]:
        is_last = np.append(self._series[1:] != self._series[:-1], [True] * bool(len(self._series)))
        rows = np.flatnonzero(is_last)
        return self._series[rows], self._t[rows], self._raw[rows]


def _grown(old: NDArray[Any], size: int, start: object) -> NDArray[Any]:
    new = np.full(size, start, dtype=old.dtype)
    new[: len(old)] = old
    return new
