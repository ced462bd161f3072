"""Thin shell over paho-mqtt that survives what brokers and networks do.

A new paho client for each connection: paho resends unacknowledged publishes after a reconnect, which would
deliver a late command, and a late PUBACK would acknowledge another message (packet ids start over). So each
message carries the generation of its connection, and acks of older generations are dropped. Handlers run on
the link's thread and may raise: that is counted and logged, and the link lives. Liveness is the age of the
last received packet, not is_connected(), which stays true on a dead thread.
"""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

log = structlog.get_logger(__name__)

KEEPALIVE_S: Final = 15
CONNECT_TIMEOUT_S: Final = 10.0
RETRY_S: Final = (1.0, 10.0)
SESSION_EXPIRY_S: Final = 14 * 86400
RECEIVE_MAXIMUM: Final = 5000


@dataclass(frozen=True, slots=True)
class Incoming:
    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int
    generation: int


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    username: str
    password: str
    mqtt5: bool  # the embedded broker speaks 3.1.1 only


Handler = Callable[[Incoming], None]


class MqttLink:
    """`subscribe` before `start`. Messages are acknowledged by `ack` when `manual_ack`, else on return."""

    def __init__(
        self,
        address: Address,
        client_id: str,
        *,
        will: tuple[str, bytes] | None = None,
        manual_ack: bool = False,
        durable: bool = False,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._will = will
        self._manual_ack = manual_ack
        self._durable = durable
        self._handlers: list[tuple[str, int, Handler]] = []
        self._on_connected: list[Callable[[], None]] = []
        self._client: paho.Client | None = None
        self._ready = False
        self._generation = 0
        self._last_packet = 0.0
        self._stopping = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{client_id}", daemon=True)
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.last_error = "not connected yet"

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None:
        self._handlers.append((topic_filter, qos, handler))

    def on_connected(self, callback: Callable[[], None]) -> None:
        """Called on the link's thread after each (re)connection, when all subscriptions were sent."""
        self._on_connected.append(callback)

    @property
    def connected(self) -> bool:
        return self._ready and time.monotonic() - self._last_packet < 2 * KEEPALIVE_S

    @property
    def generation(self) -> int:
        """Grows with each connection."""
        return self._generation

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Idempotent; publishes nothing by itself."""
        self._stopping.set()
        self._lost.set()
        if self._thread.is_alive():
            self._thread.join(timeout=3)

    def reconnect(self) -> None:
        """Makes a new connection; what a durable session has not seen acknowledged comes again."""
        self._lost.set()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """False when there is no connection; then nothing is queued, and nothing is sent later."""
        with self._lock:
            if not self._ready or self._client is None:
                return False
            info = self._client.publish(topic, payload, qos=qos, retain=retain)
        self.counts["published" if info.rc == paho.MQTT_ERR_SUCCESS else "publish_failed"] += 1
        return info.rc == paho.MQTT_ERR_SUCCESS

    def ack(self, message: Incoming) -> None:
        """Acknowledges a QoS 1 message; silently too late when its connection is gone (it comes again)."""
        with self._lock:
            if message.qos == 0 or self._client is None:
                return
            if message.generation != self._generation or not self._ready:
                self.counts["stale_ack"] += 1
                return
            self._client.ack(message.mid, message.qos)

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            self._lost.clear()
            client = self._new_client()
            if self._connect(client):
                attempt = 0
                self._watch()
            with self._lock:
                self._ready = False
                self._client = None
            self._end(client)
            attempt += 1
            ceiling = min(RETRY_S[1], RETRY_S[0] * 2.0 ** min(attempt, 4))
            self._stopping.wait(random.uniform(RETRY_S[0] / 2, ceiling))  # noqa: S311  # jitter, no secret

    def _connect(self, client: paho.Client) -> bool:
        with self._lock:
            self._client = client
            self._generation += 1
        try:
            if self._address.mqtt5:
                properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
                properties.ReceiveMaximum = RECEIVE_MAXIMUM
                properties.SessionExpiryInterval = SESSION_EXPIRY_S if self._durable else 0
                client.connect(
                    self._address.host,
                    self._address.port,
                    KEEPALIVE_S,
                    clean_start=not self._durable,
                    properties=properties,
                )
            else:
                client.connect(self._address.host, self._address.port, KEEPALIVE_S)
        except (OSError, ValueError) as error:
            self._fail(f"cannot reach the broker at {self._address.host}:{self._address.port}: {error}")
            return False
        client.loop_start()
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while not self._ready and not self._lost.is_set() and not self._stopping.is_set():
            if time.monotonic() > deadline:
                self._fail("the broker did not answer the connection")
                return False
            self._stopping.wait(0.01)
        return self._ready

    def _watch(self) -> None:
        """Returns when the connection is lost, is silent for two keepalives, or its thread died."""
        while not self._stopping.is_set():
            if self._lost.wait(1.0):
                if not self._stopping.is_set():
                    self._fail("the connection was lost")
                return
            thread = getattr(self._client, "_thread", None)
            if thread is not None and not thread.is_alive():
                self._fail("the MQTT thread died")
                return
            if not self.connected:
                self._fail(f"the broker was silent for {2 * KEEPALIVE_S} s")
                return

    def _fail(self, text: str) -> None:
        if text != self.last_error:
            log.warning("mqtt", client=self._client_id, problem=text)
        self.last_error = text
        self.counts["connection_lost"] += 1

    def _new_client(self) -> paho.Client:
        mqtt5 = self._address.mqtt5
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=None if mqtt5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if mqtt5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=self._manual_ack,
            reconnect_on_failure=False,
        )
        client.username_pw_set(self._address.username, self._address.password)
        client.max_inflight_messages_set(1000)
        if self._will:
            client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        generation = self._generation + 1
        client.on_connect = self._guard(self._connected)
        client.on_disconnect = self._guard(lambda *_: self._lost.set())
        client.on_socket_close = self._guard(lambda *_: self._lost.set())
        client.on_log = self._on_log
        client.on_message = self._guard(lambda _c, _u, message: self._dispatch(message, generation))
        return client

    def _on_log(self, _client: object, _userdata: object, _level: object, text: str) -> None:
        # The only place where paho tells of an answered ping, which keeps a quiet link alive.
        if text.startswith("Received"):
            self._heard()

    def _heard(self) -> None:
        self._last_packet = time.monotonic()

    def _guard(self, call: Callable[..., None]) -> Callable[..., None]:
        def guarded(*args: Any) -> None:
            try:
                call(*args)
            except Exception:
                self.counts["handler_errors"] += 1
                log.exception("mqtt handler failed", client=self._client_id)

        return guarded

    def _connected(self, client: paho.Client, _u: object, _f: object, reason: Any, _p: object) -> None:
        if reason.is_failure:
            self._fail(f"the broker refused {self._client_id}: {reason}; check user name and password")
            self._lost.set()
            return
        self._heard()
        for topic_filter, qos, _ in self._handlers:  # always: the broker may have lost the session
            client.subscribe(topic_filter, qos)
        with self._lock:
            if client is not self._client:
                return  # its answer came after it was given up
            self._ready = True
        self.last_error = ""
        log.info("mqtt connected", client=self._client_id, broker=f"{self._address.host}")
        for callback in self._on_connected:
            callback()

    def _dispatch(self, message: paho.MQTTMessage, generation: int) -> None:
        self._heard()
        self.counts["received"] += 1
        incoming = Incoming(
            message.topic, bytes(message.payload), message.retain, message.mid, message.qos, generation
        )
        handled = False
        for topic_filter, _, handler in self._handlers:
            if paho.topic_matches_sub(topic_filter, message.topic):
                handled = True
                handler(incoming)
        if not handled and self._manual_ack:
            self.ack(incoming)

    def _end(self, client: paho.Client) -> None:
        with contextlib.suppress(OSError, ValueError):
            client.disconnect()  # before loop_stop: that hangs while a publish is unacknowledged
        client.loop_stop()
