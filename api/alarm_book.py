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
from collections.abc import Sequence
from dataclasses import asdict, replace
from math import inf
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select, update

from api.alarm import Alarm, acknowledge, episodes
from api.ops_db import alarm_edges, alarms
from venueair.messages import AlarmEdge, OpenAlarms


class AlarmBook:
    """The only writer of its two tables; may be used from any thread. Raises SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._open_at_ingest: dict[str, frozenset[str]] = {}

    def enter(self, edges: Sequence[AlarmEdge], venue: str) -> list[Alarm]:
        """Writes new edges and what follows from them in one transaction; returns the changed episodes."""
        changed: dict[str, Alarm] = {}
        with self._lock, self._engine.begin() as connection:
            for edge in edges:
                for alarm in _enter(connection, edge, venue):
                    changed[alarm.id] = alarm
            known = self._open_at_ingest.get(venue, frozenset())
            raised = {edge.alarm for edge in edges if edge.level > 0}
            self._open_at_ingest[venue] = (known - {edge.alarm for edge in edges}) | raised
        return list(changed.values())

    def reconcile(self, message: OpenAlarms, venue: str) -> list[Alarm]:
        """Takes ingest's list of open alarms; returns the episodes that it changed."""
        changed = self.enter(message.alarms, venue)
        self._open_at_ingest[venue] = frozenset(edge.alarm for edge in message.alarms)
        return changed

    def is_confirmed(self, alarm: Alarm) -> bool | None:
        """Whether ingest holds it open too; None when it is cleared, or ingest did not say yet."""
        known = self._open_at_ingest.get(alarm.venue)
        return None if known is None or not alarm.is_open else alarm.alarm in known

    def get(self, alarm_id: str) -> Alarm | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).one_or_none()
        return _alarm(row) if row else None

    def acknowledge(self, alarm_id: str, by: str, comment: str, now: int) -> Alarm:
        """Raises KeyError for an unknown id."""
        with self._lock, self._engine.begin() as connection:
            row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).one_or_none()
            if row is None:
                raise KeyError(alarm_id)
            alarm = acknowledge(_alarm(row), by, comment, now)
            connection.execute(update(alarms).where(alarms.c.id == alarm_id).values(asdict(alarm)))
        return alarm

    def page(self, *, only_open: bool, limit: int, after: str | None = None) -> list[Alarm]:
        """Newest first; `after` is the last id of the page before. Raises KeyError when it is unknown."""
        query = select(alarms).order_by(alarms.c.raised.desc(), alarms.c.id.desc()).limit(limit)
        if only_open:
            query = query.where(alarms.c.cleared.is_(None))
        if after is not None:
            last = self.get(after)
            if last is None:
                raise KeyError(after)
            same = and_(alarms.c.raised == last.raised, alarms.c.id < last.id)
            query = query.where(or_(alarms.c.raised < last.raised, same))
        with self._engine.connect() as connection:
            return [_alarm(row) for row in connection.execute(query)]

    def count_open(self) -> int:
        query = select(func.count()).select_from(alarms).where(alarms.c.cleared.is_(None))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())


def _alarm(row: Any) -> Alarm:
    return Alarm(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def _enter(connection: Connection, edge: AlarmEdge, venue: str) -> list[Alarm]:
    known = select(alarm_edges.c.id).where(alarm_edges.c.id == edge.id)
    if connection.execute(known).one_or_none() is not None:
        return []
    row = {"id": edge.id, "alarm": edge.alarm, "t": edge.t, "level": edge.level, "value": edge.value}
    connection.execute(insert(alarm_edges).values(row))
    # Before the episode that began last, everything is settled: only from there on the edge matters.
    start = select(func.max(alarms.c.raised)).where(alarms.c.alarm == edge.alarm, alarms.c.raised <= edge.t)
    since = connection.execute(start).scalar_one()
    floor = edge.t if since is None else since
    stored = select(alarm_edges).where(alarm_edges.c.alarm == edge.alarm, alarm_edges.c.t >= floor)
    edges = [edge if row.id == edge.id else _like(edge, row) for row in connection.execute(stored)]
    rows = select(alarms).where(alarms.c.alarm == edge.alarm, alarms.c.raised >= floor)
    before = [_alarm(row) for row in connection.execute(rows.order_by(alarms.c.raised))]
    time_of = {e.id: e.t for e in edges}
    changed = []
    for episode in episodes(edges, venue):
        # A row belongs where its own edge lies: a late raise or clear may have moved or split the episode.
        end = inf if episode.cleared is None else episode.cleared
        mine = [a for a in before if episode.raised <= time_of[a.id] < end]
        if not mine:
            connection.execute(insert(alarms).values(asdict(episode)))
            changed.append(episode)
            continue
        after = _keep(mine[0], episode)
        if after != mine[0]:
            connection.execute(update(alarms).where(alarms.c.id == after.id).values(asdict(after)))
            changed.append(after)
    return changed


def _like(edge: AlarmEdge, row: Any) -> AlarmEdge:
    """A stored edge of the same alarm; its limit was not kept."""
    return AlarmEdge(
        id=row.id,
        alarm=edge.alarm,
        rule=edge.rule,
        scope=edge.scope,
        quantity=edge.quantity,
        t=row._mapping["t"],  # noqa: SLF001  # row.t is SQLAlchemy's own
        level=row.level,
        value=row.value,
        limit=None,
    )


def _keep(known: Alarm, episode: Alarm) -> Alarm:
    """The episode as found now, under the id and with the acknowledgement that people already saw."""
    return replace(
        episode,
        id=known.id,
        limit=known.limit if episode.limit is None else episode.limit,
        acknowledged=known.acknowledged,
        acknowledged_by=known.acknowledged_by,
        comment=known.comment,
    )
