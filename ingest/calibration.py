"""Fits a sensor to a reference that stood beside it: ordinary least squares on hourly means, checked on days
that the fit has not seen. Pure.

Practice and targets: US EPA, Performance Testing Protocols, Metrics, and Target Values for Fine Particulate
Matter Air Sensors (EPA/600/R-20/280, 2021).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from venueair.block import Bool, Float64, Int64

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
FEWEST_PAIRS: Final = 100
FEWEST_DAYS: Final = 14
_FULL: Final = 0.75  # of the usual number of readings in an hour
_GAINS: Final = (0.1, 10.0)  # what venueair.corrections takes


class CalibrationError(ValueError):
    """These data give no calibration; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Hourly:
    """Means of whole hours UTC, rising; hour (n,) in ms."""

    hour: Int64
    mean: Float64

    def at(self, hours: Int64) -> Float64:
        """NaN for hours that have none."""
        if not len(self.hour):
            return np.full(len(hours), np.nan)
        found = np.minimum(np.searchsorted(self.hour, hours), len(self.hour) - 1)
        return np.where(self.hour[found] == hours, self.mean[found], np.nan)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Hours in which everything was measured: columns of n, in time order."""

    hour: Int64
    sensor: Float64
    reference: Float64
    beside: Mapping[str, Float64]

    def __len__(self) -> int:
        return len(self.hour)

    @property
    def days(self) -> int:
        return len(np.unique(self.hour // DAY_MS))


@dataclass(frozen=True, slots=True)
class Score:
    """How well a column agrees with the reference: column = intercept + slope * reference, and the error."""

    n: int
    slope: float
    intercept: float
    r2: float
    rmse: float
    nrmse: float  # of the mean of the reference


@dataclass(frozen=True, slots=True)
class Fit:
    """corrected = offset + gain * sensor + the sum of factor * what was measured beside.

    The line is fitted on all pairs. `held_out` is the score, on the days held out, of a line fitted without
    them; None when none were. `found` is that of the sensor as it is.
    """

    offset: float
    gain: float
    factors: Mapping[str, float]
    found: Score
    fitted: Score
    held_out: Score | None
    held_out_days: int


def hourly(t: Int64, value: Float64) -> Hourly:
    """`t` rising; NaN is left out. Hours with under 3/4 of the usual number of readings count as missing."""
    there = ~np.isnan(value)
    hour, value = t[there] // HOUR_MS, value[there]
    hours, start, count = np.unique(hour, return_index=True, return_counts=True)
    if not len(hours):
        return Hourly(hours, value)
    is_full = count >= _FULL * np.median(count)
    mean = np.add.reduceat(value, start) / count
    return Hourly(hours[is_full] * HOUR_MS, mean[is_full])


def pair(sensor: Hourly, reference: Hourly, beside: Mapping[str, Hourly]) -> Pairs:
    truth = reference.at(sensor.hour)
    others = {name: other.at(sensor.hour) for name, other in beside.items()}
    whole = ~np.isnan(np.stack([truth, *others.values()])).any(axis=0)
    return Pairs(
        sensor.hour[whole],
        sensor.mean[whole],
        truth[whole],
        {name: other[whole] for name, other in others.items()},
    )


def fit(pairs: Pairs, hold_out: float) -> Fit:
    """`hold_out` is the share of days (not of hours: neighbouring hours are alike), spread evenly.

    Raises CalibrationError for too few pairs, or where they determine no line that can be used.
    """
    if len(pairs) < FEWEST_PAIRS:
        raise CalibrationError(
            f"only {len(pairs)} hours have readings of sensor and reference"
            f"{''.join(f' and {name}' for name in pairs.beside)}; at least {FEWEST_PAIRS} are needed"
        )
    terms = _terms(pairs)
    line = _least_squares(terms, pairs.reference, ["offset", "gain", *pairs.beside])
    if not _GAINS[0] <= line[1] <= _GAINS[1]:
        raise CalibrationError(
            f"the sensor does not follow the reference: a gain of {line[1]:.3g} is not between"
            f" {_GAINS[0]:g} and {_GAINS[1]:g}"
        )
    kept_out = _held_out(pairs.hour, hold_out)
    held_out = None
    if kept_out.any():
        kept = ~kept_out
        blind = _least_squares(terms[kept], pairs.reference[kept], ["offset", "gain", *pairs.beside])
        held_out = score(terms[kept_out] @ blind, pairs.reference[kept_out])
    return Fit(
        float(line[0]),
        float(line[1]),
        dict(zip(pairs.beside, line[2:].tolist(), strict=True)),
        found=score(pairs.sensor, pairs.reference),
        fitted=score(terms @ line, pairs.reference),
        held_out=held_out,
        held_out_days=len(np.unique(pairs.hour[kept_out] // DAY_MS)),
    )


def score(value: Float64, reference: Float64) -> Score:
    """R2 is the square of the correlation; NaN where one of the two does not move."""
    error = value - reference
    about, reference_about = value - value.mean(), reference - reference.mean()
    square, reference_square = float(about @ about), float(reference_about @ reference_about)
    shared = float(about @ reference_about)
    slope = shared / reference_square if reference_square else float("nan")
    rmse, mean = sqrt(float(error @ error) / len(error)), float(reference.mean())
    return Score(
        len(value),
        slope,
        float(value.mean()) - slope * mean,
        shared * shared / (square * reference_square) if square * reference_square else float("nan"),
        rmse,
        rmse / mean if mean else float("nan"),
    )


def _terms(pairs: Pairs) -> Float64:
    return np.column_stack([np.ones(len(pairs)), pairs.sensor, *pairs.beside.values()])


def _least_squares(terms: Float64, reference: Float64, names: Sequence[str]) -> Float64:
    centre, spread = terms[:, 1:].mean(axis=0), terms[:, 1:].std(axis=0)
    still = [name for name, width in zip(names[1:], spread, strict=True) if not width]
    if still or not reference.std():
        what = "the reference" if not still else "the sensor" if still[0] == "gain" else still[0]
        raise CalibrationError(f"{what} did not change: choose a period in which it did")
    scaled = np.column_stack([terms[:, 0], (terms[:, 1:] - centre) / spread])
    solution, _, rank, _ = np.linalg.lstsq(scaled, reference, rcond=1e-10)
    if rank < terms.shape[1]:
        raise CalibrationError(
            f"{', '.join(['the sensor', *names[2:]])} moved together all the time: nothing tells them apart"
        )
    slopes = solution[1:] / spread
    line: Float64 = np.concatenate([[solution[0] - float(centre @ slopes)], slopes])
    return line


def _held_out(hour: Int64, share: float) -> Bool:
    """Whole days, evenly spread over the period."""
    _, day = np.unique(hour // DAY_MS, return_inverse=True)
    result: Bool = np.floor((day + 1) * share + 1e-9) > np.floor(day * share + 1e-9)
    return result
