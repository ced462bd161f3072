"""Plantower PMS5003 and PMS7003, active mode (PMS5003 data manual v2.3, appendix I).

| offset | size | content (all words big endian)                                            |
|--------|------|---------------------------------------------------------------------------|
| 0      | 2    | 42 4D                                                                     |
| 2      | 2    | 00 1C: 28 bytes follow                                                    |
| 4      | 6    | PM1.0, PM2.5, PM10, CF=1, ug/m3                                           |
| 10     | 6    | PM1.0, PM2.5, PM10, atmospheric, ug/m3                                    |
| 16     | 12   | particles > 0.3, 0.5, 1.0, 2.5, 5.0, 10 um in 0.1 L of air                |
| 28     | 1    | version                                                                   |
| 29     | 1    | error code                                                                |
| 30     | 2    | sum of all bytes before it                                                |
"""

import math
import random
import struct
from collections.abc import Sequence
from typing import Final

from firmware_sim.faults import Fault
from firmware_sim.hall import PM1_OF_PM2_5, PM10_OF_PM2_5, Air

INTERVAL_S: Final = 1.0
FIRST_FRAME_S: Final = 2.5  # wake to first frame, measured on real units
ZERO_UNTIL_S: Final = 5.0  # the fan just started: all data words are zero
RISE_S: Final = 6.0  # 99 % of the value after the manual's 30 s
MAX_UG_M3: Final = 1000  # data manual: maximum range >= 1000 ug/m3
COUNTS_PER_UG: Final = (60.0, 20.0, 3.0, 0.8, 0.3, 0.1)  # per 0.1 L, as in frames of real units
LASER_ERROR: Final = 0x02
HEADER_WORD: Final = 0x424D


def encode(
    cf1: tuple[int, int, int],
    atmospheric: tuple[int, int, int],
    counts: Sequence[int],
    version: int,
    error: int = 0,
) -> bytes:
    """One 32-byte frame. Masses are PM1.0, PM2.5, PM10 in ug/m3; the six counts are per 0.1 L."""
    body = struct.pack(">2sH12HBB", b"BM", 28, *cf1, *atmospheric, *counts, version, error)
    return body + struct.pack(">H", sum(body) & 0xFFFF)


class Pms:
    def __init__(self, rng: random.Random, version: int) -> None:
        self._rng = rng
        self._version = version
        self._next_s = FIRST_FRAME_S
        self._last_pm2_5 = 0.0

    def stream(self, air: Air, age_s: float, fault: Fault | None) -> list[bytes]:
        if age_s < self._next_s:
            return []
        # After a pause of the whole simulator the frames that were missed are not made up for.
        self._next_s = max(self._next_s + INTERVAL_S, age_s)
        return [self._frame(air, age_s, fault)]

    def reply(self, _chunk: bytes, _air: Air, _age_s: float, _fault: Fault | None) -> list[bytes]:
        return []

    def forget(self) -> None:
        pass

    def _frame(self, air: Air, age_s: float, fault: Fault | None) -> bytes:
        if age_s < ZERO_UNTIL_S:
            return encode((0, 0, 0), (0, 0, 0), (0, 0, 0, 0, 0, 0), self._version)
        if fault is not Fault.STUCK_VALUE:
            risen = air.pm2_5 * -math.expm1(-(age_s - ZERO_UNTIL_S) / RISE_S)
            self._last_pm2_5 = max(0.0, risen + self._rng.gauss(0, 0.4 + 0.03 * risen))
        pm2_5 = self._last_pm2_5
        pm1, pm25, pm10 = (
            min(MAX_UG_M3, round(mass)) for mass in (pm2_5 * PM1_OF_PM2_5, pm2_5, pm2_5 * PM10_OF_PM2_5)
        )
        masses = (pm1, max(pm25, 1), max(pm10, 1))  # never all zero: that means a fan that just started
        counts = [min(0xFFFF, round(pm2_5 * per_ug)) for per_ug in COUNTS_PER_UG]
        if fault is Fault.HEADER_IN_PAYLOAD:
            counts[0] = HEADER_WORD
        error = LASER_ERROR if fault is Fault.ERROR_CODE else 0
        return encode(masses, masses, counts, self._version, error)
