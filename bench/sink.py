"""A write endpoint that stores nothing and notes how old each line is when its request is complete.

It takes the place of a database to see a peer's delay; what the database would add is not in it.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from bench.processes import HOST


class Sink:
    """What a system needs of a Database to write to it; use as a `with` block."""

    org = bucket = token = "bench"  # noqa: S105  # checks nothing

    def __init__(self) -> None:
        self.lags: list[float] = []
        self.probed = False
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_address[1]}"

    def take(self, body: bytes) -> None:
        """Line protocol with ns; lines of devices that count are dated."""
        now = time.time() * 1000
        lines = body.splitlines()
        self.probed = self.probed or any(b"device=probe" in line for line in lines)
        self.lags += [now - int(line.rsplit(b" ", 1)[1]) / 1e6 for line in lines if b"device=d-" in line]

    def has(self, _device: str) -> bool:
        return self.probed

    def count(self) -> int:
        return len(self.lags)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sink.take(self._body())
            self.send_response(204)
            self.end_headers()

        def _body(self) -> bytes:
            if length := self.headers.get("Content-Length"):
                return self.rfile.read(int(length))
            parts = []  # Telegraf sends chunks (RFC 9112, 7.1)
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
