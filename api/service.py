"""ApiService: what the routes ask; the shell between MQTT, the alarm book, control and the stream."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from sqlalchemy import Engine

from api.alarm import Alarm
from api.alarm_book import AlarmBook
from api.alarm_load import LoadNews, alarm_load
from api.audit_book import AuditBook
from api.captions import Captions
from api.control_port import ControlPort
from api.dead_letters import DeadLetters
from api.decision_book import DecisionBook
from api.device_states import DeviceStates, intervals
from api.left_out import at_odds_rows, left_out_rows
from api.live import LiveValues, stale_bound_s
from api.readiness import LinkPort, parts
from api.rows import alarm_row, expected, value_row
from api.rulebook import Rulebook
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
from venueair.mqtt_link import Address, Incoming, MqttLink
from venueair.quantities import QUANTITIES
from venueair.settings import Settings
from venueair.store.store import Store
from venueair.topics import any_device, device_topic, parse, venue_topic

log = structlog.get_logger(__name__)

DEVICE: Final = "api"  # our own id on the broker


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
        captions: Captions | None = None,
        dead_letters: DeadLetters | None = None,
        link: LinkPort | None = None,
        audit: AuditBook | None = None,
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
        self.audit = audit or AuditBook(engine)
        self.decisions = DecisionBook(engine)
        self.rules = Rulebook(settings, datetime.fromtimestamp(clock.now_ms() / 1000, UTC).date())
        self.captions = captions
        self.dead_letters = dead_letters
        self._load_news = LoadNews(hub, self.alarm_load)
        self.counts: Counter[str] = Counter()
        self._on_live = on_live
        self._last_live: float | None = None
        self._last_news: float | None = None
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
            value_row(
                self.settings, self.rules, series, latest.get(series), now, self._bound(series, interval)
            )
            for series in sorted(latest.keys() | expected(self.settings))
        ]

    def alarm_row(self, alarm: Alarm) -> dict[str, Any]:
        confirmed = self.alarms.is_confirmed(alarm)
        return alarm_row(self.settings, self.rules, alarm, confirmed, self.now())

    def alarm_load(self) -> dict[str, Any]:
        """How much the alarms ask of people now."""
        return alarm_load(self.alarms, self.now())

    def silence_s(self) -> tuple[float | None, float | None]:
        """Real seconds since ingest last spoke, and since it last told something new; None is never."""
        now = time.monotonic()
        spoke, news = self._last_live, self._last_news
        return None if spoke is None else now - spoke, None if news is None else now - news

    def parts(self) -> dict[str, dict[str, Any]]:
        """State of what this service needs: part -> ok, detail."""
        known = intervals(self.settings, self.devices.all()).values()
        fastest = min((s / self.clock.speed for s in known if s is not None), default=None)
        return parts(self.store, self.link, self.silence_s(), fastest)

    def _bound(self, series: str, interval: dict[str, float | None]) -> float:
        source, _, quantity = series.partition(" ")
        bound = stale_bound_s(interval.get(source), self.clock.speed)
        return max(bound, QUANTITIES[quantity].lasts_s) if quantity in QUANTITIES else bound

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
        if taken:
            self._last_news = self._last_live
        self._on_live(live)
        self.hub.publish("values", self._columns(live, taken, now))
        self._tell(self.alarms.released(now))  # late: control does not wait for the book
        self._load_news.look()

    def _columns(self, live: Live, taken: list[int], now: int) -> dict[str, Any]:
        left_out = {live.series[i]: live.left_out.get(live.series[i], []) for i in taken if live.left_out}
        left_out = {name: told for name, told in left_out.items() if told}
        return {
            "now": now,
            "speed": self.clock.speed,
            "series": [live.series[i] for i in taken],
            "t": [live.t[i] for i in taken],
            "value": [live.value[i] for i in taken],
            "flag": [live.flag[i] for i in taken],
            "full": live.full,
            "left_out": {name: left_out_rows(told) for name, told in left_out.items()},
            "at_odds": {name: at_odds_rows(told) for name, told in left_out.items()},
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
            if not alarm.historical:  # it is over: nobody is to be called
                self.hub.publish("alarm", self.alarm_row(alarm))

    def _status(self, message: Incoming) -> None:
        device = parse(message.topic).device
        status = self._read(message, Status)
        if status is not None and device is not None:
            self.devices.update(device, status)
