"""Alarms about the equipment instead of the air: ingest raises them without a rule of the settings.

silence            a device, or one quantity of it, sends nothing
silence-gateway    a gateway is away, and with it all that hangs on it
clock              a device's clock is wrong
fault-…            a device's readings have failed one test for long
drift              a quantity of a device has drifted over a week
"""

from dataclasses import dataclass
from typing import Final, Literal

from venueair.block import Why
from venueair.site import Name

SILENCE: Final = "silence"
SILENCE_GATEWAY: Final = "silence-gateway"
DRIFT: Final = "drift"

FAULTS: Final[dict[Why, str]] = {
    Why.CLOCK: "clock",
    Why.DEVICE_FAULT: "fault-device",
    Why.FLAT_LINE: "fault-flat-line",
    Why.FLOOR: "fault-floor",
    Why.ORDER: "fault-order",
    Why.CROSS_SENSOR: "fault-cross-sensor",
    Why.BELOW_OUTDOOR: "fault-below-outdoor",
}


@dataclass(frozen=True, slots=True)
class Equipment:
    """`name` stands before the name of the quantity. All texts are for the page."""

    name: Name
    cause: Name
    consequence: Name
    action: Name
    priority: Literal["low", "medium", "high"] = "medium"


_NOT_JUDGED: Final = Name(ko="이 구역의 공기를 판단할 수 없음", en="The air of its zone cannot be judged")
_DOUBTFUL: Final = Name(ko="이 값으로 공기를 판단하기 어려움", en="Its values say little about the air")

EQUIPMENT: Final[dict[str, Equipment]] = {
    SILENCE: Equipment(
        Name(ko="데이터 없음", en="no data"),
        Name(ko="센서가 5분 넘게 값을 보내지 않음", en="The sensor has sent nothing for over five minutes"),
        _NOT_JUDGED,
        Name(ko="전원, 케이블, 네트워크를 확인하세요", en="Check its power, cable and network"),
    ),
    SILENCE_GATEWAY: Equipment(
        Name(ko="게이트웨이 연결 끊김", en="gateway is away"),
        Name(
            ko="게이트웨이가 꺼졌거나 브로커에 연결되지 않음",
            en="The gateway is off or cannot reach the broker",
        ),
        Name(
            ko="연결된 모든 센서의 값이 오지 않음", en="Nothing comes from any of the sensors connected to it"
        ),
        Name(
            ko="게이트웨이의 전원과 네트워크를 확인하세요",
            en="Check the gateway's power, service and network",
        ),
        "high",
    ),
    FAULTS[Why.CLOCK]: Equipment(
        Name(ko="시계 오류", en="wrong clock"),
        Name(ko="기기의 시각이 맞지 않음", en="The time that the device gives is wrong"),
        Name(
            ko="도착 시각으로 판단하며, 기록 시각이 어긋남",
            en="It is judged by arrival, and its history is out of place",
        ),
        Name(ko="기기의 시간 동기화(NTP)를 확인하세요", en="Check the device's time synchronisation (NTP)"),
    ),
    FAULTS[Why.DEVICE_FAULT]: Equipment(
        Name(ko="센서 고장 신고", en="sensor reports a fault"),
        Name(ko="센서가 스스로 고장을 알림", en="The sensor itself reports a fault"),
        _DOUBTFUL,
        Name(ko="센서의 팬과 전원을 점검하거나 교체하세요", en="Check its fan and power, or replace it"),
    ),
    FAULTS[Why.FLAT_LINE]: Equipment(
        Name(ko="값이 변하지 않음", en="value does not change"),
        Name(ko="센서가 멈췄거나 막힘", en="The sensor is stuck or blocked"),
        _DOUBTFUL,
        Name(ko="센서를 다시 켜고, 계속되면 교체하세요", en="Restart the sensor; replace it if it stays"),
    ),
    FAULTS[Why.FLOOR]: Equipment(
        Name(ko="최저값에 머무름", en="value stays at the lowest"),
        Name(
            ko="자동 기준 보정이 잘못되었거나 측정 하한에 걸림",
            en="Its baseline was set in bad air, or it is at the end of its range",
        ),
        _DOUBTFUL,
        Name(ko="신선한 공기에서 다시 보정하세요", en="Calibrate it again in fresh air"),
    ),
    FAULTS[Why.ORDER]: Equipment(
        Name(ko="입자 크기 순서 오류", en="particle sizes contradict each other"),
        Name(ko="광학부 오염 또는 고장", en="Its optics are dirty or broken"),
        _DOUBTFUL,
        Name(ko="센서를 청소하거나 교체하세요", en="Clean or replace the sensor"),
    ),
    FAULTS[Why.CROSS_SENSOR]: Equipment(
        Name(ko="다른 센서와 불일치", en="differs from the other sensors"),
        Name(
            ko="센서가 틀렸거나 특별한 위치에 있음",
            en="The sensor is wrong, or stands where the air is different",
        ),
        Name(ko="구역 값에서 제외됨", en="The zone's value leaves it out"),
        Name(ko="위치를 확인하고 보정하거나 교체하세요", en="Check its place; calibrate or replace it"),
    ),
    DRIFT: Equipment(
        Name(ko="서서히 어긋남", en="drifts"),
        Name(
            ko="지난 한 주 동안 조용한 시간에 주변 센서 또는 외기와 달랐음",
            en="For a week it differed in quiet hours from the sensors beside it, or from fresh air",
        ),
        Name(ko="값이 서서히 부정확해짐", en="Its values become less and less true"),
        Name(
            ko="보정하세요 (venueair calibrate). CO2는 밤에 환기한 뒤 다시 보정하세요",
            en="Calibrate it (venueair calibrate); for CO2 air the hall at night first",
        ),
        "low",
    ),
    FAULTS[Why.BELOW_OUTDOOR]: Equipment(
        Name(ko="외기보다 낮음", en="lower than outdoors"),
        Name(
            ko="자동 기준 보정이 실내 공기를 외기로 잘못 알았음",
            en="Its automatic baseline took the air inside for fresh air",
        ),
        Name(
            ko="실제보다 낮게 표시되어 환기 부족을 숨길 수 있음", en="It reads too low and can hide stale air"
        ),
        Name(ko="신선한 공기에서 다시 보정하세요", en="Calibrate it again in fresh air"),
    ),
}
