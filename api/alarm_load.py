"""How much the alarms ask of people now, and telling open pages when that has changed."""

from collections.abc import Callable
from typing import Any

from api.alarm_book import AlarmBook
from api.stream import Hub

EVENT = "alarm_load"


def alarm_load(book: AlarmBook, now: int) -> dict[str, Any]:
    """Counts of operating alarms; `flood_since`: more than people can look at, since then, ms UTC."""
    flood = book.flood(now)
    opened = [alarm for alarm in book.opened(now) if alarm.family == "operating"]
    return {
        "open": len(opened),
        "unacknowledged": sum(alarm.acknowledged is None for alarm in opened),
        "latched": sum(alarm.is_latched for alarm in opened),
        "chattering": sum(alarm.held_until is not None and now < alarm.held_until for alarm in opened),
        "new_10_min": flood.new,
        "is_flood": flood.since is not None,
        "flood_since": flood.since,
    }


class LoadNews:
    """Publishes the load as an `alarm_load` event. `look` is cheap while no alarm is new or changes."""

    def __init__(self, hub: Hub, load: Callable[[], dict[str, Any]]) -> None:
        self._publish = hub.publish
        self._load = load
        self._is_old = True
        self._told: dict[str, Any] = {}
        hub.subscribe_local(self._listen)

    def look(self) -> None:
        if not self._is_old:
            return
        self._is_old = False  # first: what changes meanwhile is for the next look
        load = self._load()
        if load["new_10_min"] or load["chattering"] or load["is_flood"]:
            self._is_old = True  # these end by time alone
        if load != self._told:
            self._told = load
            self._publish(EVENT, load)

    def _listen(self, event: str, _row: dict[str, Any]) -> None:
        if event == "alarm":
            self._is_old = True
