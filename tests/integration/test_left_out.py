"""A sensor that its zone leaves out: from its message through ingest and the broker to the answer."""

import json

import pytest

from api.live import LiveValues
from api.ops_db import open_ops_db
from api.service import ApiService
from api.stream import Hub
from ingest.silence import Expected
from ingest.worker import Worker
from tests.api.parts import FakeControl
from tests.integration.brokers import Embedded, address
from tests.waiting import wait_until
from venueair.clock import ManualClock
from venueair.mqtt_link import MqttLink
from venueair.settings import Settings
from venueair.store.duckdb_store import DuckDbStore

pytestmark = pytest.mark.integration
T0 = 1_795_447_500_000
SENSORS = ("pm-1", "pm-2", "pm-3")
NAME = {"ko": "가", "en": "a"}


class Site:
    """Ingest and api in one process, joined by nothing but the broker; sensors speak once a second."""

    def __init__(self, folder, broker: Embedded) -> None:
        self.settings = Settings(
            data=folder,
            gateway={"venue": "expo"},
            venue=[{"id": "expo", "name": NAME}],
            hall=[{"id": "hall-1", "venue": "expo", "name": NAME}],
            zone=[{"id": "stage", "hall": "hall-1", "name": NAME, "volume_m3": 1200}],
            sensor=[{"id": s, "zone": "stage", "model": "pms5003", "port": "/dev/x"} for s in SENSORS],
            rules={"built_in": False},
        )
        self.clock = ManualClock(T0)
        self.address = address(broker)
        self.store = DuckDbStore(folder / "air.duckdb")
        self.service = ApiService(
            self.settings,
            self.clock,
            self.address,
            self.store,
            open_ops_db(folder / "ops.sqlite"),
            FakeControl(),
            Hub(),
        )
        self.sensors = MqttLink(self.address, "sensors")
        self.rows = 0
        self.start_ingest()
        self.service.start()
        self.sensors.start()
        wait_until(lambda: self.service.link.connected and self.sensors.connected)

    def start_ingest(self) -> None:
        expected = {sensor: Expected(("pm2_5",), 1.0) for sensor in SENSORS}
        journal = self.settings.data / "ingest.sqlite"
        self.worker = Worker(self.settings, self.clock, self.address, self.store, expected, journal)
        self.worker.start()
        wait_until(lambda: self.worker.link.connected)

    def speak(self, seconds: int, **status: str) -> None:
        """All sensors for so long; `status` of those that are not well, - as _."""
        self.clock.advance(seconds)  # first: what is far ahead of its arrival has a wrong clock
        t = [T0 + 1000 * (self.rows + n) for n in range(seconds)]
        for nth, sensor in enumerate(SENSORS):
            row = {"v": 1, "boot": "b", "seq": self.rows, "t": t, "q": {"pm2_5": [10.0 + nth] * seconds}}
            if sensor in status:
                row["status"] = status[sensor]
            self.sensors.publish(f"venueair/v1/expo/{sensor}/data", json.dumps(row).encode())
        self.rows += seconds

    def left_out(self) -> list[tuple[str, list[str], int]]:
        rows = {row["source"]: row for row in self.service.value_rows()}
        found = rows.get("stage", {}).get("left_out", [])
        return [(row["device"], row["reasons"], (row["since"] - T0) // 1000) for row in found]

    def close(self) -> None:
        self.worker.stop()
        self.service.stop()
        self.sensors.stop()
        self.store.close()


@pytest.fixture
def site(tmp_path):
    broker = Embedded(tmp_path)
    broker.start()
    opened = Site(tmp_path, broker)
    yield opened
    opened.close()
    broker.kill()


def test_a_faulty_sensor_is_named_until_it_is_well_also_by_an_ingest_that_was_restarted(site):
    site.speak(60)
    site.speak(90, **{"pm-2": "fault"})
    wait_until(site.left_out)
    ((device, reasons, since),) = site.left_out()
    assert (device, reasons) == ("pm-2", ["device_fault"])
    assert 60 < since <= 120 + 5
    wait_until(site.worker.idle)
    site.worker.stop()
    site.start_ingest()
    site.service.values = LiveValues()  # the api forgets, too
    assert site.left_out() == []
    site.speak(20, **{"pm-2": "fault"})
    wait_until(site.left_out)
    assert site.left_out() == [(device, reasons, since)]
    site.speak(70)
    wait_until(lambda: site.left_out() == [])
