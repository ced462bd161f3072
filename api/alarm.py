"""The life of an alarm, pure: raised, stepped up and down, acknowledged by a person, cleared by an edge.

An *episode* runs from a raise to its clear. Edges may come twice (ingest sends them until they are seen) and
in any order (what was sent while we were away is sent again later): `episodes` sorts by event time, so that
the order of arrival does not matter. States are those of ISA-18.2:

unacknowledged             stands, nobody has seen it
acknowledged               stands, somebody has seen it
returned_unacknowledged    over before anybody saw it
latched_unacknowledged     over, waits for a reset, nobody has seen it
latched_acknowledged       over, waits for a reset
normal                     over and seen, or found only in late data

An alarm *chatters* when it turns (raised, cleared) three times within a minute. From then on it is one
episode that stays open until it has not turned for ten minutes: one row instead of hundreds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from venueair.messages import AlarmEdge

CHATTER_TURNS: Final = 3
CHATTER_MS: Final = 60_000
QUIET_MS: Final = 600_000

State = Literal[
    "unacknowledged",
    "acknowledged",
    "returned_unacknowledged",
    "latched_unacknowledged",
    "latched_acknowledged",
    "normal",
]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One episode. Times in ms UTC; `level` is 0 once cleared; `value`, `limit` in the quantity's unit.

    `cleared`: when the air (or the device) was well again. `turns`: how often it was raised or cleared;
    `held_until`: it chatters and stays open until then.
    """

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
    family: str = "operating"
    source: str | None = None
    latching: bool = False
    historical: bool = False
    reason: str | None = None
    turns: int = 1
    held_until: int | None = None
    acknowledged: int | None = None
    acknowledged_by: str | None = None
    comment: str | None = None
    reset: int | None = None
    reset_by: str | None = None

    @property
    def is_active(self) -> bool:
        return self.cleared is None

    @property
    def is_latched(self) -> bool:
        """Over, and waiting for a person's reset."""
        return self.latching and self.cleared is not None and self.reset is None

    def is_held(self, now: int) -> bool:
        """Over for the moment, but it chatters."""
        return self.cleared is not None and self.held_until is not None and now < self.held_until

    def is_open(self, now: int) -> bool:
        return self.is_active or self.is_latched or self.is_held(now)

    def state(self, now: int) -> State:
        if self.is_active or self.is_held(now):
            return "unacknowledged" if self.acknowledged is None else "acknowledged"
        if self.is_latched:
            return "latched_unacknowledged" if self.acknowledged is None else "latched_acknowledged"
        if self.acknowledged is None and not self.historical:
            return "returned_unacknowledged"
        return "normal"


def begin(edge: AlarmEdge, venue: str) -> Alarm:
    """The episode that `edge` raises. A historical one is over, and there is nothing to reset."""
    return Alarm(
        id=edge.id,
        alarm=edge.alarm,
        venue=venue,
        rule=edge.rule,
        scope=edge.scope,
        quantity=edge.quantity,
        level=0 if edge.historical else edge.level,
        peak_level=edge.level,
        raised=edge.t,
        cleared=(edge.t if edge.until is None else edge.until) if edge.historical else None,
        value=edge.value,
        limit=edge.limit,
        family=edge.family,
        source=edge.source,
        latching=edge.latching and not edge.historical,
        historical=edge.historical,
    )


def apply(edge: AlarmEdge, alarm: Alarm | None, venue: str, *, chatters: bool = False) -> Alarm | None:
    """The episode after `edge`, which is not older than those before it.

    A raise after a clear begins a new episode, unless it `chatters` or is held: then the old one goes on. A
    clear of what was never raised is None: the raise may still come. A missing limit (an edge read back from
    the book) keeps the one that is known.
    """
    if alarm is None or not alarm.is_active:
        if edge.level <= 0:
            return alarm
        if alarm is None or not (chatters or alarm.is_held(edge.t)):
            return begin(edge, venue)
        return _turned(_stepped(replace(alarm, cleared=None, reason=None), edge), edge, held=True)
    if edge.level <= 0:
        over = replace(alarm, level=0, cleared=edge.t, reason=edge.reason)
        held = chatters or (alarm.held_until is not None and edge.t < alarm.held_until)
        return _turned(over, edge, held=held)
    return _stepped(alarm, edge)


def episodes(edges: Iterable[AlarmEdge], venue: str, turned: int | None = None) -> list[Alarm]:
    """All episodes of one alarm, oldest first; `turned` is when an episode before these was cleared."""
    found: list[Alarm] = []
    turns = [] if turned is None else [turned]
    for edge in sorted(edges, key=lambda edge: (edge.t, edge.id)):
        last = found[-1] if found else None
        is_turn = (edge.level > 0) != (last is not None and last.is_active)
        if is_turn:
            turns = [*turns[1 - CHATTER_TURNS :], edge.t]
        chatters = is_turn and len(turns) == CHATTER_TURNS and edge.t - turns[0] <= CHATTER_MS
        after = apply(edge, last, venue, chatters=chatters)
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


def reset(alarm: Alarm, by: str, now: int) -> Alarm:
    """Lets go of a latched alarm; a second reset changes nothing.

    Raises ValueError for one that does not latch, or whose cause is still there.
    """
    if not alarm.latching:
        raise ValueError("this alarm does not latch: it ends when the air is well again")
    if alarm.is_active:
        raise ValueError("its cause is still there: it can be reset once the value is back below its limit")
    return alarm if alarm.reset is not None else replace(alarm, reset=now, reset_by=by)


def _stepped(alarm: Alarm, edge: AlarmEdge) -> Alarm:
    return replace(
        alarm,
        level=edge.level,
        peak_level=max(alarm.peak_level, edge.level),
        value=edge.value,
        limit=alarm.limit if edge.limit is None else edge.limit,
    )


def _turned(alarm: Alarm, edge: AlarmEdge, *, held: bool) -> Alarm:
    until = edge.t + QUIET_MS if held else alarm.held_until
    return replace(alarm, turns=alarm.turns + 1, held_until=until)
