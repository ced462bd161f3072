"""MQTT 3.1.1 by hand, so that the publisher is never the bottleneck: packets are made before, then streamed.

PUBLISH (OASIS MQTT 3.1.1, 3.3):  0x30 | qos << 1, remaining length, topic (2-byte length), packet id
(QoS 1), payload.
PUBACKs are read away unread: how fast the subscriber is does not depend on them.
"""

import select
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from bench.payloads import Message
from bench.processes import HOST, BenchError

_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Stream:
    """Packets ready to send."""

    data: bytes
    messages: int
    payload_bytes: int


def packets(messages: Iterable[Message], qos: int) -> Stream:
    parts, size = [], 0
    for number, (topic, payload) in enumerate(messages):
        parts.append(packet(topic, payload, qos, number % 65_535 + 1))
        size += len(payload)
    return Stream(b"".join(parts), len(parts), size)


def packet(topic: bytes, payload: bytes, qos: int, mid: int) -> bytes:
    head = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if qos else b"")
    return bytes([0x30 | qos << 1]) + remaining_length(len(head) + len(payload)) + head + payload


def remaining_length(size: int) -> bytes:
    """MQTT 3.1.1, 2.2.3: seven bits a byte, lowest first."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


class Publisher:
    """One clean session; use as a `with` block."""

    def __init__(self, port: int, client_id: str) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=10)
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(client_id)) + client_id.encode()
        self._socket.sendall(b"\x10" + remaining_length(len(body)) + body)
        answer = self._socket.recv(4, socket.MSG_WAITALL)
        if answer[:1] != b"\x20" or answer[3:] != b"\x00":
            raise BenchError(f"the broker refused {client_id}: {answer.hex()}")
        self._socket.setblocking(False)

    def send(self, data: bytes) -> None:
        """Streams `data`, reading away what the broker answers meanwhile."""
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self._socket], [self._socket], [], 30)
            if not readable and not writable:
                raise BenchError("the broker has taken nothing for 30 s")
            if readable:
                self.read()
            if writable:
                view = view[self._socket.send(view[:_CHUNK]) :]

    def read(self) -> bytes:
        """What has come; b"" if nothing has."""
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            raise BenchError("the broker closed the publisher's connection")
        return data

    def subscribe(self, topic_filter: str) -> None:
        name = topic_filter.encode()
        body = b"\x00\x01" + struct.pack(">H", len(name)) + name + b"\x00"
        self.send(b"\x82" + remaining_length(len(body)) + body)
        self.wait(b"\x90")

    def wait(self, needle: bytes, timeout_s: float = 10.0) -> bytes:
        """Reads on until `needle` has come; all that came with it."""
        found, deadline = b"", time.monotonic() + timeout_s
        while needle not in found:
            select.select([self._socket], [], [], max(deadline - time.monotonic(), 0))
            found += self.read()
            if time.monotonic() > deadline:
                raise BenchError(f"{needle!r} did not come in {timeout_s:g} s")
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
