"""Thin shell between control and the purifiers' topics: state, ack, status in; set and lease out.

What cannot be read, or is of a device that is no purifier of the settings, is counted with its reason.
"""

from collections import Counter
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from api.control.command import Tracked
from venueair.messages import (
    Ack,
    Command,
    Lease,
    Message,
    MessageError,
    PurifierState,
    Status,
    decode,
    encode,
)
from venueair.mqtt_link import Handler, Incoming
from venueair.site import Site
from venueair.topics import any_device, device_topic, parse

log = structlog.get_logger(__name__)
M = TypeVar("M", bound=Message)


class LinkPort(Protocol):
    """The part of venueair.mqtt_link.MqttLink that control needs."""

    @property
    def connected(self) -> bool: ...

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None: ...

    def on_connected(self, callback: Callable[[], None]) -> None: ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool: ...


class Listener(Protocol):
    """Told of every readable message, on the link's thread; `purifier` is one of the settings."""

    def on_connected(self) -> None: ...

    def on_state(self, purifier: str, state: PurifierState, retained: bool) -> None: ...

    def on_status(self, purifier: str, is_there: bool) -> None: ...

    def on_ack(self, purifier: str, ack: Ack) -> None: ...


class PurifierLink:
    """Subscribes in its constructor; the owner of `link` starts and stops it."""

    def __init__(self, link: LinkPort, site: Site, listener: Listener) -> None:
        self._link = link
        self._listener = listener
        self._venue = {unit.id: site.venue_of_zone(unit.zone) for unit in site.purifiers}
        self.counts: Counter[str] = Counter()
        for venue in sorted(set(self._venue.values())):
            for kind, handler in (("state", self._state), ("status", self._status), ("ack", self._ack)):
                link.subscribe(any_device(venue, kind), handler, qos=1)
        link.on_connected(listener.on_connected)

    @property
    def connected(self) -> bool:
        return self._link.connected

    def send(self, command: Tracked, left_s: float, now_ms: int) -> bool:
        """QoS 1, never retained. The ttl on the wire is what is left, so that a retry extends nothing."""
        message = Command(
            id=command.id,
            session=command.session,
            ttl_s=round(left_s, 3),
            mode=command.mode,
            level=command.level,
            t=now_ms,
            release=command.release,
            reason=command.reason,
        )
        topic = device_topic(command.venue, command.purifier, "set")
        return self._link.publish(topic, encode(message), qos=1, retain=False)

    def lease(self, purifier: str, session: str, lease_s: float) -> bool:
        topic = device_topic(self._venue[purifier], purifier, "lease")
        payload = encode(Lease(session=session, lease_s=lease_s))
        return self._link.publish(topic, payload, qos=0, retain=False)

    def _state(self, incoming: Incoming) -> None:
        purifier = self._purifier(incoming)
        if purifier and (state := self._read(incoming, PurifierState)):
            self._listener.on_state(purifier, state, incoming.retained)

    def _status(self, incoming: Incoming) -> None:
        purifier = self._purifier(incoming)
        if purifier and (status := self._read(incoming, Status)):
            self._listener.on_status(purifier, status.state != "offline")

    def _ack(self, incoming: Incoming) -> None:
        if incoming.retained:
            self.counts["ack_retained"] += 1  # an ack is an event; an old one says nothing about now
            return
        purifier = self._purifier(incoming)
        if purifier and (ack := self._read(incoming, Ack)):
            self._listener.on_ack(purifier, ack)

    def _purifier(self, incoming: Incoming) -> str | None:
        """None for sensors and gateways, which share the status topic, and for what the settings lack."""
        topic = parse(incoming.topic)
        if topic.device is not None and self._venue.get(topic.device) == topic.venue:
            return topic.device
        if topic.kind != "status":
            self.counts["unknown_purifier"] += 1
        return None

    def _read(self, incoming: Incoming, kind: type[M]) -> M | None:
        try:
            return decode(incoming.payload, kind)
        except MessageError as error:
            self.counts[error.reason] += 1
            log.warning("unreadable message of a purifier", topic=incoming.topic, problem=str(error)[:200])
            return None
