"""Sensors that have drifted: a week of hourly means against sensors beside them, and CO2 against fresh air.

Beside others: in the quietest quarter of the zone's hours, when its air is most alike, the difference from
the zone's median is more than the sensor's accuracy (the median of these hours). It takes three sensors:
of two nobody knows who is wrong.

CO2: the lowest hour of a week is fresh air in a hall that is aired or empty at times. CO2_LOW ppm below that
outdoors, or CO2_HIGH above, a baseline is wrong, or soon will be where the sensor sets it by itself. Outdoors
is the venue's own sensor, else the global background. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.quality.start_values import BACKGROUND_PPM, BELOW_PPM, OUTDOOR_MOST_PPM
from ingest.zone_members import ACCURACY
from venueair.block import Float64
from venueair.store.store import Rollup

WEEK_MS: Final = 7 * 86_400_000
CO2_LOW: Final = BELOW_PPM
CO2_HIGH: Final = 100.0  # a start value of ours, as the following
FEWEST_HOURS: Final = 96  # of a week
_QUIET: Final = 0.25
_FULL: Final = 0.5  # of the usual number of readings in an hour


@dataclass(frozen=True, slots=True)
class Checked:
    """Series that could be judged, and those of them that have drifted, with by how much."""

    series: frozenset[int]
    drifted: Mapping[int, float]


def check(hours: Rollup, quantity: str, outdoor_ppm: float) -> Checked:
    """`hours` of the sensors of one zone for one quantity; `outdoor_ppm` is `fresh_air` of the venue."""
    series, means = _table(hours)
    enough = (~np.isnan(means)).sum(axis=1) >= FEWEST_HOURS
    judged, drifted = set[int](), dict[int, float]()
    if quantity == "co2":
        for n in np.flatnonzero(enough).tolist():
            off = float(np.nanmin(means[n])) - outdoor_ppm
            judged.add(series[n])
            if not -CO2_LOW <= off <= CO2_HIGH:
                drifted[series[n]] = off
    if quantity in ACCURACY and enough.sum() >= 3:
        for n, off, limit in _beside(means[enough], *ACCURACY[quantity]):
            number = series[int(np.flatnonzero(enough)[n])]
            judged.add(number)
            if abs(off) > limit:
                drifted.setdefault(number, off)
    return Checked(frozenset(judged), drifted)


def fresh_air(hours: Rollup) -> float:
    """ppm: the lowest hour of CO2 outdoors, of all sensors there; the background where none can be right."""
    _, means = _table(hours)
    lowest = [float(np.nanmin(row)) for row in means if (~np.isnan(row)).sum() >= FEWEST_HOURS]
    sound = [ppm for ppm in lowest if BACKGROUND_PPM - BELOW_PPM <= ppm <= OUTDOOR_MOST_PPM]
    return min(sound, default=BACKGROUND_PPM)


def _beside(means: Float64, accuracy: float, share: float) -> Iterable[tuple[int, float, float]]:
    """(sensor, its difference from the zone's median in quiet hours, how much that may be)."""
    level = _median(means)
    three = (~np.isnan(means)).sum(axis=0) >= 3
    if three.sum() < FEWEST_HOURS * _QUIET:
        return
    quiet = three & (level <= np.quantile(level[three], _QUIET))
    for n, mine in enumerate(means):
        there = quiet & ~np.isnan(mine)
        if there.sum() >= FEWEST_HOURS * _QUIET:
            off = float(np.median((mine - level)[there]))
            yield n, off, accuracy + share * abs(float(np.median(level[there])))


def _table(hours: Rollup) -> tuple[list[int], Float64]:
    """(series, means (series, hours)), NaN where an hour has less than half of its usual readings."""
    series, row = np.unique(hours.series, return_inverse=True)
    at, column = np.unique(hours.t, return_inverse=True)
    means, counts = np.full((len(series), len(at)), np.nan), np.zeros((len(series), len(at)))
    means[row, column], counts[row, column] = hours.mean, hours.count
    usual = np.array([np.median(of[of > 0]) for of in counts]) if len(series) else np.zeros(0)
    means[counts < _FULL * usual[:, None]] = np.nan
    return series.tolist(), means


def _median(means: Float64) -> Float64:
    """By column; NaN where there is none."""
    ordered = np.sort(means, axis=0)  # NaN go last
    number = (~np.isnan(means)).sum(axis=0)
    column = np.arange(means.shape[1])
    result: Float64 = (ordered[np.maximum(number - 1, 0) // 2, column] + ordered[number // 2, column]) / 2
    return result
