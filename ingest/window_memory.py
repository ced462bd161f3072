"""What windows remember: values at full minutes in rings, and the last steps of signals that rise."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.ragged import starts_of
from ingest.signals import Kind
from venueair.block import Bool, Flag, Flags, Float64, Int64

MINUTE_MS: Final = 60_000
STEP_MS: Final = 5_000
_STEPS: Final = 16  # the last minute and a little more
_NEVER: Final = -(2**62)
_T_BITS: Final = 42  # ms since 1970 fit until 2109
_MILLION: Final = 1e6


@dataclass(frozen=True, slots=True)
class Rows:
    """Values by signal, sorted by (place, t), each once; `place` is where the signal's memory is."""

    signal: Int64
    place: Int64
    t: Int64
    value: Float64
    flag: Flags

    def __len__(self) -> int:
        return len(self.t)

    def where(self, mask: Bool) -> "Rows":
        return Rows(*(getattr(self, name)[mask] for name in self.__slots__))


class Minutes:
    """The values of the last `length` full minutes of signals whose windows are as long, and their sums."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.value = np.full((0, length), np.nan)  # of minute k in column k modulo length
        self.suspect = np.zeros((0, length), dtype=np.bool_)
        self.expected = np.zeros(0, dtype=np.int64)  # how many minutes of a window have a value
        self.newest = np.full(0, _NEVER)
        self._millionths = np.zeros(0, dtype=np.int64)
        self._there = np.zeros(0, dtype=np.int64)
        self._suspects = np.zeros(0, dtype=np.int64)

    def fit(self, expected: Int64) -> None:
        """(signals,); the number of signals only grows."""
        more = len(expected) - len(self.newest)
        none = np.zeros(more, dtype=np.int64)
        self.expected = expected
        self.value = np.append(self.value, np.full((more, self.length), np.nan), axis=0)
        self.suspect = np.append(self.suspect, np.zeros((more, self.length), dtype=np.bool_), axis=0)
        self.newest = np.append(self.newest, np.full(more, _NEVER))
        self._millionths = np.append(self._millionths, none)
        self._there = np.append(self._there, none)
        self._suspects = np.append(self._suspects, none)

    def new(self, rows: Rows) -> Rows:
        """Those at full minutes that are newer than what is here."""
        minute = rows.t // MINUTE_MS
        return rows.where((minute * MINUTE_MS == rows.t) & (minute > self.newest[rows.place]))

    def goes_on(self, rows: Rows) -> Bool:
        """(rows,): of `new` ones, which are alone of their signal and the minute after its newest?"""
        one_more = np.append(rows.place[1:] != rows.place[:-1], True)
        one_more[1:] &= one_more[:-1]
        result: Bool = one_more & (rows.t // MINUTE_MS == self.newest[rows.place] + 1)
        return result

    def slide(self, rows: Rows) -> None:
        """One minute further; all `rows` go on."""
        place, column = rows.place, rows.t // MINUTE_MS % self.length
        gone = self.value[place, column]
        self._millionths[place] += millionths(rows.value) - millionths(gone)
        self._there[place] += np.isnan(gone)
        self._suspects[place] += rows.flag == Flag.SUSPECT
        self._suspects[place] -= self.suspect[place, column]
        self.value[place, column], self.suspect[place, column] = rows.value, rows.flag == Flag.SUSPECT
        self.newest[place] = rows.t // MINUTE_MS

    def statistic(self, place: Int64, kind: Kind) -> tuple[Float64, Bool, Bool]:
        """(value, is it suspect, are there enough minutes) of the newest windows."""
        number = self._there[place]
        suspect, enough = 2 * self._suspects[place] > number, 4 * number >= 3 * self.expected[place]
        if kind == Kind.MEAN:
            return self._millionths[place] / (number * _MILLION), suspect, enough
        return _STATISTIC[kind](self.value[place], number), suspect, enough

    def lay_out(self, rows: Rows) -> "Laid":
        """Remembers `rows`, at least one, all `new`; with what was here they lie one after the other."""
        length, minute = self.length, rows.t // MINUTE_MS
        start = starts_of(rows.place)
        count = np.diff(np.append(start, len(rows.t)))
        place = rows.place[start]
        ahead = np.diff(minute, prepend=0)
        ahead[start] = minute[start] - self.newest[place]
        upto = np.cumsum(np.minimum(ahead, length))  # a longer gap leaves nothing of what was before
        before = np.append(0, upto)[start]
        size = length + upto[start + count - 1] - before
        offset = np.cumsum(size) - size
        at = np.repeat(offset - before + length - 1, count) + upto
        laid = Laid.of(int(size.sum()), length, at, self.expected[rows.place])
        here, column = offset[:, None] + np.arange(length), self._columns(place)
        laid.value[here], laid.value[laid.at] = self.value[place[:, None], column], rows.value
        laid.suspect[here], laid.suspect[laid.at] = (
            self.suspect[place[:, None], column],
            rows.flag == Flag.SUSPECT,
        )
        last = start + count - 1
        self.newest[place] = minute[last]
        column, cells = self._columns(place), laid.window(last)
        value = laid.value[cells]
        self.value[place[:, None], column], self.suspect[place[:, None], column] = value, laid.suspect[cells]
        self._millionths[place] = millionths(value).sum(axis=1)
        self._there[place] = (~np.isnan(value)).sum(axis=1)
        self._suspects[place] = laid.suspect[cells].sum(axis=1)
        return laid

    def _columns(self, place: Int64) -> Int64:
        """(signals, length): where the minutes are, the oldest first."""
        columns: Int64 = (self.newest[place][:, None] + 1 + np.arange(self.length)) % self.length
        return columns


@dataclass(frozen=True, slots=True)
class Laid:
    """Minutes of several signals one after the other; row i of those that came is the cell `at[i]`.

    `expected` (rows,): how many minutes of its window have a value.
    """

    value: Float64
    suspect: Bool
    length: int
    at: Int64
    expected: Int64

    @classmethod
    def of(cls, cells: int, length: int, at: Int64, expected: Int64) -> "Laid":
        return cls(np.full(cells, np.nan), np.zeros(cells, dtype=np.bool_), length, at, expected)

    def window(self, rows: Int64) -> Int64:
        """(rows, length): the cells of the windows that end with these rows."""
        cells: Int64 = self.at[rows][:, None] + np.arange(1 - self.length, 1)
        return cells

    def sum(self, cells: Int64 | Bool, rows: Int64) -> Int64:
        """Of each window; `cells` are whole numbers, so what is subtracted leaves no trace."""
        upto = np.append(0, np.cumsum(cells))
        end = self.at[rows] + 1
        sums: Int64 = upto[end] - upto[end - self.length]
        return sums

    def statistic(self, rows: Int64, kind: Kind) -> tuple[Float64, Bool, Bool]:
        """(value, is it suspect, are there enough minutes) of the windows that end with `rows`."""
        number = self.sum(~np.isnan(self.value), rows)
        suspect = 2 * self.sum(self.suspect, rows) > number
        if kind == Kind.MEAN:
            value = self.sum(millionths(self.value), rows) / (number * _MILLION)
        else:
            value = _STATISTIC[kind](self.value[self.window(rows)], number)
        return value, suspect, 4 * number >= 3 * self.expected[rows]


def millionths(value: Float64) -> Int64:
    """Whole ones, so that sums are exact; of a gap 0."""
    return np.rint(np.where(np.isnan(value), 0.0, value) * _MILLION).astype(np.int64)


def _median(value: Float64, number: Int64) -> Float64:
    ordered = np.sort(value, axis=1)  # gaps go last
    row = np.arange(len(value))
    result: Float64 = (ordered[row, (number - 1) // 2] + ordered[row, number // 2]) / 2
    return result


def _max(value: Float64, _number: Int64) -> Float64:
    result: Float64 = np.fmax.reduce(value, axis=1)
    return result


_STATISTIC: Final = {Kind.MEDIAN: _median, Kind.MAX: _max}


class Steps:
    """The values of the last steps of signals that rise."""

    def __init__(self) -> None:
        self._t = np.full((0, _STEPS), _NEVER)
        self._value = np.zeros((0, _STEPS))
        self._flag = np.zeros((0, _STEPS), dtype=np.uint8)

    def grow(self, signals: int) -> None:
        more = signals - len(self._t)
        self._t = np.append(self._t, np.full((more, _STEPS), _NEVER), axis=0)
        self._value = np.append(self._value, np.zeros((more, _STEPS)), axis=0)
        self._flag = np.append(self._flag, np.zeros((more, _STEPS), dtype=np.uint8), axis=0)

    def rise(self, rows: Rows) -> Rows:
        """Against the value 60 s before, where there is one. Remembers `rows`."""
        past = rows.t - MINUTE_MS
        column = past // STEP_MS % _STEPS
        known = self._t[rows.place, column] == past
        value, flag = self._value[rows.place, column], self._flag[rows.place, column]
        keys = rows.place << _T_BITS | rows.t
        found = np.minimum(np.searchsorted(keys, keys - MINUTE_MS), len(keys) - 1)
        inside = keys[found] == keys - MINUTE_MS
        value, flag = np.where(inside, rows.value[found], value), np.where(inside, rows.flag[found], flag)
        column = rows.t // STEP_MS % _STEPS
        self._t[rows.place, column] = rows.t
        self._value[rows.place, column], self._flag[rows.place, column] = rows.value, rows.flag
        risen = Rows(rows.signal, rows.place, rows.t, rows.value - value, np.maximum(rows.flag, flag))
        return risen.where(known | inside)
