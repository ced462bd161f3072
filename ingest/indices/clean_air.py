"""Equivalent clean air: outdoor air plus what purifiers deliver, per person and as air changes.

Source: ASHRAE 241-2023: outdoor air, filtered recirculation (flow times efficiency) and in-room cleaners
(tested clean airflow) add up. Flows here are m3/h, except per person (L/s, as the standard prints it).
CADR from two decays: room volume times (rate with the unit - rate without), AHAM AC-1.
"""

from typing import Final

import numpy as np

from ingest.indices import Values
from ingest.indices.ratio import ratio
from venueair.block import Float64

M3H_PER_L_S: Final = 3.6


def clean_air_per_person(
    outdoor_air_m3h: Values, cadr_m3h: Values, people: Values, recirculated_m3h: Values = 0.0
) -> Float64:
    """L/s per person, shapes broadcast. `recirculated_m3h` is flow times filter efficiency.

    NaN where a value is NaN and where there is nobody.
    """
    flow = np.asarray(outdoor_air_m3h, dtype=np.float64) + cadr_m3h + recirculated_m3h
    count = np.asarray(people, dtype=np.float64)
    return ratio(flow / M3H_PER_L_S, count, where=count > 0)


def equivalent_air_changes(clean_air_m3h: Values, volume_m3: Values) -> Float64:
    """Air changes per hour (eACH), shapes broadcast; NaN for NaN."""
    return np.asarray(np.asarray(clean_air_m3h, dtype=np.float64) / volume_m3)


def decay_rate(first: Values, last: Values, hours: Values, background: Values = 0.0) -> Float64:
    """Rate (1/h) of an exponential decay towards `background`, from its first and last value.

    For CO2 with nobody inside, background outdoor air: the air change rate. NaN where one of the two is not
    above the background.
    """
    excess = np.asarray(first, dtype=np.float64) - background
    rest = np.asarray(last, dtype=np.float64) - background
    return np.asarray(np.log(ratio(excess, rest, where=(excess > 0) & (rest > 0))) / hours)


def cadr_from_decay(volume_m3: Values, rate_on: Values, rate_off: Values) -> Float64:
    """m3/h of a purifier from the decay rates (1/h) with and without it, shapes broadcast."""
    return np.asarray(volume_m3 * (np.asarray(rate_on, dtype=np.float64) - rate_off))
