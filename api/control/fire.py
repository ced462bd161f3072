"""Contacts of the fire panel: closed is no fire; open, silent or unreadable is fire. Pure.

A contact is a reading like others (quantity `fire`: 1 closed, 0 open), wired so that a cut wire opens it. The
fire stop itself is a wire from the panel to the units: venueair is no part of the fire alarm.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from venueair.block import Flag
from venueair.messages import Live
from venueair.rules import FireInput

AHEAD_S: Final = 60.0  # a reading further in the future has a wrong clock
CLOSED: Final = 1.0
_QUANTITY: Final = "fire"


class Contact(Enum):
    """`waited_for`: not read yet since our start. Nothing is started then, and nothing stopped."""

    CLOSED = "closed"
    WAITED_FOR = "waited_for"
    FIRE = "fire"


@dataclass(slots=True)
class _Heard:
    """The newest reading; `at_s` is when it was taken, on the monotonic scale."""

    t_ms: int
    at_s: float
    is_closed: bool


class FireContacts:
    """What each contact says. Not thread-safe. `patience_s`: how old its last reading may be."""

    def __init__(self, inputs: tuple[FireInput, ...], patience_s: float, now_s: float) -> None:
        self._inputs = {each.sensor: each for each in inputs}
        self._patience_s = patience_s
        self._since_s = now_s
        self._heard: dict[str, _Heard] = {}

    def on_live(self, live: Live, now_s: float, now_ms: int) -> None:
        """What is not good says nothing of the contact: it does not make the last reading younger."""
        for series, t_ms, value, flag in zip(live.series, live.t, live.value, live.flag, strict=False):
            sensor, _, quantity = series.partition(" ")
            if quantity != _QUANTITY or sensor not in self._inputs or value is None:
                continue
            age_s = (now_ms - t_ms) / 1000
            before = self._heard.get(sensor)
            is_newer = before is None or t_ms > before.t_ms or now_s - before.at_s > self._patience_s
            is_usable = flag == Flag.GOOD and -AHEAD_S <= age_s <= self._patience_s
            if is_newer and is_usable:
                self._heard[sensor] = _Heard(t_ms, now_s - max(0.0, age_s), value == CLOSED)

    def contact(self, sensor: str, now_s: float) -> tuple[Contact, str]:
        """(what it says now, why in words)."""
        heard = self._heard.get(sensor)
        if heard is None:
            waited_s = now_s - self._since_s
            if waited_s <= self._patience_s:
                return Contact.WAITED_FOR, f"the fire contact {sensor} was not read yet: nothing is started"
            return Contact.FIRE, f"the fire contact {sensor} has not been read for {waited_s:.0f} s"
        if not heard.is_closed:
            return Contact.FIRE, f"the fire contact {sensor} is open"
        silent_s = now_s - heard.at_s
        if silent_s > self._patience_s:
            return Contact.FIRE, f"the fire contact {sensor} has been silent for {silent_s:.0f} s"
        return Contact.CLOSED, f"the fire contact {sensor} is closed"

    def not_closed(self, hall: str, now_s: float) -> tuple[Contact, str, str] | None:
        """Of a hall's contacts the worst that is not closed, (what, why, sensor); None: there is none."""
        found = [
            (*self.contact(sensor, now_s), sensor)
            for sensor, each in self._inputs.items()
            if hall in each.halls
        ]
        bad = [row for row in found if row[0] is not Contact.CLOSED]
        return min(bad, key=lambda row: row[0] is not Contact.FIRE, default=None)

    @property
    def halls(self) -> tuple[str, ...]:
        """Halls with a contact, each once."""
        return tuple(dict.fromkeys(hall for each in self._inputs.values() for hall in each.halls))
