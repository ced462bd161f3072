"""The life of an alarm, pure: raised, stepped up and down, acknowledged by a person, cleared by an edge.

An *episode* runs from a raise to its clear. Edges may come twice (ingest sends them until they are seen) and
in any order (what was sent while we were away is sent again later): `episodes` sorts by event time, so that
the order of arrival does not matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from venueair.messages import AlarmEdge


@dataclass(frozen=True, slots=True)
class Alarm:
    """One episode. Times in ms UTC; `level` is 0 once cleared; `value`, `limit` in the quantity's unit."""

    id: str  # of the edge that raised it
    alarm: str
    venue: str
    rule: str
    scope: str
    quantity: str
    level: int
    peak_level: int
    raised: int
    cleared: int | None
    value: float | None
    limit: float | None
    acknowledged: int | None = None
    acknowledged_by: str | None = None
    comment: str | None = None

    @property
    def is_open(self) -> bool:
        return self.cleared is None


def apply(edge: AlarmEdge, alarm: Alarm | None, venue: str) -> Alarm | None:
    """The episode after `edge`, which is not older than those before it.

    A raise after a clear begins a new episode. A clear of what was never raised is None: the raise may
    still come. A missing limit (an edge read back from the book) keeps the one that is known.
    """
    if alarm is None or not alarm.is_open:
        if edge.level <= 0:
            return alarm
        return Alarm(
            edge.id,
            edge.alarm,
            venue,
            edge.rule,
            edge.scope,
            edge.quantity,
            edge.level,
            edge.level,
            edge.t,
            None,
            edge.value,
            edge.limit,
        )
    if edge.level <= 0:
        return replace(alarm, level=0, cleared=edge.t)
    return replace(
        alarm,
        level=edge.level,
        peak_level=max(alarm.peak_level, edge.level),
        value=edge.value,
        limit=alarm.limit if edge.limit is None else edge.limit,
    )


def episodes(edges: Iterable[AlarmEdge], venue: str) -> list[Alarm]:
    """All episodes of one alarm, oldest first."""
    found: list[Alarm] = []
    for edge in sorted(edges, key=lambda edge: (edge.t, edge.id)):
        last = found[-1] if found else None
        after = apply(edge, last, venue)
        if after is None or after is last:
            continue
        if last is not None and after.id == last.id:
            found[-1] = after
        else:
            found.append(after)
    return found


def acknowledge(alarm: Alarm, by: str, comment: str, now: int) -> Alarm:
    """The first acknowledgement stands: a second one changes nothing. It never clears anything."""
    if alarm.acknowledged is not None:
        return alarm
    return replace(alarm, acknowledged=now, acknowledged_by=by, comment=comment)
