"""Gateway, ingest and api as three processes on a real broker and a real database, each in its own folder."""

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.gateway.wires import Wire
from tests.integration.brokers import PASSWORD, Mosquitto
from tests.integration.influxdb import InfluxServer
from tests.integration.test_run import PMS, VENUEAIR, Running, answers, latest, spooled, values, write_config
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.influxdb"]

QUANTITIES = 9  # in a frame
OUTAGE_S = 10


class Apart(Running):
    """One part: its settings file is everybody's, its data folder and its token are its own."""

    def __init__(self, folder: Path, part: str, **environment: str) -> None:
        (folder / part).mkdir(exist_ok=True)
        self._log = (folder / f"{part}.log").open("a+b")
        own = {"VENUEAIR_DATA": str(folder / part), "VENUEAIR_MQTT__PASSWORD": PASSWORD} | environment
        command = [VENUEAIR, part, "--config", folder / "venueair.toml"]
        self.process = subprocess.Popen(
            command, stdout=self._log, stderr=subprocess.STDOUT, env=os.environ | own
        )

    def says(self, text: str) -> bool:
        assert self.process.poll() is None, self.log()
        return text in self.log()


class Site:
    """A venue's machines: broker, database, a sensor on a wire, and the three parts."""

    def __init__(self, folder: Path, influxd: InfluxServer) -> None:
        self.folder, self.influxd = folder, influxd
        self.mosquitto = Mosquitto(folder)
        self.mosquitto.start()
        self.wire = Wire(folder / "port")
        self.path, self.port = write_config(folder, "127.0.0.1", self.mosquitto.port)
        text = self.path.read_text()
        store = f'kind = "influxdb"\nurl = "{influxd.url}"\norg = "{influxd.org}"\nbucket = "air"'
        assert 'kind = "duckdb"' in text
        self.path.write_text(text.replace('kind = "duckdb"', store))
        self.parts: dict[str, Apart] = {}

    def start(self, part: str, **environment: str) -> None:
        self.parts[part] = Apart(self.folder, part, **environment)

    def start_all(self) -> None:
        self.start("ingest", VENUEAIR_STORE__TOKEN=self.influxd.token)
        wait_until(lambda: self.parts["ingest"].says("writes to"), 30)
        self.start("api", VENUEAIR_STORE__READ_TOKEN=self.influxd.token)
        self.start("gateway")
        wait_until(lambda: self.parts["gateway"].says("mqtt connected"), 30)

    def spooled(self) -> tuple[int, int]:
        return spooled(self.folder / "gateway" / "spool.sqlite")

    def accept(self, more: int) -> None:
        aim = self.spooled()[0] + more
        wait_until(lambda: self.wire.send(PMS) or self.spooled()[0] >= aim, 60)

    def stored(self) -> int:
        rows = self.influxd.query_flux(
            'from(bucket: "air") |> range(start: 0)'
            ' |> filter(fn: (r) => r._measurement == "air" and r.device == "hall-a-pm")'
            " |> filter(fn: (r) => r._field !~ /_(raw|flag|why)$/) |> count() |> group() |> sum()"
        )
        return int(rows[0]["_value"]) if rows else 0

    def all_is_stored_once(self) -> None:
        """A point that another device, place or time stands beside would be counted too."""
        wait_until(lambda: self.spooled()[1] == 0, 120)
        assert self.stored() == self.spooled()[0] * QUANTITIES

    def http(self) -> httpx.Client:
        wait_until(lambda: answers(self.port), 20)
        # `values` makes the key in the folder of the api.
        os.environ["VENUEAIR_DATA"] = str(self.folder / "api")
        try:
            return values(self.path, self.port)
        finally:
            del os.environ["VENUEAIR_DATA"]

    def end(self) -> None:
        for part in ("gateway", "api", "ingest"):
            self.parts.pop(part).end()

    def close(self) -> None:
        for part in self.parts.values():
            part.process.kill()
            part.process.wait(10)
        self.wire.unplug()
        self.mosquitto.kill()


@pytest.fixture
def site(tmp_path, own_influxd):
    opened = Site(tmp_path, own_influxd)
    yield opened
    opened.close()


def test_a_reading_goes_from_the_wire_through_three_processes_to_the_page(site):
    site.start_all()
    with site.http() as http:
        wait_until(lambda: site.wire.send(PMS) or latest(http, "hall-a-pm", "pm2_5") == 5, 30)
        wait_until(lambda: site.spooled()[1] == 0, 40)
        history = {"source": "hall-a-pm", "quantity": "pm2_5"}
        rows = http.get("/api/v1/readings", params=history).json()
        assert rows
        assert {row["value"] for row in rows} == {5}
        wait_until(
            lambda: site.wire.send(PMS) or http.get("/readyz").status_code == httpx.codes.OK,
            20,
        )
        zone = http.get("/api/v1/readings", params={"source": "zone-a", "quantity": "pm2_5"})
        assert zone.status_code == httpx.codes.OK
        site.influxd.kill()
        wait_until(lambda: http.get("/readyz").status_code == httpx.codes.SERVICE_UNAVAILABLE)
        assert "store" in http.get("/readyz").json()["reasons"]
        answer = http.get("/api/v1/readings", params=history)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert latest(http, "hall-a-pm", "pm2_5") == 5
        site.influxd.start()
        wait_until(lambda: site.wire.send(PMS) or http.get("/readyz").status_code == httpx.codes.OK, 20)
    site.end()


def test_a_database_that_is_killed_for_a_while_costs_no_reading_and_doubles_none(site):
    site.start_all()
    site.accept(20)
    site.influxd.kill()
    end = time.monotonic() + OUTAGE_S
    wait_until(lambda: site.wire.send(PMS) or time.monotonic() > end, OUTAGE_S + 5)
    assert site.spooled()[1] > 0
    site.influxd.start()
    site.accept(20)
    site.all_is_stored_once()
    site.end()


def test_an_ingest_that_is_killed_in_the_middle_of_the_stream_costs_no_reading_and_doubles_none(site):
    site.start_all()
    for _ in range(3):
        site.accept(60)
        ingest = site.parts["ingest"].process
        ingest.send_signal(signal.SIGKILL)
        ingest.wait(10)
        site.accept(20)
        site.start("ingest", VENUEAIR_STORE__TOKEN=site.influxd.token)
    site.accept(20)
    site.all_is_stored_once()
    site.end()


def test_who_writes_waits_for_a_database_that_is_away_and_who_reads_shows_live_values(site):
    site.influxd.kill()
    site.start("ingest", VENUEAIR_STORE__TOKEN=site.influxd.token)
    site.start("api", VENUEAIR_STORE__READ_TOKEN=site.influxd.token)
    wait_until(lambda: answers(site.port), 20)
    wait_until(lambda: site.parts["ingest"].says("the store is not there yet"), 20)
    assert httpx.get(f"http://127.0.0.1:{site.port}/").status_code == httpx.codes.OK
    site.parts.pop("ingest").end()
    site.start("ingest", VENUEAIR_STORE__TOKEN=site.influxd.token)
    site.influxd.start()
    wait_until(lambda: site.parts["ingest"].says("writes to"), 20)
    for part in ("api", "ingest"):
        site.parts.pop(part).end()


@pytest.mark.parametrize("part", ["ingest", "api"])
def test_a_wrong_token_is_said_and_ends_the_part(site, part):
    site.start(part, VENUEAIR_STORE__TOKEN="wrong")
    assert site.parts[part].process.wait(20) == 2
    assert "does not know the token" in site.parts[part].log()
    assert "Traceback" not in site.parts[part].log()
