"""Winsen MH-Z19B (user manual v1.5; bytes 4-7 of a reading and the boot sequence as seen on real units).

| byte | request                 | reading (0x86)                    | acknowledgement |
|------|-------------------------|-----------------------------------|-----------------|
| 0    | FF                      | FF                                | FF              |
| 1    | 01                      | 86                                | the command     |
| 2-3  | command, parameter      | CO2 ppm, big endian               | 01, 00          |
| 4    | parameter               | temperature + 40 degC             | 00              |
| 5    | parameter               | S: 1 right after boot, then 0     | 00              |
| 6-7  | parameter               | U: 15000 while booting            | 00              |
| 8    | checksum                | (0x100 - sum of bytes 1-7) & 0xFF | the same        |

Power-on: one reply with a wrong checksum, boot frames (1215 ppm, U 15000, S 1), exactly 410 ppm for about a
minute, then the value comes up until the manual's 3 minutes are over.
"""

import math
import random
import struct
from typing import Final

from firmware_sim.faults import Fault
from firmware_sim.hall import Air

READ: Final = 0x86
ACKNOWLEDGED: Final = frozenset({0x79, 0x87, 0x88, 0x99})  # ABC, zero, span, range
BOOT_S: Final = 20.0
FLOOR_S: Final = 80.0
RISE_S: Final = 30.0
BOOT_PPM: Final = 1215
BOOT_U: Final = 15000
FLOOR_PPM: Final = 410
MAX_PPM: Final = 5000  # range of the demo units; values above are clamped
STUCK_LAMP_S: Final = 0x0A


def with_checksum(eight: bytes) -> bytes:
    """FF and seven bytes -> the nine-byte frame."""
    return eight + bytes(((0x100 - sum(eight[1:])) & 0xFF,))


def encode(ppm: int, temperature_degc: int | None, status: int = 0, u: int = 0) -> bytes:
    """A reading. `temperature_degc` None: the firmware leaves byte 4 at zero."""
    temperature = 0 if temperature_degc is None else temperature_degc + 40
    return with_checksum(struct.pack(">BBHBBH", 0xFF, READ, ppm, temperature, status, u))


class MhZ19b:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._buffer = b""
        self._has_answered = False
        self._ppm = FLOOR_PPM

    def stream(self, _air: Air, _age_s: float, _fault: Fault | None) -> list[bytes]:
        return []

    def forget(self) -> None:
        self._buffer = b""

    def reply(self, chunk: bytes, air: Air, age_s: float, fault: Fault | None) -> list[bytes]:
        self._buffer += chunk
        replies: list[bytes] = []
        while True:
            start = self._buffer.find(b"\xff\x01")
            if start < 0:
                self._buffer = self._buffer[-1:] if self._buffer.endswith(b"\xff") else b""
                return replies
            self._buffer = self._buffer[start:]
            if len(self._buffer) < 9:
                return replies
            request = self._buffer[:9]
            if with_checksum(request[:8]) != request:
                self._buffer = self._buffer[1:]
                continue
            self._buffer = self._buffer[9:]
            if request[2] == READ:
                replies.append(self._reading(air, age_s, fault))
            elif request[2] in ACKNOWLEDGED:
                replies.append(with_checksum(bytes((0xFF, request[2], 1, 0, 0, 0, 0, 0))))

    def _reading(self, air: Air, age_s: float, fault: Fault | None) -> bytes:
        first, self._has_answered = not self._has_answered, True
        temperature = round(air.temperature)
        if age_s < BOOT_S:
            frame = encode(BOOT_PPM, temperature, status=1, u=BOOT_U)
            return frame[:8] + bytes((frame[8] ^ 0x5A,)) if first else frame
        if age_s < FLOOR_S:
            return encode(FLOOR_PPM, temperature)
        if fault is not Fault.STUCK_VALUE:
            behind = (FLOOR_PPM - air.co2) * math.exp(-(age_s - FLOOR_S) / RISE_S)
            self._ppm = min(MAX_PPM, max(1, round(air.co2 + behind + self._rng.gauss(0, 5))))
        status = STUCK_LAMP_S if fault is Fault.ERROR_CODE else 0
        return encode(self._ppm, temperature, status, 0xFF86 if fault is Fault.HEADER_IN_PAYLOAD else 0)
