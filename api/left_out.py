"""Sensors that the value of a zone leaves out, as rows: which, why in words, and since when.

Two that differ are no such sensors: both are in the value, and nobody knows which one is wrong.
"""

from collections.abc import Iterable
from typing import Any, Final

from venueair.messages import LeftOut
from venueair.site import Name

DISAGREES: Final = "disagrees"
REASONS: Final[dict[str, Name]] = {
    "device_fault": Name(ko="센서가 고장을 알림", en="it reports a fault"),
    "flat_line": Name(ko="값이 변하지 않음", en="its value does not change"),
    "floor": Name(ko="최저값에 머무름", en="its value stays at the lowest"),
    "order": Name(ko="입자 크기 순서 오류", en="its particle sizes contradict each other"),
    "cross_sensor": Name(ko="다른 센서와 오래 불일치", en="it has long differed from the others"),
    "humid": Name(ko="습도가 너무 높음", en="the air is too humid for it"),
    "interference": Name(ko="다른 가스에 반응", en="it reacts to another gas"),
    "below_outdoor": Name(ko="외기보다 낮음", en="it reads less than outdoors"),
    DISAGREES: Name(ko="두 센서가 서로 다름", en="two sensors differ"),
}


def left_out_rows(told: Iterable[LeftOut]) -> list[dict[str, Any]]:
    """What the value leaves out. A reason that is new to us stands for itself."""
    return [_row(one) for one in told if set(one.why) - {DISAGREES}]


def at_odds_rows(told: Iterable[LeftOut]) -> list[dict[str, Any]]:
    """What is in the value, and in doubt."""
    return [_row(one) for one in told if set(one.why) == {DISAGREES}]


def _row(one: LeftOut) -> dict[str, Any]:
    words = [REASONS.get(why, Name(ko=why, en=why)) for why in one.why]
    return {
        "device": one.device,
        "reasons": one.why,
        "reason_ko": ", ".join(word.ko for word in words),
        "reason_en": ", ".join(word.en for word in words),
        "since": one.since,
    }
