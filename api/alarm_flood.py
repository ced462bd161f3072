"""A flood of alarms, pure: more than people can look at. It begins with 10 new ones within 10 min and is over
when there are fewer than 5 in 10 min (ISA-18.2, alarm system performance).

Only what asks somebody to do something counts: neither screening results nor what is found in late data.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WINDOW_MS: Final = 600_000
BEGINS_AT: Final = 10
ENDS_BELOW: Final = 5
LOOK_BACK_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Flood:
    """`new`: alarms raised in the last 10 min; `since`: when the flood began, ms UTC, None without one."""

    new: int
    since: int | None


def flood(raised: Sequence[int], now: int) -> Flood:
    """`raised`: when alarms were raised, in order, ms UTC; what is older than a day makes no difference."""
    since: int | None = None
    ends = [t + WINDOW_MS for t in raised]
    moments = sorted({t for t in (*raised, *ends, now) if t <= now})
    new = 0
    for moment in moments:
        new = bisect_right(raised, moment) - bisect_right(ends, moment)
        if since is None and new >= BEGINS_AT:
            since = moment
        elif since is not None and new < ENDS_BELOW:
            since = None
    return Flood(new, since)
