"""What Sensirion's gas indices (SGP40, SGP41, SEN5x, SEN6x) mean, and the TVOC that a VOC index stands for.

Sources: Sensirion gas-index-algorithm 3.2.0 (sigmoid with its default offsets); Sensirion "Building
Standards" note 1.1 (2023), equations of the TVOC equivalents.
An index is *relative*: 100 (VOC) or 1 (NOx) is what this room was like over the last day or so, and a hall
that smells for three days learns that as usual. The sensors learn by themselves and send the index; 0 is
their 45-s blackout, no value. The equivalents hold in the laboratory with a learning time of 720 h: they
tell what an index is about, and no TVOC limit may be judged by them.
"""

from typing import Final

import numpy as np

from ingest.indices import Values
from venueair.block import Float64

# Factor of (ln(501 - index) - 6.24), by equivalent gas and unit.
TVOC_FACTORS: Final = {
    "ethanol_ppb": -381.97,
    "molhave_ug_m3": -996.94,  # Molhave's mixture as WELL reads it: 0.58 of the ethanol ppb, 4.5 ug/m3 each
    "isobutylene_ug_m3": -878.53,  # as RESET reads it: 2.3 ug/m3 per ppb
}


def voc_index(state: Values) -> Float64:
    """The VOC index, 0 to 500, of the algorithm's state z (0: as usual; 230 per spread above it)."""
    return _sigmoid(state, steepness=0.0065, middle=213.0)


def nox_index(state: Values) -> Float64:
    """The NOx index, 0 to 500, of the algorithm's state z (0: as usual)."""
    return _sigmoid(state, steepness=0.0101, middle=614.0)


def _sigmoid(state: Values, steepness: float, middle: float) -> Float64:
    exponent = -steepness * (np.asarray(state, dtype=np.float64) - middle)
    # exp of more than this overflows, where the index is 0 to any digit anyhow.
    return np.asarray(500.0 / (1.0 + np.exp(np.minimum(exponent, 700.0))))


def tvoc_equivalent(index: Values, equivalent: str) -> Float64:
    """TVOC of a VOC index as a named equivalent (a key of TVOC_FACTORS, which says the unit), same shape.

    NaN outside 1 to 500: 0 is a sensor that is still starting, and from 501 on the equation has no value.
    """
    factor = TVOC_FACTORS[equivalent]
    values = np.asarray(index, dtype=np.float64)
    valid = (values >= 1) & (values <= 500)
    return np.where(valid, factor * (np.log(501.0 - np.where(valid, values, 1.0)) - 6.24), np.nan)
