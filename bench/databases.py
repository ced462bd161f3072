"""The broker and the databases of one run: real ones, new and empty, each its own process.

All systems write measurement `air` with tag `device` and field `pm2_5`, so one query counts for all. InfluxDB
and VictoriaMetrics give no second row for one key, or do (in that order): a duplicate shows in the latter.
"""

import json
import os
import shutil
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from bench.processes import HOST, BenchError, MissingError, Process, answers, free_port, wait_for

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "venueair"
_PATH: Final = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
# What mosquitto(8) needs to be no bottleneck: a wide window, an unbounded queue, and Nagle left on.
_BROKER: Final = """listener {port} {host}
user root
allow_anonymous true
max_inflight_messages 5000
max_queued_messages 0
log_dest none
"""


class Rows(Protocol):
    """Where readings end up: what can be asked there."""

    def has(self, device: str) -> bool:
        """Is there a row of this device?"""

    def count(self) -> int:
        """Rows of the devices that count, named d-…; asked of the database itself."""


def installed(name: str, *, ask: str) -> Path:
    """Raises MissingError, naming what gets it."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise MissingError(f"{name} is not installed: {ask}")
    return Path(found)


class Broker(Process):
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        conf = folder / "mosquitto.conf"
        conf.write_text(_BROKER.format(port=self.port, host=HOST))
        program = installed("mosquitto", ask="make servers")
        super().__init__([program, "-c", conf], folder / "mosquitto.log")
        wait_for(lambda: answers(self.port), "mosquitto")


class Database(Process):
    """A server with the v2 write API, and how its rows are counted."""

    label: str
    org = "bench"
    bucket = "bench"
    token = "bench-token"  # noqa: S105  # of a database that lives for one run

    def __init__(self, command: list[str | Path], folder: Path, port: int) -> None:
        self.port = port
        super().__init__(command, folder / f"{self.label}.log")
        wait_for(lambda: answers(port), self.label)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = HTTPConnection(HOST, self.port, timeout=20)
        try:
            connection.request(method, path, body, {"Authorization": f"Token {self.token}"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise BenchError(f"{self.label} answers {answer.status} to {path[:80]}: {text[:200]!r}")
        return text


class VictoriaMetrics(Database):
    label = "VictoriaMetrics"

    def __init__(self, folder: Path) -> None:
        program = installed("victoria-metrics", ask="sh bench/servers/get.sh")
        port = free_port()
        options = {
            "storageDataPath": folder / "victoria",
            "httpListenAddr": f"{HOST}:{port}",
            "loggerLevel": "ERROR",
            "search.latencyOffset": "0s",  # or the newest 30 s would not be counted
        }
        super().__init__([program, *(f"-{key}={value}" for key, value in options.items())], folder, port)

    def has(self, device: str) -> bool:
        return self._rows(f'air_pm2_5{{device="{device}"}}') > 0

    def count(self) -> int:
        return self._rows('air_pm2_5{device=~"d-.*"}')

    def _rows(self, series: str) -> int:
        self.ask("GET", "/internal/force_flush")  # or rows of the last second would not be counted
        query = quote(f"sum(count_over_time({series}[1d]))")
        answer = json.loads(
            self.ask("GET", f"/api/v1/query?query={query}&nocache=1&time={time.time() + 60:.3f}")
        )
        return sum(int(row["value"][1]) for row in answer["data"]["result"])


class InfluxDb(Database):
    label = "InfluxDB 2.7"

    def __init__(self, folder: Path) -> None:
        program = CACHE / "influxd-2.7.12" / "influxd"
        if not program.exists():
            raise MissingError("InfluxDB is not built: make servers")
        port = free_port()
        options = {
            "store": "memory",  # of users and buckets; readings are on disk
            "engine-path": folder / "engine",
            "sqlite-path": folder / "influxd.sqlite",
            "http-bind-address": f"{HOST}:{port}",
            "log-level": "error",
        }
        command: list[str | Path] = [
            program,
            "--reporting-disabled",
            *(f"--{key}={value}" for key, value in options.items()),
        ]
        super().__init__(command, folder, port)
        user = {"username": "bench", "password": "bench-password"}
        setup = {**user, "org": self.org, "bucket": self.bucket, "token": self.token}
        self.ask("POST", "/api/v2/setup", json.dumps(setup).encode())

    def has(self, device: str) -> bool:
        return self._rows(f"device = '{device}'") > 0

    def count(self) -> int:
        return self._rows("device =~ /^d-/")

    def _rows(self, condition: str) -> int:
        query = quote(f"SELECT count(pm2_5) FROM air WHERE {condition}")  # noqa: S608  # InfluxQL, our words
        answer = json.loads(self.ask("GET", f"/query?db={self.bucket}&q={query}"))
        return sum(int(s["values"][0][1]) for r in answer["results"] for s in r.get("series", []))
