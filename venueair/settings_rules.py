"""Mistakes between the [[rule]] tables of a venueair.toml, which no rule shows alone. Pure."""

from typing import Any

from venueair.equipment_alarms import EQUIPMENT
from venueair.settings_lines import Loc


def rule_mistakes(rules: list[tuple[int, dict[str, Any]]]) -> list[tuple[Loc, str]]:
    """`rules`: (position, row) of each [[rule]], unchecked.

    A rule may come again at a narrower place, not twice at one, and it is about one quantity everywhere.
    """
    found: list[tuple[Loc, str]] = []
    quantities: dict[str, str] = {}
    places: set[tuple[str, ...]] = set()
    for i, row in rules:
        id_, quantity = row.get("id"), row.get("quantity")
        if not isinstance(id_, str):
            continue
        if id_ in EQUIPMENT:
            found.append((("rule", i, "id"), f"{id_!r} is the name of an alarm about equipment"))
        if isinstance(quantity, str) and quantities.setdefault(id_, quantity) != quantity:
            what = f"{id_!r} is about {quantities[id_]} at another place: one rule, one quantity"
            found.append((("rule", i, "quantity"), what))
        zones = row.get("zones")
        air = "outdoor" if row.get("outdoor") is True else "rooms"
        wide = (id_, str(row.get("venue")), str(row.get("hall")), air)
        named = [(id_, str(zone)) for zone in (zones if isinstance(zones, list) else [])]
        mine: set[tuple[str, ...]] = {*named} or {wide}
        if mine & places:
            found.append((("rule", i, "id"), f"{id_!r} is used twice at one place"))
        places |= mine
    return found
