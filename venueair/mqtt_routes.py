"""Which handlers a topic has. Found once per topic: matching filters costs more than all else here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import topic_matches_sub

from venueair.mqtt_wave import Handler, Wave, WaveHandler

MAX_TOPICS: Final = 2**17  # remembered topics, about 200 bytes each


@dataclass(frozen=True, slots=True)
class Subscription:
    """Its messages go to `handler` one by one, or to `wave_handler` as they arrived."""

    topic_filter: str
    qos: int
    handler: Handler | None = None
    wave_handler: WaveHandler | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Route:
    """One object for all topics with the same subscriptions, so that routes are compared by identity."""

    handlers: tuple[Handler, ...]
    wave_handlers: tuple[WaveHandler, ...]


class Routes:
    """`call(handler, message)` calls a handler and does not raise. For one thread once messages arrive."""

    def __init__(self, call: Callable[[Callable[..., Any], object], None]) -> None:
        self._call = call
        self.subscriptions: list[Subscription] = []
        self._routes: dict[tuple[int, ...], Route] = {}
        self._by_topic: dict[bytes, Route] = {}

    def add(self, subscription: Subscription) -> None:
        """Raises ValueError for QoS 2."""
        if subscription.qos not in (0, 1):
            raise ValueError(
                f"{subscription.topic_filter}: a link asks for QoS 0 or 1, not {subscription.qos}"
            )
        self.subscriptions.append(subscription)
        self._by_topic.clear()

    def deliver(self, wave: Wave) -> list[int]:
        """First each wave handler gets its messages as one wave, then each handler its messages one by one,
        all in the order of the wire. Returns the packet ids of the messages that nobody takes.
        """
        try:
            routes = list(map(self._by_topic.__getitem__, wave.topics))
        except KeyError:
            routes = [self._by_topic.get(topic) or self._find(topic) for topic in wave.topics]
        distinct = set(routes)
        if len(distinct) == 1 and not routes[0].handlers:  # nearly always
            for wave_handler in routes[0].wave_handlers:
                self._call(wave_handler, wave)
            return [] if routes[0].wave_handlers else wave.mids
        self._deliver_waves(wave, routes, distinct)
        if any(route.handlers for route in distinct):
            for row, route in enumerate(routes):
                for handler in route.handlers:
                    self._call(handler, wave.message(row))
        unclaimed = {route for route in distinct if not route.handlers and not route.wave_handlers}
        return [mid for mid, route in zip(wave.mids, routes, strict=True) if route in unclaimed]

    def _deliver_waves(self, wave: Wave, routes: list[Route], distinct: set[Route]) -> None:
        for handler in dict.fromkeys(handler for route in distinct for handler in route.wave_handlers):
            theirs = {route for route in distinct if handler in route.wave_handlers}
            if theirs == distinct:
                self._call(handler, wave)
            else:
                self._call(handler, wave.pick(row for row, route in enumerate(routes) if route in theirs))

    def _find(self, topic: bytes) -> Route:
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            name = ""  # no filter can mean it: MQTT names are UTF-8 (3.1.1, section 1.5.3)
        found = tuple(
            number
            for number, subscription in enumerate(self.subscriptions)
            if name and topic_matches_sub(subscription.topic_filter, name)
        )
        if found not in self._routes:
            subscriptions = [self.subscriptions[number] for number in found]
            self._routes[found] = Route(
                tuple(s.handler for s in subscriptions if s.handler),
                tuple(s.wave_handler for s in subscriptions if s.wave_handler),
            )
        if len(self._by_topic) >= MAX_TOPICS:
            self._by_topic.clear()
        self._by_topic[topic] = self._routes[found]
        return self._routes[found]
