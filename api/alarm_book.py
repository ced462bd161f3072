"""The alarm book in ops_db: every edge that was ever seen, and the episodes that follow from them.

Restarts, both sides:
- Ingest keeps an edge until we say `alarm_seen`, which we say only after our commit, and say again for an
  edge that we know. So no edge is lost, and a repeated one changes nothing.
- The retained `open` enters what stands open there and is unknown here (an ops_db that was restored from an
  older copy, say). An edge in it that we know changes nothing: it may be older than a clear we have.
- What is open here but absent there stays open: ingest may have just started, or our news may be newer.
  Only an edge clears. Such an alarm is shown as not confirmed, so that a person can judge.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Final, Literal

from sqlalchemy import ColumnElement, Engine, and_, false, or_, select, true, tuple_, update

from api.alarm import Alarm, acknowledge, reset
from api.alarm_flood import LOOK_BACK_MS, Flood, flood
from api.alarm_table import alarm_of, enter_edge
from api.tables.alarms import alarms
from venueair.messages import AlarmEdge, OpenAlarms

Which = Literal["open", "attention", "all"]
_OVER: Final = alarms.c.cleared.is_not(None)


class AlarmBook:
    """The only writer of its two tables; may be used from any thread. Raises SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._open_at_ingest: dict[str, frozenset[str]] = {}
        self._parts: dict[str, dict[int, OpenAlarms]] = {}
        with engine.connect() as connection:
            held = select(alarms.c.id, alarms.c.held_until).where(alarms.c.held_until.is_not(None))
            self._held: dict[str, int] = {row.id: row.held_until for row in connection.execute(held)}

    def enter(self, edges: Sequence[AlarmEdge], venue: str) -> list[Alarm]:
        """Writes new edges and what follows from them in one transaction; returns the changed episodes."""
        changed: dict[str, Alarm] = {}
        with self._lock, self._engine.begin() as connection:
            for edge in edges:
                for alarm in enter_edge(connection, edge, venue):
                    changed[alarm.id] = alarm
            known = self._open_at_ingest.get(venue, frozenset())
            raised = {edge.alarm for edge in edges if edge.level > 0 and not edge.historical}
            self._open_at_ingest[venue] = (known - {edge.alarm for edge in edges}) | raised
            self._held |= {a.id: a.held_until for a in changed.values() if a.held_until is not None}
        return list(changed.values())

    def reconcile(self, message: OpenAlarms, venue: str) -> list[Alarm]:
        """Takes ingest's list of open alarms, or a part of it; returns the episodes that it changed."""
        changed = self.enter(message.alarms, venue)
        parts = self._parts.setdefault(venue, {})
        if any((known.t, known.parts) != (message.t, message.parts) for known in parts.values()):
            parts.clear()
        parts[message.part] = message
        if len(parts) == message.parts:
            self._open_at_ingest[venue] = frozenset(e.alarm for part in parts.values() for e in part.alarms)
            parts.clear()
        return changed

    def is_confirmed(self, alarm: Alarm) -> bool | None:
        """Whether ingest holds it open too; None when it is cleared, or ingest did not say yet."""
        known = self._open_at_ingest.get(alarm.venue)
        return None if known is None or not alarm.is_active else alarm.alarm in known

    def released(self, now: int) -> list[Alarm]:
        """Those that chattered and have now been quiet for long enough; each is told once."""
        with self._lock:
            due = [id_ for id_, until in self._held.items() if until <= now]
            for id_ in due:
                del self._held[id_]
        found = (self.get(id_) for id_ in due)
        return [alarm for alarm in found if alarm is not None and not alarm.is_open(now)]

    def get(self, alarm_id: str) -> Alarm | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).one_or_none()
        return alarm_of(row) if row else None

    def acknowledge(self, alarm_id: str, by: str, comment: str, now: int) -> Alarm:
        """Raises KeyError for an unknown id."""
        return self._change(alarm_id, lambda alarm: acknowledge(alarm, by, comment, now))

    def reset(self, alarm_id: str, by: str, now: int) -> Alarm:
        """Raises KeyError for an unknown id, ValueError when there is nothing to reset (yet)."""
        return self._change(alarm_id, lambda alarm: reset(alarm, by, now))

    def page(
        self,
        which: Which,
        now: int,
        *,
        limit: int,
        after: tuple[int, str] | None = None,
        family: str | None = None,
    ) -> list[Alarm]:
        """Newest first; `after` is (raised, id) of the last row of the page before, be it there or not."""
        query = select(alarms).order_by(alarms.c.raised.desc(), alarms.c.id.desc()).limit(limit)
        query = query.where(_is(which, now))
        if family is not None:
            query = query.where(alarms.c.family == family)
        if after is not None:
            query = query.where(tuple_(alarms.c.raised, alarms.c.id) < after)
        with self._engine.connect() as connection:
            return [alarm_of(row) for row in connection.execute(query)]

    def flood(self, now: int) -> Flood:
        counts = (alarms.c.family == "operating", alarms.c.historical == false())
        recent = select(alarms.c.raised).where(alarms.c.raised > now - LOOK_BACK_MS, *counts)
        with self._engine.connect() as connection:
            return flood(list(connection.scalars(recent.order_by(alarms.c.raised))), now)

    def opened(self, now: int) -> list[Alarm]:
        """All that stand open."""
        with self._engine.connect() as connection:
            return [alarm_of(row) for row in connection.execute(select(alarms).where(_is("open", now)))]

    def _change(self, alarm_id: str, change: Callable[[Alarm], Alarm]) -> Alarm:
        with self._lock, self._engine.begin() as connection:
            row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).one_or_none()
            if row is None:
                raise KeyError(alarm_id)
            alarm = change(alarm_of(row))
            connection.execute(update(alarms).where(alarms.c.id == alarm_id).values(asdict(alarm)))
        return alarm


def _is(which: Which, now: int) -> ColumnElement[bool]:
    """As Alarm.is_open and Alarm.state say it."""
    if which == "all":
        return true()
    latched = and_(alarms.c.latching, _OVER, alarms.c.reset.is_(None))
    is_open = or_(alarms.c.cleared.is_(None), latched, alarms.c.held_until > now)
    if which == "open":
        return is_open
    unseen = and_(alarms.c.acknowledged.is_(None), alarms.c.historical == false())
    return or_(is_open, and_(unseen, alarms.c.family == "operating"))
