"""A purifier on MQTT: the state machine, its memory, its session nonces and its lies, around one link.

Runs on the thread that calls `turn`; the button, the power switch and the fault may be worked from another.
"""

import queue
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from firmware_sim import purifier, purifier_memory
from firmware_sim.mqtt_link import Arrived, Connected, Event, Link, Lost, status
from firmware_sim.purifier import Ack, Message, Next, Spec, Unit
from firmware_sim.purifier_lies import HONEST, Lies, distort
from firmware_sim.purifier_memory import Memory
from firmware_sim.purifier_wire import MalformedError, encode, parse_command, parse_lease
from venueair.clock import Clock

log = structlog.get_logger(__name__)

MODEL: Final = "simulated-purifier"
FILTER_SAVED_EVERY_PCT: Final = 0.5


class SimulatedPurifier:
    """`topic` is `venueair/v1/{venue}/{device}`; `memory` is the file that survives a power cut."""

    def __init__(self, spec: Spec, topic: str, link: Link, clock: Clock, memory: Path) -> None:
        self.lies: Lies = HONEST
        self.counts: Counter[str] = Counter()
        self._spec = spec
        self._topic = topic
        self._link = link
        self._clock = clock
        self._path = memory
        self._is_connected = False
        self._hands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._outbox: list[tuple[float, Message]] = []
        self._unit, self._saved = self._boot()

    @property
    def unit(self) -> Unit:
        return self._unit

    @property
    def clean_air_m3h(self) -> float:
        return 0.0 if self.lies.is_stuck else purifier.clean_air_m3h(self._unit, self._spec)

    def press(self) -> None:
        """Somebody pushes the button of the unit."""
        self._hands.put(lambda: self._next(purifier.on_button(self._unit, self._spec, *self._times())))

    def reboot(self) -> None:
        """Power off and on: memory stays, session, lease and pending orders are gone."""
        self._hands.put(self._reboot)

    def fail(self, text: str | None) -> None:
        """A latched fault, or None: somebody repaired it at the unit."""
        self._hands.put(lambda: self._next(purifier.on_fault(self._unit, self._spec, text, *self._times())))

    def turn(self) -> None:
        """Takes in what happened since the last turn, and publishes what is due."""
        if self.lies.is_offline and self._is_connected:
            self._disconnect()
        while not self._hands.empty():
            self._hands.get_nowait()()
        for event in () if self.lies.is_offline else self._link.poll():
            self._take(event)
        self._next(purifier.tick(self._unit, self._spec, *self._times()))
        self._send_due()

    def stop(self) -> None:
        """Says goodbye and disconnects; idempotent."""
        purifier_memory.save(self._path, Memory.of(self._unit))
        farewell = status("offline", model=MODEL, detail="the unit was switched off")
        self._link.publish(f"{self._topic}/status", farewell, retain=True)
        self._is_connected = False
        self._link.close()

    def _take(self, event: Event) -> None:
        if isinstance(event, Connected):
            self._is_connected = True
            self._link.publish(f"{self._topic}/status", status("online", model=MODEL), retain=True)
            session = secrets.token_hex(8)
            self._next(purifier.on_connect(self._unit, self._spec, session, *self._times()))
        elif isinstance(event, Lost):
            self._is_connected = False
            self._outbox.clear()
        elif isinstance(event, Arrived):
            try:
                self._hear(event)
            except MalformedError as error:
                self.counts["malformed"] += 1
                log.warning("purifier cannot read", topic=event.topic, problem=str(error))
                if error.id is not None:
                    self._post((Ack(error.id, "rejected", "malformed"),))

    def _hear(self, event: Arrived) -> None:
        if event.topic == f"{self._topic}/lease":
            if not event.retained:
                session, lease_s = parse_lease(event.payload)
                self._unit = purifier.on_lease(self._unit, session, lease_s, event.received)
            return
        if event.topic != f"{self._topic}/set":  # amqtt hands retained messages to sessions that did not ask
            self.counts["other_topic"] += 1
            return
        now, now_ms = self._times()
        step = purifier.on_command(
            self._unit,
            self._spec,
            parse_command(event.payload),
            received=event.received,
            now=now,
            now_ms=now_ms,
            is_retained=event.retained,
        )
        self._next(step)

    def _next(self, step: Next) -> None:
        self._unit, messages = step
        memory = Memory.of(self._unit)
        is_worn = self._saved.filter_pct - memory.filter_pct >= FILTER_SAVED_EVERY_PCT
        if (memory.stopped_by, memory.fault) != (self._saved.stopped_by, self._saved.fault) or is_worn:
            purifier_memory.save(self._path, memory)  # before anybody is told
            self._saved = memory
        self._post(messages)

    def _post(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            if isinstance(message, Ack):
                self.counts[message.reason or message.result] += 1
            self._outbox += distort(self.lies, message, self._clock.monotonic())

    def _send_due(self) -> None:
        now = self._clock.monotonic()
        due = [message for at, message in self._outbox if at <= now]
        self._outbox = [(at, message) for at, message in self._outbox if at > now]
        for message in due if self._is_connected else ():
            kind = "ack" if isinstance(message, Ack) else "state"
            self._link.publish(f"{self._topic}/{kind}", encode(message), retain=kind == "state")

    def _reboot(self) -> None:
        self._disconnect()
        self._unit, self._saved = self._boot()

    def _disconnect(self) -> None:
        self._link.drop()
        self._is_connected = False
        self._outbox.clear()

    def _boot(self) -> tuple[Unit, Memory]:
        memory = purifier_memory.load(self._path)
        unit = purifier.boot(
            self._clock.monotonic(),
            stopped_by=memory.stopped_by,
            fault=memory.fault,
            filter_pct=memory.filter_pct,
        )
        return unit, memory

    def _times(self) -> tuple[float, int]:
        return self._clock.monotonic(), self._clock.now_ms()
