"""The API with its page, its live stream and control: alone in a process, or one of the parts of `run`."""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Engine

from api.app import create_app
from api.audit_book import AuditBook
from api.captions import Captions
from api.control.loop import Control
from api.dead_letters import DeadLetters
from api.journal import Journal
from api.ops_db import open_ops_db
from api.page import Banner
from api.server import ApiServer, ServerError
from api.service import ApiService
from api.stream import Hub
from venueair.clock import Clock
from venueair.metrics import Source, counter
from venueair.mqtt_link import Address, MqttLink
from venueair.settings import Settings
from venueair.starting import StartError
from venueair.store.store import Store


def ops_db(settings: Settings) -> Engine:
    settings.data.mkdir(parents=True, exist_ok=True)
    return open_ops_db(settings.data / "ops.sqlite")


class ApiPart:
    """`listen`, `start`; `stop_serving`, `stop`. The stops are idempotent; store and engine stay open."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        address: Address,
        store: Store,
        engine: Engine,
        *,
        banner: Banner | None = None,
        metrics: Iterable[Source] = (),
        dead_letters: DeadLetters | None = None,
    ) -> None:
        """`dead_letters`: ingest's, where it runs in this process."""
        self.hub = Hub()
        self.captions = Captions(self.hub) if banner else None
        self.control_link = MqttLink(address, f"control-{settings.gateway.venue}")
        self.audit = AuditBook(engine)
        self.journal = Journal(settings, clock, engine, self.audit, self.hub.publish)
        self.control = Control(settings, clock, self.control_link, engine, self.journal)
        self.service = ApiService(
            settings,
            clock,
            address,
            store,
            engine,
            self.control,
            self.hub,
            on_live=self.control.on_live,
            captions=self.captions,
            dead_letters=dead_letters,
            audit=self.audit,
        )
        for alarm in self.service.alarms.opened(clock.now_ms()):
            self.control.on_alarm(alarm.rule, alarm.scope, stands=alarm.is_active)
        self.hub.subscribe_local(self._alarm)
        app = create_app(self.service, banner=banner, metrics=[*metrics, self.metrics])
        self._server = ApiServer(app, self.hub.close)
        self._settings = settings

    def _alarm(self, event: str, row: dict[str, Any]) -> None:
        if event == "alarm":
            self.control.on_alarm(row["rule"], row["scope"], stands=row["cleared"] is None)

    def listen(self) -> str:
        """Serves from now on, and returns its address. Raises StartError."""
        api = self._settings.api
        try:
            port = self._server.start(api.host, api.port)
        except ServerError as error:
            raise StartError(str(error)) from error
        return f"http://{api.host}:{port}"

    def start(self) -> None:
        self.control_link.start()
        self.control.start()
        self.service.start()

    def stop_serving(self) -> None:
        self.control.stop()
        self._server.stop()

    def stop(self) -> None:
        self.service.stop()
        self.control_link.stop()

    def metrics(self) -> Iterator[Metric]:
        yield counter(
            "venueair_control", "Messages to control not as they should be", dict(self.control.counts)
        )
        yield GaugeMetricFamily(
            "venueair_control_zones_degraded",
            "Zones that control has had no usable value of for too long",
            sum(row["degraded"] for row in self.control.zones()),
        )
        yield GaugeMetricFamily(
            "venueair_control_halls_stopped",
            "Halls that are stopped until a person releases them",
            len(self.control.hall_stops()),
        )
        yield counter("venueair_audit", "Rows of the audit log, written or not", dict(self.audit.counts))
        yield counter("venueair_journal", "What control did, written down or lost", dict(self.journal.counts))
