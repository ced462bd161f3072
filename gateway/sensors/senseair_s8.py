"""Senseair S8 CO2 sensor, polled over Modbus RTU. "Modbus on Senseair S8", TDE2067 rev 4, sections 3-6.

| bytes      | read request (03, 04)  | reply              | write (06), both ways | exception             |
|------------|------------------------|--------------------|-----------------------|-----------------------|
| 0          | address, FE = any      | address            | address               | address               |
| 1          | function               | function           | 06                    | function or 80        |
| 2..        | first register, count  | byte count, words  | register, word        | 01-03 why it refuses  |
| last two   | CRC-16/MODBUS of all before, low byte first                                                  |

A reply does not say which registers it holds: only the request does. A byte count that was not asked for is
the reply to another request, and an exact copy of the request is an echo of the line; both are frames without
values. FE in the request comes back as FE. Words are big-endian; a request reads at most 8 of them.
"""

from typing import Final

from gateway.frames import Layout, Reject
from gateway.sensors.model import Decoded, Model

READ_HOLDING, READ_INPUT, WRITE = 0x03, 0x04, 0x06
_FUNCTIONS: Final = (READ_HOLDING, READ_INPUT, WRITE)
MAX_WORDS: Final = 8
_EXCEPTIONS: Final = {1: "illegal function", 2: "illegal data address", 3: "illegal data value"}
_METER_STATUS: Final = (
    "fatal error",
    "offset regulation error",
    "algorithm error",
    "output error",
    "self-diagnostics error",
    "out of range",
    "memory error",
)
_NAMES: Final = {
    (READ_INPUT, 0x00): "meter_status",
    (READ_INPUT, 0x01): "alarm_status",
    (READ_INPUT, 0x02): "output_status",
    (READ_INPUT, 0x03): "co2_ppm",
    (READ_INPUT, 0x15): "pwm_output_16383ths",
    (READ_INPUT, 0x19): "type_id_high",
    (READ_INPUT, 0x1A): "type_id_low",
    (READ_INPUT, 0x1B): "memory_map_version",
    (READ_INPUT, 0x1C): "firmware_version",
    (READ_INPUT, 0x1D): "serial_number_high",
    (READ_INPUT, 0x1E): "serial_number_low",
    (READ_HOLDING, 0x00): "acknowledgement_bits",
    (READ_HOLDING, 0x01): "special_command",
    (READ_HOLDING, 0x1F): "abc_period_h",
}


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 8005 reflected, start FFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc


def _is_intact(frame: bytes) -> bool:
    return crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")


def _layout(request: bytes) -> Layout:
    if (
        len(request) != 8
        or request[1] not in _FUNCTIONS
        or not _is_intact(request)
        or (request[1] != WRITE and not 1 <= int.from_bytes(request[4:6], "big") <= MAX_WORDS)
    ):
        raise ValueError(
            "a Senseair S8 request is address, function 03, 04 or 06, register, count (1 to 8) or value, CRC"
        )

    def length(head: bytes) -> int | str | None:
        if head[0] != request[0]:
            return "header"
        if len(head) < 2:
            return None
        function = head[1]
        if function & 0x7F not in _FUNCTIONS:
            return "header"
        if function == WRITE or request.startswith(head[:8]):
            return len(request)
        if len(head) < 3:
            return None
        if function & 0x80:
            return 5 if head[2] in _EXCEPTIONS else "header"
        return head[2] + 5 if head[2] % 2 == 0 and 2 <= head[2] <= 2 * MAX_WORDS else "length"

    return Layout(5 + 2 * MAX_WORDS, length, _is_intact)


def _read(frame: bytes, request: bytes) -> Decoded | Reject:
    if frame == request:
        return Decoded("acknowledgement" if frame[1] == WRITE else "echo")
    native: dict[str, int | float | str] = {"address": frame[0], "function": frame[1] & 0x7F}
    if frame[1] & 0x80:
        why = _EXCEPTIONS[frame[2]]
        is_ours = frame[1] & 0x7F == request[1]
        fault = f"answers with Modbus exception {frame[2]} ({why}): is it a Senseair S8?" if is_ours else None
        return Decoded("exception", native=native | {"exception_code": frame[2]}, fault=fault)
    if frame[1] == WRITE:
        return Decoded("acknowledgement", native=native | {"register": int.from_bytes(frame[2:4], "big")})
    if frame[1] != request[1] or frame[2] != 2 * request[5]:
        return Decoded("other", native=native | {"words_hex": frame[3:-2].hex(" ", 2)})
    first = int.from_bytes(request[2:4], "big")
    words = {
        _name(frame[1], first + i): int.from_bytes(frame[3 + 2 * i : 5 + 2 * i], "big")
        for i in range(request[5])
    }
    return _measured(frame, words, native)


def _measured(frame: bytes, words: dict[str, int], native: dict[str, int | float | str]) -> Decoded | Reject:
    if "co2_ppm" in words:
        words["co2_ppm"] -= 0x10000 if words["co2_ppm"] & 0x8000 else 0  # signed
    status = words.get("meter_status", 0)
    bits = [_METER_STATUS[i] if i < len(_METER_STATUS) else f"bit {i}" for i in range(16) if status >> i & 1]
    fault = f"reports {', '.join(bits)} (meter status 0x{status:04X})" if bits else None
    co2 = words.get("co2_ppm")
    values = {"co2": float(co2)} if co2 is not None and co2 > 0 else {}
    if co2 is not None and co2 <= 0 and not fault:
        return Reject("no_measurement", frame)
    return Decoded("data", values, native | words, fault)


def _name(function: int, register: int) -> str:
    kind = "ir" if function == READ_INPUT else "hr"
    return _NAMES.get((function, register), f"{kind}{register + 1}")  # registers are numbered from 1


SENSEAIR_S8: Final = Model(
    name="senseair_s8",
    vendor="Senseair",
    baud=9600,
    quantities=("co2",),
    interval_s=4.0,  # the lamp cycle: asking more often gives the same value again
    warm_up_s=10.0,  # two lamp cycles and a margin, until the status bits and a first value are there
    poll=bytes.fromhex("FE 04 00 00 00 04 E5 C6"),
    reply_timeout_s=0.5,  # it answers within 180 ms (TDE2067 section 3)
    layout=_layout,
    read=_read,
)
