"""SIGTERM and Ctrl-C set one event; who runs waits for it, ends in order and exits 0."""

import signal
import threading
from types import FrameType

requested = threading.Event()


def install() -> None:
    """Call first of all in the main thread, so that a signal during start-up is kept, not lost."""
    signal.signal(signal.SIGTERM, _request)
    signal.signal(signal.SIGINT, _request)


def _request(_number: int, _frame: FrameType | None) -> None:
    requested.set()
