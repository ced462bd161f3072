"""Flat rows as the routes and the stream give them: names in both languages, units, and words for flags."""

from dataclasses import asdict
from typing import Any, Final

from api.alarm import Alarm
from api.control_port import PurifierView
from api.left_out import at_odds_rows, left_out_rows
from api.live import Latest, quality_word
from api.rulebook import Placed, Rulebook
from venueair.block import Flag
from venueair.equipment_alarms import EQUIPMENT
from venueair.quantities import QUANTITIES
from venueair.settings import Settings
from venueair.site import Name

LEVELS: Final = {
    0: ("해제", "cleared"),
    1: ("주의", "notice"),
    2: ("경고", "warning"),
    3: ("긴급", "urgent"),
}


_OF_RULE: Final = (
    *("id", "quantity", "statistic", "window_s", "each", "direction", "family", "latching", "priority"),
    *("source", "edition", "confidence"),
)


def names(name: Name | None, prefix: str = "name") -> dict[str, str | None]:
    return {f"{prefix}_ko": name.ko if name else None, f"{prefix}_en": name.en if name else None}


def zone_of(settings: Settings, source: str) -> str | None:
    """The zone itself, or the one in which the device stands; None for what is not in the settings."""
    site = settings.site
    if source in site.zone:
        return source
    device = site.sensor.get(source) or site.purifier.get(source)
    return device.zone if device else None


def expected(settings: Settings) -> set[str]:
    """Series that the settings promise; without a value they are shown as missing."""
    found = {f"{sensor.id} {q}" for sensor in settings.sensor for q in sensor.quantities}
    watched = (rule for rule in settings.rule if not rule.off and rule.each == "zone")
    found |= {f"{zone} {rule.quantity}" for rule in watched for zone in rule.zones}
    return found | {f"{target.zone} {target.quantity}" for target in settings.control.targets}


def value_row(
    settings: Settings, rules: Rulebook, series: str, latest: Latest | None, now: int, bound_s: float
) -> dict[str, Any]:
    """One row of /values. `is_good`: a good colour or word may be shown; never for old or doubtful values."""
    source, _, quantity = series.partition(" ")
    zone = zone_of(settings, source)
    known = QUANTITIES.get(quantity)
    rule = rules.of_value(zone, quantity)
    limit = rule.levels[0].limit if rule else None
    value = latest.value if latest else None
    flag = latest.flag if latest else int(Flag.MISSING)
    return {
        "source": source,
        "kind": "zone" if source == zone else "device",
        "zone": zone,
        "hall": settings.site.zone[zone].hall if zone else None,
        "quantity": quantity,
        "name_ko": known.ko if known else quantity,
        "name_en": known.en if known else quantity,
        "unit": known.unit if known else None,
        "decimals": known.decimals if known else None,
        "t": latest.t if latest else None,
        "age_s": round(latest.age_s(now), 1) if latest else None,
        "value": value,
        "flag": flag,
        "quality": quality_word(flag),
        "stale": latest is None or latest.is_stale(now, bound_s),
        "stale_after_s": bound_s,
        "is_good": latest is not None and latest.is_good(now, bound_s),
        "limit": limit,
        "is_over_limit": None if limit is None or value is None else value > limit,
        "left_out": left_out_rows(latest.left_out) if latest else [],
        "at_odds": at_odds_rows(latest.left_out) if latest else [],
    }


def alarm_row(
    settings: Settings, rules: Rulebook, alarm: Alarm, confirmed: bool | None, now: int
) -> dict[str, Any]:
    """One row of /alarms. `state` is open as long as somebody may have to look; `condition` is ISA-18.2's."""
    equipment = EQUIPMENT.get(alarm.rule)
    rule = None if equipment else rules.of_alarm(alarm.rule, alarm.scope)
    texts = equipment or rule
    zone = settings.site.zone.get(alarm.scope)
    quantity = QUANTITIES.get(alarm.quantity)
    level_ko, level_en = LEVELS.get(alarm.level if alarm.is_active else alarm.peak_level, LEVELS[3])
    name = _name(alarm.quantity, equipment.name if equipment else None, rule.name if rule else None)
    return {
        **asdict(alarm),
        "state": "open" if alarm.is_open(now) else "cleared",
        "condition": alarm.state(now),
        "is_chattering": alarm.held_until is not None and now < alarm.held_until,
        "level_ko": level_ko,
        "level_en": level_en,
        **names(name),
        "unit": quantity.unit if quantity else None,
        "scope_ko": zone.name.ko if zone else alarm.scope,
        "scope_en": zone.name.en if zone else alarm.scope,
        "priority": texts.priority if texts else None,
        "is_notice": alarm.family == "screening" or texts is None or texts.action is None,
        "confirmed": confirmed,
        **names(texts.cause if texts else None, "cause"),
        **names(texts.consequence if texts else None, "consequence"),
        **names(texts.action if texts else None, "action"),
    }


def _name(quantity: str, equipment: Name | None, rule: Name | None) -> Name:
    known = QUANTITIES.get(quantity)
    if equipment is None:
        return rule or Name(ko=known.ko if known else quantity, en=known.en if known else quantity)
    ko, en = (known.ko, known.en) if known else ("전체", "everything")
    return Name(ko=f"{equipment.ko} · {ko}", en=f"{equipment.en} · {en}")


def rule_row(placed: Placed) -> dict[str, Any]:
    rule = placed.rule
    quantity = QUANTITIES[rule.quantity]
    return {
        **rule.model_dump(include=set(_OF_RULE)),
        **names(rule.name or Name(ko=quantity.ko, en=quantity.en)),
        "unit": quantity.unit,
        "zones": placed.zones,
        "scopes": placed.scopes,
        "is_notice": rule.is_notice,
        "levels": [{"level": number, **level.model_dump()} for number, level in rule.ladder],
        **names(rule.cause, "cause"),
        **names(rule.consequence, "consequence"),
        **names(rule.action, "action"),
    }


def purifier_row(settings: Settings, view: PurifierView) -> dict[str, Any]:
    zone = settings.site.zone.get(view.zone)
    return {**view.model_dump(), **names(zone.name if zone else None, "zone_name")}
