"""What a rehearsal has to show at its end, and the invariants that decide whether it was a good one.

`accepted` comes from the gateway's spool, `stored` and `duplicates` from a query on the store: neither is
derived from the other. All counts are readings of devices that a gateway reads, over the data folder's life.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Engine, select

from api.tables.alarms import alarms
from api.tables.control import commands
from venueair.rules_in_force import InForce, rules_of
from venueair.settings import Settings
from venueair.store.store import Store


@dataclass(slots=True)
class Summary:
    accepted: int
    stored: int
    duplicates: int
    spooled: int
    rejected: dict[str, int]
    alarms: dict[str, int]
    commands: dict[str, int]
    zones: dict[str, dict[str, dict[str, float | None]]]
    wall_seconds: float
    ok: bool = True
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "problems"}

    def must(self, holds: bool, what: str) -> None:
        if not holds:
            self.ok = False
            self.problems.append(what)


def wired(settings: Settings) -> list[str]:
    return [sensor.id for sensor in settings.sensor if sensor.port is not None]


def summarise(
    settings: Settings,
    store: Store,
    engine: Engine,
    *,
    started_ms: int,
    accepted: int,
    spooled: int,
    rejected: Mapping[str, int],
    wall_seconds: float,
) -> Summary:
    """Of a data folder whose service has just stopped; alarms and commands since `started_ms`."""
    rows, distinct = store.count(wired(settings))
    raised, cleared = _alarm_counts(engine, started_ms)
    summary = Summary(
        accepted=accepted,
        stored=distinct,
        duplicates=rows - distinct,
        spooled=spooled,
        rejected=dict(rejected),
        alarms={"raised": raised, "cleared": cleared},
        commands=_command_counts(engine, started_ms),
        zones=_zones(settings, store, started_ms),
        wall_seconds=round(wall_seconds, 3),
    )
    summary.must(
        accepted == distinct + spooled,
        f"{accepted} readings were accepted, but {distinct} are stored and {spooled} spooled",
    )
    summary.must(rows == distinct, f"{rows - distinct} readings are stored twice")
    return summary


def check_nodes(
    summary: Summary, store: Store, stored_before: Mapping[str, int], acknowledged: Mapping[str, int]
) -> None:
    """Nodes that publish by themselves: what the broker acknowledged to them is stored, once."""
    for node, count in acknowledged.items():
        rows, distinct = store.count([node])
        new = distinct - stored_before[node]
        summary.must(new >= count, f"{node}: {count} readings were acknowledged, {new} are stored")
        summary.must(rows == distinct, f"{node}: {rows - distinct} readings are stored twice")


def check_quiet(summary: Summary, counters: Iterable[tuple[str, int]]) -> None:
    """Counters of things that must not happen in a rehearsal without faults."""
    for name, count in counters:
        summary.must(count == 0, f"{name}: {count}")


def _alarm_counts(engine: Engine, since: int) -> tuple[int, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(alarms.c.raised, alarms.c.cleared)).all()
    raised = sum(row.raised >= since for row in rows)
    return raised, sum(row.cleared is not None and row.cleared >= since for row in rows)


def _command_counts(engine: Engine, since: int) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(commands.c.state).where(commands.c.created >= since)).all()
    return dict(Counter(row.state for row in rows))


def _zones(settings: Settings, store: Store, since: int) -> dict[str, dict[str, dict[str, float | None]]]:
    names = store.names()
    zones = {zone.id for zone in settings.zone}
    mine = [number for number, (source, _) in enumerate(names) if source in zones]
    end = store.newest()
    rows = store.range(mine, since, since if end is None else end + 1)
    found: dict[str, dict[str, dict[str, float | None]]] = {zone: {} for zone in sorted(zones)}
    rules = rules_of(settings, datetime.fromtimestamp(since / 1000, UTC).date())
    for number in np.unique(rows.series).tolist():
        zone, quantity = names[number]
        values = rows.value[rows.series == number]
        found[zone][quantity] = {
            "peak": round(float(values.max()), 2),
            "limit": _limit(rules, zone, quantity),
            "final": round(float(values[-1]), 2),
        }
    return found


def _limit(rules: Iterable[InForce], zone: str, quantity: str) -> float | None:
    """The lowest that an operating rule has for the zone's value."""
    mine = (each.rule for each in rules if each.scope == zone and each.rule.quantity == quantity)
    above = (rule for rule in mine if rule.family == "operating" and rule.direction == "above")
    return min((rule.levels[0].limit for rule in above), default=None)
