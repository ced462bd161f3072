"""Ingest of the bench as a process of its own, so that it can be killed: `python -m … FOLDER PORT`."""

import signal
import sys
import threading
from pathlib import Path

from ingest.worker import Worker
from tests.integration.brokers import HOST, PASSWORD, USER
from tests.integration.ingest_bench import EXPECTED, T0, settings
from venueair.clock import ManualClock
from venueair.mqtt_link import Address
from venueair.store.duckdb_store import DuckDbStore


def main(folder: Path, port: int) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    store = DuckDbStore(folder / "air.duckdb")
    address = Address(HOST, port, USER, PASSWORD, mqtt5=True)
    clock = ManualClock(T0 + 60_000)
    worker = Worker(settings(*EXPECTED), clock, address, store, EXPECTED, folder / "ingest.sqlite")
    worker.start()
    while not worker.link.connected and not stop.wait(0.02):
        pass
    (folder / "ready").touch()
    stop.wait()
    worker.stop()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
