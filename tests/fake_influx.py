"""A write endpoint of InfluxDB v2 that can fail in every way a server, a proxy or a network does.

It takes line protocol as InfluxDB 2.7 does: an unparsable line refuses the whole request (400), a point that
cannot be kept is dropped and the rest is stored (422), the same point written twice is one point. What the
next requests get is put in a queue with `then`; an empty queue means it works.
"""

import gzip
import json
import re
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Self
from urllib.parse import parse_qs, urlsplit

Key = tuple[bytes, bytes, bytes]  # measurement, tags, time
_SPACE, _COMMA = re.compile(rb"(?<!\\) "), re.compile(rb"(?<!\\),")


@dataclass(frozen=True)
class Answer:
    """What one request gets. `status` None: the connection is reset without an answer."""

    status: int | None = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stores: bool = False  # whether the points are kept although the answer says otherwise
    delay_s: float = 0.0  # between storing and answering
    is_cut: bool = False  # the connection is reset within the answer


_AS_IT_SHOULD = Answer()
LOST_204 = Answer(None, stores=True)
CUT_204 = Answer(204, stores=True, is_cut=True)
RESET = Answer(None)
PROXY_ERROR = Answer(502, b"<html><body>Bad Gateway \xff</body></html>", {"Content-Type": "text/html"})


@dataclass(frozen=True)
class Request:
    """One POST that came in; `status` is what it was answered."""

    lines: tuple[bytes, ...]
    size: int
    status: int | None
    encoding: str
    query: dict[str, str]


def failure(status: int, code: str, message: str, **headers: str) -> Answer:
    """As InfluxDB says it: JSON with a code and a message."""
    body = json.dumps({"code": code, "message": message}).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **names})


class FakeInflux:
    """`with FakeInflux() as fake:` listens on `fake.url` until the end of the block."""

    unparsable: bytes = b"UNPARSABLE"  # a line with it refuses the request
    unkeepable: bytes = b"UNKEEPABLE"  # a line with it is dropped, the others are stored
    max_body: int | None = None  # bytes
    token: str | None = None  # None: any is accepted
    buckets: frozenset[str] | None = None  # None: any is there

    def __init__(self) -> None:
        self.points: dict[Key, dict[bytes, bytes]] = {}
        self.requests: list[Request] = []
        self.most_in_flight = 0
        self._in_flight = 0
        self._queue: list[Answer] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def then(self, *answers: Answer) -> None:
        """The next requests get these, one each; after them it works as it should."""
        with self._lock:
            self._queue += answers

    def works_again(self) -> None:
        with self._lock:
            self._queue.clear()

    def statuses(self) -> list[int | None]:
        return [request.status for request in self.requests]

    def take(self, body: bytes, size: int, encoding: str, query: dict[str, str], token: str) -> Answer:
        """Decides about one write, and stores what is to be stored."""
        lines = tuple(line for line in body.split(b"\n") if line)
        with self._lock:
            answer = self._queue.pop(0) if self._queue else _AS_IT_SHOULD
            if answer is _AS_IT_SHOULD:
                answer = self._work(lines, size, query, token)
            elif answer.stores:
                self._store(lines)
            self.requests.append(Request(lines, size, answer.status, encoding, query))
        if answer.delay_s:
            self._stopping.wait(answer.delay_s)
        return answer

    def entered(self, change: int) -> None:
        with self._lock:
            self._in_flight += change
            self.most_in_flight = max(self.most_in_flight, self._in_flight)

    def _work(self, lines: tuple[bytes, ...], size: int, query: dict[str, str], token: str) -> Answer:
        if self.token is not None and token != f"Token {self.token}":
            return failure(401, "unauthorized", "unauthorized access")
        if self.buckets is not None and query["bucket"] not in self.buckets:
            return failure(404, "not found", f'bucket "{query["bucket"]}" not found')
        if self.max_body is not None and size > self.max_body:
            return failure(413, "request too large", "unable to read data: points batch is too large")
        bad = [line.decode() for line in lines if self.unparsable in line]
        if bad:
            return failure(
                400, "invalid", "\n".join(f"unable to parse '{line}': invalid number" for line in bad)
            )
        kept = [line for line in lines if self.unkeepable not in line]
        self._store(kept)
        if dropped := len(lines) - len(kept):
            why = f"partial write: field type conflict dropped={dropped}"
            return failure(422, "unprocessable entity", f"failure writing points to database: {why}")
        return _AS_IT_SHOULD

    def _store(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            series, fields, time = _SPACE.split(line)
            measurement, _, tags = series.partition(b",")
            point = self.points.setdefault((measurement, tags, time), {})
            for name_and_value in _COMMA.split(fields):
                name, _, value = name_and_value.partition(b"=")
                point[name] = value


class _Handler(BaseHTTPRequestHandler):
    fake: ClassVar[FakeInflux]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        if where.path == "/health":
            self._say(Answer(200, b'{"name":"influxdb","status":"pass","version":"v2.7.12"}'))
        elif where.path == "/api/v2/buckets":
            names = parse_qs(where.query).get("name", sorted(self.fake.buckets or ()))
            found = [n for n in names if self.fake.buckets is None or n in self.fake.buckets]
            buckets = [{"id": f"{number:016x}", "name": name} for number, name in enumerate(found)]
            self._say(Answer(200, json.dumps({"buckets": buckets}).encode()))
        else:
            self._say(failure(404, "not found", "path not found"))

    def do_POST(self) -> None:
        where = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if where.path != "/api/v2/write":
            self._say(failure(404, "not found", "path not found"))
            return
        encoding = self.headers.get("Content-Encoding", "identity")
        body = gzip.decompress(sent) if encoding == "gzip" else sent
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        self.fake.entered(1)
        try:
            answer = self.fake.take(body, len(sent), encoding, query, self.headers.get("Authorization", ""))
        finally:
            self.fake.entered(-1)
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        if answer.status is None:
            self._reset()
            return
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.is_cut:
                self.flush_headers()
                self._reset()
                return
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
        except OSError:
            self.close_connection = True  # the client has not waited for a late answer

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name http.server gives it
        """Quiet: a test asks `requests`."""
