"""Senseair S8 on Modbus RTU (Senseair "Modbus on Senseair S8", TDE2067 rev 4; S8 LP data sheet).

| request (8 bytes)                              | reply                                              |
|------------------------------------------------|----------------------------------------------------|
| FE 03 or 04, address (2), number (2), CRC (2)  | FE, function, bytes (1), registers, CRC            |
| FE 06, address (2), value (2), CRC (2)         | the same 8 bytes                                   |
| well formed but illegal                        | FE, function + 80, code (1), CRC                   |
| wrong CRC or length                            | nothing at all                                     |

Codes: 01 illegal function, 02 illegal data address, 03 illegal data value.

Input registers from 0: MeterStatus (bit 5: out of range), AlarmStatus, OutputStatus, CO2 ppm (signed); 0x15
PWM; 0x19.. type (2), memory map, firmware, serial number (2). Holding: 0 acknowledgement, 1 special command,
0x1F ABC period in hours. Registers big endian; CRC-16/MODBUS low byte first; at most 8 registers per read.
"""

import random
import struct
from typing import Final

from firmware_sim.faults import Fault
from firmware_sim.hall import Air

ANY_SENSOR: Final = 0xFE
WARM_UP_S: Final = 10.0
LAMP_PERIOD_S: Final = 4.0  # faster polling returns the same value
MAX_REGISTERS: Final = 8
OUT_OF_RANGE: Final = 0x20
FATAL: Final = 0x01
MAX_PPM: Final = 10000  # S8 LP extended range
INPUT_REGISTERS: Final = 0x20
BACKGROUND_CALIBRATION: Final = 0x7C06
HOLDING: Final = {0x00: 0, 0x01: 0, 0x1F: 180}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: reflected polynomial 0xA001, start 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def with_crc(data: bytes) -> bytes:
    return data + struct.pack("<H", crc16(data))


class S8:
    """Answers to the address FE ("any sensor")."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._holding = dict(HOLDING)
        self._buffer = b""
        self._measured_s = -LAMP_PERIOD_S
        self._co2 = 0

    def stream(self, _air: Air, _age_s: float, _fault: Fault | None) -> list[bytes]:
        return []

    def forget(self) -> None:
        self._buffer = b""

    def reply(self, chunk: bytes, air: Air, age_s: float, fault: Fault | None) -> list[bytes]:
        self._buffer += chunk
        if len(self._buffer) < 8:
            return []
        # A request ends with the pause behind it, which a pty does not keep: then 8 bytes are one request.
        whole = self._buffer if crc16(self._buffer) == 0 else self._buffer[:8]
        self._buffer = b"" if crc16(whole) != 0 else self._buffer[len(whole) :]
        if crc16(whole) != 0 or whole[0] != ANY_SENSOR:
            return []
        return [with_crc(self._answer(whole, air, age_s, fault))]

    def _answer(self, request: bytes, air: Air, age_s: float, fault: Fault | None) -> bytes:
        function, address, value = request[1], *struct.unpack(">HH", request[2:6])
        if function not in (3, 4, 6) or len(request) != 8:
            return self._exception(function, ILLEGAL_FUNCTION)
        if function == 6:
            if address not in self._holding:
                return self._exception(function, ILLEGAL_ADDRESS)
            self._write(address, value)
            return request[:6]
        if not 1 <= value <= MAX_REGISTERS:
            return self._exception(function, ILLEGAL_VALUE)
        registers = self._inputs(air, age_s, fault) if function == 4 else self._holding
        wanted = range(address, address + value)
        if any(number not in registers for number in wanted):
            return self._exception(function, ILLEGAL_ADDRESS)
        words = struct.pack(f">{value}H", *(registers[number] & 0xFFFF for number in wanted))
        return bytes((ANY_SENSOR, function, len(words))) + words

    def _exception(self, function: int, code: int) -> bytes:
        return bytes((ANY_SENSOR, function | 0x80, code))

    def _write(self, address: int, value: int) -> None:
        self._holding[address] = value
        if address == 1 and value == BACKGROUND_CALIBRATION:
            self._holding[0] |= 0x20

    def _inputs(self, air: Air, age_s: float, fault: Fault | None) -> dict[int, int]:
        registers = dict.fromkeys(range(INPUT_REGISTERS), 0)
        registers |= {0x19: 0x0001, 0x1A: 0x0E18, 0x1B: 0x0002, 0x1C: 0x0126, 0x1D: 0x0101, 0x1E: 0x2A4C}
        if age_s < WARM_UP_S:
            registers[0] = OUT_OF_RANGE
            return registers
        if age_s - self._measured_s >= LAMP_PERIOD_S and fault is not Fault.STUCK_VALUE:
            self._measured_s = age_s
            self._co2 = min(MAX_PPM, max(1, round(air.co2 + self._rng.gauss(0, 4))))
        registers[3] = self._co2
        registers[0x15] = min(0x3FFF, self._co2 * 0x3FFF // 2000)
        if fault is Fault.ERROR_CODE:
            registers[0] = FATAL
        if fault is Fault.HEADER_IN_PAYLOAD:
            registers[1] = ANY_SENSOR << 8 | 4
        return registers
