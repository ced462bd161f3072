"""ApiService: what the routes ask; the shell between MQTT, the alarm book, control and the stream."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Engine

from api.alarm import Alarm
from api.alarm_book import AlarmBook
from api.captions import Captions
from api.control_port import ControlPort
from api.device_states import DeviceStates, intervals
from api.live import LiveValues, stale_bound_s
from api.metrics import counter
from api.rows import alarm_row, expected, value_row
from api.stream import Hub
from venueair.clock import Clock
from venueair.messages import (
    AlarmEdge,
    AlarmSeen,
    Live,
    M,
    MessageError,
    OpenAlarms,
    Status,
    decode,
    encode,
)
from venueair.mqtt_link import Address, Handler, Incoming, MqttLink
from venueair.settings import Settings
from venueair.store.store import Store, StoreError
from venueair.topics import any_device, device_topic, parse, venue_topic

log = structlog.get_logger(__name__)

DEVICE: Final = "api"  # our own id on the broker
LIVE_SILENCE_S: Final = 5.0  # real seconds; ingest speaks once a second


class LinkPort(Protocol):
    """What is used of MqttLink."""

    counts: Counter[str]
    last_error: str

    @property
    def connected(self) -> bool: ...
    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None: ...
    def on_connected(self, callback: Callable[[], None]) -> None: ...
    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class ApiService:
    """One per process. `on_live` is given every live message that is not retained: control acts on those."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        address: Address,
        store: Store,
        engine: Engine,
        control: ControlPort,
        hub: Hub,
        *,
        on_live: Callable[[Live], None] = lambda _live: None,
        link: LinkPort | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.store = store
        self.engine = engine
        self.control = control
        self.hub = hub
        self.values = LiveValues()
        self.devices = DeviceStates()
        self.alarms = AlarmBook(engine)
        self.captions = Captions({z.id: z.name.model_dump() for z in settings.zone})
        self.counts: Counter[str] = Counter()
        self._on_live = on_live
        self._last_live: float | None = None
        self._started = threading.Event()
        self._stopped = threading.Event()
        venues = [venue.id for venue in settings.venue]
        will = (
            device_topic(venues[0], DEVICE, "status"),
            encode(Status(state="offline", detail="api ended")),
        )
        self.link: LinkPort = link or MqttLink(address, f"api-{venues[0]}", will=will)
        for venue in venues:
            self.link.subscribe(venue_topic(venue, "live"), self._live, qos=0)
            self.link.subscribe(venue_topic(venue, "alarm"), self._alarm)
            self.link.subscribe(venue_topic(venue, "open"), self._open)
            self.link.subscribe(any_device(venue, "status"), self._status)
        self.link.on_connected(lambda: self._announce(Status(state="online")))
        hub.subscribe_local(self._caption)

    def start(self) -> None:
        """Idempotent."""
        if not self._started.is_set():
            self._started.set()
            self.link.start()

    def stop(self) -> None:
        """Idempotent; ends the streams and says goodbye to the broker."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.hub.close()
        if self._started.is_set():
            self._announce(Status(state="offline", detail="api stopped"))
            self.link.stop()

    def now(self) -> int:
        return self.clock.now_ms()

    def value_rows(self) -> list[dict[str, Any]]:
        """Latest of every source and quantity, also of those that should be there and are not."""
        now, latest = self.now(), self.values.latest()
        interval = intervals(self.settings, self.devices.all())
        return [
            value_row(self.settings, series, latest.get(series), now, self._bound(series, interval))
            for series in sorted(latest.keys() | expected(self.settings))
        ]

    def alarm_row(self, alarm: Alarm) -> dict[str, Any]:
        return alarm_row(self.settings, alarm, self.alarms.is_confirmed(alarm))

    def live_age_s(self) -> float | None:
        """Real seconds since ingest last spoke."""
        return None if self._last_live is None else time.monotonic() - self._last_live

    def parts(self) -> dict[str, dict[str, Any]]:
        """State of what this service needs: part -> ok, detail. Asks the store, so it may take a moment."""
        try:
            health = self.store.health()
            store: dict[str, Any] = {"ok": health.ok, "detail": health.detail, "facts": dict(health.facts)}
        except StoreError as error:
            store = {"ok": False, "detail": str(error), "facts": {}}
        connected, age = self.link.connected, self.live_age_s()
        is_live = connected and age is not None and age <= LIVE_SILENCE_S
        ago = "never" if age is None else f"{age:.0f} s ago"
        return {
            "store": store,
            "mqtt": {"ok": connected, "detail": "" if connected else self.link.last_error or "not connected"},
            "live": {"ok": is_live, "detail": "" if is_live else f"ingest last spoke: {ago}; is it running?"},
        }

    def metrics(self) -> Iterable[Metric]:
        age = self.live_age_s()
        for name, text, value in (
            ("venueair_api_mqtt_connected", "1 when the broker answers", float(self.link.connected)),
            (
                "venueair_api_live_age_seconds",
                "Real seconds since ingest spoke",
                float("nan") if age is None else age,
            ),
            ("venueair_api_streams", "Open event streams", float(self.hub.clients)),
            ("venueair_api_alarms_open", "Alarms that stand open", float(self.alarms.count_open())),
        ):
            yield GaugeMetricFamily(name, text, value)
        yield counter("venueair_api_messages", "Messages by what became of them", dict(self.counts))
        yield counter("venueair_api_stream_events", "Stream events", {"dropped": self.hub.dropped}, "outcome")
        yield counter("venueair_api_mqtt", "What happened on the MQTT link", dict(self.link.counts), "what")

    def _bound(self, series: str, interval: dict[str, float | None]) -> float:
        return stale_bound_s(interval.get(series.partition(" ")[0]), self.clock.speed)

    def _announce(self, status: Status) -> None:
        for venue in self.settings.venue:
            self.link.publish(device_topic(venue.id, DEVICE, "status"), encode(status), retain=True)

    def _read(self, message: Incoming, kind: type[M]) -> M | None:
        """None for what cannot be read: counted by reason, and it stops nothing."""
        try:
            read = decode(message.payload, kind)
        except MessageError as error:
            self.counts[f"{kind.__name__.lower()}_{error.reason}"] += 1
            log.warning("message refused", topic=message.topic, reason=error.reason, problem=str(error))
            return None
        self.counts[f"{kind.__name__.lower()}_read"] += 1
        return read

    def _live(self, message: Incoming) -> None:
        live = self._read(message, Live)
        if live is None:
            return
        now = self.now()
        try:
            taken = self.values.update(live, now, retained=message.retained)
        except ValueError as error:
            self.counts["live_ragged"] += 1
            log.warning("message refused", topic=message.topic, problem=str(error))
            return
        if message.retained:
            self.counts["live_retained"] += 1
            return
        self._last_live = time.monotonic()
        self._on_live(live)
        self.hub.publish("values", self._columns(live, taken, now))

    def _columns(self, live: Live, taken: list[int], now: int) -> dict[str, Any]:
        return {
            "now": now,
            "speed": self.clock.speed,
            "series": [live.series[i] for i in taken],
            "t": [live.t[i] for i in taken],
            "value": [live.value[i] for i in taken],
            "flag": [live.flag[i] for i in taken],
            "full": live.full,
        }

    def _alarm(self, message: Incoming) -> None:
        edge = self._read(message, AlarmEdge)
        if edge is not None:
            venue = parse(message.topic).venue
            self._tell(self.alarms.enter([edge], venue))
            self._seen(venue, [edge.id])

    def _open(self, message: Incoming) -> None:
        listed = self._read(message, OpenAlarms)
        if listed is not None:
            venue = parse(message.topic).venue
            self._tell(self.alarms.reconcile(listed, venue))
            self._seen(venue, [edge.id for edge in listed.alarms])

    def _seen(self, venue: str, ids: list[str]) -> None:
        # Without a connection nothing is said, and ingest sends the edges again.
        if ids:
            self.link.publish(venue_topic(venue, "alarm_seen"), encode(AlarmSeen(ids=ids)))

    def _tell(self, changed: list[Alarm]) -> None:
        for alarm in changed:
            self.hub.publish("alarm", self.alarm_row(alarm))

    def _status(self, message: Incoming) -> None:
        device = parse(message.topic).device
        status = self._read(message, Status)
        if status is not None and device is not None:
            self.devices.update(device, status)

    def _caption(self, event: str, data: dict[str, Any]) -> None:
        if event != "caption" and (caption := self.captions.step(event, data)):
            self.hub.publish("caption", caption)
