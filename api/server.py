"""uvicorn in a thread of this process; signals belong to the process, not to the server."""

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Generator
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

log = structlog.get_logger(__name__)

GRACE_S: Final = 2  # uvicorn's limit for what is still open; streams end before by `before_stop`
START_S: Final = 10.0


class ServerError(Exception):
    """The server cannot start; the message says what to change."""


class _Server(uvicorn.Server):
    started_event: threading.Event

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn would raise a caught signal again when it ends, and so kill the process with it.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.started_event.set()


class ApiServer:
    """`before_stop` must end all open streams (Hub.close)."""

    def __init__(self, app: ASGIApp, before_stop: Callable[[], None]) -> None:
        self._app = app
        self._before_stop = before_stop
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    def start(self, host: str, port: int) -> int:
        """Listens and returns the port (of any free one for 0). Raises ServerError."""
        self._socket = listen(host, port)
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=1000,
        )
        self._server = _Server(config)
        self._server.started_event = threading.Event()
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)
        self._thread.start()
        if not self._server.started_event.wait(START_S) or not self._thread.is_alive():
            raise ServerError(f"the web server did not start on {host}:{port}; the log says why")
        return int(self._socket.getsockname()[1])

    def stop(self) -> None:
        """Idempotent; returns within GRACE_S and a second."""
        self._before_stop()
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(timeout=GRACE_S + 1)
        if self._thread.is_alive():
            log.warning("web server", problem="did not stop in time; its connections are abandoned")
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        assert self._server is not None
        assert self._socket is not None
        try:
            self._server.run(sockets=[self._socket])
        except Exception:
            log.exception("web server failed")
        finally:
            self._server.started_event.set()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a port in use is a sentence, not uvicorn's exit code 3."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"port {port} on {host} is in use by another program; choose another (0 = any free one)"
        elif error.errno == errno.EACCES:
            text = f"port {port} needs more rights; choose one from 1024 on"
        else:
            text = f"cannot listen on {host}:{port}: {error}; is the host an address of this machine?"
        raise ServerError(text) from error
