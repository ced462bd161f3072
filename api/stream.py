"""Hub: events from any thread to any number of Server-Sent-Events clients.

Each event is encoded once for all clients. A client that reads too slowly loses its oldest events and is
told how many by a `gap` event, upon which it should fetch anew. `close()` ends every stream, so that the
server can stop: an open stream would otherwise hold it until its time limit.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import orjson
import structlog

log = structlog.get_logger(__name__)

HEARTBEAT_S: Final = 15.0
QUEUE_EVENTS: Final = 256  # a minute of a busy venue
MAX_CLIENTS: Final = 200

Listener = Callable[[str, dict[str, Any]], None]


class HubFullError(Exception):
    """There are as many streams as this server will hold."""


def encode_event(event: str, data: dict[str, Any], number: int | None = None) -> bytes:
    """One SSE event; orjson writes NaN as null and never a line break, so one data line is enough."""
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"event: " + event.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


class _Client:
    """The queue of one stream. Filled under the hub's lock, emptied on the client's own loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self.loop = loop
        self.waiting: deque[bytes] = deque()
        self.limit = limit
        self.dropped = 0
        self.ended = False
        self.awake = asyncio.Event()

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
            self.loop.call_soon_threadsafe(self.awake.set)


class Hub:
    def __init__(
        self,
        *,
        queue_events: int = QUEUE_EVENTS,
        heartbeat_s: float = HEARTBEAT_S,
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self._queue_events = queue_events
        self._heartbeat_s = heartbeat_s
        self._max_clients = max_clients
        self._clients: set[_Client] = set()
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._number = 0
        self._closed = False
        self.dropped = 0

    @property
    def clients(self) -> int:
        return len(self._clients)

    def subscribe_local(self, listener: Listener) -> None:
        """`listener(event, data)` is called on the publishing thread, in order of publishing there."""
        self._listeners.append(listener)

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """From any thread; never blocks on a client. After `close` only listeners get it."""
        self._send(event, data)
        for listener in tuple(self._listeners):
            try:
                listener(event, data)
            except Exception:  # a listener's fault must not keep the event from the others
                log.exception("listener failed", sse_event=event)

    def _send(self, event: str, data: dict[str, Any]) -> None:
        with self._lock:
            if self._closed:
                return
            self._number += 1
            if not self._clients:
                return
            chunk = encode_event(event, data, self._number)
            for client in self._clients:
                if len(client.waiting) >= client.limit:
                    client.waiting.popleft()
                    client.dropped += 1
                    self.dropped += 1
                client.waiting.append(chunk)
                client.wake()

    def close(self) -> None:
        """Idempotent. Every stream ends after what is waiting for it."""
        with self._lock:
            self._closed = True
            for client in self._clients:
                client.ended = True
                client.wake()

    def open(self, is_allowed: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
        """A stream of encoded events. `is_allowed` is asked at every heartbeat; False ends the stream.

        Raises HubFullError. To be called on the loop that will read.
        """
        client = _Client(asyncio.get_running_loop(), self._queue_events)
        with self._lock:
            if len(self._clients) >= self._max_clients:
                raise HubFullError(f"{self._max_clients} streams are open, more are not served")
            client.ended = self._closed
            self._clients.add(client)
        return self._read(client, is_allowed)

    async def _read(self, client: _Client, is_allowed: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
        try:
            yield b"retry: 1000\n: connected\n\n"
            next_beat = client.loop.time() + self._heartbeat_s
            while True:
                chunks, dropped, ended = self._take(client)
                if dropped:
                    yield encode_event("gap", {"dropped": dropped})
                for chunk in chunks:
                    yield chunk
                if ended:
                    yield encode_event("end", {})
                    return
                if client.loop.time() >= next_beat:
                    if not await is_allowed():
                        return
                    yield b": still here\n\n"
                    next_beat = client.loop.time() + self._heartbeat_s
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(client.awake.wait(), max(0.0, next_beat - client.loop.time()))
        finally:
            with self._lock:
                self._clients.discard(client)

    def _take(self, client: _Client) -> tuple[list[bytes], int, bool]:
        with self._lock:
            client.awake.clear()
            chunks, dropped = list(client.waiting), client.dropped
            client.waiting.clear()
            client.dropped = 0
            return chunks, dropped, client.ended
