"""Block: columns of readings, the one type that crosses ingest -> store -> api."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Self

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Flags = NDArray[np.uint8]
Whys = NDArray[np.uint16]


class Flag(IntEnum):
    """Quality of one reading; codes of QARTOD. In a roll-up the later wins: 9, 2, 1, 3, 4."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Why(IntFlag):
    """Which tests spoke against a reading; one bit each, so that several can."""

    GROSS_RANGE = 1
    SUSPECT_RANGE = 2
    OVER_RANGE = 4
    SPIKE = 8
    FLAT_LINE = 16
    WARM_UP = 32
    DEVICE_FAULT = 64
    LATE = 128  # came too late, or again, to drive alarms and control
    CLOCK = 256  # the device's clock is wrong
    RATE = 512
    FLOOR = 1024  # stands on the sensor's lowest value: clipped, or its baseline was set in bad air
    ORDER = 2048  # PM1 <= PM2.5 <= PM4 <= PM10 does not hold
    CROSS_SENSOR = 4096  # has differed from the other sensors of its zone for long
    HUMID = 8192  # particles have swollen: above 85 %RH an optical sensor reads too high
    INTERFERENCE = 16384  # the cell reacts to something else: HCHO beside a step of VOC
    BELOW_OUTDOOR = 32768  # CO2 lower than outdoors


@dataclass(frozen=True, slots=True)
class Block:
    """Readings in columns of equal length n, sorted by (series, t).

    t       (n,) int64    ms since 1970 UTC
    series  (n,) int32    source x quantity; a source is a device or a zone
    value   (n,) float64  corrected, in the quantity's unit; NaN only where flag is MISSING
    raw     (n,) float64  as the sensor said it
    flag    (n,) uint8    Flag
    why     (n,) uint16   Why
    """

    t: Int64
    series: Int32
    value: Float64
    raw: Float64
    flag: Flags
    why: Whys

    def __len__(self) -> int:
        return len(self.t)

    def where(self, mask: Bool) -> Self:
        return type(self)(*(getattr(self, name)[mask] for name in _NAMES))

    def take(self, rows: Int64) -> Self:
        return type(self)(*(getattr(self, name)[rows] for name in _NAMES))

    def sorted(self) -> Self:
        """By (series, t); rows with equal keys keep their order of arrival. Itself when sorted already."""
        series, t = self.series, self.t
        rises = (series[1:] > series[:-1]) | ((series[1:] == series[:-1]) & (t[1:] >= t[:-1]))
        return self if rises.all() else self.take(np.lexsort((t, series)))

    def last_of_each(self) -> Self:
        """Sorted; of rows with equal (series, t) only the one that came last."""
        rows = self.sorted()
        again = (rows.series[1:] == rows.series[:-1]) & (rows.t[1:] == rows.t[:-1])
        return rows.where(np.append(~again, True)[: len(rows)]) if again.any() else rows

    @classmethod
    def empty(cls) -> Self:
        return _EMPTY  # type: ignore[return-value]  # one for all: nothing in it can change

    @classmethod
    def of(cls, t: object, series: object, raw: object) -> Self:
        """Unflagged readings as they were measured, in the given order."""
        values = np.asarray(raw, dtype=np.float64)
        flag = np.where(np.isnan(values), Flag.MISSING, Flag.NOT_EVALUATED).astype(np.uint8)
        return cls(
            np.asarray(t, dtype=np.int64),
            np.asarray(series, dtype=np.int32),
            values,
            values,
            flag,
            np.zeros(len(values), dtype=np.uint16),
        )

    @classmethod
    def concat(cls, blocks: "list[Block]") -> Self:
        """Itself when only one of them has rows."""
        some = [block for block in blocks if len(block.t)]
        if len(some) < 2:
            return some[0] if some else _EMPTY  # type: ignore[return-value]  # Block has no subclasses
        return cls(*(np.concatenate([getattr(block, name) for block in some]) for name in _NAMES))


_NAMES = Block.__slots__
_EMPTY = Block.of([], [], [])
