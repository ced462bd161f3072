"""Our ingest as a process of its own, driven by lines of JSON on stdin: python -m bench.our_ingest OPTIONS

| asked                    | answered                                                                    |
|--------------------------|-----------------------------------------------------------------------------|
| {"has": device}          | is a row of this device in a transaction that was committed?                |
| {"count": true}          | rows of the devices that count, by a query on the store                     |
| {"watch": true}          | from now on, how old are rows when their transaction is committed?          |
| {"lags": true}           | those ages in ms                                                            |
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog

from bench import ours
from bench.payloads import DEVICES, LAST, PROBE, device
from bench.peers import Place
from bench.processes import HOST, BenchError, MissingError, Process, wait_for
from ingest.worker import Worker
from venueair.block import Block
from venueair.clock import SystemClock
from venueair.mqtt_link import Address
from venueair.store.store import MarkKey, Marks, Period

_RULES: Final = {"zones": ours.zone_rule, "devices": ours.device_rule}


class WatchedStore:
    """A store, and what its commits had in them."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._ends = {store.series(name, "pm2_5"): name for name in (PROBE, LAST)}
        self._ours = np.zeros(64, dtype=np.bool_)
        self.seen: set[str] = set()
        self.lags: list[np.ndarray[Any, np.dtype[np.float64]]] | None = None

    def write(self, block: Block, marks: dict[MarkKey, Marks], owed: Sequence[Period] = ()) -> int:
        collided: int = self._store.write(block, marks, owed)
        for series, name in self._ends.items():
            if name not in self.seen and (block.series == series).any():
                self.seen.add(name)
        if self.lags is not None:
            self.lags.append(time.time() * 1000 - block.t[self._of_devices(block)])
        return collided

    def _of_devices(self, block: Block) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        if len(names := self._store.names()) != len(self._ours):
            self._ours = np.array([source.startswith("d-") for source, _ in names])
        return self._ours[block.series]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def serve(options: dict[str, Any]) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for answers
    folder = Path(options["folder"])
    names = ours.devices()
    settings = ours.settings(names, [_RULES[options["rules"]]()])
    store = WatchedStore(ours.open_store(options["store"], settings, folder))
    address = Address(HOST, options["port"], "", "", mqtt5=True)
    worker: Any = Worker(
        settings, SystemClock(), address, store, ours.expected(names), folder / "ingest.sqlite"
    )
    worker.start()
    counted = [device(number) for number in range(DEVICES)]
    wait_for(lambda: worker.link.connected, "the broker")
    _say({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        if "has" in asked:
            _say(asked["has"] in store.seen)
        elif "count" in asked:
            _say(store.count(counted)[0])
        elif "watch" in asked:
            store.lags = []
            _say(True)
        else:
            _say(np.concatenate(store.lags or [np.zeros(0)]).round(1).tolist())
    worker.stop()
    store.close()


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


class OurIngest(Process):
    """The other end of the pipe. With DuckDB, which one process owns, it is also what is asked for rows."""

    def __init__(self, place: Place, store: dict[str, Any], rules: str = "zones") -> None:
        options = {"port": place.port, "folder": str(place.folder), "store": store, "rules": rules}
        command = [sys.executable, "-m", "bench.our_ingest", json.dumps(options)]
        one_heap = {"MALLOC_ARENA_MAX": "1"}  # as a service should have it: docs/performance.md
        super().__init__(command, place.folder / "ingest.log", talks=True, env=one_heap)
        answer = self.pipes[1].readline()
        if not answer:
            raise BenchError(f"ingest did not start: {self.complaint()}")
        if said := json.loads(answer).get("missing"):
            self.stop()
            raise MissingError(said)

    def has(self, device: str) -> bool:
        return bool(self._ask(has=device))

    def count(self) -> int:
        return int(self._ask(count=True))

    def watch(self) -> None:
        self._ask(watch=True)

    def lags(self) -> list[float]:
        return list(self._ask(lags=True))

    def _ask(self, **question: object) -> Any:
        to, back = self.pipes
        try:
            to.write(json.dumps(question).encode() + b"\n")
            to.flush()
            return json.loads(back.readline())
        except (OSError, ValueError) as error:
            raise BenchError(f"ingest is gone: {self.complaint()}") from error


if __name__ == "__main__":
    try:
        serve(json.loads(sys.argv[1]))
    except MissingError as error:
        _say({"missing": str(error)})
