"""Does a sensor agree with the others of its zone? Hampel's test, and a verdict once it holds for 30 min.

At each step the sensors of a zone that nothing speaks against are compared. Of three or more, one deviates
when |mean - median| > max(3 * 1.4826 * MAD, 2 * accuracy), median and MAD over all of them (F. R. Hampel,
J. Am. Stat. Assoc. 69, 1974); of two that differ by more than 2 * accuracy nobody knows which one is wrong.
A verdict changes when the same finding has come at every step for HOLD_STEPS.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.ragged import spread, starts_of
from venueair.block import Bool, Float64, Int64

HOLD_STEPS: Final = 360  # 30 min
SIGMAS: Final = 3 * 1.4826  # of a normal distribution, by its MAD
_NEVER: Final = -(2**62)

# Findings at one step, and the verdicts they lead to.
ALONE, AGREES, ONE_OF_TWO, DEVIATES = range(4)
TRUSTED, DISAGREE, OUT = range(3)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows of one zone at one step each, next to each other, ascending in value."""

    start: Int64
    count: Int64
    of_row: Int64  # the group of each row

    @classmethod
    def of(cls, group: Int64) -> "Groups":
        """`group` (rows,) ascending; equal numbers are one group."""
        start = starts_of(group)
        count = np.diff(np.append(start, len(group)))
        return cls(start, count, np.repeat(np.arange(len(start)), count))

    def median(self, value: Float64) -> Float64:
        lower, upper = self.start + (self.count - 1) // 2, self.start + self.count // 2
        middle: Float64 = (value[lower] + value[upper]) / 2
        return middle

    def span(self, value: Float64) -> Float64:
        width: Float64 = value[self.start + self.count - 1] - value[self.start]
        return width


def tolerance(middle: Float64, accuracy: Float64, share: Float64) -> Float64:
    """The smallest difference that counts, around values of about `middle`."""
    return 2 * (accuracy + share * np.abs(middle))


def findings(value: Float64, groups: Groups, accuracy: Float64, share: Float64) -> Int64:
    """(rows,) of means that nothing speaks against; `accuracy` and `share` (groups,)."""
    middle = groups.median(value)
    limit = tolerance(middle, accuracy, share)
    wide = groups.span(value) > limit
    found = np.where(groups.count == 1, ALONE, np.where(wide, ONE_OF_TWO, AGREES))
    result = found[groups.of_row]
    many = np.flatnonzero(wide & (groups.count > 2))
    if len(many):
        owner, row = spread(groups.start[many], groups.count[many])
        away = np.abs(value[row] - middle[many][owner])
        order = np.lexsort((away, owner))
        mad = Groups.of(owner).median(away[order])
        deviates = away > np.maximum(SIGMAS * mad, limit[many])[owner]
        result[row] = np.where(deviates, DEVIATES, AGREES)
    return result


class Verdicts:
    """By series number; changes in place."""

    def __init__(self) -> None:
        self.verdict = np.full(0, TRUSTED, dtype=np.int8)
        self.finding = np.full(0, ALONE, dtype=np.int8)
        self._since = np.full(0, _NEVER)  # the first step in a row with this finding
        self._step = np.full(0, _NEVER)  # the newest step

    def grow(self, size: int) -> None:
        more = size - len(self.verdict)
        self.verdict = np.append(self.verdict, np.full(more, TRUSTED, dtype=np.int8))
        self.finding = np.append(self.finding, np.full(more, ALONE, dtype=np.int8))
        self._since = np.append(self._since, np.full(more, _NEVER))
        self._step = np.append(self._step, np.full(more, _NEVER))

    def pass_on(self, series: Int64, step: Int64, finding: Int64) -> Int64:
        """The verdict after each row; rows sorted by (series, step)."""
        new = np.ones(len(series), dtype=np.bool_)
        new[1:] = series[1:] != series[:-1]
        start = np.flatnonzero(new)
        of = series[start]
        goes_on = np.zeros(len(series), dtype=np.bool_)
        goes_on[1:] = ~new[1:] & (finding[1:] == finding[:-1]) & (step[1:] == step[:-1] + 1)
        since = step.copy()
        joins = (finding[start] == self.finding[of]) & (step[start] == self._step[of] + 1)
        since[start[joins]] = self._since[of[joins]]
        since = since[_newest(~goes_on)]
        held = np.where(step - since >= HOLD_STEPS, finding, ALONE)
        verdict = self._turned(held, new, np.repeat(self.verdict[of], np.diff(np.append(start, len(series)))))
        last = np.append(start, len(series))[1:] - 1
        self.verdict[of], self.finding[of] = verdict[last], finding[last]
        self._since[of], self._step[of] = since[last], step[last]
        return verdict

    @staticmethod
    def _turned(held: Int64, new: Bool, before: Int64) -> Int64:
        """Two that disagree do not bring back one that is out: that was found when there were more."""
        clear = (held == AGREES) | (held == DEVIATES)
        value = np.where(held == DEVIATES, OUT, np.where(held == AGREES, TRUSTED, before))
        doubt = (held == ONE_OF_TWO) & (value[_newest(clear | new)] != OUT)
        value[doubt] = DISAGREE
        return value[_newest(clear | new | doubt)]


def _newest(marks: Bool) -> Int64:
    """For each row the newest marked one; the first must be marked."""
    if marks.all():
        return np.arange(len(marks))
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), 0))
