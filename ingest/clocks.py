"""Whose clock is wrong, and what is merely late. Pure.

A clock is wrong when the device says so, when a row is more than AHEAD_MS ahead of its arrival, before 2020,
or when live rows keep the same lag for LAG_MS: a queue that drains arrives faster than it was measured, so
its lag shrinks. Rows of a wrong clock are detected by arrival: a wrong clock must not silence a device.
"""

from dataclasses import dataclass
from typing import Final

from ingest.decode import EARLIEST_MS

LATE_MS: Final = 120_000
AHEAD_MS: Final = 60_000
LAG_MS: Final = 60_000
LAG_ROWS: Final = 3
_JITTER_MS: Final = 2_000


@dataclass(slots=True)
class _Lag:
    since: int
    least: int
    most: int
    rows: int


class Clocks:
    def __init__(self) -> None:
        self.wrong: dict[str, int] = {}  # device -> since when, by our own clock
        self._says_wrong: set[str] = set()
        self._lags: dict[str, _Lag] = {}

    def says(self, device: str, *, clock_ok: bool) -> None:
        """What the device's own status tells."""
        (self._says_wrong.discard if clock_ok else self._says_wrong.add)(device)

    @property
    def suspected(self) -> set[str]:
        """Devices whose rows are to be looked at one by one."""
        return self._says_wrong | self.wrong.keys()

    def shift(self, device: str, t: int, arrival: int, late_after: int) -> int | None:
        """A live row's distance from the time it was measured at; None when the clock is not known wrong."""
        lag = arrival - t
        if (
            device in self._says_wrong
            or lag < -AHEAD_MS
            or t < EARLIEST_MS
            or self._keeps(device, lag, arrival, late_after)
        ):
            self.wrong.setdefault(device, arrival)
            return lag
        if lag <= late_after:
            self.wrong.pop(device, None)
            self._lags.pop(device, None)
        return None

    def _keeps(self, device: str, lag: int, arrival: int, late_after: int) -> bool:
        if lag <= late_after:
            return False
        seen = self._lags.get(device)
        if seen is None or lag < seen.most - _JITTER_MS or lag > seen.least + _JITTER_MS:
            self._lags[device] = _Lag(arrival, lag, lag, 1)
            return False
        seen.least, seen.most, seen.rows = min(seen.least, lag), max(seen.most, lag), seen.rows + 1
        return seen.rows >= LAG_ROWS and arrival - seen.since >= LAG_MS
