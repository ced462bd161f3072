"""/metrics of `venueair ingest` alone: off without a port, the names of one process with it."""

import json
import os
import socket
import subprocess

import httpx
import pytest

from ingest.silence import Expected
from ingest.worker import Worker
from tests.fake_influx import FakeInflux
from tests.integration.brokers import HOST, Embedded, address, free_port
from tests.integration.test_run import VENUEAIR, answers, write_config
from tests.waiting import wait_until
from venueair.clock import ManualClock
from venueair.ingest_part import ingest_metrics
from venueair.metrics import Metrics
from venueair.mqtt_link import Address, MqttLink
from venueair.settings import Settings
from venueair.store.duckdb_store import DuckDbStore

pytestmark = pytest.mark.integration
T0 = 1_795_447_500_000
NAME = {"ko": "이름", "en": "Name"}
NAMES = {
    "venueair_ingest_duplicate_readings",
    "venueair_ingest_late_readings",
    "venueair_ingest_rejected_readings",
    "venueair_ingest_rejected_messages",
    "venueair_ingest_uncorrected_readings",
    "venueair_ingest",
    "venueair_metrics_failed",
}


def start(folder, influx: FakeInflux, **environment: str) -> subprocess.Popen[bytes]:
    """Without a broker: ingest waits for it, and its metrics are there all the same."""
    path, _ = write_config(folder, HOST, free_port())
    store = f'kind = "influxdb"\nurl = "{influx.url}"\norg = "venue"\nwrite_only = true\ntoken = "right"'
    path.write_text(path.read_text().replace('kind = "duckdb"', store))
    command = [VENUEAIR, "ingest", "--config", path]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | environment
    )


def test_with_a_port_it_answers_the_names_of_one_process_until_it_ends(tmp_path):
    port = free_port()
    with FakeInflux() as influx:
        process = start(tmp_path, influx, VENUEAIR_INGEST__METRICS_PORT=str(port))
        try:
            wait_until(lambda: answers(port), 20)
            text = httpx.get(f"http://{HOST}:{port}/metrics").text
        finally:
            process.terminate()
        assert process.wait(10) == 0
    assert {line.split()[2].removesuffix("_total") for line in text.splitlines() if "# TYPE" in line} == NAMES
    assert "venueair_metrics_failed_total 0.0" in text
    assert not answers(port)


def test_a_port_in_use_is_said_in_a_sentence(tmp_path):
    with FakeInflux() as influx, socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        process = start(tmp_path, influx, VENUEAIR_INGEST__METRICS_PORT=str(port))
        output = process.communicate(timeout=20)[0].decode()
    assert process.returncode == 2
    assert f"metrics_port: cannot listen on {HOST}:{port}" in output
    assert "Traceback" not in output


def settings_in(folder, *corrections: dict[str, str]) -> Settings:
    return Settings(
        data=folder,
        gateway={"venue": "expo"},
        venue=[{"id": "expo", "name": NAME}],
        hall=[{"id": "hall-1", "venue": "expo", "name": NAME}],
        zone=[{"id": "stage", "hall": "hall-1", "name": NAME, "volume_m3": 12}],
        sensor=[{"id": "pm-1", "zone": "stage", "model": "pms5003", "port": "/dev/x"}],
        correction=corrections,
    )


def test_what_ingest_counts_is_in_its_metrics(tmp_path):
    settings = settings_in(tmp_path)
    store = DuckDbStore(tmp_path / "air.duckdb")
    nowhere = Address(HOST, 1, "", "", mqtt5=False)
    expected = {"pm-1": Expected(("pm2_5",), 1.0)}
    worker = Worker(settings, ManualClock(), nowhere, store, expected, tmp_path / "ingest.sqlite")
    worker.receiver.messages["malformed"] += 2
    worker.receiver.rejected["pm-1", "time"] += 3
    worker.receiver.duplicates += 4
    text = Metrics([lambda: ingest_metrics(worker, settings)]).render().decode()
    for line in (
        'venueair_ingest_rejected_messages_total{reason="malformed"} 2.0',
        'venueair_ingest_rejected_readings_total{reason="time"} 3.0',
        "venueair_ingest_duplicate_readings 4.0",
    ):
        assert line in text.splitlines()
    worker.stop()
    store.close()


def test_readings_that_could_not_be_corrected_are_counted_by_device(tmp_path):
    settings = settings_in(tmp_path, {"kind": "epa_pm2_5", "device": "pm-1", "quantity": "pm2_5"})
    broker = Embedded(tmp_path)
    broker.start()
    store = DuckDbStore(tmp_path / "air.duckdb")
    expected = {"pm-1": Expected(("pm2_5",), 1.0)}
    at = address(broker)
    worker = Worker(settings, ManualClock(T0), at, store, expected, tmp_path / "ingest.sqlite")
    sensor = MqttLink(at, "sensor")
    worker.start()
    sensor.start()
    try:
        wait_until(lambda: worker.link.connected and sensor.connected)
        row = {"v": 1, "boot": "b", "seq": 0, "t": [T0, T0 + 1], "q": {"pm2_5": [10.0, 11.0]}}
        sensor.publish("venueair/v1/expo/pm-1/data", json.dumps(row).encode())
        line = 'venueair_ingest_uncorrected_readings_total{device="pm-1"} 2.0'  # there is no humidity
        metrics = Metrics([lambda: ingest_metrics(worker, settings)])
        wait_until(lambda: line in metrics.render().decode().splitlines())
    finally:
        sensor.stop()
        worker.stop()
        store.close()
        broker.kill()
