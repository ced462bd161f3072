"""Edges of detection and silence -> alarm messages with ids that are the same whenever found again. Pure."""

from collections.abc import Mapping

from ingest import silence
from ingest.detect import Edge
from ingest.pipeline import Plan
from venueair.messages import AlarmEdge


def threshold_edge(edge: Edge, plan: Plan) -> AlarmEdge:
    rule, zone = plan.ladders[edge.ladder]
    alarm = f"{rule.id}/{zone}"
    return AlarmEdge(
        id=f"{alarm}/{edge.t}/{edge.level}",
        alarm=alarm,
        rule=rule.id,
        scope=zone,
        quantity=rule.quantity,
        t=edge.t,
        level=edge.level,
        value=edge.value,
        limit=edge.limit,
    )


def silence_edges(
    now_silent: set[tuple[str, str]], open_alarms: Mapping[str, AlarmEdge], now_ms: int
) -> list[AlarmEdge]:
    """`open_alarms` by alarm name; edges that bring the open silence alarms in line with `now_silent`."""
    wanted = {f"{silence.RULE}/{device}/{quantity}": (device, quantity) for device, quantity in now_silent}
    stand = {name for name, edge in open_alarms.items() if edge.rule == silence.RULE}
    edges = [(name, *wanted[name], 1) for name in sorted(wanted.keys() - stand)]
    gone = sorted(stand - wanted.keys())
    edges += [(name, open_alarms[name].scope, open_alarms[name].quantity, 0) for name in gone]
    return [
        AlarmEdge(
            id=f"{name}/{now_ms}/{level}",
            alarm=name,
            rule=silence.RULE,
            scope=device,
            quantity=quantity,
            t=now_ms,
            level=level,
            value=None,
            limit=None,
        )
        for name, device, quantity, level in edges
    ]
