"""Edges of detection -> alarm messages; an id is the same whenever the edge is found again. Pure."""

from ingest.detection import Edge
from ingest.plan import Ladder, Plan
from venueair.messages import AlarmEdge


def threshold_edge(edge: Edge, plan: Plan) -> AlarmEdge:
    ladder = plan.ladders[edge.ladder]
    return _edge(ladder, edge.t, edge.level, edge.value, edge.limit)


def historical_edge(ladder: Ladder, start: int, stop: int, peak: int) -> AlarmEdge:
    """An alarm that was found only when it was over, from late rows: it raises nothing."""
    return _edge(ladder, start, peak, None, None, until=stop)


def _edge(
    ladder: Ladder, t: int, level: int, value: float | None, limit: float | None, until: int | None = None
) -> AlarmEdge:
    entry, rule = ladder.entry, ladder.entry.rule
    return AlarmEdge(
        id=f"{entry.key}/{t}/{level}" + ("" if until is None else "/historical"),
        alarm=entry.key,
        rule=rule.id,
        scope=entry.scope,
        quantity=rule.quantity,
        t=t,
        level=level,
        value=value,
        limit=limit,
        family=rule.family,
        latching=rule.latching,
        historical=until is not None,
        until=until,
        source=rule.source,
    )
