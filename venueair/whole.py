"""All parts in one process on one venueair.toml: broker, ingest, store, api, control, gateway.

Data pass by MQTT here too. The parts come up from the store outwards and go down from the sensors inwards, so
that what was accepted is stored or in the spool.
"""

import secrets
from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Engine, func, select

from api.app import create_app
from api.captions import Captions
from api.control.loop import Control
from api.metrics import counter
from api.ops_db import alarm_edges, commands, open_ops_db
from api.page import Banner
from api.server import ApiServer, ServerError
from api.service import ApiService
from api.stream import Hub
from gateway.runner import Gateway
from gateway.sensors import MODELS
from gateway.spool_file import SpoolError, newest_time
from ingest.silence import Expected
from ingest.worker import Worker
from venueair.clock import Clock, SystemClock
from venueair.embedded_broker import HOST, BrokerError, EmbeddedBroker
from venueair.mqtt_link import Address, MqttLink
from venueair.settings import Settings
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import Store, StoreError

NODE_INTERVAL_S = 10.0
DRAIN_S = 3.0


class StartError(RuntimeError):
    """It cannot start; the message says what to change."""


def address_of(settings: Settings) -> Address:
    """Of an external broker."""
    mqtt = settings.mqtt
    return Address(mqtt.broker, mqtt.port, mqtt.username, mqtt.password.get_secret_value(), mqtt5=True)


def expected(settings: Settings) -> dict[str, Expected]:
    """What each device is to send: a wired one what its model measures, a node what its settings say."""
    found = {}
    for sensor in settings.sensor:
        model = MODELS[sensor.model] if sensor.port is not None else None
        quantities = model.quantities if model else sensor.quantities
        interval_s = sensor.interval_s or (model.interval_s if model else NODE_INTERVAL_S)
        found[sensor.id] = Expected(quantities, interval_s)
    return found


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
        settings.data.mkdir(parents=True, exist_ok=True)
        try:
            self.store: Store = DuckDbStore(settings.data / "air.duckdb")
            self.engine = open_ops_db(settings.data / "ops.sqlite")
            spooled = newest_time(settings.data / "spool.sqlite")
            newest = max(self.store.newest() or 0, _newest_in_ops_db(self.engine), spooled or 0)
            self.clock = clock(newest + 1)
            self._broker, self.address = _broker(settings)
            self.gateway = Gateway(settings, self.clock, self.address)
        except (StoreError, SpoolError, BrokerError) as error:
            raise StartError(str(error)) from error
        self.worker = Worker(
            settings,
            self.clock,
            self.address,
            self.store,
            expected(settings),
            settings.data / "ingest.sqlite",
        )
        self.hub = Hub()
        self.captions = Captions(self.hub) if banner else None
        self._control_link = MqttLink(self.address, f"control-{settings.gateway.venue}")
        self.control = Control(settings, self.clock, self._control_link, self.engine, self.hub.publish)
        self.service = ApiService(
            settings,
            self.clock,
            self.address,
            self.store,
            self.engine,
            self.control,
            self.hub,
            on_live=self.control.on_live,
            captions=self.captions,
        )
        app = create_app(self.service, banner=banner, metrics=[self.metrics])
        self._server = ApiServer(app, self.hub.close)
        self._settings = settings
        self.url = ""

    def start_services(self) -> None:
        api = self._settings.api
        try:
            port = self._server.start(api.host, api.port)
        except ServerError as error:
            self.close()
            raise StartError(str(error)) from error
        self.url = f"http://{api.host}:{port}"
        self.worker.start()
        self._control_link.start()
        self.control.start()
        self.service.start()

    def start_gateway(self) -> None:
        self.gateway.start()

    def drain(self) -> None:
        """Stops the sensors; what is spooled gets DRAIN_S to be committed."""
        self.gateway.stop_sensors()
        self.gateway.drain(DRAIN_S)

    def stop_services(self) -> None:
        self.control.stop()
        self._server.stop()
        self.worker.stop()
        self.service.stop()
        self._control_link.stop()
        self.gateway.stop()

    def close(self) -> None:
        if self._broker is not None:
            self._broker.stop()
        self.store.close()
        self.engine.dispose()

    def failures(self) -> Iterator[tuple[str, int]]:
        """Counters that stay at 0 unless a part is broken."""
        for link in (self.worker.link, self._control_link, self.service.link):
            yield "handlers that failed", link.counts["handler_errors"]
        yield "ingest started anew", self.worker.counts["worker_restarts"]
        yield "store writes that failed", self.worker.counts["store_failures"]
        yield "control rounds that failed", self.control.counts["tick_failed"]

    def metrics(self) -> Iterator[Metric]:
        receiver = self.worker.receiver
        for name, text, value in (
            ("venueair_gateway_spooled_readings", "Readings not committed yet", self.gateway.spooled),
            ("venueair_gateway_accepted_readings", "Readings accepted, ever", self.gateway.accepted),
            ("venueair_gateway_dropped_readings", "Readings the full spool gave up", self.gateway.dropped),
            ("venueair_ingest_duplicate_readings", "Readings that were stored already", receiver.duplicates),
            ("venueair_ingest_late_readings", "Readings too late for alarms", receiver.late),
        ):
            yield GaugeMetricFamily(name, text, value)
        troubles = {f"{device} {reason}": count for (device, reason), count in self.gateway.counts.items()}
        yield counter("venueair_gateway_troubles", "Bytes, ports and replies not as they should be", troubles)
        yield counter(
            "venueair_ingest_rejected_readings",
            "Readings refused",
            receiver.rejected_of(self._settings.site.sensor),
        )
        yield counter("venueair_ingest_rejected_messages", "Messages refused", dict(receiver.messages))
        yield counter("venueair_ingest", "What ingest did", dict(self.worker.counts), "what")
        yield counter(
            "venueair_control", "Messages to control not as they should be", dict(self.control.counts)
        )


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
