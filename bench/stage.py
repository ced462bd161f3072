"""A broker, a database and one system, all new, subscribed and warm: where a run on real servers starts."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import peers
from bench.databases import Broker, Database, InfluxDb, Rows, VictoriaMetrics
from bench.our_ingest import OurIngest
from bench.payloads import PROBE, Form, Plan
from bench.peers import Place
from bench.processes import BenchError, Process
from bench.publisher import Publisher, packets
from bench.sink import Sink

WARM: Final = 500  # messages before the clock starts: connections are made, code is compiled
DATABASES: Final[dict[str, Callable[[Path], Database | Sink]]] = {
    "VictoriaMetrics": VictoriaMetrics,
    "InfluxDB": InfluxDb,
    "nothing": lambda _folder: Sink(),
}
TELEGRAF: Final = "Telegraf 1.36.4"
NODE_RED: Final = "Node-RED 4"
SCRIPT: Final = "paho script"
OURS: Final = "venueair"


@dataclass(frozen=True, slots=True)
class Entry:
    """A system, what it reads and where it writes; `guess` readings/s sizes its first run."""

    system: str
    start: Callable[[Place], Process]
    database: str  # DuckDB is inside the system
    form: Form
    guess: int = 50_000

    @property
    def name(self) -> str:
        form = "" if self.form == "single" else f" {self.form}"
        return f"{self.system}{form} > {self.database}"

    @property
    def rows(self) -> int:
        return 1 if self.form == "single" else 50


def peer(system: str, database: str, form: Form, guess: int) -> Entry:
    starts = {TELEGRAF: peers.telegraf, NODE_RED: peers.node_red, SCRIPT: peers.script}
    return Entry(system, starts[system], database, form, guess)


def ours(database: str, form: Form, guess: int, rules: str = "zones") -> Entry:
    def start(place: Place) -> OurIngest:
        if place.database is None:
            return OurIngest(place, {"kind": "duckdb"}, rules)
        where = place.database
        store = {"kind": "influxdb", "url": where.url, "org": where.org, "bucket": where.bucket}
        more = {"token": where.token, "reads": database == "InfluxDB"}
        return OurIngest(place, {**store, **more}, rules)

    return Entry(OURS, start, database, form, guess)


@dataclass(frozen=True, slots=True)
class Stage:
    """`rows` is what can be asked for rows: the database, or the system when its store is inside."""

    folder: Path
    broker: Broker
    database: Database | Sink | None
    service: Any  # a Process, ours with more to ask
    rows: Rows
    publisher: Publisher

    @property
    def processes(self) -> list[Process]:
        """The service, the broker, and the database where it is a server of its own."""
        return [self.service, self.broker, *([self.database] if isinstance(self.database, Process) else [])]


@contextmanager
def stage(entry: Entry, qos: int) -> Iterator[Stage]:
    """Raises BenchError, or MissingError when something is not on this machine."""
    with TemporaryDirectory(prefix="venueair-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        broker = stack.enter_context(Broker(folder))
        make = DATABASES.get(entry.database)
        database: Any = stack.enter_context(make(folder)) if make else None
        service: Any = stack.enter_context(entry.start(Place(broker.port, qos, entry.rows, database, folder)))
        publisher = stack.enter_context(Publisher(broker.port, "publisher"))
        here = Stage(folder, broker, database, service, database or service, publisher)
        _warm_up(here, entry, qos)
        yield here


def _warm_up(here: Stage, entry: Entry, qos: int) -> None:
    """Until the system is subscribed and a row of it is stored, then WARM messages more."""
    plan = Plan(entry.form, 0, time.time_ns() // 1_000_000, f"{time.time_ns():016x}")
    deadline, nth = time.monotonic() + 30, 0
    while not here.rows.has(PROBE):
        alive(here.service)
        if time.monotonic() > deadline:
            raise BenchError(f"nothing of {entry.name} was stored in 30 s: {here.service.complaint()}")
        here.publisher.send(packets([plan.one(PROBE, nth)], qos).data)
        nth += 1
        time.sleep(0.1)
    here.publisher.send(packets((plan.one(PROBE, nth + k) for k in range(WARM)), qos).data)
    time.sleep(0.5)  # its batches are flushed, its threads at rest


def alive(service: Process) -> None:
    """Raises BenchError with the end of its log when it is not."""
    if not service.is_running:
        raise BenchError(f"{service.name} ended: {service.complaint()}")
