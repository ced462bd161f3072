"""A decision of control as it is kept and told: what a unit should do, since when, and because of what.

Control says why in words (`hall-a pm2_5 41.3 > 35 for 60 s: level 1 -> 2`); the numbers in them are kept in
columns of their own, so that they can be asked for.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from venueair.quantities import QUANTITIES
from venueair.rules import ControlSettings
from venueair.site import Name

SLOTS: Final[dict[str, Name]] = {
    "safety": Name(ko="안전 정지", en="safety"),
    "maintenance": Name(ko="정비 중", en="maintenance"),
    "interlock": Name(ko="연동 잠금", en="an interlock"),
    "minimum": Name(ko="최소 가동·정지 시간", en="its minimum on or off time"),
    "local": Name(ko="기기 버튼", en="its own button"),
    "override": Name(ko="운영자 지시", en="an operator's order"),
    "event": Name(ko="행사 일정", en="an event"),
    "schedule": Name(ko="정기 일정", en="the schedule"),
    "automatic": Name(ko="자동 제어", en="automatic control"),
    "degraded": Name(ko="제어 저하", en="degraded control"),
    "advice": Name(ko="권고만(자동 제어 꺼짐)", en="advice only"),
    "default": Name(ko="기본 상태", en="the default"),
    "stopped": Name(ko="정지됨", en="stopped"),
    "fault": Name(ko="기기 고장", en="a fault of the unit"),
    "offline": Name(ko="연결 끊김", en="the unit is offline"),
    "unknown": Name(ko="아직 수신 없음", en="nothing was heard of the unit yet"),
}
# What control says of them names the slot already.
_SAYS_ITSELF: Final = frozenset({"stopped", "local", "fault", "offline", "unknown"})
_BY_VALUES: Final = frozenset({"automatic", "degraded", "advice", "minimum"})  # elsewhere it quotes people
_INPUT: Final = re.compile(
    r"(?P<source>[a-z0-9][\w-]*) (?P<quantity>[a-z]\w*) (?P<value>-?\d+(?:\.\d+)?)"
    r"(?: (?P<relation>[<>]) (?P<limit>-?\d+(?:\.\d+)?) for (?P<for_s>\d+(?:\.\d+)?) s)?"
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """`value` of `quantity` at `source` (a zone) was above or below (`relation`) `limit` for `for_s` s."""

    source: str
    quantity: str
    value: float
    relation: str | None = None
    limit: float | None = None
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """`mode` None: the unit is left alone. `from_level` is what it reported then; `t` in ms UTC.

    `version` names the settings in force; `command` is the id of the order that followed, if one did.
    """

    t: int
    purifier: str
    zone: str
    mode: str | None
    level: int | None
    from_level: int | None
    slot: str
    why: str
    inputs: Inputs | None
    version: str
    phase: str | None = None
    command: str | None = None

    @property
    def what(self) -> tuple[str, str | None, int | None]:
        """A decision is a new one when this changes."""
        return self.slot, self.mode, self.level


def decided(view: Mapping[str, Any], t: int, version: str, phase: str | None) -> Decided:
    """From a row of a purifier as control publishes it (api.control_port.PurifierView)."""
    return Decided(
        t=t,
        purifier=view["id"],
        zone=view["zone"],
        mode=view["desired_mode"],
        level=view["desired_level"],
        from_level=view["level"],
        slot=view["slot"],
        why=view["why"],
        inputs=inputs_of(view["why"]) if view["slot"] in _BY_VALUES else None,
        version=version,
        phase=phase,
    )


def inputs_of(why: str) -> Inputs | None:
    """The first value that `why` names; None when no value made the decision."""
    said = next((m.groupdict() for m in _INPUT.finditer(why) if m["quantity"] in QUANTITIES), None)
    if said is None:
        return None
    numbers = {name: None if said[name] is None else float(said[name]) for name in ("limit", "for_s")}
    return Inputs(said["source"], said["quantity"], float(said["value"]), said["relation"], **numbers)


def version_of(control: ControlSettings) -> str:
    """Eight hex digits that change with any setting of control, its targets among them."""
    return hashlib.sha256(control.model_dump_json().encode()).hexdigest()[:8]


def sentence(row: Decided, zone: Name, tz: tzinfo = UTC) -> Name:
    """The decision in one sentence; the time is that of `tz`."""
    at = f"{datetime.fromtimestamp(row.t / 1000, tz):%H:%M %Z}"
    because = _because(row, zone)
    what = _what(row)
    phase_ko = "" if row.phase is None else f", 행사 단계 {row.phase}"
    phase_en = "" if row.phase is None else f", phase {row.phase}"
    return Name(
        ko=f"{row.purifier}: {at}에 {what.ko}. 이유: {because.ko}, 규칙 v{row.version}{phase_ko}",
        en=f"unit {row.purifier} {what.en} at {at} because {because.en}, rule v{row.version}{phase_en}",
    )


def _what(row: Decided) -> Name:
    if row.slot == "advice":
        return Name(ko=f"{row.level}단계 권고(명령 없음)", en=f"would go to level {row.level} (nothing sent)")
    if row.mode == "run":
        return Name(ko=f"{row.level}단계로", en=f"to level {row.level}")
    if row.mode == "idle":
        return Name(ko="대기로", en="to idle")
    if row.mode == "stopped":
        return Name(ko="정지로", en="to stopped")
    return Name(ko="그대로 둠", en="is left alone")


def _because(row: Decided, zone: Name) -> Name:
    slot = SLOTS.get(row.slot, Name(ko=row.slot, en=row.slot))
    found = row.inputs
    if found is None or found.relation is None or found.limit is None or found.for_s is None:
        en = row.why if row.slot in _SAYS_ITSELF else f"{slot.en}: {row.why}"
        return Name(ko=f"{slot.ko} ({row.why})", en=en)
    above = f"{QUANTITIES[found.quantity].en} {found.value:g} {found.relation} {found.limit:g}"
    ko, en = (
        f"{zone.ko} {above}, {_span_ko(found.for_s)} 동안",
        f"{zone.en} {above} for {_span_en(found.for_s)}",
    )
    if row.slot == "automatic":
        return Name(ko=ko, en=en)
    return Name(ko=f"{slot.ko}, {ko}", en=f"{slot.en}, {en}")


def _span_ko(seconds: float) -> str:
    return f"{seconds / 60:g}분" if seconds >= 60 else f"{seconds:g}초"


def _span_en(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def row_of(row: Decided) -> dict[str, Any]:
    """Flat, as in ops_db; without inputs their columns are None."""
    flat = asdict(row)
    inputs = flat.pop("inputs")
    empty = dict.fromkeys(("source", "quantity", "value", "relation", "limit", "for_s"))
    return {**flat, **(inputs or empty)}
