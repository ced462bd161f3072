"""The one place where the benchmark touches venueair's insides. When ingest changes, this changes."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.payloads import DEVICES, LAST, PROBE, VENUE, Message, device
from ingest import detection, pipeline
from ingest.channels import Channels
from ingest.intake import Receiver
from ingest.journal import Journal
from ingest.ledger import Ledger
from ingest.mail import Mail
from ingest.plan import Plan, series_needed
from ingest.rollup import rollup
from ingest.silence import Expected
from venueair.block import Block, Float64, Int32, Int64
from venueair.mqtt_wave import Wave
from venueair.rules import Level, Rule
from venueair.rules_in_force import rules_of
from venueair.settings import Gateway, Settings
from venueair.site import Hall, Name, Sensor, Venue, Zone
from venueair.store import line_protocol
from venueair.store.store import Store

IN_ZONE: Final = 25  # devices; 40 zones for 1,000 of them
LIMIT: Final = 50.0  # ug/m3; the readings of the benchmark stay far below
QUANTITIES: Final = ("pm2_5", "co2", "temperature", "humidity", "voc_index")
_NAME: Final = Name(ko="벤치", en="bench")


def probes(count: int = 100) -> list[str]:
    """Devices that cross the limit, to see how fast that is told."""
    return [f"p-{number:04d}" for number in range(count)]


def devices() -> list[str]:
    return [*(device(number) for number in range(DEVICES)), *probes(), PROBE, LAST]


def settings(
    names: Sequence[str],
    rules: Iterable[Rule] = (),
    *,
    quantities: Sequence[str] = ("pm2_5",),
) -> Settings:
    """A venue whose zones have IN_ZONE devices each, neighbours by number; the built-in rules hold too."""
    zones = -(-len(names) // IN_ZONE)
    return Settings(
        gateway=Gateway(id="gw1", venue=VENUE),
        venue=(Venue(id=VENUE, name=_NAME),),
        hall=(Hall(id="hall", venue=VENUE, name=_NAME),),
        zone=tuple(Zone(id=f"z-{n:04d}", hall="hall", name=_NAME, volume_m3=1000) for n in range(zones)),
        sensor=tuple(
            Sensor(
                id=name, zone=f"z-{n // IN_ZONE:04d}", model="canonical-node", quantities=tuple(quantities)
            )
            for n, name in enumerate(names)
        ),
        rule=tuple(rules),
    )


def zone_rule() -> Rule:
    """What a venue has: each zone's 1-min mean has a limit. It stays quiet."""
    return Rule(id="pm", quantity="pm2_5", levels=(Level(limit=LIMIT, deadband=5, on_delay_s=60),))


def device_rule() -> Rule:
    """Each device's own reading, told at once."""
    level = Level(limit=LIMIT, deadband=5)
    return Rule(id="probe", quantity="pm2_5", each="device", statistic="reading", levels=(level,))


def expected(names: Iterable[str], quantities: Sequence[str] = ("pm2_5",)) -> dict[str, Expected]:
    return {name: Expected(tuple(quantities), 1.0) for name in names}


def open_store(options: dict[str, Any], settings: Settings, folder: Path) -> Store:
    """`kind` duckdb, or influxdb with url, org, bucket, token and whether it answers queries (`reads`)."""
    if options["kind"] == "duckdb":  # imported only where it is used: memory is measured
        from venueair.store.duckdb_store import DuckDbStore

        return DuckDbStore(folder / "air.duckdb")
    from venueair.store.influx_server import Server
    from venueair.store.influx_store import InfluxStore

    url, org, bucket, token = (options[key] for key in ("url", "org", "bucket", "token"))
    server = Server(url, org, bucket, token, speaks_flux=options["reads"])
    store = InfluxStore(server, settings.site, folder / "books.sqlite")
    store.connect()
    return store


class NoStore:
    """Series numbers in memory, and nothing else: what the pipeline needs when nothing is stored."""

    def __init__(self) -> None:
        self._names: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def series(self, source: str, quantity: str) -> int:
        name = (source, quantity)
        known = self._numbers.setdefault(name, len(self._names))
        if known == len(self._names):
            self._names.append(name)
        return known

    def names(self) -> list[tuple[str, str]]:
        return self._names


def wave(messages: Sequence[Message]) -> Wave:
    """Messages as the MQTT link hands them over."""
    count = len(messages)
    topics, payloads = [topic for topic, _ in messages], [payload for _, payload in messages]
    return Wave(topics, payloads, [0] * count, [False] * count, [False] * count, 1, 0.0)


class Pipeline:
    """Decode to flags, zone values, detection and rollups: all but MQTT and the store; no I/O."""

    def __init__(self, names: Sequence[str], quantities: Sequence[str] = ("pm2_5",)) -> None:
        here = settings(names, [zone_rule()], quantities=quantities)
        store: Any = NoStore()  # only its numbers of series are asked for
        rules = rules_of(here, datetime.now(UTC).date())
        for name in names:
            for quantity in quantities:
                store.series(name, quantity)
        for zone, quantity in series_needed(store.names(), here.site, rules):
            store.series(zone, quantity)
        journal = Journal(Path(":memory:"))
        venue_of = dict.fromkeys(names, VENUE)
        self._receiver = Receiver(store, journal, Ledger({}), expected(names, quantities), venue_of)
        self._plan = Plan.of(store.names(), here.site, rules)
        self._state = pipeline.State()

    def take(self, wave: Wave, arrival_ms: int) -> int:
        """One read's messages; returns how many readings came out flagged."""
        mail = Mail()
        self._receiver.read(mail, wave, arrival_ms)
        intake = self._receiver.take(mail)
        result = pipeline.run(intake.block, intake.by_arrival, self._state, self._plan)
        for width in (60, 3600):
            rollup(result.rows, width)
        return len(result.rows)


class Detection:
    """The detector alone, on `signals` signals with one limit each, which is to hold for a minute."""

    def __init__(self, signals: int) -> None:
        each, same = np.arange(signals), np.ones(signals, dtype=np.int64)
        self._channels = Channels(
            signal=each,
            ladder=each,
            level=same,
            limit=np.full(signals, LIMIT),
            clear_at=np.full(signals, LIMIT - 5),
            above=same > 0,
            on_ms=same * 60_000,
            off_ms=same * 0,
            samples=same,
            gap_ms=same * 180_000,
        )
        self._state = detection.State()

    def take(self, t: Int64, signal: Int32, value: Float64) -> int:
        """Sorted by (signal, t); returns how many edges were found."""
        return len(detection.detect(Block.of(t, signal, value), self._state, self._channels)[0])


def lines(names: Sequence[tuple[str, str]]) -> Callable[[Block], bytes]:
    """Rows of these series as line protocol, the way the store writes them."""
    place = (("venue", VENUE), ("hall", "hall"), ("zone", "z-0001"))
    heads = [line_protocol.head(line_protocol.READINGS, (*place, ("device", source))) for source, _ in names]
    fields = [quantity.encode() for _, quantity in names]

    def encode(block: Block) -> bytes:
        again = np.zeros(len(block), dtype=np.bool_)
        return line_protocol.readings(block, block.series, heads, fields, again)

    return encode
