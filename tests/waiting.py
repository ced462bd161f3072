"""Waits for a condition on real sockets, threads and processes; never for time to pass."""

import threading
import time
from collections.abc import Callable

_PAUSE = threading.Event()


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Polls until `condition()` is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        _PAUSE.wait(0.01)
