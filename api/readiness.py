"""Whether the API can do its work now, part by part and in words."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from venueair.mqtt_link import Handler
from venueair.store.store import Store, StoreError

# Real seconds. Ingest speaks once a second, also when nothing changed.
INGEST_SILENCE_S: Final = 4.0
NEWS_SILENCE_S: Final = 5.0  # or three intervals of the fastest device, if that is more


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


def silence(spoke_s: float | None, news_s: float | None, fastest_s: float | None) -> str:
    """What is wrong with the flow of live values; empty when nothing is. All in real seconds."""
    if spoke_s is None or news_s is None:
        return "ingest did not tell a value yet; is it running, and does a sensor send?"
    if spoke_s > INGEST_SILENCE_S:
        return f"ingest has been silent for {spoke_s:.0f} s; is it running?"
    if fastest_s is not None and news_s > max(NEWS_SILENCE_S, 3 * fastest_s):
        return f"no new value for {news_s:.0f} s; look at /api/v1/devices for the state of the sensors"
    return ""


def parts(
    store: Store, link: LinkPort, silence_s: tuple[float | None, float | None], fastest_s: float | None
) -> dict[str, dict[str, Any]]:
    """part -> ok, detail. Asks the store, so it may take a moment."""
    try:
        health = store.health()
        stored: dict[str, Any] = {"ok": health.ok, "detail": health.detail, "facts": dict(health.facts)}
    except StoreError as error:
        stored = {"ok": False, "detail": str(error), "facts": {}}
    connected = link.connected
    mqtt = "" if connected else link.last_error or "the broker is silent"
    live = silence(*silence_s, fastest_s) if connected else "there is no connection to the broker"
    return {
        "store": stored,
        "mqtt": {"ok": connected, "detail": mqtt},
        "live": {"ok": not live, "detail": live},
    }
