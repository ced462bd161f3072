"""ppb <-> ug/m3, the one place: ug/m3 = ppb * M p / (R T * 1000), p in Pa, M in g/mol (ideal gas).

A limit in ug/m3 that names no temperature is read at 25 degC and 1 atm. TVOC has no single factor: it needs
the name of the equivalent gas (isobutylene, toluene, ethanol).
"""

from typing import Final

import numpy as np

from ingest.indices import Values
from venueair.block import Float64

_R: Final = 8.314462618  # J/(mol K), CODATA 2018, exact
MOLAR_MASS: Final = {  # g/mol
    "hcho": 30.026,
    "no2": 46.0055,
    "co": 28.010,
    "o3": 47.998,
    "so2": 64.066,
    "nh3": 17.031,
    "h2s": 34.08,
    "benzene": 78.11,
    "toluene": 92.14,
    "isobutylene": 56.106,
    "ethanol": 46.068,
}


def ug_m3_per_ppb(gas: str, temperature_c: Values = 25.0, pressure_hpa: Values = 1013.25) -> Float64:
    """Multiply ppb by it, divide ug/m3 by it; shapes broadcast, NaN for NaN.

    Raises ValueError for a gas without a molar mass here, naming those that have one.
    """
    if gas not in MOLAR_MASS:
        raise ValueError(f"no molar mass for {gas!r}; known are {', '.join(MOLAR_MASS)}")
    kelvin = np.asarray(temperature_c, dtype=np.float64) + 273.15
    pascal = np.asarray(pressure_hpa, dtype=np.float64) * 100.0
    return np.asarray(MOLAR_MASS[gas] * pascal / (_R * kelvin * 1000.0))
