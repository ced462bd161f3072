"""Mistakes of [[control.fire_inputs]] that the table alone does not show. Pure."""

from collections.abc import Collection
from typing import Any

from venueair.settings_lines import Loc


def fire_mistakes(
    control: object, sensors: list[tuple[int, dict[str, Any]]], halls: Collection[str]
) -> list[tuple[Loc, str]]:
    """`control` and `sensors` (position, row) are unchecked. A contact that nobody reads stops its halls."""
    inputs = control.get("fire_inputs") if isinstance(control, dict) else None
    reads = {str(row.get("id")): row.get("quantities") or () for _, row in sensors}
    found: list[tuple[Loc, str]] = []
    for i, row in enumerate(inputs if isinstance(inputs, list) else []):
        if not isinstance(row, dict):
            continue
        loc: Loc = ("control", "fire_inputs", i)
        sensor, named = row.get("sensor"), row.get("halls")
        if isinstance(sensor, str):
            if sensor not in reads:
                found.append(((*loc, "sensor"), f"there is no sensor {sensor!r}"))
            elif "fire" not in reads[sensor]:
                found.append(
                    ((*loc, "sensor"), f'{sensor!r} reads no contact: give it quantities = ["fire"]')
                )
        found += [
            ((*loc, "halls"), f"there is no hall {hall!r}")
            for hall in (named if isinstance(named, list) else [])
            if isinstance(hall, str) and hall not in halls
        ]
    return found
