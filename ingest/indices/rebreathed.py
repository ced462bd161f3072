"""The part of the air in the room that somebody has breathed out before, from CO2.

Source: Rudnick & Milton, Indoor Air 13 (2003) 237: f = (C - C_outdoor) / C_exhaled with 38,000 ppm exhaled;
the CAiMIRA model takes 42,000 ppm. CO2 sees neither filters nor UV: with purifiers, clean_air says more.
"""

from typing import Final

import numpy as np

from ingest.indices import Values
from ingest.indices.ratio import ratio
from venueair.block import Float64

EXHALED_PPM: Final = 38_000.0
REFERENCE_PPM: Final = 1_000.0


def rebreathed_fraction(co2_ppm: Values, outdoor_ppm: Values, exhaled_ppm: float = EXHALED_PPM) -> Float64:
    """0 to 1, shapes broadcast; below outdoor air it is 0, NaN stays NaN."""
    above = np.asarray(co2_ppm, dtype=np.float64) - np.asarray(outdoor_ppm, dtype=np.float64)
    return np.clip(above / exhaled_ppm, 0.0, 1.0)


def relative_exposure(co2_ppm: Values, outdoor_ppm: Values, reference_ppm: float = REFERENCE_PPM) -> Float64:
    """Rebreathed air relative to that at `reference_ppm` (= 1), for the same people and the same stay.

    NaN where outdoor air is at or above the reference.
    """
    outdoor = np.asarray(outdoor_ppm, dtype=np.float64)
    reference = rebreathed_fraction(reference_ppm, outdoor)
    return ratio(rebreathed_fraction(co2_ppm, outdoor), reference, where=reference > 0)
