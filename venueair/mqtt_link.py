"""Thin shell over paho-mqtt that survives what brokers and networks do.

A new paho client for each connection: paho resends unacknowledged publishes after a reconnect, which would
deliver a late command, and a late PUBACK would acknowledge another message (packet ids start over). So each
message carries the generation of its connection, and acks of older generations are dropped. Handlers run on
the link's thread and may raise: that is counted and logged, and the link lives. Liveness is the age of the
last received bytes, not is_connected(), which stays true on a dead thread.
"""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import structlog
from paho.mqtt import client as paho

from venueair.mqtt_connection import Address, Connection
from venueair.mqtt_pace import Pacing
from venueair.mqtt_routes import Routes, Subscription
from venueair.mqtt_wave import Handler, Incoming, Wave, WaveHandler

__all__ = ["Address", "Handler", "Incoming", "MqttLink", "Pacing", "Wave", "WaveHandler"]

log = structlog.get_logger(__name__)

KEEPALIVE_S: Final = 15
CONNECT_TIMEOUT_S: Final = 10.0
RETRY_S: Final = (1.0, 10.0)


class MqttLink:
    """Subscribe before `start`. With `manual_ack`, `ack` and `ack_wave` acknowledge, else a handler's return.

    Those that no handler takes are acknowledged and counted as `unclaimed`.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        *,
        will: tuple[str, bytes] | None = None,
        manual_ack: bool = False,
        durable: bool = False,
        pacing: Pacing = Pacing(),  # noqa: B008  # frozen
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._will = will
        self._manual_ack = manual_ack
        self._durable = durable
        self._pacing = pacing
        self._routes = Routes(self._call)
        self._on_connected: list[Callable[[], None]] = []
        self._client: Connection | None = None
        self._ready = False
        self._paused = False
        self._generation = 0
        self._stopping = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{client_id}", daemon=True)
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.last_error = "not connected yet"

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None:
        self._routes.add(Subscription(topic_filter, qos, handler=handler))

    def subscribe_waves(self, topic_filter: str, handler: WaveHandler, *, qos: int = 1) -> None:
        """For floods: `handler` gets all messages that one read of the socket brought, in one call."""
        self._routes.add(Subscription(topic_filter, qos, wave_handler=handler))

    def on_connected(self, callback: Callable[[], None]) -> None:
        """Called on the link's thread after each (re)connection, when all subscriptions were sent."""
        self._on_connected.append(callback)

    @property
    def connected(self) -> bool:
        client = self._client
        return self._ready and client is not None and time.monotonic() - client.heard_at < 2 * KEEPALIVE_S

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
        """Acknowledges a QoS 1 message; only counted when its connection is gone (then it comes again)."""
        if message.qos > 0:
            self.ack_wave([message.mid], message.generation)

    def ack_wave(self, mids: Sequence[int], generation: int) -> None:
        """Like `ack`, for all messages of a wave by one packet; 0 (QoS 0) is skipped."""
        with self._lock:
            if self._client is not None and generation == self._generation and self._ready:
                self._client.queue_acks(mids)
            else:
                self.counts["stale_ack"] += len(mids) - mids.count(0)

    def pause(self) -> None:
        """Stops reading: the consumer is full, and the broker keeps what comes. The link stays up."""
        self._paused = True

    def resume(self) -> None:
        if not self._paused:
            return
        self._paused = False
        client = self._client
        if client is not None:
            client.wake()

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

    def _connect(self, client: Connection) -> bool:
        with self._lock:
            self._client = client
            self._generation += 1
        try:
            client.dial(KEEPALIVE_S, durable=self._durable)
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
            if self._client is not None and not self._client.running:
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

    def _new_client(self) -> Connection:
        client = Connection(
            self._client_id,
            self._generation + 1,
            self._address,
            manual_ack=self._manual_ack,
            on_wave=partial(self._call, self._received),
            paused=lambda: self._paused,
            pacing=self._pacing,
        )
        client.max_inflight_messages_set(1000)
        if self._will:
            client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        client.on_connect = partial(self._call, self._connected)
        client.on_disconnect = lambda *_: self._lost.set()
        client.on_socket_close = lambda *_: self._lost.set()
        client.on_message = partial(self._call, self._received_qos_2, self._generation + 1)
        return client

    def _call(self, handler: Callable[..., Any], *args: Any) -> None:
        """paho's thread would end at what a handler raises."""
        try:
            handler(*args)
        except Exception:
            self.counts["handler_errors"] += 1
            log.exception("mqtt handler failed", client=self._client_id)

    def _connected(self, client: paho.Client, _u: object, _f: object, reason: Any, _p: object) -> None:
        if reason.is_failure:
            self._fail(f"the broker refused {self._client_id}: {reason}; check user name and password")
            self._lost.set()
            return
        for subscription in self._routes.subscriptions:  # always: the broker may have lost the session
            client.subscribe(subscription.topic_filter, subscription.qos)
        with self._lock:
            if client is not self._client:
                return  # its answer came after it was given up
            self._ready = True
        self.last_error = ""
        log.info("mqtt connected", client=self._client_id, broker=f"{self._address.host}")
        for callback in self._on_connected:
            callback()

    def _received(self, wave: Wave) -> None:
        self.counts["received"] += len(wave)
        unclaimed = self._routes.deliver(wave)
        if unclaimed:
            self.counts["unclaimed"] += len(unclaimed)
        acks = unclaimed if self._manual_ack else wave.mids
        if acks:
            self.ack_wave(acks, wave.generation)

    def _received_qos_2(self, generation: int, client: paho.Client, _u: object, m: paho.MQTTMessage) -> None:
        """Nobody asks for QoS 2, but a broker may raise it: completed here, then it is like QoS 0."""
        client.ack(m.mid, 2)
        topics, payloads = [m.topic.encode()], [bytes(m.payload)]
        self._received(Wave(topics, payloads, [0], [m.retain], [m.dup], generation, time.monotonic()))

    def _end(self, client: paho.Client) -> None:
        with contextlib.suppress(OSError, ValueError):
            client.disconnect()  # before loop_stop: that hangs while a publish is unacknowledged
        client.loop_stop()
