"""Statistics over the last minutes of zone values and sensor means, for rules. Pure but for its state.

The values at full minutes (t a multiple of 60 s) are means of that minute. A window of m minutes gives its
mean, median or maximum at each full minute at which at least 75 % of its m values are there (the data capture
that Directive 2008/50/EC, annex XI, wants of hourly means), or of as many as there can be where readings come
less than once a minute; a gap is a gap, never a 0. A result is SUSPECT
when more than half of its minutes are, a rise when one of its two values is.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from ingest.ragged import spread, starts_of
from ingest.signals import Kind, Windows
from ingest.window_memory import MINUTE_MS, Minutes, Rows, Steps
from venueair.block import Block, Bool, Flag, Float64, Int64

_CELLS: Final = 1 << 20  # of windows that are laid out at one time
_T_BITS: Final = 42


class State:
    """What windows still need, by their length; changes in place.

    Windows may become more: those that were there must keep their numbers.
    """

    def __init__(self) -> None:
        self.windows: Windows | None = None
        self.minutes: dict[int, Minutes] = {}
        self.steps = Steps()

    def fit(self, windows: Windows) -> None:
        if windows is self.windows:
            return
        self.windows = windows
        for length in np.unique(windows.minutes).tolist():
            expected = windows.expected[windows.minutes == length]
            if length == Windows.RISING:
                self.steps.grow(len(expected))
            elif length != Windows.NONE:
                self.minutes.setdefault(length, Minutes(length)).fit(expected)

    def fill(self, stored: Block, windows: Windows) -> None:
        """Remembers stored values of zones or sensors, sorted; what is not newer than known is left out."""
        self.fit(windows)
        rows = _by_signal(stored, windows)
        length = windows.minutes[rows.signal]
        for minutes in self.minutes.values():
            mine = minutes.new(rows.where(length == minutes.length))
            if len(mine):
                minutes.lay_out(mine)
        self.steps.rise(rows.where(length == Windows.RISING))


def advance(values: Block, sensor_means: Block, state: State, windows: Windows) -> Block:
    """Values of zones and means of sensors, sorted, newer than before -> values of signals, sorted."""
    state.fit(windows)
    found = [part for block in (values, sensor_means) for part in _statistics(block, state, windows)]
    if not found:
        return Block.empty()
    signal = np.concatenate([rows.signal for rows in found])
    t = np.concatenate([rows.t for rows in found])
    order = np.argsort(signal << _T_BITS | t, kind="stable")  # of a few runs that are sorted already
    value = np.concatenate([rows.value for rows in found])[order]
    flag = np.concatenate([rows.flag for rows in found])[order]
    return Block(t[order], signal[order].astype(np.int32), value, value, flag, np.zeros(len(t), np.uint16))


def _statistics(block: Block, state: State, windows: Windows) -> Iterator[Rows]:
    rows = _by_signal(block, windows)
    if not len(rows):
        return
    length = windows.minutes[rows.signal]
    yield rows.where(length == Windows.NONE)
    if len(rising := rows.where(length == Windows.RISING)):
        yield state.steps.rise(rising)
    full = rows.where(rows.t % MINUTE_MS == 0)
    for minutes in state.minutes.values() if len(full) else ():
        mine = minutes.new(full.where(windows.minutes[full.signal] == minutes.length))
        if len(mine):
            yield from _of_windows(mine, minutes, windows)


def _of_windows(rows: Rows, minutes: Minutes, windows: Windows) -> Iterator[Rows]:
    goes_on = minutes.goes_on(rows)
    if len(sliding := rows.where(goes_on)):
        minutes.slide(sliding)
        for kind, some in _portions(sliding, minutes.length, windows):
            yield _answers(sliding, some, *minutes.statistic(sliding.place[some], kind))
    if len(others := rows.where(~goes_on)):
        laid = minutes.lay_out(others)
        for kind, some in _portions(others, minutes.length, windows):
            yield _answers(others, some, *laid.statistic(some, kind))


def _portions(rows: Rows, length: int, windows: Windows) -> Iterator[tuple[Kind, Int64]]:
    kinds, size = windows.kind[rows.signal], max(_CELLS // length, 1)
    for kind in (Kind.MEAN, Kind.MEDIAN, Kind.MAX):
        mine = np.flatnonzero(kinds == kind)
        for start in range(0, len(mine), size):
            yield kind, mine[start : start + size]


def _answers(rows: Rows, some: Int64, value: Float64, suspect: Bool, enough: Bool) -> Rows:
    flag = np.where(suspect, Flag.SUSPECT, Flag.GOOD).astype(np.uint8)
    return Rows(rows.signal[some], rows.place[some], rows.t[some], value, flag).where(enough)


def _by_signal(block: Block, windows: Windows) -> Rows:
    start = starts_of(block.series)
    count = np.diff(np.append(start, len(block)))
    run, signal = windows.of_series(block.series[start])
    order = np.argsort(signal)
    run, signal = run[order], signal[order]
    owner, row = spread(start[run], count[run])
    return Rows(signal[owner], windows.place[signal][owner], block.t[row], block.value[row], block.flag[row])
