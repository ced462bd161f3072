"""A node that speaks the canonical MQTT of docs/messages.md: JSON, one row a message, no spool, no `via`.

A row that finds no connection is not made, so `seq` has no gap; a row whose PUBACK is lost with the
connection is not sent again. The VOC index is absent for the first 45 s (Sensirion gas index algorithm: 0).
"""

import json
import random
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from firmware_sim.hall import Air
from firmware_sim.mqtt_link import Acknowledged, Connected, Link, status
from venueair.clock import Clock
from venueair.quantities import QUANTITIES
from venueair.site import Sensor

INTERVAL_S: Final = 5.0
BLACKOUT_S: Final = 45.0
NOISE: Final[Mapping[str, float]] = {
    "pm1": 0.7, "pm2_5": 1.0, "pm10": 1.5, "co2": 5.0, "voc_index": 2.0, "temperature": 0.05, "humidity": 0.3,
}  # fmt: skip
_SENSED: Final[Mapping[str, Callable[[Air], float]]] = {
    "pm1": lambda air: air.pm1,
    "pm2_5": lambda air: air.pm2_5,
    "pm10": lambda air: air.pm10,
    "co2": lambda air: air.co2,
    "voc_index": lambda air: air.voc_index,
    "temperature": lambda air: air.temperature,
    "humidity": lambda air: air.humidity,
}


def measure(quantities: tuple[str, ...], air: Air, age_s: float, rng: random.Random) -> dict[str, float]:
    """Quantity -> value with noise, rounded to the table's decimals, inside the hard range."""
    values = {}
    for name in quantities:
        if name == "voc_index" and age_s < BLACKOUT_S:
            continue
        quantity = QUANTITIES[name]
        noisy = _SENSED[name](air) + rng.gauss(0, NOISE[name])
        low, high = quantity.hard
        values[name] = round(min(high, max(low, noisy)), quantity.decimals)
    return values


class CanonicalNode:
    """`topic` is `venueair/v1/{venue}/{device}`. Raises ValueError for a quantity that it cannot measure."""

    def __init__(self, sensor: Sensor, topic: str, link: Link, clock: Clock, rng: random.Random) -> None:
        if unknown := set(sensor.quantities) - set(_SENSED):
            raise ValueError(f"{sensor.id}: the simulated node cannot measure {', '.join(sorted(unknown))}")
        self._sensor = sensor
        self._topic = topic
        self._link = link
        self._clock = clock
        self._rng = rng
        self._interval_s = sensor.interval_s or INTERVAL_S
        self._boot = secrets.token_hex(8)
        self._started = clock.monotonic()
        self._next = self._started + self._interval_s
        self._seq = 0
        self._in_flight: dict[int, int] = {}
        self.acknowledged = 0
        """Readings (values) whose PUBACK came."""

    @property
    def in_flight(self) -> int:
        """Messages that the broker has not acknowledged."""
        return len(self._in_flight)

    def turn(self, now: float, air: Air) -> None:
        """Publishes a row when it is due at `now` (hall seconds)."""
        self.listen()
        if now < self._next:
            return
        self._next = max(self._next + self._interval_s, now)
        values = measure(self._sensor.quantities, air, now - self._started, self._rng)
        row = {
            "v": 1,
            "boot": self._boot,
            "seq": self._seq,
            "t": self._clock.now_ms(),
            "q": values,
            "status": "ok",
        }
        mid = self._link.publish(f"{self._topic}/data", json.dumps(row).encode())
        if mid is not None:
            self._seq += 1
            self._in_flight[mid] = len(values)

    def listen(self) -> None:
        """Takes in what the link has to tell: connections and acknowledgements."""
        for event in self._link.poll():
            if isinstance(event, Connected):
                self._in_flight.clear()
                self._say("online", boot=self._boot, model=self._sensor.model, interval_s=self._interval_s)
            elif isinstance(event, Acknowledged):
                self.acknowledged += self._in_flight.pop(event.mid, 0)

    def stop(self) -> None:
        """Says goodbye and disconnects; idempotent."""
        self._say("offline", detail=f"{self._sensor.id} was switched off")
        self._link.close()

    def _say(self, state: str, **more: object) -> None:
        self._link.publish(f"{self._topic}/status", status(state, **more), retain=True)
