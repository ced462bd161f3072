"""A server or a system under test as its own process, and what it costs (clock_getcpuclockid(3), proc(5))."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Self

HOST: Final = "127.0.0.1"


class BenchError(RuntimeError):
    """This run cannot be made; the message says why."""


class MissingError(BenchError):
    """A program is not on this machine, or a part of venueair is not there: the row is skipped."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(
    condition: Callable[[], bool], what: str, timeout_s: float = 20.0, every_s: float = 0.02
) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"waited {timeout_s:g} s for {what}")
        time.sleep(every_s)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


class Process:
    """Started at once; stderr (and stdout unless `talks`) go to `log`. Ends with the `with` block."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        talks: bool = False,
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(  # noqa: S603  # our own commands
                [str(part) for part in command],
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else sink,
                stderr=sink,
                env={**os.environ, **(env or {})},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """(its stdin, its stdout) of one that talks."""
        if self._process.stdin is None or self._process.stdout is None:
            raise BenchError(f"{self.name} was not started to talk")
        return self._process.stdin, self._process.stdout

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def cpu_s(self) -> float:
        """User and system time of all its threads so far, to the nanosecond: clock_getcpuclockid(3).

        /proc/PID/stat counts timer ticks, which a process that wakes up with the timer has too many of.
        """
        if not self.is_running:
            raise BenchError(f"{self.name} ended: {self.complaint()}")
        return time.clock_gettime(~self.pid << 3 | 2)

    def rss_mb(self) -> float:
        """Resident memory now, in MB of 10^6 bytes."""
        return resident_mb(self.pid)

    def complaint(self) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        return text[-400:] or "its log is empty"

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after 5 s. Idempotent."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def resident_mb(pid: int | None = None) -> float:
    """Of this process, or of another."""
    for line in Path(f"/proc/{pid or 'self'}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise BenchError(f"process {pid} is gone")
