"""SIGTERM and Ctrl-C end a service in order, with exit code 0, from the first moment on.

While nothing runs yet (imports take a second) a signal ends the process at once; from `hold` on it sets
`requested`, for which the service waits.
"""

import signal
import threading
from types import FrameType

requested = threading.Event()
_holding = threading.Event()


def install() -> None:
    """First of all in the main thread."""
    signal.signal(signal.SIGTERM, _request)
    signal.signal(signal.SIGINT, _request)


def hold() -> None:
    """Something that must end in order is about to start."""
    _holding.set()
    if requested.is_set():
        raise SystemExit(0)


def uninstall() -> None:
    """For commands that are no services."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _request(_number: int, _frame: FrameType | None) -> None:
    requested.set()
    if not _holding.is_set():
        raise SystemExit(0)
