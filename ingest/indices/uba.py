"""Levels of the German Environment Agency (Umweltbundesamt) for indoor CO2 and TVOC.

Sources: UBA, "Gesundheitliche Bewertung von Kohlendioxid in der Innenraumluft", Bundesgesundheitsblatt 2008;
"Beurteilung von Innenraumluftkontaminationen mittels Referenz- und Richtwerten", Bundesgesundheitsblatt 2007.

| level | CO2 ppm | | TVOC mg/m3 | |
|---|---|---|---|---|
| 1 | < 1,000 | harmless | <= 0.3 | target |
| 2 | 1,000 to 2,000 | conspicuous | <= 1 | no relevant objection |
| 3 | > 2,000 | unacceptable | <= 3 | some objection |
| 4 | | | <= 10 | major objection |
| 5 | | | > 10 | unacceptable |

The ppb that vendors print for TVOC (65, 220, 660, 2,200) stand for about 4.6 ug/m3 each; only mass counts.
"""

import numpy as np

from ingest.indices import Values
from venueair.block import Float64

_TVOC_ENDS_UG_M3 = np.array([300.0, 1_000.0, 3_000.0, 10_000.0])


def co2_level(co2_ppm: Values) -> Float64:
    """1 to 3, same shape; NaN for NaN."""
    values = np.asarray(co2_ppm, dtype=np.float64)
    return np.where(np.isnan(values), np.nan, 1.0 + (values >= 1_000) + (values > 2_000))


def tvoc_level(tvoc_ug_m3: Values) -> Float64:
    """1 to 5, same shape; NaN for NaN."""
    values = np.asarray(tvoc_ug_m3, dtype=np.float64)
    levels = 1.0 + np.searchsorted(_TVOC_ENDS_UG_M3, values, side="left")
    return np.where(np.isnan(values), np.nan, levels)
