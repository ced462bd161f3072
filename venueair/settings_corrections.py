"""Mistakes between [[correction]] tables and what they correct, which no correction shows alone. Pure."""

import re
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from venueair.corrections import KINDS, Correction
from venueair.settings_lines import Loc

Rows = list[tuple[int, dict[str, Any]]]

_ADAPTER: Final[TypeAdapter[Correction]] = TypeAdapter(Correction)
_PLANTOWER: Final = re.compile(r"pms|plantower|airgradient|purpleair", re.IGNORECASE)
# Sensors that compute with a pressure they are given: SCD30, SCD4x, STCC4 and SEN6x data sheets, Sensirion.
_KNOWS_PRESSURE: Final = re.compile(r"scd30|scd4|stcc4|sen6", re.IGNORECASE)


def correction_mistakes(corrections: Rows, sensors: Rows, zones: Rows) -> list[tuple[Loc, str]]:
    """Rows of the file with their positions, unchecked: what is wrong with one alone is left to its model."""
    by_id = {row["id"]: row for _, row in sensors if isinstance(row.get("id"), str)}
    outdoor = {str(row.get("id")) for _, row in zones if row.get("outdoor") is True}
    found: list[tuple[Loc, str]] = []
    whole: list[tuple[int, Correction]] = []
    for i, row in corrections:
        device = row.get("device")
        if isinstance(device, str) and device not in by_id:
            found.append((("correction", i, "device"), f"there is no sensor {device!r}"))
        try:
            correction = _ADAPTER.validate_python(row)
        except ValidationError:
            continue
        whole.append((i, correction))
        if correction.device in by_id:
            found += _unfit(i, correction, by_id[correction.device], outdoor)
    return found + _overlaps(whole)


def without_kind(loc: Loc) -> Loc:
    """Pydantic names the kind between a correction's position and its key; the file does not."""
    if loc[:1] == ("correction",) and loc[2:3] and loc[2] in KINDS:
        return (*loc[:2], *loc[3:])
    return loc


def _unfit(
    i: int, correction: Correction, sensor: dict[str, Any], outdoor: set[str]
) -> list[tuple[Loc, str]]:
    device, model = correction.device, str(sensor.get("model"))
    found: list[tuple[Loc, str]] = []
    kind: Loc = ("correction", i, "kind")
    if correction.kind in {"epa_pm2_5", "airgradient_lot"} and not _PLANTOWER.search(model):
        found.append(
            (kind, f"is for Plantower sensors; {device} is a {model!r} (a node can name its sensor)")
        )
    if correction.kind == "co2_pressure" and _KNOWS_PRESSURE.search(model):
        found.append((kind, f"{device} ({model}) compensates by itself: give it the pressure, never both"))
    if correction.kind == "airgradient_pms5003t" and sensor.get("zone") not in outdoor:
        found.append((kind, f"is for outdoor housings; {device} stands in zone {sensor.get('zone')!r}"))
    sends = sensor.get("quantities")
    if isinstance(sends, list) and sends:
        what = "which the device does not send (quantities)"
        found += [(kind, f"needs {name}, {what}") for name in correction.needs if name not in sends]
        if correction.quantity not in sends:
            what = f"{device} does not send {correction.quantity} (quantities)"
            found.append((("correction", i, "quantity"), what))
    return found


def _overlaps(corrections: list[tuple[int, Correction]]) -> list[tuple[Loc, str]]:
    found: list[tuple[Loc, str]] = []
    before: dict[tuple[str, str], list[Correction]] = {}
    for i, new in corrections:
        others = before.setdefault((new.device, new.quantity), [])
        for old in others:
            together = new.since < old.until and old.since < new.until
            if together and (new.step == old.step or new.alone or old.alone):
                what = (
                    f"{new.quantity} of {new.device} is corrected at the same time by {old.kind}"
                    f" (version {old.version}): never correct twice, end one of them with until"
                )
                found.append((("correction", i), what))
                break
        others.append(new)
    return found
