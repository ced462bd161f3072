"""Corrections as columns: which series they are about, when, and with which parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.corrections.beside import OTHERS
from ingest.corrections.kinds import KINDS
from venueair.block import Flags, Float64, Int64
from venueair.corrections import Correction
from venueair.quantities import QUANTITIES

T_BITS: Final = 42  # ms since 1970 up to the year 2109
CORRECTED: Final = (
    0x80  # in `role`; the bits below are the number of the companion, 1 for OTHERS[0], 0 for none
)
_NUMBER: Final = {kind: n for n, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Step:
    """m corrections of one step, none of which overlap, sorted by key.

    key         (m,)    series << T_BITS | from
    until       (m,)    ms
    kind        (m,)    number in KINDS; `kinds` are those that occur
    parameters  (m, 4)
    others      (m, 4)  series of the same device by OTHERS, -1 for none
    low, high   (m,)    what the quantity can be
    over        (m,)    above it the sensor only says "more than"
    """

    key: Int64
    until: Int64
    kind: Int64
    parameters: Float64
    others: Int64
    low: Float64
    high: Float64
    over: Float64
    kinds: tuple[int, ...]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, Correction]], number: dict[tuple[str, str], int]) -> "Step":
        """`rows`: (series, correction)."""
        keyed = [(series << T_BITS | min(max(c.since, 0), (1 << T_BITS) - 1), c) for series, c in rows]
        keyed.sort(key=lambda row: row[0])
        corrections = [c for _, c in keyed]
        hard = [QUANTITIES[c.quantity].hard for c in corrections]
        kind = np.array([_NUMBER[c.kind] for c in corrections], dtype=np.int64)
        return cls(
            key=np.array([key for key, _ in keyed], dtype=np.int64),
            until=np.array([c.until for c in corrections], dtype=np.int64),
            kind=kind,
            parameters=np.array([KINDS[c.kind].parameters(c) for c in corrections], dtype=np.float64),
            others=np.array([[number.get((c.device, other), -1) for other in OTHERS] for c in corrections]),
            low=np.array([low for low, _ in hard], dtype=np.float64),
            high=np.array([100.0 if c.quantity == "humidity" else inf for c in corrections]),
            over=np.array([high for _, high in hard], dtype=np.float64),
            kinds=tuple(np.unique(kind).tolist()),
        )

    def at(self, series: Int64, t: Int64) -> Int64:
        """The correction in force for each row, -1 for none."""
        found: Int64 = np.searchsorted(self.key, (series << T_BITS) | np.maximum(t, 0), side="right") - 1
        is_in_force = (found >= 0) & (self.key[found] >> T_BITS == series) & (t < self.until[found])
        return np.where(is_in_force, found, -1)


@dataclass(frozen=True, slots=True)
class Corrections:
    """`role` (series,) uint8: CORRECTED, and which of OTHERS it is to a corrected series of its device."""

    role: Flags
    steps: tuple[Step, ...]
    by_reading: dict[tuple[str, str], tuple[Correction, ...]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.role)

    @classmethod
    def of(cls, names: Sequence[tuple[str, str]], corrections: Sequence[Correction]) -> "Corrections":
        """`names` (source, quantity) by series number; corrections as the settings checked them."""
        devices = {correction.device for correction in corrections}
        number = {name: n for n, name in enumerate(names) if name[0] in devices}
        role: NDArray[np.uint8] = np.zeros(len(names), dtype=np.uint8)
        by_reading: dict[tuple[str, str], tuple[Correction, ...]] = {}
        by_step: dict[int, list[tuple[int, Correction]]] = {}
        for correction in sorted(corrections, key=lambda c: (c.step, c.since)):
            name = (correction.device, correction.quantity)
            by_reading[name] = (*by_reading.get(name, ()), correction)
            if name not in number:
                continue
            by_step.setdefault(correction.step, []).append((number[name], correction))
            role[number[name]] |= CORRECTED
            for other in correction.needs:
                if (beside := number.get((correction.device, other))) is not None:
                    role[beside] |= OTHERS.index(other) + 1
        steps = tuple(Step.of(rows, number) for rows in by_step.values())
        return cls(role, steps, by_reading)

    def version_at(self, device: str, quantity: str, t: int) -> str | None:
        """What corrected a reading, as "epa_pm2_5 1 + linear 2"; None for nothing."""
        found = self.by_reading.get((device, quantity), ())
        return " + ".join(f"{c.kind} {c.version}" for c in found if c.since <= t < c.until) or None
