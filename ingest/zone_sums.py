"""Sums of each sensor's readings by steps of 5 s, so that the mean of any full minute is one subtraction.

Step k is the time (5 (k - 1) s, 5 k s]. Sums run on for ever, modulo 2**64, and are whole millionths of the
unit: adding and subtracting them is exact, so a mean does not depend on how its rows were cut into blocks.

Of each sensor's last RING steps are kept
| column | bits | what |
|---|---|---|
| 0 | 64 | sum of values, millionths of the unit, two's complement |
| 1 | 0-15, 16-31, 32-47 | numbers of rows, of good rows, of rows that nothing speaks against |
| 1 | 48-63 | `why` of the newest row |
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.ragged import spread, starts_of
from venueair.block import Block, Float64, Int64, Why, Whys

STEP_MS: Final = 5_000
WINDOW_STEPS: Final = 12
RING: Final = 16  # a window of 12 steps, and 4 that wait for slower sensors of the zone
LARGEST: Final = 1e8  # values beyond count as this: 60,000 of them can be added
_MILLION: Final = 1e6
_COUNTERS: Final = 3
_COUNT_BITS: Final = 16
_COUNT_MASK: Final = (1 << _COUNT_BITS) - 1
_WHY_SHIFT: Final = _COUNTERS * _COUNT_BITS
_ONE_OF_ALL: Final = 1 + (1 << _COUNT_BITS) + (1 << 2 * _COUNT_BITS)
_NUMBERS_MASK: Final = (1 << _WHY_SHIFT) - 1
_STEP_BITS: Final = 31  # 5 s since 1970 fit until 2310
_NEVER: Final = -(2**62)

# What makes a sensor worth less than one that has none of it. Not among them: OVER_RANGE, SUSPECT_RANGE and
# RATE, because smoke reads like this; SPIKE, because it is known one reading later only.
AGAINST: Final = (
    Why.FLAT_LINE
    | Why.FLOOR
    | Why.ORDER
    | Why.CROSS_SENSOR
    | Why.HUMID
    | Why.INTERFERENCE
    | Why.DEVICE_FAULT
    | Why.BELOW_OUTDOOR
)


@dataclass(frozen=True, slots=True)
class Means:
    """Of windows: how many rows, good rows and clean rows (nothing speaks against them) and their mean.

    `why` is of the newest row; without rows there is no mean: NaN.
    """

    rows: Int64
    good: Int64
    clean: Int64
    mean: Float64
    why: Whys

    def take(self, index: Int64) -> "Means":
        return Means(*(getattr(self, name)[index] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Added:
    """Running sums after each step that a block has rows of, sorted by (series, step)."""

    series: Int64
    step: Int64
    value: Int64
    numbers: Int64
    start: Int64  # where each series begins


class Sums:
    """By series number; changes in place."""

    def __init__(self) -> None:
        self.newest = np.full(0, _NEVER)  # the newest step with a row
        self._value = np.zeros(0, dtype=np.int64)  # (series * RING,): column 0 of the table above, and
        self._numbers = np.zeros(0, dtype=np.int64)  # column 1; of step k in place k modulo RING

    def grow(self, size: int) -> None:
        more = size - len(self.newest)
        self.newest = np.append(self.newest, np.full(more, _NEVER))
        self._value = np.append(self._value, np.zeros(more * RING, dtype=np.int64))
        self._numbers = np.append(self._numbers, np.zeros(more * RING, dtype=np.int64))

    def add(self, rows: Block) -> Added:
        """`rows` that enter means, sorted, each newer than what its series has. Changes nothing yet."""
        step = -(-rows.t // STEP_MS)
        first = starts_of(rows.series, step)
        last = np.append(first, len(rows))[1:] - 1
        value = np.cumsum(np.rint(rows.value.clip(-LARGEST, LARGEST) * _MILLION).astype(np.int64))[last]
        numbers = _numbers_upto(last, rows.why)
        series, step = rows.series[first].astype(np.int64), step[first]
        start = starts_of(series)
        count = np.diff(np.append(start, len(series)))
        place = _place(series[start], self.newest[series[start]])
        value += np.repeat(self._value[place] - np.append(0, value)[start], count)
        numbers += np.repeat(self._numbers[place] - np.append(0, numbers)[start], count)
        numbers &= _NUMBERS_MASK
        numbers |= rows.why[last].astype(np.int64) << _WHY_SHIFT
        return Added(series, step, value, numbers, start)

    def means(self, series: Int64, step: Int64, added: Added) -> Means:
        """Of the minute that ends with each `step`, not older than RING steps before the series' newest."""
        end_value, end = self._at(series, step, added)
        past_value, past = self._at(series, step - WINDOW_STEPS, added)
        numbers = end - past
        count = numbers & _COUNT_MASK
        with np.errstate(invalid="ignore"):
            mean = (end_value - past_value) / (count * _MILLION)
        good, clean = numbers >> _COUNT_BITS & _COUNT_MASK, numbers >> 2 * _COUNT_BITS & _COUNT_MASK
        return Means(count, good, clean, mean, (end >> _WHY_SHIFT).astype(np.uint16))

    def commit(self, added: Added) -> None:
        """Makes `added` part of the sums."""
        touched = added.series[added.start]
        last = np.append(added.start, len(added.series))[1:] - 1
        newest = added.step[last]
        oldest = np.repeat(newest - RING + 1, np.diff(added.start, append=len(added.series)))
        # A sum holds until the next step that has rows, also the sum that stood before this block.
        gap = np.flatnonzero(self.newest[touched] + 1 < added.step[added.start])
        since = np.maximum(self.newest[touched[gap]] + 1, newest[gap] - RING + 1)
        place = _place(touched[gap], self.newest[touched[gap]])
        self._fill(touched[gap], since, added.step[added.start[gap]] - 1, place, self._value, self._numbers)
        until = np.append(added.step[1:] - 1, 0)
        until[last] = newest
        longer = np.flatnonzero(until > added.step)
        since = np.maximum(added.step[longer], oldest[longer])
        self._fill(added.series[longer], since, until[longer], longer, added.value, added.numbers)
        kept = slice(None) if (added.step >= oldest).all() else added.step >= oldest
        place = _place(added.series[kept], added.step[kept])
        self._value[place], self._numbers[place] = added.value[kept], added.numbers[kept]
        self.newest[touched] = newest

    def _fill(
        self, series: Int64, first: Int64, last: Int64, source: Int64, value: Int64, numbers: Int64
    ) -> None:
        if not len(series):
            return
        value, numbers = value[source], numbers[source]
        owner, step = spread(first, np.maximum(last - first + 1, 0))
        place = _place(series[owner], step)
        self._value[place], self._numbers[place] = value[owner], numbers[owner]

    def _at(self, series: Int64, step: Int64, added: Added) -> tuple[Int64, Int64]:
        """The running sums at the ends of steps."""
        newest = self.newest[series]
        place = _place(series, np.clip(step, newest - RING + 1, newest))
        value, numbers = self._value[place], self._numbers[place]
        if len(added.step) and len(inside := np.flatnonzero(step >= added.step.min())):
            keys = added.series << _STEP_BITS | added.step
            found = np.searchsorted(keys, series[inside] << _STEP_BITS | step[inside], "right") - 1
            own = (found >= 0) & (added.series[found] == series[inside])
            inside, found = inside[own], found[own]
            value[inside], numbers[inside] = added.value[found], added.numbers[found]
        return value, numbers


def _place(series: Int64, step: Int64) -> Int64:
    return series * RING + (step & RING - 1)


def _numbers_upto(last: Int64, why: Whys) -> Int64:
    """The sums of the three counters over the rows up to each of `last`."""
    odd = np.flatnonzero(why)
    if not len(odd):
        return (last + 1) * _ONE_OF_ALL
    numbers = np.full(len(why), _ONE_OF_ALL)
    good = (why[odd] & (_COUNT_MASK & ~int(Why.SPIKE))) == 0
    clean = (why[odd] & int(AGAINST)) == 0
    numbers[odd] = 1 + (good.astype(np.int64) << _COUNT_BITS) + (clean.astype(np.int64) << 2 * _COUNT_BITS)
    return np.cumsum(numbers)[last]
