"""Winsen MH-Z19B CO2 sensor, polled. MH-Z19B user manual v1.5, "Serial port" and its command table.

Nine bytes both ways; the last is the two's complement of the sum of bytes 1-7.

| byte | request           | reply to 86 (read)                                                              |
|------|-------------------|---------------------------------------------------------------------------------|
| 0    | FF                | FF                                                                              |
| 1    | 01                | the command: a late acknowledgement must not pass for a reading                 |
| 2, 3 | command, argument | CO2 in ppm, big-endian                                                          |
| 4    | argument          | chip temperature + 40 degC, coarse; 0 where the firmware does not send it       |
| 5    | argument          | S: 0 or 64 when settled, 1 right after power-on                                 |
| 6, 7 | argument          | U: 15000 while booting                                                          |

Bytes 4-7 and the commands 7D, 85, 8D, 9B, A0 are not in the manual but in WifWaf/MH-Z19 (command notes) and
letscontrolit/ESPEasy #2394. Replies 79, 87, 88, 99 (byte 2 = 1) are sent although the manual names none.
"""

from typing import Final

from gateway.frames import Layout, Reject
from gateway.sensors.model import Decoded, Model

READ: Final = 0x86
BOOTING_U: Final = 15000
SIZE: Final = 9
_FROM_HOST: Final = 0x01
_COMMANDS: Final = frozenset({0x79, 0x7D, 0x85, READ, 0x87, 0x88, 0x8D, 0x99, 0x9B, 0xA0})


def _length(head: bytes) -> int | str | None:
    if head[0] != 0xFF:
        return "header"
    if len(head) < 2:
        return None
    return SIZE if head[1] in _COMMANDS or head[1] == _FROM_HOST else "header"


def _is_intact(frame: bytes) -> bool:
    return sum(frame[1:]) & 0xFF == 0


def _layout(request: bytes) -> Layout:
    if len(request) != SIZE or request[:2] != b"\xff\x01" or not _is_intact(request):
        raise ValueError("an MH-Z19B request is FF 01, a command, five bytes and their checksum")
    return Layout(SIZE, _length, _is_intact)


def _read(frame: bytes, request: bytes) -> Decoded | Reject:
    if frame == request:
        return Decoded("echo")
    command = frame[1]
    if command != request[2] or command != READ:
        if command == _FROM_HOST:
            return Decoded("other", native={"request_command": frame[2]})
        return Decoded("acknowledgement", native={"command": command, "data_hex": frame[2:8].hex(" ")})
    co2, status, u = int.from_bytes(frame[2:4], "big"), frame[5], int.from_bytes(frame[6:8], "big")
    if not any(frame[2:8]):
        return Reject("all_zero", frame)
    if u == BOOTING_U or status == 1:
        return Reject("booting", frame)
    if co2 == 0:
        return Reject("no_measurement", frame)
    native: dict[str, int | float | str] = {"co2_ppm": co2, "status": status, "u": u}
    if frame[4]:
        native["temperature_degC"] = frame[4] - 40
    return Decoded("data", {"co2": float(co2)}, native)


MHZ19B: Final = Model(
    name="mhz19b",
    vendor="Winsen",
    baud=9600,
    quantities=("co2",),
    interval_s=8.0,  # the sensor answers anew every 5-10 s
    warm_up_s=180.0,  # "Preheating time 3 min" (manual, technical parameters)
    poll=bytes.fromhex("FF 01 86 00 00 00 00 00 79"),
    reply_timeout_s=0.5,
    layout=_layout,
    read=_read,
)
