"""Bands: a piecewise linear index over concentrations in whole steps of the digits its table prints.

I = (I_hi - I_lo) / (C_hi - C_lo) * (C - C_lo) + I_lo, rounded to the nearest whole number, half up.
Counting in whole steps (354 for 35.4) closes the gaps between printed bands and keeps float error out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from ingest.indices import Values
from venueair.block import Float64

# A value this part of a step below a step is that step: 35.5 computed as a mean of other values may come out
# as 35.49999999999999.
_GUARD = 5e-7


def truncated(values: Values, steps_per_unit: int) -> Float64:
    """Whole steps, the rest cut off: 35.45 in tenths is 354."""
    return np.floor(np.asarray(values, dtype=np.float64) * steps_per_unit + _GUARD)


def rounded(values: Values, steps_per_unit: int) -> Float64:
    """Whole steps, the nearest, half up: 35.45 in tenths is 355."""
    return np.floor(np.asarray(values, dtype=np.float64) * steps_per_unit + (0.5 + _GUARD))


@dataclass(frozen=True, slots=True)
class Bands:
    """Lower and upper ends, concentrations in steps and indices; all of one length, rising."""

    steps_per_unit: int
    low: Float64
    high: Float64
    index_low: Float64
    index_high: Float64

    @classmethod
    def of(
        cls,
        steps_per_unit: int,
        concentrations: Sequence[tuple[float, float]],
        indices: Sequence[tuple[float, float]],
    ) -> Self:
        """From a table as printed: (lowest, highest) concentration and index of each band."""
        ends = rounded(np.array(concentrations), steps_per_unit)
        levels = np.array(indices, dtype=np.float64)
        return cls(steps_per_unit, ends[:, 0], ends[:, 1], levels[:, 0], levels[:, 1])

    def index(self, steps: Float64) -> Float64:
        """The index of concentrations in whole steps, same shape; above the last band its line goes on.

        NaN for NaN and below the first band.
        """
        band = np.clip(np.searchsorted(self.low, steps, side="right") - 1, 0, len(self.low) - 1)
        slope = (self.index_high - self.index_low)[band] / (self.high - self.low)[band]
        exact = self.index_low[band] + (steps - self.low[band]) * slope
        # Slopes are seldom exact binary fractions; x.5 must still be rounded up.
        index = np.floor(exact + (0.5 + _GUARD))
        return np.where(steps >= self.low[0], index, np.nan)
