"""The real InfluxDB 2.7 that tests write to, where `make servers` has built one.

A test module that needs it says `pytest_plugins = ["tests.integration.influxdb"]` and takes the fixture
`influxd` (one server for the whole session) and `influx_bucket` (a bucket of its own on it). A test that
stops or kills its server takes `own_influxd`.
"""

import csv
import functools
import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.brokers import HOST, free_port
from tests.waiting import wait_until

VERSION = "2.7.12"
ORG, TOKEN = "venue", "an-operator-token-of-the-tests"


def find_influxd() -> Path | None:
    """What `make servers` built, else an influxd 2.7 in PATH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "venueair" / f"influxd-{VERSION}" / "influxd"
    if os.access(built, os.X_OK):
        return built
    found = shutil.which("influxd")
    return Path(found) if found and _is_2_7(found) else None


@functools.cache
def _is_2_7(path: str) -> bool:
    said = subprocess.run([path, "version"], capture_output=True, text=True, check=False, timeout=10)
    return "v2.7" in said.stdout


class InfluxServer:
    """One influxd with its files in `folder`: they outlive `kill`, and `start` finds all that was stored."""

    org, token = ORG, TOKEN

    def __init__(self, influxd: Path, folder: Path) -> None:
        self._influxd, self._folder = influxd, folder
        self.url = f"http://{HOST}:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Token {TOKEN}"}, timeout=10
        )
        self._buckets = 0
        self._org_id = ""

    def set_up(self) -> None:
        """First start: makes organisation and operator token."""
        self.start()
        body = {"username": "tests", "password": "a password", "org": ORG, "bucket": "first", "token": TOKEN}
        self._org_id = self._ask("POST", "/api/v2/setup", json=body).json()["org"]["id"]

    def start(self) -> None:
        """Returns when it answers."""
        folder = self._folder
        command = [str(self._influxd), "--reporting-disabled", "--log-level", "error"]
        command += ["--http-bind-address", self.url.removeprefix("http://")]
        command += ["--engine-path", str(folder / "engine"), "--bolt-path", str(folder / "influxd.bolt")]
        command += ["--sqlite-path", str(folder / "influxd.sqlite")]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("INFLUXD_")}
        with (folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=clean, cwd=folder)
        wait_until(self.is_healthy, 30)

    def stop(self) -> None:
        """SIGTERM; idempotent."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """SIGKILL: nothing is flushed; idempotent."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def is_healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "influxd.log").read_text()
        try:
            return self._client.get("/health").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def new_bucket(self, retention_s: int = 0) -> str:
        """The name of an empty bucket; retention 0 keeps for ever, else at least an hour."""
        self._buckets += 1
        name = f"bucket-{self._buckets}"
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        self._ask(
            "POST", "/api/v2/buckets", json={"orgID": self._org_id, "name": name, "retentionRules": rules}
        )
        return name

    def token_for(self, bucket: str, *, read: bool = False, write: bool = False) -> str:
        """A token that may do this with this bucket and nothing else."""
        found = self._ask("GET", "/api/v2/buckets", params={"name": bucket, "orgID": self._org_id}).json()
        resource = {"type": "buckets", "id": found["buckets"][0]["id"], "orgID": self._org_id}
        actions = [action for action, may in (("read", read), ("write", write)) if may]
        permissions = [{"action": action, "resource": resource} for action in actions]
        body = {"orgID": self._org_id, "permissions": permissions}
        return self._ask("POST", "/api/v2/authorizations", json=body).json()["token"]

    def query_flux(self, flux: str) -> list[dict[str, str]]:
        """Rows as text by column name; tables of one result follow each other."""
        body = {"query": flux, "type": "flux", "dialect": {"annotations": [], "header": True}}
        answer = self._ask("POST", "/api/v2/query", params={"org": ORG}, json=body).text
        rows: list[dict[str, str]] = []
        for table in answer.replace("\r\n", "\n").strip().split("\n\n"):
            rows += csv.DictReader(io.StringIO(table))
        failed = [row["error"] for row in rows if row.get("error")]  # comes with status 200
        assert not failed, failed
        return rows

    def close(self) -> None:
        self.stop()
        self._client.close()

    def _ask(self, method: str, path: str, **parts: object) -> httpx.Response:
        answer = self._client.request(method, path, **parts)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer


def _serve(folder: Path) -> Iterator[InfluxServer]:
    influxd = find_influxd()
    if influxd is None:
        pytest.skip(f"InfluxDB {VERSION} is not there: make servers")
    server = InfluxServer(influxd, folder)
    try:
        server.set_up()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def influxd(tmp_path_factory) -> Iterator[InfluxServer]:
    """One for all tests: write to a bucket of your own, and leave it running."""
    yield from _serve(tmp_path_factory.mktemp("influxd"))


@pytest.fixture
def influx_bucket(influxd: InfluxServer) -> str:
    return influxd.new_bucket()


@pytest.fixture
def own_influxd(tmp_path) -> Iterator[InfluxServer]:
    """A server of this test alone: it may be stopped, killed and started again."""
    folder = tmp_path / "influxd"
    folder.mkdir()
    yield from _serve(folder)
