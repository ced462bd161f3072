"""Plantower PMS5003 and PMS7003, streaming. PMS5003 data manual v2.3 and PMS7003 data manual, appendix I.

| offset | content (words are big-endian)                                                     |
|--------|------------------------------------------------------------------------------------|
| 0      | 42 4D                                                                              |
| 2      | bytes that follow: 001C in a data frame, 0004 in an acknowledgement                |
| 4      | PM1, PM2.5, PM10 in ug/m3 with CF=1 ("standard particles")                         |
| 10     | PM1, PM2.5, PM10 in ug/m3, atmospheric: the canonical ones                         |
| 16     | particles in 0.1 L larger than 0.3, 0.5, 1.0, 2.5, 5.0, 10 um; /100 = 1/cm3        |
| 28     | version, error code (a byte each)                                                  |
| 30     | sum of all bytes before                                                            |

An acknowledgement has the command and its argument at 4. The PMS5003T shares the frame but not the words 11
and 12: a model cannot be told from its frames.
"""

from struct import unpack
from typing import Final

from gateway.frames import Layout, Reject
from gateway.sensors.model import Decoded, Model

HEADER: Final = b"\x42\x4d"
DATA, ACKNOWLEDGEMENT = 0x1C, 0x04
_MASSES: Final = ("pm1", "pm2_5", "pm10")
_COUNTS: Final = ("n0_3", "n0_5", "n1", "n2_5", "n5", "n10")
_NATIVE: Final = (
    *(f"{name}_cf1_ug_m3" for name in _MASSES),
    *(f"{name}_atmospheric_ug_m3" for name in _MASSES),
    *(f"{name}_per_0_1l" for name in _COUNTS),
)


def _length(head: bytes) -> int | str | None:
    if not HEADER.startswith(head[:2]):
        return "header"
    if len(head) < 4:
        return None if len(head) < 3 or head[2] == 0 else "length"
    follows = int.from_bytes(head[2:4], "big")
    return follows + 4 if follows in (DATA, ACKNOWLEDGEMENT) else "length"


def _is_intact(frame: bytes) -> bool:
    return sum(frame[:-2]) & 0xFFFF == int.from_bytes(frame[-2:], "big")


LAYOUT: Final = Layout(DATA + 4, _length, _is_intact)


def _read(frame: bytes, _request: bytes) -> Decoded | Reject:
    if frame[3] == ACKNOWLEDGEMENT:
        return Decoded("acknowledgement", native={"command": frame[4], "argument": frame[5]})
    words = unpack(">12H", frame[4:28])
    version, error_code = frame[28], frame[29]
    native: dict[str, int | float | str] = dict(zip(_NATIVE, words, strict=True))
    native |= {"version": version, "error_code": error_code}
    fault = f"reports error code 0x{error_code:02X}: clean its inlet, else replace it" if error_code else None
    if not any(words):  # the fan has just started, or stands still
        return Decoded("data", {}, native, fault) if fault else Reject("all_zero", frame)
    values = {name: float(word) for name, word in zip(_MASSES, words[3:6], strict=True)}
    values |= {name: word / 100 for name, word in zip(_COUNTS, words[6:], strict=True)}
    return Decoded("data", values, native, fault)


def _model(name: str) -> Model:
    return Model(
        name=name,
        vendor="Plantower",
        baud=9600,
        quantities=(*_MASSES, *_COUNTS),
        interval_s=1.0,  # on average: 0.2-0.8 s while the air changes, else 2.3 s (appendix I)
        warm_up_s=30.0,  # laser and fan need 30 s after power-on (manual, notes on the circuit)
        poll=None,
        reply_timeout_s=0.0,
        layout=lambda _request: LAYOUT,
        read=_read,
    )


PMS5003: Final = _model("pms5003")
PMS7003: Final = _model("pms7003")
