"""CO2 sensors count molecules: in thin air fewer than the ppm that they were calibrated for.

ideal     ppm = raw * reference / p                              (ideal gas at the same temperature)
senseair  ppm = raw * (1 + 0.016 per kPa below the reference)    (Senseair S8 and K30 product specifications)
"""

import numpy as np

from ingest.indices import Values
from venueair.block import Float64


def pressure_at(altitude_m: float) -> float:
    """hPa, of the ICAO standard atmosphere; up to 11 km."""
    return float(1013.25 * (1 - 2.25577e-5 * altitude_m) ** 5.25588)


def ideal(pressure_hpa: Values, reference_hpa: Values = 1013.25) -> Float64:
    """Multiply the raw ppm by it; shapes broadcast, NaN for NaN."""
    return np.asarray(np.asarray(reference_hpa) / pressure_hpa)


def senseair(pressure_hpa: Values, reference_hpa: Values = 1013.25) -> Float64:
    """As `ideal`."""
    return np.asarray(1 + 0.0016 * (np.asarray(reference_hpa) - pressure_hpa))
