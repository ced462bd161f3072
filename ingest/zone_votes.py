"""The value of a zone at one step from its sensors' means: a weighted median of those that count.

A sensor's weight is half for having spoken and half by its share of rows that nothing speaks against: so one
of three or more never weighs as much as the others together, and alone cannot move the value beyond theirs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.zone_agreement import DISAGREE, OUT, Groups, tolerance
from ingest.zone_sums import Means
from venueair.block import Bool, Float64, Int64

_HALF: Final = 1024  # weights are whole numbers, so that sums over many zones stay exact


@dataclass(frozen=True, slots=True)
class Votes:
    """`counts` (rows,): is it in the value; by zone and step the value, is it suspect, are two at odds."""

    counts: Bool
    value: Float64
    suspect: Bool
    disagree: Bool


def votes(means: Means, verdict: Int64, groups: Groups, accuracy: Float64, share: Float64) -> Votes:
    """`means` and `verdict` (rows,) in the order of `groups`, not none; `accuracy` and `share` (groups,)."""
    counts, doubtful = _counts(means, verdict, groups, accuracy, share)
    rows = np.flatnonzero(counts)
    voters = groups if len(rows) == len(counts) else Groups.of(groups.of_row[rows])
    good = np.maximum.reduceat(means.good[rows], voters.start) > 0
    # One that disagrees with a sensor that is out is not in doubt.
    at_odds = np.add.reduceat(verdict[rows] == DISAGREE, voters.start, dtype=np.int64) > 1
    value = _weighted_median(means.mean[rows], means.clean[rows], means.rows[rows], voters)
    return Votes(counts, value, ~good | doubtful | at_odds, at_odds)


def _weighted_median(mean: Float64, clean: Int64, count: Int64, voters: Groups) -> Float64:
    if (clean == count).all():
        return voters.median(mean)
    weight = _HALF + -(-_HALF * clean // count)  # rounded up: never half alone
    weight = np.where((voters.count == 2)[voters.of_row], 1, weight)  # of two the mean
    upto = np.cumsum(weight)
    end = upto[voters.start + voters.count - 1]
    half = (np.append(0, end[:-1]) + end)[voters.of_row]  # twice where half of a group's weight is reached
    low = (2 * (upto - weight) < half) & (2 * upto >= half)
    high = (2 * (upto - weight) <= half) & (2 * upto > half)
    middle: Float64 = (mean[low] + mean[high]) / 2
    return middle


def _counts(
    means: Means, verdict: Int64, groups: Groups, accuracy: Float64, share: Float64
) -> tuple[Bool, Bool]:
    """(rows,) does a row count, (groups,) does a group rest on rows that should not.

    Sensors that something speaks against stay aside while another is there. So do those that are out, while
    three others are there or two that agree; if only two are left and differ, one of them may be lying.
    """
    clean = means.clean > 0
    trusted = clean & (verdict != OUT)
    if trusted.all():
        return trusted, np.zeros(len(groups.start), dtype=np.bool_)
    number = np.add.reduceat(clean, groups.start, dtype=np.int64)
    trustworthy = np.add.reduceat(trusted, groups.start, dtype=np.int64)
    low = np.minimum.reduceat(np.where(trusted, means.mean, np.inf), groups.start)
    high = np.maximum.reduceat(np.where(trusted, means.mean, -np.inf), groups.start)
    with np.errstate(invalid="ignore"):  # of a group without a trusted row
        two_agree = (trustworthy == 2) & (high - low <= tolerance((high + low) / 2, accuracy, share))
    outs_stay_aside = np.where(number > 2, (trustworthy > 2) | two_agree, trustworthy > 0)
    counts = np.where(outs_stay_aside[groups.of_row], trusted, clean | (number == 0)[groups.of_row])
    return counts, trustworthy == 0
