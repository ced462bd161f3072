"""Ingest on a real broker, with a plain MQTT client in the place of gateways, nodes and api."""

import json
import threading

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.mail import Mail
from ingest.silence import Expected
from ingest.worker import Worker
from tests.integration.brokers import HOST, PASSWORD, USER, Broker, address
from tests.waiting import wait_until
from venueair.clock import ManualClock
from venueair.messages import AlarmEdge, Committed, OpenAlarms, decode
from venueair.rules import Level, Rule
from venueair.settings import Gateway, Settings
from venueair.site import Hall, Name, Sensor, Venue, Zone
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import StoreError

T0 = 1_795_447_500_000
NAME = Name(ko="가", en="a")
EXPECTED = {"pm-1": Expected(("pm2_5", "co2"), 1.0), "node": Expected(("temperature",), 10.0)}


def settings(*devices: str) -> Settings:
    return Settings(
        gateway=Gateway(id="gw1", venue="expo"),
        venue=(Venue(id="expo", name=NAME),),
        hall=(Hall(id="hall-1", venue="expo", name=NAME),),
        zone=(Zone(id="stage", hall="hall-1", name=NAME, volume_m3=1200),),
        sensor=tuple(Sensor(id=device, zone="stage", model="pms5003", port="/dev/x") for device in devices),
        rules={"built_in": False},
        rule=(Rule(id="pm", quantity="pm2_5", levels=(Level(limit=50, deadband=10, on_delay_s=20),)),),
    )


class FailingStore(DuckDbStore):
    """Fails to write while `is_full`; `blows_up` is a bug of ours at the next write."""

    is_full = False
    blows_up = False

    def write(self, block, marks, owed=()):
        if self.is_full:
            raise StoreError("no space left on device")
        if self.blows_up:
            self.blows_up = False
            raise RuntimeError("a bug")
        return super().write(block, marks, owed)

    def write_rollup(self, width, rollup):
        if self.is_full:
            raise StoreError("no space left on device")
        return super().write_rollup(width, rollup)


class Client:
    """A plain paho client: a gateway, a node or the api, whatever it publishes."""

    def __init__(self, broker: Broker) -> None:
        self.committed: dict[str, dict[str, int]] = {}
        self.announcements: list[Committed] = []
        self.edges: list[AlarmEdge] = []
        self.open: list[AlarmEdge] | None = None
        self.live = 0
        self.check = lambda: None
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gw1")
        self._client.username_pw_set(USER, PASSWORD)
        self._client.on_connect = lambda c, *_: c.subscribe("venueair/v1/expo/#", 1)
        self._subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.reconnect_delay_set(0.1, 0.3)
        self._client.connect(HOST, broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(5)

    def _hear(self, _client, _userdata, message) -> None:
        kind = message.topic.rsplit("/", 1)[1]
        if kind == "committed":
            self.check()
            said = decode(message.payload, Committed)
            self.announcements.append(said)
            for device, boots in said.upto.items():
                self.committed.setdefault(device, {}).update(boots)
        elif kind == "alarm":
            self.edges.append(decode(message.payload, AlarmEdge))
        elif kind == "open":
            self.open = decode(message.payload, OpenAlarms).alarms
        elif kind == "live":
            self.live += 1

    def send(self, payload: bytes, device: str = "pm-1") -> None:
        info = self._client.publish(f"venueair/v1/expo/{device}/data", payload, qos=1)
        info.wait_for_publish(5)

    def say(self, kind: str, **fields) -> None:
        self._client.publish(f"venueair/v1/expo/{kind}", json.dumps({"v": 1, **fields}), qos=1)

    def upto(self, device: str = "pm-1", boot: str = "b") -> int:
        return self.committed.get(device, {}).get(boot, -1)

    def connected(self) -> bool:
        return self._client.is_connected()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def rows(seq: int, n: int = 1, *, value: float = 12.0, **fields) -> bytes:
    t = [T0 + 1000 * (seq + i) for i in range(n)]
    q = {"pm2_5": [value] * n, "co2": [700.0 + i for i in range(n)]}
    return json.dumps({"v": 1, "boot": "b", "seq": seq, "via": "gw1", "t": t, "q": q, **fields}).encode()


class Bench:
    def __init__(self, folder, broker: Broker) -> None:
        self.folder, self.broker = folder, broker
        self.clock = ManualClock(T0 + 60_000)
        self.open(folder / "first")
        self.client = Client(broker)

    def open(self, journal_folder=None, devices=("pm-1", "node")) -> None:
        self.store = FailingStore(self.folder / "air.duckdb")
        self.start(self.folder / "ingest.sqlite", devices)

    def start(self, journal, devices=("pm-1", "node")) -> None:
        site = settings(*devices)
        expected = {device: EXPECTED[device] for device in devices}
        self.worker = Worker(site, self.clock, address(self.broker), self.store, expected, journal)
        self.worker.start()
        wait_until(lambda: self.worker.link.connected)

    def drop(self) -> None:
        """What SIGKILL leaves behind: nothing was told to stop, the files stay as they are."""
        self.worker.link.stop()
        self.worker._stopping.set()
        self.worker._mail = Mail()
        self.worker._writer._stopping.set()
        self.worker._thread.join(4)
        self.worker._settler.stop()
        self.worker.journal.close()
        self.store.close()

    def stored(self) -> tuple[int, int]:
        return self.store.count(["pm-1", "node"])

    def close(self) -> None:
        self.client.stop()
        self.worker.stop()
        self.store.close()
