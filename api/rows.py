"""Flat rows as the routes and the stream give them: names in both languages, units, and words for flags."""

from dataclasses import asdict
from typing import Any, Final, NamedTuple

from api.alarm import Alarm
from api.control_port import PurifierView
from api.live import Latest, quality_word
from venueair.block import Flag
from venueair.quantities import QUANTITIES
from venueair.rules import Rule
from venueair.settings import Settings
from venueair.site import Name

LEVELS: Final = {
    0: ("해제", "cleared"),
    1: ("주의", "notice"),
    2: ("경고", "warning"),
    3: ("긴급", "urgent"),
}


def names(name: Name | None, prefix: str = "name") -> dict[str, str | None]:
    return {f"{prefix}_ko": name.ko if name else None, f"{prefix}_en": name.en if name else None}


def zone_of(settings: Settings, source: str) -> str | None:
    """The zone itself, or the one in which the device stands; None for what is not in the settings."""
    site = settings.site
    if source in site.zone:
        return source
    device = site.sensor.get(source) or site.purifier.get(source)
    return device.zone if device else None


def operating_rule(settings: Settings, zone: str | None, quantity: str) -> Rule | None:
    """The first rule of the settings that covers this quantity in this zone."""
    if zone is None:
        return None
    return next((r for r in settings.rule if r.quantity == quantity and r.covers(zone)), None)


def expected(settings: Settings) -> set[str]:
    """Series that the settings promise; without a value they are shown as missing."""
    found = {f"{sensor.id} {q}" for sensor in settings.sensor for q in sensor.quantities}
    found |= {f"{zone} {rule.quantity}" for rule in settings.rule for zone in rule.zones}
    return found | {f"{target.zone} {target.quantity}" for target in settings.control.targets}


def value_row(
    settings: Settings, series: str, latest: Latest | None, now: int, bound_s: float
) -> dict[str, Any]:
    """One row of /values. `is_good`: a good colour or word may be shown; never for old or doubtful values."""
    source, _, quantity = series.partition(" ")
    zone = zone_of(settings, source)
    known = QUANTITIES.get(quantity)
    rule = operating_rule(settings, zone, quantity)
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
    }


class Texts(NamedTuple):
    """What an alarm means and asks for; a Rule of the settings has the same."""

    priority: str
    cause: Name | None
    consequence: Name | None
    action: Name | None


# ingest watches over every device of the settings without a rule for it.
SILENCE_RULE: Final = "silence"
_SILENCE: Final = Texts(
    "medium",
    Name(ko="센서가 5분 넘게 값을 보내지 않음", en="The sensor has sent nothing for over five minutes"),
    Name(ko="이 구역의 공기를 판단할 수 없음", en="The air of its zone cannot be judged"),
    Name(ko="전원, 케이블, 네트워크를 확인하세요", en="Check its power, cable and network"),
)


def alarm_row(settings: Settings, alarm: Alarm, confirmed: bool | None) -> dict[str, Any]:
    is_silence = alarm.rule == SILENCE_RULE
    rule = _SILENCE if is_silence else next((r for r in settings.rule if r.id == alarm.rule), None)
    zone = settings.site.zone.get(alarm.scope)
    quantity = QUANTITIES.get(alarm.quantity)
    shown = alarm.level if alarm.is_open else alarm.peak_level
    level_ko, level_en = LEVELS.get(shown, LEVELS[3])
    return {
        **asdict(alarm),
        "state": "open" if alarm.is_open else "cleared",
        "level_ko": level_ko,
        "level_en": level_en,
        "name_ko": f"{'데이터 없음 · ' if is_silence else ''}{quantity.ko if quantity else '전체'}",
        "name_en": f"{'no data · ' if is_silence else ''}{quantity.en if quantity else 'everything'}",
        "unit": quantity.unit if quantity else None,
        "scope_ko": zone.name.ko if zone else alarm.scope,
        "scope_en": zone.name.en if zone else alarm.scope,
        "priority": rule.priority if rule else None,
        "is_notice": rule is None or rule.action is None,
        "confirmed": confirmed,
        **names(rule.cause if rule else None, "cause"),
        **names(rule.consequence if rule else None, "consequence"),
        **names(rule.action if rule else None, "action"),
    }


def rule_row(rule: Rule) -> dict[str, Any]:
    quantity = QUANTITIES[rule.quantity]
    return {
        "id": rule.id,
        "quantity": rule.quantity,
        "name_ko": quantity.ko,
        "name_en": quantity.en,
        "unit": quantity.unit,
        "zones": list(rule.zones),
        "priority": rule.priority,
        "is_notice": rule.action is None,
        "levels": [level.model_dump() for level in rule.levels],
        **names(rule.cause, "cause"),
        **names(rule.consequence, "consequence"),
        **names(rule.action, "action"),
    }


def purifier_row(settings: Settings, view: PurifierView) -> dict[str, Any]:
    zone = settings.site.zone.get(view.zone)
    return {**view.model_dump(), **names(zone.name if zone else None, "zone_name")}
