"""Block: columns of readings, the one type that crosses ingest -> store -> api."""

from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


class Flag(IntEnum):
    """Quality of one reading; codes and roll-up order of QARTOD (IOOS manual, flags 1-4 and 9)."""

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
    LATE = 128


# Rank of each flag code in the roll-up: the higher rank wins (9 < 2 < 1 < 3 < 4).
_RANK: Final = np.zeros(10, dtype=np.uint8)
for _rank, _code in enumerate((Flag.MISSING, Flag.NOT_EVALUATED, Flag.GOOD, Flag.SUSPECT, Flag.FAIL)):
    _RANK[_code] = _rank


def worst(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Roll-up of two columns of flag codes, element by element."""
    return np.where(_RANK[b] > _RANK[a], b, a)


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
    flag: NDArray[np.uint8]
    why: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.t)

    def where(self, mask: NDArray[np.bool_]) -> Self:
        return type(self)(*(getattr(self, f.name)[mask] for f in fields(self)))

    def sorted(self) -> Self:
        """By (series, t); rows with equal keys keep their order of arrival."""
        order = np.lexsort((self.t, self.series))
        return type(self)(*(getattr(self, f.name)[order] for f in fields(self)))

    @classmethod
    def empty(cls) -> Self:
        return cls.of([], [], [])

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
        if not blocks:
            return cls.empty()
        return cls(*(np.concatenate([getattr(b, f.name) for b in blocks]) for f in fields(cls)))
