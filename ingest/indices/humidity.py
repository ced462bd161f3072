"""Dew point and absolute humidity by the Magnus formula over water.

Source: WMO-No. 8, Guide to Instruments and Methods of Observation, annex 4.B:
e_w = 6.112 exp(17.62 t / (243.12 + t)), hPa and degC, for -45 to 60 degC (within 0.6 %).
Gas constant of water vapour: 461.5 J/(kg K).
"""

import numpy as np

from ingest.indices import Values
from venueair.block import Float64

_A, _B, _C_HPA = 17.62, 243.12, 6.112
_R_WATER = 461.5


def dew_point(temperature_c: Values, humidity_pct: Values) -> Float64:
    """degC, shapes broadcast; NaN where a value is NaN or the relative humidity is 0 or less."""
    t = np.asarray(temperature_c, dtype=np.float64)
    rh = np.asarray(humidity_pct, dtype=np.float64)
    wet = rh > 0
    gamma = np.log(np.where(wet, rh, 100.0) / 100.0) + _A * t / (_B + t)
    return np.where(wet, _B * gamma / (_A - gamma), np.nan)


def absolute_humidity(temperature_c: Values, humidity_pct: Values) -> Float64:
    """g of water per m3 of air, shapes broadcast; NaN for NaN."""
    t = np.asarray(temperature_c, dtype=np.float64)
    rh = np.asarray(humidity_pct, dtype=np.float64)
    vapour_pa = rh * _C_HPA * np.exp(_A * t / (_B + t))  # rh / 100 and 100 Pa per hPa cancel
    return np.asarray(1000.0 * vapour_pa / (_R_WATER * (t + 273.15)))
