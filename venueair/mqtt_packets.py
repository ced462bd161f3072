"""Slices a stream of MQTT packets, cut anywhere, into waves of messages and packets for others to handle.

Sources: MQTT Version 3.1.1 and Version 5.0 (OASIS), sections 2.2 (fixed header), 3.3 (PUBLISH), 3.4 (PUBACK).

| bytes | PUBLISH, after type (3) and flags (dup, QoS of 2 bits, retain) and remaining length (1-4 bytes) |
|---|---|
| 2 + n | topic, big-endian length first |
| 2 | packet id, with QoS 1 and 2 only, never 0 |
| 1-4 + n | properties, length first, with MQTT 5 only; skipped (topic aliases are never offered) |
| rest | payload |
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from venueair.mqtt_wave import Wave

MESSAGE: Final = 0x30  # PUBLISH of QoS 0 or 1
TYPE_AND_QOS_2: Final = 0xF4
DUP: Final = 0x08
QOS_1: Final = 0x02
RETAIN: Final = 0x01
PUBACK: Final = 0x40


@dataclass(frozen=True, slots=True)
class Packet:
    """Anything but a PUBLISH of QoS 0 or 1: its first byte, and what follows the remaining length."""

    command: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Malformed:
    """The stream cannot be read on: the connection has to end."""

    reason: str


Event = Wave | Packet | Malformed


def pubacks(mids: Sequence[int]) -> bytes:
    """One PUBACK (success, 4 bytes in both versions) for each packet id but 0, joined."""
    words = [PUBACK << 24 | 2 << 16 | mid for mid in mids if mid]
    return struct.pack(f"!{len(words)}I", *words)


class PacketReader:
    """For one connection; its waves carry `generation`. After Malformed it must not be fed again."""

    def __init__(self, generation: int, *, mqtt5: bool) -> None:
        self._generation = generation
        self._mqtt5 = mqtt5
        self._rest = bytearray()
        self._wanted = 0

    def feed(self, chunk: bytes, now: float) -> list[Event]:
        """In the order of the wire; an unfinished packet is kept. `now` is monotonic seconds."""
        if self._rest:
            if len(self._rest) + len(chunk) < self._wanted:
                self._rest += chunk  # not looked at again before it can be whole: packets may have 256 MiB
                return []
            chunk = bytes(self._rest) + chunk
        events: list[Event] = []
        position, self._wanted = 0, 0
        while True:
            wave = Wave([], [], [], [], [], self._generation, now)
            position = self._read_messages(chunk, position, wave)
            if wave.topics:
                events.append(wave)
            if position == len(chunk):
                break
            try:
                length, body = _variable(chunk, position + 1)
            except IndexError:
                break
            except ValueError as error:
                return [*events, Malformed(str(error))]
            after = body + length
            if after > len(chunk):
                self._wanted = after - position
                break
            if chunk[position] & TYPE_AND_QOS_2 == MESSAGE:
                return [*events, Malformed("a PUBLISH whose parts do not fit its length")]
            events.append(Packet(chunk[position], chunk[body:after]))
            position = after
        self._rest = bytearray(chunk[position:])
        return events

    def _read_messages(self, chunk: bytes, position: int, wave: Wave) -> int:
        """Appends whole messages; it stops at the end, or at a packet that is cut, malformed or no message.

        Everything that a message costs is spent here, hence the long body without calls.
        """
        mqtt5, end = self._mqtt5, len(chunk)
        try:
            while position < end:
                header = chunk[position]
                if header & TYPE_AND_QOS_2 != MESSAGE:
                    break
                length, at = chunk[position + 1], position + 2
                if length > 127:
                    high, at = chunk[at], at + 1
                    if high > 127:
                        length, at = _variable(chunk, position + 1)
                    else:
                        length += (high << 7) - 128
                after = at + length
                topic_at = at + 2
                topic_end = at = topic_at + (chunk[at] << 8 | chunk[at + 1])
                mid = 0
                if header & QOS_1:
                    mid = chunk[at] << 8 | chunk[at + 1]
                    at += 2
                    if mid == 0:
                        break
                if mqtt5:
                    skip, at = chunk[at], at + 1
                    if skip > 127:
                        skip, at = _variable(chunk, at - 1)
                    at += skip
                elif topic_end == topic_at:
                    break
                if at > after or after > end:
                    break
                wave.topics.append(chunk[topic_at:topic_end])
                wave.payloads.append(chunk[at:after])
                wave.mids.append(mid)
                wave.retained.append(header & RETAIN != 0)
                wave.dup.append(header & DUP != 0)
                position = after
        except (IndexError, ValueError):
            return position
        return position


def _variable(chunk: bytes, at: int) -> tuple[int, int]:
    """Value of a variable byte integer, and where it ends. IndexError: is cut. ValueError: over 4 bytes."""
    value = 0
    for shift in (0, 7, 14, 21):
        byte, at = chunk[at], at + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a length of more than 4 bytes")
