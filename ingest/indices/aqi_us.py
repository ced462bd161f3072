"""US EPA Air Quality Index, the 2024 table. For outdoor air: its health categories were made for that.

Source: EPA-454/B-24-002 (May 2024), in force since 2024-05-06. A concentration is truncated (not rounded) to
the digits of the table, the index is rounded, the overall index is the highest. Before 2024 the PM2.5 breaks
were 12.0, 150.4 and 250.4. Averaging is the caller's:

| input | averaged over | unit here | truncated to |
|---|---|---|---|
| pm2_5 | 24 h, or NowCast | ug/m3 | 0.1 |
| pm10 | 24 h, or NowCast | ug/m3 | 1 |
| co | 8 h | ppm | 0.1 |
| no2 | 1 h | ppb | 1 |
| o3_8h | 8 h | ppb | 1 (0.001 ppm) |
| o3_1h | 1 h | ppb | 1 (0.001 ppm) |

Above 500 the last line goes on (40 CFR 58 appendix G). 8-h ozone gives no index above 300: from there on the
1-h value decides; 1-h ozone below 125 ppb gives none (NaN).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from ingest.indices import Values
from ingest.indices.bands import Bands, truncated
from venueair.block import Float64

_INDEX: Final = ((0, 50), (51, 100), (101, 150), (151, 200), (201, 300), (301, 500))

BANDS: Final[dict[str, Bands]] = {
    "pm2_5": Bands.of(
        10, ((0, 9.0), (9.1, 35.4), (35.5, 55.4), (55.5, 125.4), (125.5, 225.4), (225.5, 325.4)), _INDEX
    ),
    "pm10": Bands.of(1, ((0, 54), (55, 154), (155, 254), (255, 354), (355, 424), (425, 604)), _INDEX),
    "co": Bands.of(10, ((0, 4.4), (4.5, 9.4), (9.5, 12.4), (12.5, 15.4), (15.5, 30.4), (30.5, 50.4)), _INDEX),
    "no2": Bands.of(1, ((0, 53), (54, 100), (101, 360), (361, 649), (650, 1249), (1250, 2049)), _INDEX),
    "o3_8h": Bands.of(1, ((0, 54), (55, 70), (71, 85), (86, 105), (106, 200)), _INDEX[:5]),
    "o3_1h": Bands.of(1, ((125, 164), (165, 204), (205, 404), (405, 604)), _INDEX[2:]),
}


def sub_index(pollutant: str, concentration: Values) -> Float64:
    """The index of one pollutant, same shape; NaN for NaN and below zero.

    Raises KeyError for a pollutant that is not in BANDS.
    """
    bands = BANDS[pollutant]
    index = bands.index(truncated(concentration, bands.steps_per_unit))
    return np.minimum(index, 300.0) if pollutant == "o3_8h" else index


def overall(concentrations: Mapping[str, Values]) -> Float64:
    """The highest sub-index; shapes broadcast. NaN only where no pollutant has a sub-index."""
    if not concentrations:
        raise ValueError(f"no pollutant given; the US AQI knows {', '.join(BANDS)}")
    indices = [sub_index(pollutant, value) for pollutant, value in concentrations.items()]
    return np.asarray(np.fmax.reduce(np.broadcast_arrays(*indices)))
