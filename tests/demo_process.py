"""`venueair demo` as people start it: a process of its own, on free ports and a folder of the test."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.waiting import wait_until

VENUEAIR = Path(sys.executable).with_name("venueair")


class DemoProcess:
    def __init__(self, folder: Path, *options: str, data: Path | None = None) -> None:
        self.folder = folder
        self.data = data or folder / "data"
        self._ready = folder / f"ready-{os.urandom(4).hex()}.json"
        self._summary = folder / "summary.json"
        self._log = (folder / "log.txt").open("ab")
        command = [VENUEAIR, "demo", "--port", "0", "--data", self.data, "--ready", self._ready]
        self.process = subprocess.Popen(
            [*command, "--summary", self._summary, *options],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def wait_ready(self, seconds: float = 20) -> "DemoProcess":
        def is_there() -> bool:
            assert self.process.poll() is None, self.log()
            return self._ready.exists()

        wait_until(is_there, seconds)
        self.ready = json.loads(self._ready.read_text())
        headers = {"Authorization": f"Bearer {self.ready['key']}"}
        self.http = httpx.Client(base_url=self.ready["url"], headers=headers, timeout=5)
        return self

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10) -> int:
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._log.close()
        return code

    def summary(self) -> dict[str, Any]:
        return json.loads(self._summary.read_text())

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()
