"""The whole simulated site: zones, sensors on ptys, nodes and purifiers on MQTT, driven by one thread.

Physics, frames and purifiers advance by hall time (Clock); requests on the wires are answered as they come.
"""

import contextlib
import random
import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from firmware_sim import hall, scenario
from firmware_sim.mqtt_link import Broker, MqttLink, status
from firmware_sim.nodes.canonical import CanonicalNode
from firmware_sim.purifier import Spec
from firmware_sim.purifier_link import SimulatedPurifier
from firmware_sim.sensors import SENSORS
from firmware_sim.wired_sensor import WiredSensor
from venueair.clock import Clock
from venueair.settings import Settings
from venueair.site import NODE_MODEL, Purifier, Sensor

log = structlog.get_logger(__name__)

STEP_S: Final = 1.0  # hall seconds
STEP_REAL_S: Final = 0.1
LONGEST_STEP_S: Final = 60.0
PUBACK_WAIT_S: Final = 1.0
JOIN_S: Final = 1.5


class Rehearsal:
    """Raises ScenarioError for a zone without a story, ValueError for a model that is not simulated."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        host: str,
        port: int,
        username: str,
        password: str,
        scenario: Path | None = None,
    ) -> None:
        self._clock = clock
        self._site = settings.site
        self._broker = Broker(host, port, username, password)
        self._data = settings.data / "firmware"
        self._story = _load(scenario)
        devices: tuple[Sensor | Purifier, ...] = (*settings.sensor, *settings.purifier)
        self._zone_of = {device.id: device.zone for device in devices}
        self._rooms = {
            zone: self._story.room(zone, self._site.zone[zone].volume_m3)
            for zone in sorted(set(self._zone_of.values()))
        }
        self.air = {zone: hall.empty_air(room) for zone, room in self._rooms.items()}
        self.wired = {s.id: _wired(s) for s in settings.sensor if s.port is not None}
        self.nodes = {s.id: self._node(s) for s in settings.sensor if s.port is None}
        self.purifiers = {p.id: self._purifier(p) for p in settings.purifier}
        self._captions: list[Callable[[str], None]] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._has_sensors = True
        self._stories_told = -1
        self._troubles: dict[str, str] = {}
        self._started_at = self._now = clock.monotonic()
        self._thread = threading.Thread(target=self._run, name="firmware-sim", daemon=True)

    def on_caption(self, callback: Callable[[str], None]) -> None:
        """`callback("crowd")` on the simulator's thread whenever people start to come in."""
        self._captions.append(callback)

    def start(self) -> None:
        """Powers everything; the story begins now. Raises PortTakenError or OSError for a port."""
        self._started_at = self._now = self._clock.monotonic()
        for sensor in self.wired.values():
            sensor.power_on(self._now)
        self._thread.start()

    def stop_sensors(self) -> None:
        """Unplugs the wires, and stops the nodes after at most 1 s of waiting for their PUBACKs."""
        with self._lock:
            if not self._has_sensors:
                return
            self._has_sensors = False
            for sensor in self.wired.values():
                sensor.power_off()
        deadline = time.monotonic() + PUBACK_WAIT_S
        while time.monotonic() < deadline and self._listen():
            self._stopping.wait(0.01)
        for node in self.nodes.values():
            node.stop()

    def stop(self) -> None:
        """Stops everything; idempotent."""
        self.stop_sensors()
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)
        for purifier in self.purifiers.values():
            purifier.stop()

    def turn(self) -> None:
        """Advances the hall and everything in it to the clock's time."""
        with self._lock:
            now = self._clock.monotonic()
            self._tell(now - self._started_at)
            while self._now < now:
                dt_s = min(LONGEST_STEP_S, now - self._now)
                self._advance(dt_s)
                self._now += dt_s
            for name, purifier in self.purifiers.items():
                with self._guard(name):
                    purifier.turn()
            if not self._has_sensors:
                return
            for name, sensor in self.wired.items():
                with self._guard(name):
                    sensor.turn(now, self.air[self._zone_of[name]])
            for name, node in self.nodes.items():
                with self._guard(name):
                    node.turn(now, self.air[self._zone_of[name]])

    def _listen(self) -> bool:
        """True while a node waits for a PUBACK."""
        with self._lock:
            for node in self.nodes.values():
                node.listen()
        return any(node.in_flight for node in self.nodes.values())

    def _advance(self, dt_s: float) -> None:
        middle = self._now + dt_s / 2 - self._started_at
        for zone, room in self._rooms.items():
            clean = sum(p.clean_air_m3h for name, p in self.purifiers.items() if self._zone_of[name] == zone)
            self.air[zone] = hall.step(room, self.air[zone], self._story.inputs(zone, middle, clean), dt_s)

    def _tell(self, story_s: float) -> None:
        arrival = self._story.arrival_s
        stories = -1 if arrival is None else int((story_s - arrival) // self._story.story_s)
        if stories > self._stories_told:
            self._stories_told = stories
            for callback in self._captions:
                with self._guard("caption"):
                    callback("crowd")

    @contextlib.contextmanager
    def _guard(self, name: str) -> Iterator[None]:
        """One device's trouble must not stop the hall; logged once, not at each step."""
        try:
            yield
        except Exception as error:
            if self._troubles.get(name) != str(error):
                log.exception("simulated device failed", device=name)
            self._troubles[name] = str(error)
        else:
            self._troubles.pop(name, None)

    def _run(self) -> None:
        due = self._clock.monotonic()
        step_s = min(STEP_S, STEP_REAL_S * self._clock.speed)
        while not self._stopping.is_set():
            self.turn()
            due = max(due + step_s, self._clock.monotonic() - step_s)
            self._answer_until(due)

    def _answer_until(self, due: float) -> None:
        """Answers requests on the wires until `due` (hall seconds)."""
        while not self._stopping.is_set():
            left_s = (due - self._clock.monotonic()) / self._clock.speed
            if left_s <= 0:
                return
            open_ends = {s.link.fileno(): name for name, s in self.wired.items() if s.link.is_plugged}
            if not open_ends:
                self._stopping.wait(left_s)
                return
            try:
                readable, _, _ = select.select([fd for fd in open_ends if fd >= 0], [], [], left_s)
            except OSError:  # unplugged by another thread meanwhile
                continue
            with self._lock:
                for name in (open_ends[fd] for fd in readable):
                    with self._guard(name):
                        self.wired[name].answer(self._clock.monotonic(), self.air[self._zone_of[name]])

    def _node(self, sensor: Sensor) -> CanonicalNode:
        if sensor.model != NODE_MODEL:
            raise ValueError(
                f"{sensor.id}: {sensor.model!r} is not a node that can be simulated ({NODE_MODEL} is)"
            )
        link = self._link(sensor.id, sensor.zone, ())
        return CanonicalNode(sensor, self._topic(sensor.id, sensor.zone), link, self._clock, _rng(sensor.id))

    def _purifier(self, device: Purifier) -> SimulatedPurifier:
        topic = self._topic(device.id, device.zone)
        link = self._link(device.id, device.zone, ((f"{topic}/set", 1), (f"{topic}/lease", 0)))
        spec = Spec(device.cadr_m3h, device.levels, preset_level=min(2, len(device.levels) - 1))
        return SimulatedPurifier(spec, topic, link, self._clock, self._data / f"{device.id}.json")

    def _topic(self, device: str, zone: str) -> str:
        return f"venueair/v1/{self._site.venue_of_zone(zone)}/{device}"

    def _link(self, device: str, zone: str, subscriptions: tuple[tuple[str, int], ...]) -> MqttLink:
        will = (f"{self._topic(device, zone)}/status", status("offline", detail="the connection broke off"))
        return MqttLink(self._broker, self._clock, f"sim-{device}", will=will, subscriptions=subscriptions)


def _load(path: Path | None) -> scenario.Scenario:
    return scenario.load() if path is None else scenario.load(path)


def _rng(device: str) -> random.Random:
    return random.Random(device)  # noqa: S311  # noise that is the same in every rehearsal, no secret


def _wired(sensor: Sensor) -> WiredSensor:
    if sensor.model not in SENSORS:
        raise ValueError(f"{sensor.id}: {sensor.model!r} cannot be simulated; only {', '.join(SENSORS)}")
    return WiredSensor(Path(sensor.port or ""), SENSORS[sensor.model], _rng(sensor.id))
