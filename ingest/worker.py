"""MQTT in -> pipeline -> store -> `committed`. Detection runs on every read; only acks wait for the store.

Failure policy: what cannot be read is buried, counted and acknowledged. When the store fails, rows are kept
and tried again with backoff, and nothing is acknowledged. When the worker itself fails, it forgets what is
not stored and starts anew from the store and with a new connection: gateways and broker still have those rows
and send them again.
"""

import threading
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from ingest import pipeline
from ingest.alarms import threshold_edge
from ingest.announcer import Announcer
from ingest.failpoints import passed
from ingest.intake import Intake, Receiver
from ingest.journal import Journal
from ingest.ledger import Ledger
from ingest.left_out import left_out, silent_after
from ingest.live import Latest
from ingest.mail import Lines, Mail
from ingest.plan import Plan, series_needed
from ingest.settler import Settler
from ingest.silence import Expected
from ingest.warm import warm_state
from ingest.watch import Watch
from ingest.writer import RETRY_S, Batch, Writer
from venueair.block import Block
from venueair.clock import Clock
from venueair.messages import AlarmEdge, AlarmSeen, LeftOut, MessageError, Status, decode
from venueair.mqtt_link import Address, MqttLink
from venueair.mqtt_wave import Incoming, Wave
from venueair.rules_in_force import rules_of
from venueair.settings import Settings
from venueair.store.store import MarkKey, Store
from venueair.topics import any_device, device_topic, parse, venue_topic

log = structlog.get_logger(__name__)

# Messages wait for each other, few of them longer; one that passes a limit, and a full mail, do not.
LOOK_S: Final = 0.015
FEW: Final = 75
QUIET_LOOK_S: Final = 0.2
FULL: Final = 1_000, 50_000  # messages, readings
MOST: Final = 10_000, 500_000  # above it the broker is not read any more


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
        self.journal = Journal(journal)
        self.link = MqttLink(address, f"ingest-{settings.gateway.venue}", manual_ack=True, durable=True)
        self.announcer = Announcer(settings, clock, self.link, self.journal)
        self.latest = Latest()
        self._silent_after = silent_after(settings)
        self._counts: Counter[str] = Counter()
        self._mail, self._lines = Mail(), Lines()
        self._is_whole, self._is_at_work = True, False
        self._reading = threading.Lock()  # the mail that is being filled
        self._looked = 0.0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        venue_of = {s.id: self._site.venue_of_zone(s.zone) for s in self._site.sensors}
        self.receiver = Receiver(store, self.journal, Ledger({}), expected, venue_of)
        self._rules = rules_of(settings, datetime.fromtimestamp(clock.now_ms() / 1000, UTC).date())
        self._keys = frozenset(entry.key for entry in self._rules)
        self._watch = Watch(settings, clock, self.journal, self.receiver, expected)
        self._settler = Settler(store, self.journal, self._site, clock, lambda: self._plan, self._tell)
        self._writer = self._new_writer()
        self._restart()
        for venue in settings.venue:
            self.link.subscribe_waves(any_device(venue.id, "data"), self._receive)
            self.link.subscribe(any_device(venue.id, "status"), self._status)
            self.link.subscribe(venue_topic(venue.id, "alarm_seen"), self._alarm_seen)
            self.link.subscribe(device_topic(venue.id, "api", "status"), self._api_status)
        self.link.on_connected(self._watch.connected)
        self.link.on_connected(self.announcer.everything)

    def start(self) -> None:
        self._thread.start()
        self._writer.start()
        self._settler.start()
        self.link.start()

    def stop(self) -> None:
        """Takes no more messages, stores what was taken (at most 3 s), and ends. Idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=4)
        self._settler.stop()
        self.link.stop()
        self.journal.close()

    def idle(self) -> bool:
        """Everything that was received is stored."""
        return not self._mail and not self._is_at_work and self._writer.idle

    @property
    def counts(self) -> Counter[str]:
        return self._counts + self._writer.counts + self._settler.counts

    @property
    def store_problem(self) -> str:
        return self._writer.problem

    def _receive(self, wave: Wave) -> None:
        with self._reading:
            mail, self._is_whole = self._mail, False
            self.receiver.read(mail, wave, self._clock.now_ms(), self._lines)
            self._is_whole = True
        size = len(mail), mail.readings
        if size[0] >= MOST[0] or size[1] >= MOST[1]:
            self.link.pause()
        is_due = size[0] >= FEW and wave.arrived - self._looked >= LOOK_S
        if mail.is_urgent or is_due or size[0] >= FULL[0] or size[1] >= FULL[1]:
            self._wake.set()
        passed("received")

    def _status(self, message: Incoming) -> None:
        try:
            status = decode(message.payload, Status)
        except MessageError as error:
            self.receiver.messages[error.reason] += 1
        else:
            self._watch.status(parse(message.topic).device or "", status)
        self.link.ack(message)

    def _alarm_seen(self, message: Incoming) -> None:
        try:
            self.journal.seen(decode(message.payload, AlarmSeen).ids)
        except MessageError as error:
            self.receiver.messages[error.reason] += 1
        self.link.ack(message)

    def _api_status(self, message: Incoming) -> None:
        self.announcer.everything()
        self.link.ack(message)

    def _tell(self, edges: list[AlarmEdge]) -> None:
        self._watch.record(edges, {})
        if edges:
            self.announcer.alarms()

    def _new_writer(self) -> Writer:
        return Writer(self._store, self._clock, self._settings.store, self._wake.set)

    def _restart(self) -> None:
        """Forgets all that is not stored."""
        ledger = Ledger(self._store.marks())
        with self._reading:
            self._mail, self._is_whole, self._is_at_work = Mail(), True, False
            self.receiver.forget(ledger)
        self.receiver.number()
        self._names: list[tuple[str, str]] = []
        self._plan = Plan.of([], self._site, self._rules)
        self._plan_again()
        self._state = warm_state(self._store, self._plan, self.journal.channels(), self._clock.now_ms())

    def _plan_again(self) -> None:
        """New series came: their zones get series too, and the columns of the stages grow."""
        if self._names and len(self._store.names()) == len(self._names):
            return
        for source, quantity in series_needed(self._store.names(), self._site, self._rules):
            self._store.series(source, quantity)
        self._names = self._store.names()
        self._plan = Plan.of(self._names, self._site, self._rules, self._plan, self._settings.correction)
        self._lines = Lines(self._plan.lines())

    def _run(self) -> None:
        deadline = float("inf")
        while True:
            if self._stopping.is_set():
                deadline = min(deadline, time.monotonic() + 3)
                if self.idle() or time.monotonic() > deadline:
                    self._writer.stop(0)
                    return
            self._wake.wait(QUIET_LOOK_S)
            self._wake.clear()
            try:
                self._process()
                self._tell_stored()
                self._tick()
                if self._writer.broken:
                    raise RuntimeError("the writer failed")  # noqa: TRY301  # handled like a failure here
            except Exception:
                self._counts["worker_restarts"] += 1
                log.exception("ingest starts anew from the store; gateways will send again")
                self._stopping.wait(1)
                self._restart_when_possible()

    def _restart_when_possible(self) -> None:
        self._writer.stop(0)
        while not self._stopping.is_set():
            try:
                self._restart()
            except Exception as error:
                self._writer.problem = str(error)
                log.exception("ingest cannot start anew yet and tries again")
                self._stopping.wait(RETRY_S[0])
            else:
                counts = self._writer.counts
                self._writer = self._new_writer()
                self._writer.counts.update(counts)
                self._writer.start()
                self.link.reconnect()  # what was forgotten is unacknowledged and comes again
                return

    def _process(self) -> None:
        if self._writer.full:
            self.link.pause()
            return
        self.link.resume()
        with self._reading:
            if not self._is_whole:
                raise RuntimeError("a message could not be read")  # its mail is not to be acknowledged
            mail = self._mail
            is_quiet = len(mail) < FEW and time.monotonic() - self._looked < QUIET_LOOK_S
            if not mail or (is_quiet and not mail.is_urgent and not self._stopping.is_set()):
                return
            self._mail, self._is_at_work = Mail(), True
        self._looked = time.monotonic()
        intake = self.receiver.take(mail)
        self._plan_again()
        result = pipeline.run(intake.block, intake.by_arrival, self._state, self._plan)
        passed("validated")
        edges = [threshold_edge(edge, self._plan) for edge in result.edges]
        self._watch.record(edges, pipeline.channels(self._state, self._plan, result.changed))
        if edges:
            self.announcer.alarms()
        self.latest.update(result.rows)
        self.latest.update(result.zone_values)
        self._watch.seen(result.rows)
        self._writer.put(self._batch(intake, result, mail.acks))
        self._is_at_work = False

    def _batch(self, intake: Intake, result: pipeline.Result, acks: list[tuple[int, list[int]]]) -> Batch:
        rows = Block.concat([result.rows, result.zone_values])
        ledger = self.receiver.ledger
        marks = ledger.standing(intake.streams)
        announce: dict[str, dict[MarkKey, int]] = {
            topic: {ledger.keys[stream]: ledger.marks(stream).upto for stream in streams}
            for topic, streams in intake.announce.items()
        }
        return Batch(rows, marks, pipeline.owed(result.late, self._names, self._plan), announce, acks)

    def _tell_stored(self) -> None:
        for batch in self._writer.done():
            passed("before_ack")
            for generation, acks in groupby(batch.acks, key=itemgetter(0)):
                self.link.ack_wave(list(chain.from_iterable(mids for _, mids in acks)), generation)
            for topic, marks in batch.announce.items():
                self.announcer.committed(topic, marks)
            passed("after_ack")

    def uncorrected(self) -> Counter[str]:
        """Readings by device that stayed raw: nothing fresh beside them to correct them by."""
        found: Counter[str] = Counter()
        counts = self._state.corrections.uncorrected  # replaced when it grows, never shrinking
        for series in np.flatnonzero(counts).tolist():
            found[self._names[series][0]] += int(counts[series])
        return found

    def _left_out(self) -> dict[str, list[LeftOut]]:
        return left_out(self._state.zones, self._plan.members, self._names, self._silent_after)

    def _tick(self) -> None:
        self.announcer.tick(self.latest, self._names, self._left_out)
        if self._watch.look(self._names, self._keys, connected=self.link.connected):
            self.announcer.alarms()
