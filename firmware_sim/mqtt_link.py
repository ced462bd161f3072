"""Thin shell over paho-mqtt (MQTT 3.1.1) for one simulated device.

Each connection gets a new paho client: paho sends unacknowledged messages again after a reconnect, and an old
state would then replace the newer one that the broker retains. What happens on paho's thread is put in a
queue; everything else runs on the thread that calls `poll`.
"""

import contextlib
import json
import queue
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from venueair.clock import Clock

log = structlog.get_logger(__name__)

KEEPALIVE_S: Final = 15
RETRY_S: Final = 2.0
CONNECT_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has confirmed the connection and the subscriptions."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone; the link makes a new one by itself."""


@dataclass(frozen=True, slots=True)
class Arrived:
    topic: str
    payload: bytes
    retained: bool
    received: float  # hall seconds, Clock.monotonic


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker's PUBACK for the message that `publish` gave this number."""

    mid: int


Event = Connected | Lost | Arrived | Acknowledged


class Link(Protocol):
    """What a device needs of its connection."""

    def poll(self) -> list[Event]: ...
    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int | None: ...
    def drop(self) -> None: ...
    def close(self) -> None: ...


def status(state: str, **more: object) -> bytes:
    """The status message of docs/messages.md."""
    return json.dumps({"v": 1, "state": state, **more}).encode()


class MqttLink:
    def __init__(
        self,
        broker: Broker,
        clock: Clock,
        client_id: str,
        *,
        will: tuple[str, bytes],
        subscriptions: tuple[tuple[str, int], ...] = (),
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._client_id = client_id
        self._will = will
        self._subscriptions = subscriptions
        self._client: paho.Client | None = None
        self._generation = 0
        self._is_connected = False
        self._started_at = 0.0
        self._retry_at = 0.0
        self._events: queue.SimpleQueue[tuple[int, Event]] = queue.SimpleQueue()

    def poll(self) -> list[Event]:
        """What happened since the last call; starts a connection when there is none. Never blocks long."""
        if self._client is None and time.monotonic() >= self._retry_at:
            self._connect()
        events = self._drain()
        has_timed_out = not self._is_connected and time.monotonic() > self._started_at + CONNECT_TIMEOUT_S
        if self._client is not None and (has_timed_out or Lost() in events):
            self.drop()
        return events

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int | None:
        """The number of the message; None when there is no connection: then it is not sent later either."""
        if self._client is None or not self._is_connected:
            return None
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        return info.mid if info.rc == paho.MQTT_ERR_SUCCESS else None

    def drop(self) -> None:
        """Ends the connection without a farewell: the broker publishes the will."""
        client, wire = self._forget(retry_at=time.monotonic() + RETRY_S)
        if client is not None and wire is not None:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            client.loop_stop()

    def close(self) -> None:
        """A clean end; idempotent. The will is not published, so the caller says goodbye before."""
        client, wire = self._forget(retry_at=float("inf"))
        if client is not None and wire is not None:
            client.disconnect()  # before loop_stop: that hangs while a publish is unacknowledged
            client.loop_stop()

    def _forget(self, *, retry_at: float) -> tuple[paho.Client | None, socket.socket | None]:
        client, self._client = self._client, None
        self._is_connected = False
        self._generation += 1
        self._retry_at = retry_at
        wire = client.socket() if client is not None else None
        if client is not None and not isinstance(wire, socket.socket):
            client.disconnect()  # still trying to connect: its thread ends by itself within seconds
        return client, wire if isinstance(wire, socket.socket) else None

    def _drain(self) -> list[Event]:
        events = []
        with contextlib.suppress(queue.Empty):
            while True:
                generation, event = self._events.get_nowait()
                if generation == self._generation:
                    self._is_connected = not isinstance(event, Lost) and (
                        self._is_connected or isinstance(event, Connected)
                    )
                    events.append(event)
        return events

    def _connect(self) -> None:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.username_pw_set(self._broker.username, self._broker.password)
        client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        put = self._events_of(self._generation)
        client.on_connect = self._on_connect(put, self._generation)
        client.on_subscribe = lambda *_: put(Connected())
        client.on_disconnect = lambda *_: put(Lost())
        client.on_publish = lambda _c, _u, mid, *_: put(Acknowledged(mid))
        client.on_message = lambda _c, _u, message: put(
            Arrived(message.topic, bytes(message.payload), message.retain, self._clock.monotonic())
        )
        client.connect_timeout = 2.0
        client.connect_async(self._broker.host, self._broker.port, KEEPALIVE_S)
        client.loop_start()
        self._client = client
        self._started_at = time.monotonic()

    def _events_of(self, generation: int) -> Callable[[Event], None]:
        return lambda event: self._events.put((generation, event))

    def _on_connect(self, put: Callable[[Event], None], generation: int) -> Callable[..., None]:
        def connected(client: paho.Client, _u: object, _f: object, reason: Any, _p: object) -> None:
            if generation != self._generation:  # given up while it was connecting
                client.disconnect()
            elif reason.is_failure:
                log.warning("simulated device refused", client=self._client_id, reason=str(reason))
                put(Lost())
            elif self._subscriptions:
                client.subscribe(list(self._subscriptions))
            else:
                put(Connected())

        return connected
