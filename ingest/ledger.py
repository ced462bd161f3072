"""Which rows of each (device, boot) are stored: everything up to a mark, and ranges above it. Pure."""

import numpy as np

from venueair.block import Bool
from venueair.store.store import MarkKey, Marks

Range = tuple[int, int]


def fresh(marks: Marks, first: int, count: int) -> Bool:
    """(count,) bool: which of the rows first, first + 1, … are not in `marks`."""
    seq = np.arange(first, first + count)
    new = seq > marks.upto
    for low, high in marks.above:
        new &= (seq < low) | (seq > high)
    return new


def add(marks: Marks, ranges: list[Range]) -> Marks:
    """Marks with `ranges` (first, last) stored, dead-lettered or declared dropped as well."""
    upto = marks.upto
    above: list[Range] = []
    for low, high in sorted([*marks.above, *ranges]):
        if low <= upto + 1:
            upto = max(upto, high)
        elif above and low <= above[-1][1] + 1:
            above[-1] = (above[-1][0], max(above[-1][1], high))
        else:
            above.append((low, high))
    return Marks(upto, tuple(above))


class Ledger:
    """The marks of all devices."""

    def __init__(self, marks: dict[MarkKey, Marks]) -> None:
        self._marks = dict(marks)

    def of(self, device: str, boot: str) -> Marks:
        return self._marks.get((device, boot), Marks())

    def add(self, device: str, boot: str, ranges: list[Range]) -> None:
        self._marks[device, boot] = add(self.of(device, boot), ranges)
