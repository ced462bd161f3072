"""Korea's Comprehensive Air-quality Index (통합대기환경지수, CAI). For outdoor air.

Source: AirKorea, index tables and calculator page. Bands 0-50 good, 51-100 moderate, 101-250 bad, 251-500
very bad. PM enters as the predicted 24-h mean (C24E), gases as 1-h means. Between printed bands AirKorea does
not say what holds: here a concentration is first rounded to the digits of the table.

| input | unit here | digits |
|---|---|---|
| pm10, pm2_5 | ug/m3, C24E | 1 |
| o3, no2, so2 | ppb (AirKorea prints ppm) | 1 (0.001 ppm) |
| co | ppm | 0.01 |

Combined rule: two pollutants at bad or worse (101 and up) add 50 to the highest sub-index, three or more 75.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from ingest.indices import Values
from ingest.indices.bands import Bands, rounded
from ingest.indices.ratio import ratio
from venueair.block import Float64

HIGHEST: Final = 500.0
BAD: Final = 101.0
REQUIRED: Final = ("pm10", "pm2_5", "no2", "o3")
HOURS: Final = 12

_INDEX: Final = ((0, 50), (51, 100), (101, 250), (251, 500))

BANDS: Final[dict[str, Bands]] = {
    "pm10": Bands.of(1, ((0, 30), (31, 80), (81, 150), (151, 600)), _INDEX),
    "pm2_5": Bands.of(1, ((0, 15), (16, 35), (36, 75), (76, 500)), _INDEX),
    "o3": Bands.of(1, ((0, 30), (31, 90), (91, 150), (151, 600)), _INDEX),
    "no2": Bands.of(1, ((0, 30), (31, 60), (61, 200), (201, 2000)), _INDEX),
    "so2": Bands.of(1, ((0, 20), (21, 50), (51, 150), (151, 1000)), _INDEX),
    "co": Bands.of(100, ((0, 2), (2.01, 9), (9.01, 15), (15.01, 50)), _INDEX),
}
# Below these (ug/m3) the newest hours are never damped.
_DAMPED_FROM: Final = {"pm10": 70.0, "pm2_5": 30.0}
# Start values: of the twelve hours 75 % as for any hourly mean, of the newest four the same.
_LEAST_OF_12, _LEAST_OF_4 = 9, 3


def c24e(pollutant: str, hourly: Values) -> Float64:
    """Predicted 24-h mean of pm10 or pm2_5 from hourly means (..., 12) in time order, to (...); ug/m3.

    C24E = (12 C12 + 12 C4) / 24; C12 is the mean of 12 hours, C4 that of the newest four, where an hour from
    70 (pm10) or 30 (pm2_5) that lies within 0.9 to 1.7 of C12 counts 0.75. Missing hours (NaN) leave the
    means; NaN with fewer than 9 of 12 or 3 of the newest 4. KeyError for another pollutant.
    """
    damped_from = _DAMPED_FROM[pollutant]
    hours = np.asarray(hourly, dtype=np.float64)
    if hours.shape[-1:] != (HOURS,):
        raise ValueError(f"C24E takes {HOURS} hourly means in the last axis, not shape {hours.shape}")
    c12 = _mean(hours, _LEAST_OF_12)
    newest, c12_of_hour = hours[..., -4:], c12[..., np.newaxis]
    of_mean = ratio(newest, c12_of_hour, where=c12_of_hour > 0)
    damped = (newest >= damped_from) & (of_mean >= 0.9) & (of_mean <= 1.7)
    c4 = _mean(np.where(damped, 0.75 * newest, newest), _LEAST_OF_4)
    return np.asarray((c12 + c4) / 2)


def _mean(hours: Float64, least: int) -> Float64:
    there = ~np.isnan(hours)
    count = there.sum(axis=-1)
    return ratio(np.sum(hours, axis=-1, where=there), count, where=count >= least)


def sub_index(pollutant: str, concentration: Values) -> Float64:
    """The index of one pollutant, same shape, at most 500; NaN for NaN and below zero.

    Raises KeyError for a pollutant that is not in BANDS.
    """
    bands = BANDS[pollutant]
    return np.minimum(bands.index(rounded(concentration, bands.steps_per_unit)), HIGHEST)


def overall(concentrations: Mapping[str, Values]) -> Float64:
    """The CAI with the combined rule, at most 500; shapes broadcast.

    NaN where pm10, pm2_5, no2 or o3 has no sub-index; so2 and co may be absent or NaN. ValueError if one of
    the four is not given at all.
    """
    absent = [pollutant for pollutant in REQUIRED if pollutant not in concentrations]
    if absent:
        raise ValueError(f"the CAI needs {', '.join(REQUIRED)}; {', '.join(absent)} not given")
    by_name = {name: sub_index(name, value) for name, value in concentrations.items()}
    indices = np.broadcast_arrays(*by_name.values())
    bad = np.sum([index >= BAD for index in indices], axis=0)
    extra = np.select([bad >= 3, bad == 2], [75.0, 50.0], 0.0)
    combined = np.minimum(np.fmax.reduce(np.array(indices)) + extra, HIGHEST)
    missing = np.any(np.isnan(np.broadcast_arrays(*(by_name[name] for name in REQUIRED))), axis=0)
    return np.where(missing, np.nan, combined)


def grade(index: Values) -> Float64:
    """1 good, 2 moderate, 3 bad, 4 very bad, as AirKorea's khaiGrade; NaN for NaN."""
    values = np.asarray(index, dtype=np.float64)
    grades = 1.0 + np.searchsorted(np.array([51.0, 101.0, 251.0]), values, side="right")
    return np.where(np.isnan(values), np.nan, grades)
