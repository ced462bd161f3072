"""SIGTERM and Ctrl-C set one event; a service waits for it, ends in order and exits 0."""

import signal
import threading
from types import FrameType

requested = threading.Event()


def install() -> None:
    """First of all in the main thread, so that a signal during start-up is kept, not lost."""
    signal.signal(signal.SIGTERM, _request)
    signal.signal(signal.SIGINT, _request)


def uninstall() -> None:
    """For commands that are no services: a signal ends them at once."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if requested.is_set():
        raise SystemExit(0)


def _request(_number: int, _frame: FrameType | None) -> None:
    requested.set()
