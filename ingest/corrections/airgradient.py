"""What AirGradient's firmware and documentation (2026-05) correct in Plantower sensors."""

from typing import Final

import numpy as np

from venueair.block import Float64

LOW_UG_M3: Final = 31.0
_CM3_PER_DL: Final = 100.0


def lot(x: Float64, n0_3: Float64, factor: Float64) -> Float64:
    """PM2.5 of a PMS5003 of a lot that reads low, ug/m3: by its count above 0.3 um (1/cm3) while that gives
    less than 31, else `x` as it is. NaN where x or n0_3 is NaN.
    """
    low = factor * n0_3 * _CM3_PER_DL
    return np.where(np.isnan(x) | np.isnan(low), np.nan, np.where(low < LOW_UG_M3, low, x))


def outdoor_temperature(x: Float64) -> Float64:
    """degC, of a PMS5003T in an outdoor housing. It has a step of 0.2 at 10 degC."""
    return np.where(x < 10, 1.327 * x - 6.738, 1.181 * x - 5.113)


def outdoor_humidity(x: Float64) -> Float64:
    """%RH, of a PMS5003T in an outdoor housing."""
    return np.minimum(1.259 * x + 7.34, 100.0)
