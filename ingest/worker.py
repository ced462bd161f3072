"""MQTT in -> pipeline -> store -> `committed`. Detection runs on every read; only acks wait for the store.

Failure policy: what cannot be read is buried, counted and acknowledged. When the store fails, rows are kept
and tried again with backoff, and nothing is acknowledged. When the worker itself fails, it forgets what is
not stored and starts anew from the store and with a new connection: gateways and broker still have those rows
and send them again.
"""

import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from ingest import pipeline
from ingest.alarms import silence_edges, threshold_edge
from ingest.announcer import Announcer
from ingest.intake import Arrival, Receiver
from ingest.journal import Journal
from ingest.ledger import Ledger
from ingest.live import Latest
from ingest.rollup_writer import RollupWriter
from ingest.silence import Expected, silent
from ingest.warm import warm_state
from venueair.block import Block
from venueair.clock import Clock
from venueair.messages import AlarmEdge, AlarmSeen, MessageError, decode
from venueair.mqtt_link import Address, Incoming, MqttLink
from venueair.settings import Settings
from venueair.store.store import MarkKey, Marks, Store, StoreError
from venueair.topics import any_device, device_topic, venue_topic

log = structlog.get_logger(__name__)

WAVE: Final = 2_000
MAX_PENDING_ROWS: Final = 500_000
QUIET_S: Final = 0.1
BUSY_ROWS: Final = 5_000
RETRY_S: Final = (1.0, 30.0)
RETAIN_S: Final = 6 * 3600


@dataclass(slots=True)
class Pending:
    """Processed but not stored yet."""

    rows: Block
    marks: dict[MarkKey, Marks]
    announce: dict[str, set[MarkKey]]
    messages: list[Incoming]


class Worker:
    """`expected`: what each device of the settings is to send. `start`, then `stop` once; no restart."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        address: Address,
        store: Store,
        expected: dict[str, Expected],
        journal: Path,
    ) -> None:
        self._settings = settings
        self._site = settings.site
        self._clock = clock
        self._store = store
        self._expected = expected
        self.journal = Journal(journal)
        self.link = MqttLink(address, f"ingest-{settings.gateway.venue}", manual_ack=True, durable=True)
        self.announcer = Announcer(settings, clock, self.link, self.journal)
        self.latest = Latest()
        self.counts: Counter[str] = Counter()
        self.store_problem = ""
        self._inbox: deque[tuple[Incoming, int]] = deque()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._flushed, self._retry_at, self._retry_s = 0.0, 0.0, RETRY_S[0]
        self._heard: dict[tuple[str, str], int] = {}
        self._started = clock.now_ms()
        self._next_silence = self._next_retain = 0.0
        venue_of = {s.id: self._site.venue_of_zone(s.zone) for s in self._site.sensors}
        self.receiver = Receiver(store, self.journal, Ledger({}), expected, venue_of)
        self._restart()
        for venue in settings.venue:
            self.link.subscribe(any_device(venue.id, "data"), self._receive)
            self.link.subscribe(venue_topic(venue.id, "alarm_seen"), self._alarm_seen)
            self.link.subscribe(device_topic(venue.id, "api", "status"), self._api_status)
        self.link.on_connected(self.announcer.everything)

    def start(self) -> None:
        self._thread.start()
        self.link.start()

    def stop(self) -> None:
        """Takes no more messages, stores what was taken (at most 3 s), and ends. Idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=4)
        self.link.stop()
        self.journal.close()

    def idle(self) -> bool:
        """Everything that was received is stored."""
        return not self._inbox and not self._pending

    def _receive(self, message: Incoming) -> None:
        self._inbox.append((message, self._clock.now_ms()))
        self._wake.set()

    def _alarm_seen(self, message: Incoming) -> None:
        try:
            self.journal.seen(decode(message.payload, AlarmSeen).ids)
        except MessageError as error:
            self.receiver.messages[error.reason] += 1
        self.link.ack(message)

    def _api_status(self, message: Incoming) -> None:
        self.announcer.everything()
        self.link.ack(message)

    def _restart(self) -> None:
        """Forgets all that is not stored."""
        for rule in self._settings.rule:
            for zone in self._site.zones:
                if rule.covers(zone.id):
                    self._store.series(zone.id, rule.quantity)
        self.receiver.ledger = Ledger(self._store.marks())
        self._pending: list[Pending] = []
        self._names: list[tuple[str, str]] = []
        self._rollups = RollupWriter(self._store)
        self._rollups.catch_up()
        self._plan_again()
        self._state = warm_state(self._store, self._plan, self.journal.channels(), self._clock.now_ms())

    def _plan_again(self) -> None:
        """New series came: their zones get series too, and the columns of the stages grow."""
        names = self._store.names()
        if names and len(names) == len(self._names):
            return
        for source, quantity in names:
            if source in self._site.sensor:
                self._store.series(self._site.sensor[source].zone, quantity)
        self._names = self._store.names()
        self._plan = pipeline.Plan.of(self._names, self._site, self._settings.rule)

    def _run(self) -> None:
        deadline = float("inf")
        while True:
            if self._stopping.is_set():
                deadline = min(deadline, time.monotonic() + 3)
                if self.idle() or time.monotonic() > deadline:
                    return
            self._wake.wait(0.02)
            self._wake.clear()
            try:
                self._process()
                self._flush()
                self._tick()
            except Exception:
                self.counts["worker_restarts"] += 1
                log.exception("ingest starts anew from the store; gateways will send again")
                self._stopping.wait(1)
                self._restart_when_possible()

    def _restart_when_possible(self) -> None:
        while not self._stopping.is_set():
            try:
                self._restart()
            except Exception as error:
                self.store_problem = str(error)
                log.exception("ingest cannot start anew yet and tries again")
                self._stopping.wait(RETRY_S[0])
            else:
                self.link.reconnect()  # what was forgotten is unacknowledged and comes again
                return

    def _process(self) -> None:
        if not self._inbox or sum(len(p.rows) for p in self._pending) > MAX_PENDING_ROWS:
            return
        wave = [self._inbox.popleft() for _ in range(min(len(self._inbox), WAVE))]
        intake = self.receiver.take(
            Arrival(message.topic, message.payload, message.retained, t) for message, t in wave
        )
        self._heard.update(intake.heard)
        self._plan_again()
        result, state = pipeline.run(intake.block, self._state, self._plan)
        edges = [threshold_edge(edge, self._plan) for edge in result.edges]
        self._record(edges, self._changed_channels(state))
        self._state = state
        rows = Block.concat([result.rows, result.zone_values])
        self.latest.update(rows)
        messages = [message for message, _ in wave]
        self._pending.append(Pending(rows, intake.marks, intake.announce, messages))

    def _changed_channels(self, state: pipeline.State) -> dict[str, tuple[bool, int]]:
        old, new = self._state.detect, state.detect
        changed = np.flatnonzero((old.on != new.on) | (old.since != new.since))
        return {self._plan.channel_names[c]: (bool(new.on[c]), int(new.since[c])) for c in changed.tolist()}

    def _record(self, edges: list[AlarmEdge], channels: dict[str, tuple[bool, int]]) -> None:
        if not edges and not channels:
            return
        self.journal.record([(self._venue_of(edge), edge) for edge in edges], channels)
        if edges:
            self.announcer.alarms()

    def _venue_of(self, edge: AlarmEdge) -> str:
        sensor = self._site.sensor.get(edge.scope)
        zone = sensor.zone if sensor else edge.scope
        if zone in self._site.zone:
            return self._site.venue_of_zone(zone)
        # The device is no longer in the settings: its silence ends in the venue where it was raised.
        return next(venue for venue, opened in self.journal.open_alarms() if opened.alarm == edge.alarm)

    def _flush(self) -> None:
        rows = sum(len(p.rows) for p in self._pending)
        now = time.monotonic()
        due = rows > BUSY_ROWS or now - self._flushed >= QUIET_S or self._stopping.is_set()
        if not self._pending or not due or now < self._retry_at:
            return
        block = Block.concat([p.rows for p in self._pending])
        marks = {key: mark for p in self._pending for key, mark in p.marks.items()}
        try:
            self.counts["collided"] += self._store.write(block, marks)
        except StoreError as error:
            self._store_failed(error)
            return
        self.store_problem, self._retry_s, self._flushed = "", RETRY_S[0], now
        self.counts["stored"] += len(block)
        self._rollups.touch(block.t)
        for pending in self._pending:
            for message in pending.messages:
                self.link.ack(message)
            for topic, keys in pending.announce.items():
                self.announcer.committed(topic, {key: self.receiver.ledger.of(*key).upto for key in keys})
        self._pending = []

    def _store_failed(self, error: StoreError) -> None:
        if not self.store_problem:
            log.warning("the store cannot be written; rows are kept and tried again", problem=str(error))
        self.store_problem = str(error)
        self.counts["store_failures"] += 1
        self._retry_at = time.monotonic() + random.uniform(self._retry_s / 2, self._retry_s)  # noqa: S311  # jitter
        self._retry_s = min(self._retry_s * 2, RETRY_S[1])

    def _tick(self) -> None:
        now = self._clock.now_ms()
        self.announcer.tick(self.latest, self._names)
        if not self._pending and time.monotonic() >= self._retry_at:
            try:
                self._keep_house(now)
            except StoreError as error:
                self._store_failed(error)
        if time.monotonic() >= self._next_silence:
            self._next_silence = time.monotonic() + min(1.0, 5.0 / self._clock.speed)
            stands = {edge.alarm: edge for _, edge in self.journal.open_alarms()}
            quiet = silent(self._expected, self._heard, self._started, now)
            self._record(silence_edges(quiet, stands, now), {})

    def _keep_house(self, now: int) -> None:
        self._rollups.write(now)
        if self._clock.monotonic() >= self._next_retain:
            keep = self._settings.store
            self._store.retain(now, keep.raw_days, keep.minutes_days, keep.hours_days)
            self._next_retain = self._clock.monotonic() + RETAIN_S
