"""Alarms about equipment, and those whose rule is gone: what is wanted, what stands, and the edges. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from venueair.equipment_alarms import EQUIPMENT
from venueair.messages import AlarmEdge

ALL: Final = "*"  # in place of a quantity: everything of the device
GONE: Final = "no longer in the settings"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alarm that should stand. `alarm` names it: two with one name are one alarm."""

    alarm: str
    rule: str
    scope: str
    quantity: str


def of_quantity(rule: str, scope: str, quantity: str = ALL) -> Wanted:
    return Wanted(f"{rule}/{scope}/{quantity}", rule, scope, quantity)


def of_device(rule: str, scope: str, quantity: str = ALL) -> Wanted:
    """One alarm of the device, whichever quantity it is about."""
    return Wanted(f"{rule}/{scope}", rule, scope, quantity)


def standing(open_alarms: Mapping[str, AlarmEdge], rules: Collection[str]) -> set[Wanted]:
    """What stands open of these rules; `open_alarms` by alarm name."""
    return {
        Wanted(edge.alarm, edge.rule, edge.scope, edge.quantity)
        for edge in open_alarms.values()
        if edge.rule in rules
    }


def equipment_edges(
    wanted: Iterable[Wanted], rules: Collection[str], open_alarms: Mapping[str, AlarmEdge], now_ms: int
) -> list[AlarmEdge]:
    """Edges that bring the open alarms of `rules` in line with `wanted`; the others are left alone."""
    named = {alarm.alarm: alarm for alarm in wanted}
    stand = {alarm.alarm: alarm for alarm in standing(open_alarms, rules)}
    edges = [_edge(named[name], 1, now_ms) for name in sorted(named.keys() - stand.keys())]
    return edges + [_edge(stand[name], 0, now_ms) for name in sorted(stand.keys() - named.keys())]


def orphans(open_alarms: Mapping[str, AlarmEdge], in_force: Collection[str], now_ms: int) -> list[AlarmEdge]:
    """Ends alarms whose rule, zone or device is no longer in the settings; `in_force`: InForce.key of all.

    Alarms about equipment end by themselves: nothing is wanted for a device that is not there.
    """
    return [
        _edge(Wanted(name, edge.rule, edge.scope, edge.quantity), 0, now_ms, edge, GONE)
        for name, edge in sorted(open_alarms.items())
        if edge.rule not in EQUIPMENT and name not in in_force
    ]


def _edge(
    alarm: Wanted, level: int, now_ms: int, stood: AlarmEdge | None = None, reason: str | None = None
) -> AlarmEdge:
    return AlarmEdge(
        id=f"{alarm.alarm}/{now_ms}/{level}",
        alarm=alarm.alarm,
        rule=alarm.rule,
        scope=alarm.scope,
        quantity=alarm.quantity,
        t=now_ms,
        level=level,
        value=None,
        limit=None,
        family=stood.family if stood else "operating",
        latching=stood.latching if stood else False,
        reason=reason,
    )
