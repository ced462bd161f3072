"""What rules look at: a signal is one statistic over the values of one zone or the means of one sensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

import numpy as np

from ingest.ragged import spread
from venueair.block import Int32, Int64


class Kind(IntEnum):
    VALUE = 0  # each as it comes, every 5 s: the mean of the last minute
    MEAN = 1
    MEDIAN = 2
    MAX = 3
    RISE = 4  # against 60 s before, every 5 s


@dataclass(frozen=True, slots=True)
class Windows:
    """Columns by signal.

    source   the series it is taken from: of a zone, or of a sensor for rules that watch each device
    kind     Kind
    minutes  length of the window, from 1 on; NONE of a VALUE, RISING of a RISE
    expected how many minutes of a window have a value: fewer than it is long where readings are rarer
    place    its number among the signals with a window of this length, or among those that rise
    first    (series + 1,): the signals of a series are signals[first[s]:first[s + 1]]
    """

    NONE: ClassVar[int] = 0
    RISING: ClassVar[int] = -1

    source: Int64
    kind: Int64
    minutes: Int64
    expected: Int64
    place: Int64
    signals: Int64
    first: Int64

    @classmethod
    def of(
        cls,
        source: Sequence[int],
        kind: Sequence[Kind],
        minutes: Sequence[int],
        series: int,
        interval_s: Sequence[float] = (),
    ) -> Self:
        """`series` is the number of all series; `interval_s` of the readings, none: every minute or faster.

        Raises ValueError for a window of less than a minute.
        """
        sources, kinds, length = (np.array(column, dtype=np.int64) for column in (source, kind, minutes))
        slides = (kinds != Kind.VALUE) & (kinds != Kind.RISE)
        if (length[slides] < 1).any():
            raise ValueError("a window must be at least 1 minute long")
        length = np.where(slides, length, np.where(kinds == Kind.RISE, cls.RISING, cls.NONE))
        place = np.zeros(len(sources), dtype=np.int64)
        for one in np.unique(length):
            mine = np.flatnonzero(length == one)
            place[mine] = np.arange(len(mine))
        pace = np.maximum(np.array(interval_s if len(interval_s) else 60.0, dtype=np.float64), 60.0)
        expected = np.maximum(length * 60.0 // pace, 1.0).astype(np.int64)
        order = np.argsort(sources, kind="stable")
        first = np.searchsorted(sources[order], np.arange(series + 1))
        return cls(sources, kinds, length, expected, place, order, first)

    def of_series(self, series: Int32) -> tuple[Int64, Int64]:
        """(index into `series`, signal) of all signals of these series."""
        first = self.first[series]
        row, place = spread(first, self.first[series + 1] - first)
        return row, self.signals[place]
