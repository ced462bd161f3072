"""A small site and small real fakes (with failure switches) behind the real application."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth import ROLES, create_key
from api.control_port import ControlRefusedError, LastCommand, PurifierView
from api.dead_letters import DeadLetter
from api.ops_db import open_ops_db
from api.page import simulation_banner
from api.service import ApiService
from api.stream import Hub
from venueair.block import Block
from venueair.clock import ManualClock
from venueair.messages import AlarmEdge, LeftOut, Live, Status, encode
from venueair.mqtt_link import Address, Incoming
from venueair.settings import Settings
from venueair.store.store import Health, Rollup, StoreError
from venueair.topics import device_topic, venue_topic

T0 = 1_795_447_500_000


def settings() -> Settings:
    name = {"ko": "에이홀", "en": "Hall A"}
    rule = {"quantity": "pm2_5", "levels": [{"limit": 50, "deadband": 10}]}
    return Settings(
        gateway={"venue": "expo"},
        venue=[{"id": "expo", "name": {"ko": "엑스포", "en": "Expo"}}],
        hall=[
            {"id": "hall-a", "venue": "expo", "name": name, "area_m2": 240, "height_m": 5, "display": True}
        ],
        zone=[{"id": "zone-a", "hall": "hall-a", "name": name, "volume_m3": 1200, "automatic": True}],
        sensor=[
            {"id": "pm1", "zone": "zone-a", "model": "pms5003", "port": "/dev/ttyS9", "interval_s": 1},
            {"id": "node1", "zone": "zone-a", "model": "canonical-node", "quantities": ["temperature"]},
        ],
        purifier=[{"id": "pf1", "zone": "zone-a", "cadr_m3h": 5400}],
        rule=[
            rule | {"id": "pm", "zones": ["zone-a"], "action": {"ko": "환기", "en": "ventilate"}},
            rule | {"id": "hint", "zones": ["zone-a"]},
        ],
    )


class FakeLink:
    """The broker end is the test: `give` delivers, `sent` is what was published."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.last_error = "not connected yet"
        self.connected = True
        self.sent: list[tuple[str, bytes, bool]] = []
        self.handlers: dict[str, Any] = {}
        self.callbacks: list[Any] = []
        self.stops = 0

    def subscribe(self, topic_filter, handler, *, qos=1):
        self.handlers[topic_filter] = handler

    def on_connected(self, callback):
        self.callbacks.append(callback)

    def publish(self, topic, payload, *, qos=1, retain=False):
        if self.connected:
            self.sent.append((topic, payload, retain))
        return self.connected

    def start(self):
        for callback in self.callbacks:
            callback()

    def stop(self):
        self.stops += 1

    def give(self, topic, message, *, retained=False):
        payload = message if isinstance(message, bytes) else encode(message)
        parts = topic.split("/")
        key = topic if len(parts) == 4 else "/".join([*parts[:3], "+", parts[4]])
        self.handlers[key](Incoming(topic, payload, retained, 1, 1, 1))


class FakeStore:
    """Rows of two series in memory; `broken` makes every call fail."""

    def __init__(self) -> None:
        self.broken = False
        self._names = [("zone-a", "pm2_5"), ("pm1", "pm2_5")]
        self.block = Block.of([T0, T0 + 1000, T0 + 2000], [0, 0, 0], [10.0, np.nan, 12.5])

    def _check(self):
        if self.broken:
            raise StoreError("the disk is full")

    def names(self):
        self._check()
        return list(self._names)

    def range(self, series, start, end):
        self._check()
        wanted = np.isin(self.block.series, series) & (self.block.t >= start) & (self.block.t < end)
        return self.block.where(wanted)

    def rollup_range(self, width, series, start, end):
        self._check()
        one = np.array([11.25])
        return Rollup(np.array([start]), np.array(series), one, one - 1, one + 1, np.array([2]))

    def health(self):
        self._check()
        return Health(ok=True, facts={"rows": 3.0})


class FakeControl:
    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.refuses = False
        self.automatic = True
        self.stops: dict[str, dict[str, str]] = {}
        self.locks: dict[str, dict[str, Any]] = {}

    def purifiers(self):
        last = LastCommand(id="c1", state="APPLIED", reason="zone-a pm2_5 41 > 35")
        return [
            PurifierView(
                id="pf1",
                zone="zone-a",
                online=True,
                mode="run",
                level=2,
                levels=[0, 0.4, 0.7, 1],
                slot="automatic",
                why="pm2_5 41 > 35",
                last_command=last,
                cadr_m3h=5400,
            )
        ]

    def order(self, purifier, **order):
        if purifier != "pf1":
            raise KeyError(purifier)
        if self.refuses:
            raise ControlRefusedError("the unit is offline; look at its plug")
        self.orders.append(order)
        return f"c{len(self.orders)}"

    def set_automatic(self, zone, *, automatic, by, reason):
        if zone != "zone-a":
            raise KeyError(zone)
        self.automatic = automatic

    def stop_hall(self, hall, *, by, reason):
        if hall != "hall-a":
            raise KeyError(hall)
        self.stops[hall] = {"by": by, "reason": reason}

    def release_hall(self, hall, *, by, reason):
        if hall != "hall-a":
            raise KeyError(hall)
        if self.stops.pop(hall, None) is None:
            raise ControlRefusedError(f"{hall} is not stopped: nothing to release")

    def lock_device(self, device, *, by, reason, until):
        if device not in ("pm1", "pf1"):
            raise KeyError(device)
        self.locks.setdefault(device, {"by": by, "reason": reason, "until": until})

    def release_device(self, device, *, by, reason):
        if device not in ("pm1", "pf1"):
            raise KeyError(device)
        if self.locks.pop(device, None) is None:
            raise ControlRefusedError(f"{device} is not in maintenance: nothing to release")

    def in_maintenance(self, device):
        lock = self.locks.get(device)
        return None if lock is None else f"in maintenance by {lock['by']}: {lock['reason']}"

    def maintenance(self):
        return [
            {"device": device, **lock, "since": T0, "is_overdue": False}
            for device, lock in self.locks.items()
        ]

    def hall_stops(self):
        units = {"stopped": ["pf1"], "not_stopped": [], "unknown": []}
        return [{"hall": hall, **said, "since": T0, **units} for hall, said in self.stops.items()]

    def command(self, id):  # noqa: A002  # as in ControlPort
        return {"id": id, "state": "SENT"} if id == "c1" else None

    def commands(self, *, purifier, state, limit, after=None):
        return [{"id": "c1", "state": "SENT", "purifier": "pf1"}][:limit]

    def zones(self):
        return [
            {"zone": "zone-a", "automatic": self.automatic, "degraded": False, "level": 2, "why": "pm2_5"}
            | {"in_maintenance": list(self.locks)}
        ]


class FakeDeadLetters:
    """Ids count from 1; `bury` adds the newest."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def bury(self, topic: str, reason: str, payload: bytes) -> None:
        number = len(self.letters) + 1
        self.letters.append(DeadLetter(number, T0 + number, topic, reason, "says why", payload))

    def newest(self, after, limit):
        older = [letter for letter in self.letters if after is None or letter.id < after]
        return older[::-1][:limit]


class Site:
    """Everything at once; `client(role)` speaks with that role's key."""

    def __init__(self, folder: Path, *, at: Settings | None = None, **hub: Any) -> None:
        self.clock = ManualClock(T0)
        self.link, self.store, self.control = FakeLink(), FakeStore(), FakeControl()
        self.engine = open_ops_db(folder / "ops.db")
        self.hub = Hub(**hub)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.hub.subscribe_local(lambda event, data: self.events.append((event, data)))
        self.lives: list[Live] = []
        self.letters = FakeDeadLetters()
        self.service = ApiService(
            at or settings(),
            self.clock,
            Address("nowhere", 1, "", "", mqtt5=False),
            self.store,
            self.engine,
            self.control,
            self.hub,
            on_live=self.lives.append,
            dead_letters=self.letters.newest,
            link=self.link,
        )
        self.app = create_app(self.service, banner=simulation_banner(10))
        self.keys = {role: create_key(self.engine, role, role, T0) for role in ROLES}

    def client(self, role: str | None = "viewer") -> TestClient:
        headers = {"Authorization": f"Bearer {self.keys[role]}"} if role else {}
        return TestClient(self.app, headers=headers, raise_server_exceptions=False)

    def live(
        self,
        *columns: tuple[str, int, float | None, int],
        retained: bool = False,
        left_out: dict[str, list[LeftOut]] | None = None,
    ) -> None:
        series, t, value, flag = (list(c) for c in zip(*columns, strict=True))
        message = Live(series=series, t=t, value=value, flag=flag, left_out=left_out or {})
        self.link.give(venue_topic("expo", "live"), message, retained=retained)

    def status(self, device: str, status: Status) -> None:
        self.link.give(device_topic("expo", device, "status"), status, retained=True)

    def edge(self, sent: AlarmEdge) -> None:
        self.link.give(venue_topic("expo", "alarm"), sent)


def edge(t: int, level: int, alarm: str = "pm/zone-a", value: float | None = 61.0) -> AlarmEdge:
    rule, scope = alarm.split("/")
    return AlarmEdge(
        id=f"{alarm}/{t}/{level}",
        alarm=alarm,
        rule=rule,
        scope=scope,
        quantity="pm2_5",
        t=t,
        level=level,
        value=value,
        limit=50.0,
    )


def replace_edge(sent: Any, **changes: Any) -> Any:
    return type(sent)(**{name: getattr(sent, name) for name in sent.__struct_fields__} | changes)


def latching(sent: AlarmEdge) -> AlarmEdge:
    return replace_edge(sent, latching=True)
