"""The rules that every site gets: start values (built_in_rules.toml) and the law's limits as screening rules.

A screening rule compares the mean over a limit's own averaging time with the limit of the zone's kind of
room: an exhibition hall where the settings name none. Limits over more than a day are for reports alone.
"""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from venueair import limits
from venueair.rules import DAY_S, Level, Rule
from venueair.site import Site, Zone

FACILITY: Final = "exhibition"
LAW: Final = "korea_iaq_act"
_FILE: Final = Path(__file__).parent / "built_in_rules.toml"
_DEADBAND: Final = {"pm2_5": 5.0, "pm10": 10.0, "co2": 50.0, "hcho": 8.0, "co": 1.0}
_USUAL_DEADBAND: Final = 0.15  # of the limit
_ON_S: Final = 600
_OFF_S: Final = 900


def built_in_rules(site: Site, on: date) -> tuple[Rule, ...]:
    """What holds on a day. Raises ValueError for a zone whose kind of room is unknown."""
    rooms: dict[str, list[Zone]] = {}
    for zone in site.zones:
        if not zone.outdoor:
            rooms.setdefault(zone.facility or FACILITY, []).append(zone)
    screening = (rule for facility, zones in rooms.items() for rule in _screening(facility, zones, on))
    return (*start_values(), *screening)


@cache
def start_values() -> tuple[Rule, ...]:
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))["rule"]
    return TypeAdapter(tuple[Rule, ...]).validate_python(rows)


def _screening(facility: str, zones: list[Zone], on: date) -> list[Rule]:
    return [
        Rule(
            id=f"{limit.quantity}-screening",
            quantity=limit.quantity,
            window_s=limit.averaging_s,
            family="screening",
            zones=tuple(zone.id for zone in zones),
            levels=(_level(limit.quantity, limit.value),),
            priority="low",
            source=f"{limit.source}/{limit.id}: {limit.document}, {limit.level}",
            edition=limit.effective_from.isoformat(),
            confidence=limit.confidence,
        )
        for limit in limits.in_force(on, source=LAW, facility=facility)
        if limit.quantity is not None
        and limit.averaging_s is not None
        and limit.averaging_s <= DAY_S
        and limit.condition is None
    ]


def _level(quantity: str, limit: float) -> Level:
    deadband = _DEADBAND.get(quantity, limit * _USUAL_DEADBAND)
    return Level(limit=limit, deadband=deadband, on_delay_s=_ON_S, off_delay_s=_OFF_S)
