"""`venueair run` and `venueair gateway` on a venueair.toml, on the embedded broker and on mosquitto."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.gateway.wires import Wire
from tests.integration.brokers import PASSWORD, USER, Mosquitto, free_port
from tests.waiting import wait_until
from venueair.store.duckdb_store import DuckDbStore

pytestmark = pytest.mark.integration
VENUEAIR = Path(sys.executable).with_name("venueair")
PMS = bytes.fromhex(
    "424D001C000300040007000400050008031B00F9001B0006000300039A0002A2"
)  # PM2.5 5 ug/m3; RT-Thread pmsxx package, README


def write_config(folder: Path, broker: str, mqtt_port: int) -> tuple[Path, int]:
    path, port = folder / "venueair.toml", free_port()
    subprocess.run([VENUEAIR, "init", path], check=True, capture_output=True)
    text = path.read_text()
    for old, new in (
        ('broker = "embedded"', f'broker = "{broker}"'),
        ("port = 1883", f"port = {mqtt_port}"),
        ("port = 8000", f"port = {port}"),
        ('data = "data"', f'data = "{folder / "data"}"'),
        ("/dev/serial/by-id/CHANGE-ME", str(folder / "port")),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path, port


class Running:
    def __init__(self, folder: Path, *command: str | Path) -> None:
        self._log = (folder / f"{command[0]}.log").open("w+b")
        environment = os.environ | {"VENUEAIR_MQTT__PASSWORD": PASSWORD}
        self.process = subprocess.Popen(
            [VENUEAIR, *command], stdout=self._log, stderr=subprocess.STDOUT, env=environment
        )

    def log(self) -> str:
        return Path(self._log.name).read_text()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(8) == 0, self.log()
        assert "Traceback" not in self.log()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def values(path: Path, port: int) -> httpx.Client:
    command = [VENUEAIR, "key", "create", "test", "--config", path]
    key = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": key})


def latest(http: httpx.Client, source: str, quantity: str) -> float | None:
    rows = http.get("/api/v1/values").json()
    return next((r["value"] for r in rows if (r["source"], r["quantity"]) == (source, quantity)), None)


def test_a_wire_and_a_node_reach_the_api_on_one_box(tmp_path):
    path, port = write_config(tmp_path, "embedded", mqtt_port := free_port())
    running = Running(tmp_path, "run", "--config", path)
    wait_until(lambda: answers(port), 20)
    with values(path, port) as http:
        assert http.get("/").status_code == 200
        assert http.get("/readyz").status_code == 503
        wait_until(lambda: "port" in json.dumps(http.get("/api/v1/devices").json()))
        wire = Wire(tmp_path / "port")
        wait_until(lambda: wire.send(PMS) or latest(http, "hall-a-pm", "pm2_5") == 5, 30)
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        client.username_pw_set(USER, PASSWORD)
        client.connect("127.0.0.1", mqtt_port)
        client.loop_start()
        now = http.get("/api/v1/health").json()["now"]
        row = {"v": 1, "boot": "0" * 16, "seq": 0, "t": now, "q": {"temperature": 22.5}}
        client.publish("venueair/v1/my-venue/hall-a-node/data", json.dumps(row), qos=1)
        wait_until(lambda: latest(http, "hall-a-node", "temperature") == 22.5)
        client.disconnect()
        client.loop_stop()
        wire.unplug()
        assert http.get("/readyz").status_code in (200, 503)
    running.end()


def spooled(path: Path) -> tuple[int, int]:
    """(rows ever accepted by, rows now in) a gateway's spool."""
    if not path.exists():
        return 0, 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        accepted = db.execute("SELECT n FROM counter WHERE name = 'last_id'").fetchone()[0]
        return accepted, db.execute("SELECT count(*) FROM row").fetchone()[0]


def test_a_gateway_on_another_box_sends_through_mosquitto_and_may_forget(tmp_path):
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    (here := tmp_path / "services").mkdir()
    (there := tmp_path / "gateway").mkdir()
    wire = Wire(there / "port")
    path, port = write_config(here, "127.0.0.1", mosquitto.port)
    path_there, _ = write_config(there, "127.0.0.1", mosquitto.port)
    path_there.write_text(path_there.read_text().replace('id = "gw1"', 'id = "gw2"'))
    try:
        services = Running(here, "run", "--config", path)
        gateway = Running(there, "gateway", "--config", path_there)
        wait_until(lambda: answers(port), 20)
        with values(path, port) as http:
            wait_until(lambda: wire.send(PMS) or latest(http, "hall-a-pm", "pm2_5") == 5, 30)
        spool = there / "data" / "spool.sqlite"
        wait_until(lambda: spooled(spool)[0] > 0 and spooled(spool)[1] == 0, 10)
        gateway.end()
        services.end()
    finally:
        mosquitto.kill()
        wire.unplug()


def test_a_broker_that_is_killed_costs_no_reading(tmp_path):
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    wire = Wire(tmp_path / "port")
    path, port = write_config(tmp_path, "127.0.0.1", mosquitto.port)
    spool = tmp_path / "data" / "spool.sqlite"

    def accept(more: int) -> None:
        aim = spooled(spool)[0] + more
        wait_until(lambda: wire.send(PMS) or spooled(spool)[0] >= aim, 30)

    try:
        running = Running(tmp_path, "run", "--config", path)
        wait_until(lambda: answers(port), 20)
        accept(20)
        mosquitto.kill()
        accept(50)
        assert spooled(spool)[1] > 0
        mosquitto.start()
        accept(20)
        wait_until(lambda: spooled(spool)[1] == 0, 75)  # who reconnects first may have to send again
        running.end()
    finally:
        mosquitto.kill()
        wire.unplug()
    store = DuckDbStore(tmp_path / "data" / "air.duckdb")
    rows, distinct = store.count(["hall-a-pm"])
    store.close()
    assert rows == distinct == spooled(spool)[0] * 9  # quantities in a frame
