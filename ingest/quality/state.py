"""What the tests remember of each series: arrays by series number that grow in steps and change in place."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from venueair.block import Int64

Records = NDArray[np.void]
NEVER: Final = -(2**62)

# The newest reading that was judged in order, as it was stored, and the one before it.
NEWEST: Final = np.dtype(
    [
        ("before_t", np.int64),
        ("before", np.float64),
        ("t", np.int64),
        ("raw", np.float64),
        ("value", np.float64),
        ("flag", np.uint8),
        ("why", np.uint16),
    ],
    align=True,
)
# A window aligned to event time that is being filled, the one that was filled before it, and the lowest and
# highest of the two windows just before this one (NaN unless both had enough readings).
WINDOW: Final = np.dtype(
    [
        ("number", np.int64),
        ("until", np.int64),
        ("low", np.float64),
        ("high", np.float64),
        ("count", np.int32),
        ("old_number", np.int64),
        ("old_low", np.float64),
        ("old_high", np.float64),
        ("old_count", np.int32),
        ("two_low", np.float64),
        ("two_high", np.float64),
    ]
)
_NEWEST_START: Final = np.array((NEVER, np.nan, NEVER, np.nan, np.nan, 0, 0), dtype=NEWEST)
_WINDOW_START: Final = np.array(
    (NEVER, NEVER, np.inf, -np.inf, 0, NEVER, np.inf, -np.inf, 0, np.nan, np.nan), dtype=WINDOW
)


class State:
    """By series number, but for `outdoors`.

    newest       NEWEST
    flat, short  WINDOW
    stepped      t of the newest VOC step
    below_since  t from which on CO2 is below that outdoors
    outdoors     venue -> window -> (millionths of ppm, readings)
    place        scratch of lookups
    """

    def __init__(self) -> None:
        self.newest: Records = np.empty(0, dtype=NEWEST)
        self.flat: Records = np.empty(0, dtype=WINDOW)
        self.short: Records = np.empty(0, dtype=WINDOW)
        self.stepped: Int64 = np.empty(0, dtype=np.int64)
        self.below_since: Int64 = np.empty(0, dtype=np.int64)
        self.outdoors: dict[int, dict[int, tuple[int, int]]] = {}
        self.place: Int64 = np.empty(0, dtype=np.int64)

    @classmethod
    def empty(cls) -> "State":
        return cls()

    def fit(self, series: int) -> None:
        """Makes room for `series`; the cost of copying is spread over the series that come later."""
        if series <= len(self.stepped):
            return
        size = max(series, len(self.stepped) * 3 // 2)
        self.newest = _grown(self.newest, size, _NEWEST_START)
        self.flat = _grown(self.flat, size, _WINDOW_START)
        self.short = _grown(self.short, size, _WINDOW_START)
        self.stepped = _grown(self.stepped, size, NEVER)
        self.below_since = _grown(self.below_since, size, NEVER)
        self.place = _grown(self.place, size, 0)


def _grown(old: NDArray[Any], size: int, start: object) -> NDArray[Any]:
    new = np.full(size, start, dtype=old.dtype)
    new[: len(old)] = old
    return new
