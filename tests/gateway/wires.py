"""Real serial lines for tests, and what listens at their ends."""

import os
import threading
import time
import tty
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from gateway.rows import Sample


class Wire:
    """A pty under a stable path; the test is the sensor at its other end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        fresh = self.path.with_suffix(".new")
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.path)

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self.master)

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def answer(self, reply: Callable[[bytes], bytes], times: int) -> threading.Thread:
        """Answers the next requests of 8 or 9 bytes, in a thread that the test joins."""

        def work() -> None:
            for _ in range(times):
                os.write(self.master, reply(os.read(self.master, 64)))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread


class Ear:
    """A sink that keeps what it hears."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.states: list[tuple[str, str | None]] = []
        self.counts: Counter[str] = Counter()

    def sample(self, sample: Sample) -> None:
        self.samples.append(sample)

    def state(self, device: str, state: str, detail: str | None) -> None:
        self.states.append((state, detail))

    def count(self, device: str, reason: str) -> None:
        self.counts[reason] += 1


def eventually(is_so: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Fails when it is not so in time."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.005)
