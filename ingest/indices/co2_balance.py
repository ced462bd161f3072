"""Outdoor air and people from CO2, one well-mixed zone: V dC/dt = 1e6 N G - Q (C - C_outdoor).

C in ppm, V in L, Q in L/s, N people, G what a person breathes out. Sources: ASTM D6245; G of Persily & de
Jonge, Indoor Air 27 (2017) 868, adults of 30-40 walking around (1.6 met), at 0 degC; 8 % more at 23 degC.
One CO2 trace cannot give both people and outdoor air: one of them must come from elsewhere.
"""

from typing import Final

import numpy as np

from ingest.indices import Values
from ingest.indices.ratio import ratio
from venueair.block import Float64

WALKING_L_S: Final = 0.0054


def steady_state(
    people: Values, outdoor_air_l_s: Values, outdoor_ppm: Values, generation_l_s: float = WALKING_L_S
) -> Float64:
    """ppm that CO2 tends to, shapes broadcast."""
    per_flow = np.asarray(people, dtype=np.float64) / outdoor_air_l_s
    return np.asarray(1e6 * generation_l_s * per_flow + outdoor_ppm)


def co2_after(hours: Values, start_ppm: Values, steady_ppm: Values, air_changes_per_h: Values) -> Float64:
    """ppm after a time of constant people and outdoor air, shapes broadcast."""
    left = np.exp(-np.asarray(hours, dtype=np.float64) * air_changes_per_h)
    return np.asarray(steady_ppm + (np.asarray(start_ppm, dtype=np.float64) - steady_ppm) * left)


def outdoor_air_per_person(
    steady_ppm: Values, outdoor_ppm: Values, generation_l_s: float = WALKING_L_S
) -> Float64:
    """L/s per person that holds CO2 at `steady_ppm`, shapes broadcast; NaN at or below outdoor air.

    True of a zone only after about three time constants V/Q of steady occupation.
    """
    rise = np.asarray(np.asarray(steady_ppm, dtype=np.float64) - outdoor_ppm)
    return ratio(1e6 * generation_l_s, rise, where=rise > 0)


def people_present(
    co2_ppm: Values,
    slope_ppm_s: Values,
    volume_l: Values,
    outdoor_air_l_s: Values,
    outdoor_ppm: Values,
    generation_l_s: float = WALKING_L_S,
) -> Float64:
    """People, shapes broadcast. The slope is noisy: take it over 5 to 15 min, and CO2 at their middle."""
    stored = np.asarray(volume_l, dtype=np.float64) * slope_ppm_s
    removed = outdoor_air_l_s * (np.asarray(co2_ppm, dtype=np.float64) - outdoor_ppm)
    return np.asarray((stored + removed) / (1e6 * generation_l_s))
