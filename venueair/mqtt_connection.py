"""One MQTT connection: paho-mqtt with its reading replaced, which is where its time goes.

paho reads a packet by three or four `recv` calls, and makes objects, locks and a PUBACK per message. Here one
read takes up to 1 MiB, its messages of QoS 0 and 1 leave as a wave, and all their PUBACKs as one packet.
Every other packet is handed to paho's own handling, and all else stays paho's. This relies on names that paho
does not promise (`_in_packet`, `_packet_handle`, `_packet_queue` …), so the tests are pinned to its version.
"""

import contextlib
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from venueair.mqtt_pace import Pace, Pacing
from venueair.mqtt_packets import PUBACK, Event, Malformed, PacketReader, pubacks
from venueair.mqtt_wave import Wave

SESSION_EXPIRY_S: Final = 14 * 86400
RECEIVE_MAXIMUM: Final = 5000
READ_BYTES: Final = 2**20
SHORT_READ_BYTES: Final = 2**15
PAUSE_S: Final = 0.05
HUNG_UP: Final = getattr(select, "POLLRDHUP", select.POLLHUP)  # the former also with unread data; Linux only


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    username: str
    password: str
    mqtt5: bool  # the embedded broker speaks 3.1.1 only


class Connection(paho.Client):
    """For one connection: make a new one for the next. `on_wave` is called on paho's thread, must not raise.

    While `paused()` is true the socket is not read (but for the broker's answer to CONNECT and what comes
    with it), pings go out, and silence is not held against the broker. `heard_at`: monotonic seconds when
    bytes came last, or when it was paused.
    """

    def __init__(
        self,
        client_id: str,
        generation: int,
        address: Address,
        *,
        manual_ack: bool,
        on_wave: Callable[[Wave], None],
        paused: Callable[[], bool],
        pacing: Pacing,
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if address.mqtt5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if address.mqtt5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=manual_ack,
            reconnect_on_failure=False,
        )
        self.username_pw_set(address.username, address.password)
        self._address = address
        self._packets = PacketReader(generation, mqtt5=address.mqtt5)
        self._pace = Pace(pacing)
        self._on_wave = on_wave
        self._paused = paused
        self._room = SHORT_READ_BYTES
        self.heard_at = time.monotonic()

    def dial(self, keepalive_s: int, *, durable: bool) -> None:
        """Opens the socket and asks; the answer comes to `on_connect`. Raises OSError, ValueError."""
        host, port = self._address.host, self._address.port
        if not self._address.mqtt5:
            self.connect(host, port, keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.SessionExpiryInterval = SESSION_EXPIRY_S if durable else 0
        self.connect(host, port, keepalive_s, clean_start=not durable, properties=properties)

    def queue_acks(self, mids: Sequence[int]) -> None:
        """Acknowledges QoS 1 messages, from any thread: paho's own writes the bytes."""
        joined = pubacks(mids)
        if joined:
            self._packet_queue(PUBACK, joined, 0, 1)

    @property
    def running(self) -> bool:
        """paho's thread is alive."""
        return self._thread is not None

    def wake(self) -> None:
        """Ends the wait of a paused connection, from any thread."""
        if self._sockpairW is not None:
            with contextlib.suppress(OSError):  # full: it wakes anyway; closed: nobody waits
                self._sockpairW.send(b"0")

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002  # paho's signature
        if self._sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        if self._paused() and self.is_connected():
            if self._hung_up():
                return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        wait_s = self._pace.wait_s(time.monotonic())
        if wait_s:
            time.sleep(wait_s)
        try:
            chunk = self._receive()
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if not chunk:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        self._answer_at_once()
        now = self._hear()
        events = self._packets.feed(chunk, now)
        self._pace.took(sum(len(event) for event in events if isinstance(event, Wave)), now)
        for event in events:
            result = self._handle(event)
            if result > 0:
                return self._loop_rc_handle(result)
            if self._sock is None:
                return MQTTErrorCode.MQTT_ERR_NO_CONN
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def loop_misc(self) -> MQTTErrorCode:
        if self._paused():
            self._hear()
            self._ping_t = 0.0  # the answers to pings wait in the socket, unread
        return super().loop_misc()

    def _hung_up(self) -> bool:
        """Waits a little for the broker to close the connection, or for `wake` or something to send: a paused
        socket stays readable, and paho's loop would spin."""
        waiter = select.poll()
        if self._sock is not None:
            waiter.register(self._sock, HUNG_UP)
        if self._sockpairR is not None:
            waiter.register(self._sockpairR, select.POLLIN)
        return any(happened & ~select.POLLIN for _, happened in waiter.poll(PAUSE_S * 1000))

    def _answer_at_once(self) -> None:
        """Brokers hold small packets back until the last one is confirmed (Nagle's algorithm, RFC 896), which
        the kernel does after up to 40 ms when nothing goes back, as with acks that wait for a store. To be
        asked for after each read (tcp(7), TCP_QUICKACK; Linux only)."""
        if isinstance(self._sock, socket.socket) and hasattr(socket, "TCP_QUICKACK"):
            with contextlib.suppress(OSError):  # no more than a wish; a broken socket shows at the next read
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _hear(self) -> float:
        self.heard_at = now = time.monotonic()
        with self._msgtime_mutex:
            self._last_bytes_received = now
        return now

    def _receive(self) -> bytes:
        """b"" at the end of the stream. Raises OSError, and BlockingIOError when nothing is there."""
        chunk = self._sock_recv(self._room)
        # Memory for a long read costs more than a short read does.
        self._room = READ_BYTES if len(chunk) == self._room else SHORT_READ_BYTES
        if not chunk or not hasattr(self._sock, "pending"):
            return chunk
        chunks, size = [chunk], len(chunk)
        while chunk and size < READ_BYTES:  # TLS gives one record of at most 16 KiB at a time
            try:
                chunk = self._sock_recv(READ_BYTES - size)
            except OSError:  # nothing more; a broken connection says so again at the next read
                break
            chunks.append(chunk)
            size += len(chunk)
        return b"".join(chunks)

    def _handle(self, event: Event) -> MQTTErrorCode:
        if isinstance(event, Wave):
            with self._in_callback_mutex:
                self._on_wave(event)
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        if isinstance(event, Malformed):
            self._easy_log(LogLevel.MQTT_LOG_ERR, "Received a malformed packet: %s", event.reason)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        self._in_packet["command"] = event.command
        self._in_packet["remaining_length"] = len(event.body)
        self._in_packet["packet"] = bytearray(event.body)
        try:
            return self._packet_handle()
        except MalformedPacket as error:
            self._easy_log(LogLevel.MQTT_LOG_ERR, "Received a malformed packet: %s", error)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
