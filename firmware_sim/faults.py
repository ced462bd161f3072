"""What goes wrong on a wire and in a sensor. `damage` is for bytes; the other faults are acted out elsewhere.

HEADER_IN_PAYLOAD and ERROR_CODE change what a sensor says and are known to its encoder; STUCK_VALUE, SILENCE
and UNPLUG are acted out by the wired sensor.
"""

import random
from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    FLIPPED_BIT = "flipped bit"
    INSERTED_BYTE = "inserted byte"
    DROPPED_BYTE = "dropped byte"
    TRUNCATED_TAIL = "truncated tail"
    DUPLICATE_FRAME = "duplicate frame"
    HEADER_IN_PAYLOAD = "header in payload"
    STUCK_VALUE = "stuck value"
    SILENCE = "silence"
    UNPLUG = "unplug"
    ERROR_CODE = "error code"


def _flip(frame: bytes, rng: random.Random) -> bytes:
    bit = rng.randrange(len(frame) * 8)
    damaged = bytearray(frame)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def _insert(frame: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(1, len(frame))
    return frame[:at] + rng.randbytes(1) + frame[at:]


def _drop(frame: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(frame))
    return frame[:at] + frame[at + 1 :]


def _truncate(frame: bytes, rng: random.Random) -> bytes:
    return frame[: rng.randrange(1, len(frame))]


def _duplicate(frame: bytes, _rng: random.Random) -> bytes:
    return frame + frame


_DAMAGE: Final[dict[Fault, Callable[[bytes, random.Random], bytes]]] = {
    Fault.FLIPPED_BIT: _flip,
    Fault.INSERTED_BYTE: _insert,
    Fault.DROPPED_BYTE: _drop,
    Fault.TRUNCATED_TAIL: _truncate,
    Fault.DUPLICATE_FRAME: _duplicate,
}


def damage(frame: bytes, fault: Fault | None, rng: random.Random) -> bytes:
    """`frame` (at least 2 bytes) as the wire delivers it; unchanged when `fault` is none of the wire."""
    hurt = _DAMAGE.get(fault) if fault is not None else None
    return hurt(frame, rng) if hurt and len(frame) >= 2 else frame
