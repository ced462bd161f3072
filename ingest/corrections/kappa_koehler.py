"""Water on particles: kappa-Koehler growth (Petters and Kreidenweis 2007, ACP 7, 1961) in the mass form of
Crilley et al. 2018, AMT 11, 709: dry = wet / (1 + (kappa / density) a / (1 - a)), a = RH / 100.

Above 95 % the factor runs away and no sensor knows the humidity that well: RH counts as 95 % there.
"""

from typing import Final

import numpy as np

from ingest.indices import Values
from venueair.block import Float64

CAP_PERCENT: Final = 95.0


def growth(humidity: Values, kappa: Values, density: Values = 1.65) -> Float64:
    """How many times heavier than dry; 1 in dry air. Shapes broadcast, NaN for NaN; density in g/cm3."""
    activity = np.clip(humidity, 0, CAP_PERCENT) / 100
    return np.asarray(1 + np.asarray(kappa) / density * activity / (1 - activity))
