"""amqtt in a thread and event loop of its own: the broker of demo, tests and one-box venues. Loopback only.

It speaks MQTT 3.1.1, keeps nothing over a restart and does not redeliver what was unacknowledged, so nothing
may rely on it for durability; the spool and `committed` do that. One user; anonymous clients are refused.
"""

import asyncio
import contextlib
import hmac
import logging
import socket
import threading
from dataclasses import dataclass
from typing import Final

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

HOST: Final = "127.0.0.1"


class BrokerError(RuntimeError):
    """The broker cannot start; the message says what to change."""


class OneUserAuth(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    async def authenticate(self, *, session: Session) -> bool:
        # A session marked anonymous would lose its queue at each disconnect.
        session.is_anonymous = False
        return hmac.compare_digest(
            f"{session.username}\0{session.password}", f"{self.config.username}\0{self.config.password}"
        )

    @dataclass
    class Config:
        username: str = ""
        password: str = ""


class EmbeddedBroker:
    def __init__(self, port: int, username: str, password: str) -> None:
        self._wanted_port = port
        self._credentials = {"username": username, "password": password}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="embedded-broker", daemon=True)
        self.port = port

    def start(self) -> None:
        """Returns when clients can connect; raises BrokerError otherwise. Port 0 takes any free one."""
        self.port = _free_port(self._wanted_port)
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread.start()
        if not self._started.wait(10):
            raise BrokerError("the embedded broker did not start within 10 s")
        if self._error is not None:
            raise BrokerError(f"the embedded broker did not start: {self._error}") from self._error

    def stop(self) -> None:
        """Idempotent."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop closed in the meantime
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=3)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda *_: None)  # amqtt's own noise at a client's disconnect
        self._stopping = asyncio.Event()
        config = BrokerConfig(
            listeners={"default": ListenerConfig(bind=f"{HOST}:{self.port}")},
            plugins={f"{__name__}.{OneUserAuth.__name__}": self._credentials},
        )
        try:
            broker = Broker(config)
            await broker.start()
        except Exception as error:  # noqa: BLE001  # handed to start(), which raises it
            self._error = error
            self._started.set()
            return
        self._started.set()
        await self._stopping.wait()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(broker.shutdown(), timeout=2)


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BrokerError(f"port {port} is taken ({error}); choose another one below [mqtt]") from error
        return int(probe.getsockname()[1])
