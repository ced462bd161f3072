"""Fits a sensor to a reference that stood beside it: ordinary least squares on hourly means, checked on days
that the fit has not seen. Pure.

Practice and targets: US EPA, Performance Testing Protocols, Metrics, and Target Values for Fine Particulate
Matter Air Sensors (EPA/600/R-20/280, 2021).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Final

import numpy as np

from ingest.hourly import DAY_MS, Pairs
from venueair.block import Bool, Float64, Int64

FEWEST_PAIRS: Final = 100
FEWEST_DAYS: Final = 14
_GAINS: Final = (0.1, 10.0)  # what venueair.corrections takes
_ROUNDING: Final = 1e-9


class CalibrationError(ValueError):
    """These data give no calibration; the message says what is missing."""


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
class HeldOut:
    """Days that were left out of a fit: the sensor as it is, and corrected by the line of the other days."""

    days: int
    found: Score
    corrected: Score


@dataclass(frozen=True, slots=True)
class Fit:
    """corrected = offset + gain * sensor + the sum of factor * what was measured beside.

    The line is fitted on all pairs, and so are `found`, the score of the sensor as it is, and `fitted`.
    `held_out` None: no days were.
    """

    offset: float
    gain: float
    factors: Mapping[str, float]
    found: Score
    fitted: Score
    held_out: HeldOut | None


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
    return Fit(
        float(line[0]),
        float(line[1]),
        dict(zip(pairs.beside, line[2:].tolist(), strict=True)),
        found=score(pairs.sensor, pairs.reference),
        fitted=score(terms @ line, pairs.reference),
        held_out=_on_unseen_days(pairs, terms, hold_out),
    )


def score(value: Float64, reference: Float64) -> Score:
    """R2 is the square of the correlation; NaN where one of the two does not move."""
    error = value - reference
    about, reference_about = value - value.mean(), reference - reference.mean()
    square, reference_square = float(about @ about), float(reference_about @ reference_about)
    shared = float(about @ reference_about)
    is_still = _is_still(reference)
    slope = nan if is_still else shared / reference_square
    rmse, mean = sqrt(float(error @ error) / len(error)), float(reference.mean())
    return Score(
        len(value),
        slope,
        float(value.mean()) - slope * mean,
        nan if is_still or _is_still(value) else shared * shared / (square * reference_square),
        rmse,
        rmse / mean if mean else nan,
    )


def _on_unseen_days(pairs: Pairs, terms: Float64, share: float) -> HeldOut | None:
    unseen = _held_out(pairs.hour, share)
    if not unseen.any():
        return None
    line = _least_squares(terms[~unseen], pairs.reference[~unseen], ["offset", "gain", *pairs.beside])
    truth = pairs.reference[unseen]
    return HeldOut(
        len(np.unique(pairs.hour[unseen] // DAY_MS)),
        found=score(pairs.sensor[unseen], truth),
        corrected=score(terms[unseen] @ line, truth),
    )


def _terms(pairs: Pairs) -> Float64:
    return np.column_stack([np.ones(len(pairs)), pairs.sensor, *pairs.beside.values()])


def _least_squares(terms: Float64, reference: Float64, names: Sequence[str]) -> Float64:
    centre, spread = terms[:, 1:].mean(axis=0), terms[:, 1:].std(axis=0)
    still = [name for name, column in zip(names, terms.T, strict=True) if _is_still(column)][1:]
    if still or _is_still(reference):
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


def _is_still(column: Float64) -> bool:
    """Means of equal readings differ by what rounding leaves."""
    return float(column.std()) <= _ROUNDING * float(abs(column).max())


def _held_out(hour: Int64, share: float) -> Bool:
    """Whole days, evenly spread over the period."""
    _, day = np.unique(hour // DAY_MS, return_inverse=True)
    result: Bool = np.floor((day + 1) * share + 1e-9) > np.floor(day * share + 1e-9)
    return result
