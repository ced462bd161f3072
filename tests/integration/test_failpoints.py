"""Ingest killed with SIGKILL at each place of its work loses nothing and stores nothing twice."""

import os
import signal
import subprocess
import sys

import pytest

from ingest.failpoints import PLACES
from tests.integration.brokers import Mosquitto
from tests.integration.ingest_bench import Client, rows
from tests.waiting import wait_until
from venueair.store.duckdb_store import DuckDbStore

pytestmark = pytest.mark.integration
ROWS = 400


def start(folder, broker, failpoint: str = "") -> subprocess.Popen:
    (folder / "ready").unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.ingest_process", str(folder), str(broker.port)],
        env={**os.environ, "VENUEAIR_FAILPOINT": failpoint},
    )
    wait_until((folder / "ready").exists, 20)
    return process


@pytest.fixture
def broker(tmp_path):
    opened = Mosquitto(tmp_path)
    opened.start()
    yield opened
    opened.kill()


def stored(folder) -> tuple[int, int]:
    store = DuckDbStore(folder / "air.duckdb")
    found = store.count(["pm-1"])
    store.close()
    return found


@pytest.mark.parametrize("size", [1, 20], ids=["single rows", "batches"])
@pytest.mark.parametrize("place", PLACES)
def test_ingest_killed_at_any_place_loses_nothing_and_stores_nothing_twice(tmp_path, broker, place, size):
    client = Client(broker)
    killed = start(tmp_path, broker, f"{place}:{3 if size == 1 else 1}")
    try:
        for seq in range(0, ROWS, size):
            client.send(rows(seq, size))
        assert killed.wait(20) == -signal.SIGKILL
        again = start(tmp_path, broker)
        wait_until(lambda: client.upto() == ROWS - 1, 30)
        again.terminate()
        assert again.wait(10) == 0
    finally:
        killed.kill()
        client.stop()
    assert stored(tmp_path) == (2 * ROWS, 2 * ROWS)
