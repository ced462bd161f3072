"""Which rows of each (device, boot) are stored: everything up to a mark, and ranges above it. Pure.

A stream is the rows of one (device, boot). As long as its rows come in sequence it is two numbers in
arrays; ranges are kept only for streams with gaps.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from ingest.standing import Range, Standing
from venueair.block import Bool, Int64
from venueair.store.store import MarkKey, Marks

MAX_GAPS: Final = 64  # of a device without a spool: nobody will send again what is missing


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


def forget_gaps(marks: Marks, most: int = MAX_GAPS) -> Marks:
    """Marks with at most `most` gaps: the oldest are given up."""
    if len(marks.above) <= most:
        return marks
    upto = marks.above[-most - 1][1]
    return add(Marks(upto), list(marks.above[-most:]))


class Ledger:
    """The marks of all devices."""

    def __init__(self, marks: dict[MarkKey, Marks]) -> None:
        self.keys: list[MarkKey] = []
        self._number: dict[MarkKey, int] = {}
        self._upto: Int64 = np.zeros(64, dtype=np.int64)
        self._head: Int64 = np.zeros(
            64, dtype=np.int64
        )  # the newest row: `upto`, or the end of the last range
        self._above: dict[int, tuple[Range, ...]] = {}  # the end of the last range may lag behind _head
        for key, mark in marks.items():
            self._set(self.stream(*key), mark)

    def stream(self, device: str, boot: str) -> int:
        """The number of a stream, for as long as this ledger lives."""
        number = self._number.get((device, boot))
        if number is None:
            number = self._number[device, boot] = len(self.keys)
            self.keys.append((device, boot))
            if number >= len(self._upto):
                self._upto = np.concatenate([self._upto, np.zeros_like(self._upto)])
                self._head = np.concatenate([self._head, np.zeros_like(self._head)])
            self._upto[number] = self._head[number] = -1
        return number

    def of(self, device: str, boot: str) -> Marks:
        number = self._number.get((device, boot))
        return Marks() if number is None else self.marks(number)

    def marks(self, stream: int) -> Marks:
        above = self._above.get(stream, ())
        if above:
            above = (*above[:-1], (above[-1][0], int(self._head[stream])))
        return Marks(int(self._upto[stream]), above)

    def standing(self, streams: Iterable[int]) -> Standing:
        number = np.fromiter(streams, dtype=np.int64)
        with_gaps = self._above.keys() & set(number.tolist()) if self._above else ()
        above = {stream: self.marks(stream).above for stream in with_gaps}
        return Standing(self.keys, number, self._upto[number], above)

    def add(self, device: str, boot: str, ranges: list[Range], via: str | None = None) -> None:
        """Without a gateway (`via`) nobody sends again what is missing: old gaps are given up."""
        stream = self.stream(device, boot)
        marks = add(self.marks(stream), ranges)
        self._set(stream, marks if via is not None else forget_gaps(marks))

    def follow(self, stream: Int64, first: Int64, count: Int64) -> Bool:
        """(m,) messages in order of arrival -> which of them go on where their stream had come to.

        Those are entered. If one message of a stream does not fit, none of that stream's is entered.
        """
        order = np.argsort(stream, kind="stable")
        s, low, high = stream[order], first[order], first[order] + count[order] - 1
        begins = np.append(True, s[1:] != s[:-1])[: len(s)]
        before = np.where(begins, self._head[s], np.append(-1, high[:-1])[: len(s)])
        starts = np.flatnonzero(begins)
        fits = np.logical_and.reduceat(low == before + 1, starts) if len(s) else np.zeros(0, dtype=np.bool_)
        last = np.append(starts[1:], len(s)) - 1
        good = last[fits]
        whole = s[good][self._upto[s[good]] == self._head[s[good]]]
        self._head[s[good]] = high[good]
        self._upto[whole] = self._head[whole]
        result = np.empty(len(s), dtype=np.bool_)
        result[order] = np.repeat(fits, last - starts + 1)
        return result

    def _set(self, stream: int, marks: Marks) -> None:
        self._upto[stream] = marks.upto
        self._head[stream] = marks.above[-1][1] if marks.above else marks.upto
        if marks.above:
            self._above[stream] = marks.above
        else:
            self._above.pop(stream, None)
