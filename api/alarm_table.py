"""One edge into the two tables of the alarm book, within a transaction of the book."""

from dataclasses import asdict, replace
from math import inf
from typing import Any, Final

from sqlalchemy import Connection, delete, false, func, insert, select, update

from api.alarm import Alarm, begin, episodes
from api.tables.alarms import alarm_edges, alarms
from venueair.messages import AlarmEdge

RAISED_AGAIN: Final = "raised again"


def alarm_of(row: Any) -> Alarm:
    return Alarm(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def enter_edge(connection: Connection, edge: AlarmEdge, venue: str) -> list[Alarm]:
    """Returns the episodes that changed; none for an edge that is known."""
    known = select(alarm_edges.c.id).where(alarm_edges.c.id == edge.id)
    if connection.execute(known).one_or_none() is not None:
        return []
    row = {name: getattr(edge, name) for name in ("id", "alarm", "t", "level", "value", "historical")}
    connection.execute(insert(alarm_edges).values(row))
    if edge.historical:
        return [_insert(connection, begin(edge, venue))]
    before, turned, floor = _rows_from(connection, edge)
    stored = select(alarm_edges).where(
        alarm_edges.c.alarm == edge.alarm, alarm_edges.c.t >= floor, alarm_edges.c.historical == false()
    )
    edges = [edge if row.id == edge.id else _like(edge, row) for row in connection.execute(stored)]
    time_of = {e.id: e.t for e in edges}
    changed = []
    for episode in episodes(edges, venue, turned):
        # A row belongs where its own edge lies: a late raise or clear may have moved or split the episode.
        end = inf if episode.cleared is None else episode.cleared
        mine = [a for a in before if episode.raised <= time_of[a.id] < end]
        if not mine:
            changed.append(_insert(connection, episode))
            continue
        after = _keep(mine, episode)
        for gone in mine[1:]:  # late edges showed that it chattered: one row in place of several
            connection.execute(delete(alarms).where(alarms.c.id == gone.id))
            changed.append(_closed(gone))
        if after != mine[0]:
            connection.execute(update(alarms).where(alarms.c.id == after.id).values(asdict(after)))
            changed.append(after)
    return _let_go(connection, edge.alarm, changed) if changed else []


def _rows_from(connection: Connection, edge: AlarmEdge) -> tuple[list[Alarm], int | None, int]:
    """The rows that `edge` may change, when the one before them was cleared, and from when on edges matter.

    Before the episode that began last, everything is settled.
    """
    mine = (alarms.c.alarm == edge.alarm, alarms.c.historical == false())
    since = connection.scalar(select(func.max(alarms.c.raised)).where(*mine, alarms.c.raised <= edge.t))
    floor = edge.t if since is None else since
    turned = connection.scalar(select(func.max(alarms.c.cleared)).where(*mine, alarms.c.raised < floor))
    rows = select(alarms).where(*mine, alarms.c.raised >= floor).order_by(alarms.c.raised)
    return [alarm_of(row) for row in connection.execute(rows)], turned, floor


def _insert(connection: Connection, episode: Alarm) -> Alarm:
    connection.execute(insert(alarms).values(asdict(episode)))
    return episode


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
        family=edge.family,
        latching=edge.latching,
        source=edge.source,
    )


def _keep(known: list[Alarm], episode: Alarm) -> Alarm:
    """The episode as found now, with its id, what people did, and what the rule said when it was raised."""
    first = known[0]
    seen = next((alarm for alarm in known if alarm.acknowledged is not None), first)
    is_same_end = episode.cleared == first.cleared
    return replace(
        episode,
        id=first.id,
        limit=first.limit if episode.limit is None else episode.limit,
        family=first.family,
        source=first.source,
        latching=first.latching,
        reason=episode.reason or (first.reason if is_same_end else None),
        acknowledged=seen.acknowledged,
        acknowledged_by=seen.acknowledged_by,
        comment=seen.comment,
        reset=first.reset if episode.cleared is not None else None,
        reset_by=first.reset_by if episode.cleared is not None else None,
    )


def _closed(gone: Alarm) -> Alarm:
    """How those who look at it are told that it is no longer there."""
    cleared = gone.raised if gone.cleared is None else gone.cleared
    return replace(gone, level=0, cleared=cleared, latching=False, held_until=None)


def _let_go(connection: Connection, alarm: str, changed: list[Alarm]) -> list[Alarm]:
    """A latched episode that is followed by another needs no reset of its own: the newer one asks for it."""
    newest = connection.scalar(
        select(func.max(alarms.c.raised)).where(alarms.c.alarm == alarm, alarms.c.historical == false())
    )
    waiting = select(alarms).where(
        alarms.c.alarm == alarm,
        alarms.c.latching,
        alarms.c.cleared.is_not(None),
        alarms.c.reset.is_(None),
        alarms.c.raised < newest,
    )
    released = [
        replace(alarm_of(row), reset=newest, reset_by=RAISED_AGAIN) for row in connection.execute(waiting)
    ]
    for episode in released:
        connection.execute(update(alarms).where(alarms.c.id == episode.id).values(asdict(episode)))
    ids = {episode.id for episode in released}
    return [episode for episode in changed if episode.id not in ids] + released
