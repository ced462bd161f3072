"""All parts in one process on one venueair.toml: broker, ingest, store, api, control, gateway.

Data pass by MQTT here too. The parts come up from the store outwards and go down from the sensors inwards, so
that what was accepted is stored or in the spool.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Engine, func, select

from api.dead_letters import DeadLetter, DeadLetters
from api.page import Banner
from api.tables.alarms import alarm_edges
from api.tables.control import commands
from gateway.runner import Gateway
from gateway.spool_file import SpoolError, newest_time
from ingest.journal import Journal
from venueair import stopping
from venueair.api_part import ApiPart, ops_db
from venueair.clock import Clock, SystemClock
from venueair.embedded_broker import HOST, BrokerError, EmbeddedBroker
from venueair.ingest_part import ingest_metrics, new_worker
from venueair.metrics import counter
from venueair.mqtt_link import Address
from venueair.settings import Settings
from venueair.starting import DRAIN_S, StartError, address_of, open_store
from venueair.store.store import StoreError


class Whole:
    """`start_services`, then `start_gateway`; `drain`, `stop_services`, `close`. The stops are idempotent.

    `clock` is made from the newest time in the data folder, before which it must not start.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[int], Clock] = lambda _newest: SystemClock(),
        *,
        banner: Banner | None = None,
    ) -> None:
        self.store = open_store(settings, writes=True, stopping=stopping.requested)
        try:
            self.engine = ops_db(settings)
            spooled = newest_time(settings.data / "spool.sqlite")
            newest = max(self.store.newest() or 0, _newest_in_ops_db(self.engine), spooled or 0)
            self.clock = clock(newest + 1)
            self._broker, self.address = _broker(settings)
            self.gateway = Gateway(settings, self.clock, self.address)
            self.worker = new_worker(settings, self.clock, self.address, self.store)
        except (StoreError, SpoolError, BrokerError) as error:
            raise StartError(str(error)) from error
        self._api = ApiPart(
            settings,
            self.clock,
            self.address,
            self.store,
            self.engine,
            banner=banner,
            metrics=[self.metrics, partial(ingest_metrics, self.worker, settings)],
            dead_letters=dead_letters_of(self.worker.journal),
        )
        self.hub, self.captions = self._api.hub, self._api.captions
        self.url = ""

    def start_services(self) -> None:
        try:
            self.url = self._api.listen()
        except StartError:
            self.close()
            raise
        self.worker.start()
        self._api.start()

    def start_gateway(self) -> None:
        self.gateway.start()

    def drain(self) -> None:
        """Stops the sensors; what is spooled gets DRAIN_S to be committed."""
        self.gateway.stop_sensors()
        self.gateway.drain(DRAIN_S)

    def stop_services(self) -> None:
        self._api.stop_serving()
        self.worker.stop()
        self._api.stop()
        self.gateway.stop()

    def close(self) -> None:
        if self._broker is not None:
            self._broker.stop()
        self.store.close()
        self.engine.dispose()

    def failures(self) -> Iterator[tuple[str, int]]:
        """Counters that stay at 0 unless a part is broken."""
        for link in (self.worker.link, self._api.control_link, self._api.service.link):
            yield "handlers that failed", link.counts["handler_errors"]
        yield "ingest started anew", self.worker.counts["worker_restarts"]
        yield "store writes that failed", self.worker.counts["store_failures"]
        yield "control rounds that failed", self._api.control.counts["tick_failed"]

    def metrics(self) -> Iterator[Metric]:
        for name, text, value in (
            ("venueair_gateway_spooled_readings", "Readings not committed yet", self.gateway.spooled),
            ("venueair_gateway_accepted_readings", "Readings accepted, ever", self.gateway.accepted),
            ("venueair_gateway_dropped_readings", "Readings the full spool gave up", self.gateway.dropped),
        ):
            yield GaugeMetricFamily(name, text, value)
        troubles = {f"{device} {reason}": count for (device, reason), count in self.gateway.counts.items()}
        yield counter("venueair_gateway_troubles", "Bytes, ports and replies not as they should be", troubles)


def dead_letters_of(journal: Journal) -> DeadLetters:
    """What the api asks for them; raises StoreError where the file of ingest cannot be read."""

    def newest(after: int | None, limit: int) -> list[DeadLetter]:
        try:
            return [DeadLetter(*row) for row in journal.newest_dead_letters(after, limit)]
        except sqlite3.Error as error:
            raise StoreError(f"ingest.sqlite cannot be read: {error}") from error

    return newest


def _broker(settings: Settings) -> tuple[EmbeddedBroker | None, Address]:
    """A running embedded broker, or the address of the one that the settings name."""
    mqtt = settings.mqtt
    if mqtt.broker != "embedded":
        return None, address_of(settings)
    password = mqtt.password.get_secret_value() or secrets.token_urlsafe(16)
    broker = EmbeddedBroker(mqtt.port, mqtt.username, password)
    broker.start()
    return broker, Address(HOST, broker.port, mqtt.username, password, mqtt5=False)


def _newest_in_ops_db(engine: Engine) -> int:
    with engine.connect() as connection:
        times = [connection.scalar(select(func.max(c))) for c in (commands.c.created, alarm_edges.c.t)]
    return max(time or 0 for time in times)
