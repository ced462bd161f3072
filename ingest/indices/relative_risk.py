"""Two models of airborne infection, for comparing situations: ventilation, people, purifiers.

What they give is no probability for a visitor (quanta and prevalence are known within a factor of ten at
best): show ratios only, such as "relative to 1,000 ppm" or "with and without purifiers".
Sources: Rudnick & Milton, Indoor Air 13 (2003) 237; Riley, Murphy & Riley, Am. J. Epidemiol. 107 (1978) 421,
with equivalent clean air in place of outdoor air.
"""

import numpy as np

from ingest.indices import Values
from venueair.block import Float64


def rudnick_milton(
    mean_fraction: Values, infectors: Values, people: Values, quanta_per_h: float, hours: float
) -> Float64:
    """1 - exp(-f I q t / n), shapes broadcast; f is the mean rebreathed fraction over the stay."""
    share = np.asarray(infectors, dtype=np.float64) / np.asarray(people, dtype=np.float64)
    return np.asarray(-np.expm1(-np.asarray(mean_fraction, dtype=np.float64) * share * quanta_per_h * hours))


def wells_riley(
    equivalent_clean_air_m3h: Values,
    infectors: Values,
    quanta_per_h: float,
    breathing_m3h: float,
    hours: float,
) -> Float64:
    """1 - exp(-I q p t / Q), shapes broadcast; Q is all clean air of the room, eACH times volume."""
    flow = np.asarray(equivalent_clean_air_m3h, dtype=np.float64)
    dose = np.asarray(infectors, dtype=np.float64) * quanta_per_h * breathing_m3h * hours / flow
    return np.asarray(-np.expm1(-dose))
