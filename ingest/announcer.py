"""What ingest tells the others: `committed` to gateways, alarms, open alarms and live values to the api."""

import threading
import time
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

import structlog

from ingest.journal import Journal
from ingest.live import Latest, in_parts
from venueair.clock import Clock
from venueair.messages import Committed, LeftOut, Live, Message, MessageError, encode, open_parts
from venueair.mqtt_link import MqttLink
from venueair.settings import Settings
from venueair.store.store import MarkKey
from venueair.topics import venue_topic

log = structlog.get_logger(__name__)

COMMITTED_S: Final = 0.25
RESEND_S: Final = 5.0
OPEN_S: Final = 0.5  # between two lists of all open alarms, which can be long
FULL_S: Final = 10.0
BEAT_S: Final = 1.0
MARKS_PER_MESSAGE: Final = 350  # of the longest ids they fill 64 KiB


_HEARTBEAT: Final = Live(series=[], t=[], value=[], flag=[])


class Announcer:
    """Rates are per real second, live values per hall second but at most ten messages a real second."""

    def __init__(self, settings: Settings, clock: Clock, link: MqttLink, journal: Journal) -> None:
        site = settings.site
        self._sources: dict[str, set[str]] = {venue.id: set() for venue in settings.venue}
        for zone in site.zones:
            mine = self._sources[site.venue_of_zone(zone.id)]
            mine |= {zone.id, *(sensor.id for sensor in site.sensors_in(zone.id))}
        self._clock = clock
        self._link = link
        self._journal = journal
        self._live_s = max(0.1, 1.0 / clock.speed)
        self._marks: dict[str, dict[MarkKey, int]] = {}
        self._has_news = self._open_is_old = False
        self._told: set[str] = set()  # edges that were sent and are not confirmed yet
        self._next_open = 0.0
        self._next_committed = self._next_live = self._next_beat = self._next_full = self._next_resend = 0.0
        self._all_at_once = threading.Event()

    def committed(self, topic: str, marks: dict[MarkKey, int]) -> None:
        """To be announced with the next message on a gateway's `topic`; a mark of -1 says nothing."""
        for key, upto in marks.items():
            if upto >= 0:
                self._marks.setdefault(topic, {})[key] = upto

    def everything(self) -> None:
        """The api or the broker is new: say it all again."""
        self._all_at_once.set()

    def alarms(self) -> None:
        """New edges are in the journal."""
        self._has_news = True

    def tick(
        self,
        latest: Latest,
        names: list[tuple[str, str]],
        left_out: Callable[[], Mapping[str, list[LeftOut]]],
    ) -> None:
        """`left_out` by series of zones: which sensors their values leave out now."""
        now = time.monotonic()
        if self._all_at_once.is_set():
            self._all_at_once.clear()
            self._next_full = self._next_resend = self._next_open = 0.0
        if now >= self._next_committed and self._marks and self._link.connected:
            self._next_committed = now + COMMITTED_S
            self._tell_committed()
        if now >= self._next_live and self._link.connected:
            self._next_live = now + self._live_s
            full = now >= self._next_full
            if full:
                self._next_full = now + FULL_S
            self._tell_live(latest, names, left_out(), now, full=full)
        if now >= self._next_resend and self._link.connected:
            self._next_resend = now + RESEND_S
            self._told.clear()
            self._has_news = True
        if self._has_news and self._link.connected:
            self._has_news, self._open_is_old = False, True
            self._tell_edges()
        if self._open_is_old and now >= self._next_open and self._link.connected:
            self._next_open, self._open_is_old = now + OPEN_S, False
            self._tell_open()

    def _tell_committed(self) -> None:
        for topic, marks in list(self._marks.items()):
            part = dict(islice(marks.items(), MARKS_PER_MESSAGE))
            upto: dict[str, dict[str, int]] = {}
            for (device, boot), n in part.items():
                upto.setdefault(device, {})[boot] = n
            if self._link.publish(topic, encode(Committed(upto=upto)), retain=True):
                self._marks[topic] = {key: n for key, n in marks.items() if key not in part}
            if not self._marks[topic]:
                del self._marks[topic]

    def _tell_live(
        self,
        latest: Latest,
        names: list[tuple[str, str]],
        left_out: Mapping[str, list[LeftOut]],
        now: float,
        *,
        full: bool,
    ) -> None:
        for venue, sources in self._sources.items():
            live = latest.tell(names, sources, left_out, full=full) or _HEARTBEAT
            if live is _HEARTBEAT and now < self._next_beat:
                continue
            self._next_beat = now + BEAT_S
            for part in in_parts(live):
                self._send(venue, "live", part, qos=0)

    def _tell_edges(self) -> None:
        unseen = self._journal.unseen()
        for venue, edge in unseen:
            if edge.id not in self._told:
                self._send(venue, "alarm", edge)
        self._told = {edge.id for _, edge in unseen}

    def _tell_open(self) -> None:
        stands = self._journal.open_alarms()
        for venue in self._sources:
            for part in open_parts([e for v, e in stands if v == venue], self._clock.now_ms()):
                self._send(venue, "open", part, retain=True)

    def _send(self, venue: str, kind: str, message: Message, *, qos: int = 1, retain: bool = False) -> None:
        try:
            payload = encode(message)
        except MessageError as error:  # readings must be taken all the same
            log.warning("too much to announce", venue=venue, kind=kind, problem=str(error))
            return
        self._link.publish(venue_topic(venue, kind), payload, qos=qos, retain=retain)
