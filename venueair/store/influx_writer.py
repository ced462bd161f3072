"""Writes line protocol to a server that speaks InfluxDB's v2 write API, and sorts out its answers.

| answer | what it means | what happens |
|---|---|---|
| 204 | all is stored | done |
| 400 | a line cannot be parsed, nothing of the request is stored | the line is searched and quarantined |
| 413 | the request is too large | halved; later requests stay below |
| 422 | partial write: some points are dropped, the others stored | counted, never sent again |
| 401, 403, 404, any other | token, permission, bucket, or no such server | StoreRetry "configuration" |
| 429, 503 | busy | StoreRetry "busy", after what Retry-After asks, at most 60 s |
| 408, other 5xx | fails now | StoreRetry "failing", the same |
| timeout, reset, no answer | it may be stored or not | StoreRetry "unreachable" |

Source: InfluxDB OSS v2 API, POST /api/v2/write; which answers store what was seen on InfluxDB 2.7.12.
A point written twice is one point, so after StoreRetry the same lines are written again. Nothing here sleeps
or retries: the caller owns the pace. Only 204 counts as stored: a proxy or a wrong address may answer 200.
"""

import gzip
import importlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

from venueair.store.store import StoreError

Kind = Literal["configuration", "busy", "failing", "unreachable"]
LONGEST_S: Final = 60.0  # a server that asks for more is asked again all the same
DEFAULT_S: Final = 1.0
CONFIGURATION_S: Final = 30.0  # somebody has to change something first
_DROPPED: Final = re.compile(r"dropped=(\d{1,9})\b")
_LONGEST_TEXT: Final = 300  # characters of a server's words that are passed on


class StoreRetry(StoreError):  # noqa: N818  # named by the reaction
    """Nothing is lost if the same lines are written again, `after_s` seconds from now or later."""

    def __init__(self, message: str, kind: Kind, after_s: float = DEFAULT_S) -> None:
        super().__init__(message)
        self.kind: Final = kind
        self.after_s: Final = after_s


@dataclass(slots=True)
class Written:
    """What became of the lines of one write: stored + refused + len(quarantined) is how many there were.

    quarantined  lines that the server cannot parse, each with its words; they are nowhere else
    refused      points that it parsed and dropped: of another field type, or older than the retention; at
                 least so many, for of points in several shards InfluxDB reports those of one
    reason       its words about the last refused points
    """

    stored: int = 0
    quarantined: list[tuple[bytes, str]] = field(default_factory=list)
    refused: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that Retry-After asks for (RFC 9110, 10.2.3), at most LONGEST_S; DEFAULT_S instead of nonsense.

    A date counts from the server's own Date: its clock and ours need not agree.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        seconds = float(asked[:9])
    else:
        try:
            until, now = parsedate_to_datetime(asked), parsedate_to_datetime(headers.get("Date", ""))
            seconds = (until - now).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return DEFAULT_S
    return min(seconds, LONGEST_S) if seconds > 0 else DEFAULT_S


def _words(answer: _Answer) -> str:
    """What the server says: the message of InfluxDB's JSON, else the text as it is."""
    text = answer.body.decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    message = said.get("message") if isinstance(said, dict) else None
    return " ".join((message if isinstance(message, str) else text).split())


def _halves(body: bytes) -> tuple[bytes, bytes]:
    """By lines, of which there are at least two."""
    lines = body.split(b"\n")
    half = len(lines) // 2
    return b"\n".join(lines[:half]), b"\n".join(lines[half:])


class InfluxWriter:
    """One bucket of one server, over influxdb-client; from any thread.

    gzipped is for a server that is not on this machine: about a sixth of the bytes.
    """

    def __init__(
        self, url: str, token: str, org: str, bucket: str, *, gzipped: bool = False, timeout_s: float = 10.0
    ) -> None:
        # Importing it takes a second: only who writes to InfluxDB pays that.
        influxdb: Any = importlib.import_module("influxdb_client")
        urllib3: Any = importlib.import_module("urllib3")
        if not (token.isascii() and token.isprintable()):
            raise StoreError(f"the token for {url} has characters that no token has: copy it again")
        self._api_exception: Any = influxdb.rest.ApiException
        self._http_error: Any = urllib3.exceptions.HTTPError
        self._client: Any = influxdb.InfluxDBClient(url, token, timeout=int(timeout_s * 1000), org=org)
        self._service: Any = influxdb.WriteService(self._client.api_client)
        self._url, self._org, self._bucket = url, org, bucket
        self._gzipped = gzipped
        self._most_bytes: int | None = None

    def write(self, lines: Sequence[bytes] | bytes) -> Written:
        """Line protocol with times in ms, a point a line, as lines or as one body without blank lines.

        Raises StoreRetry: write all of it again.
        """
        body = (lines if isinstance(lines, bytes) else b"\n".join(lines)).strip(b"\n")
        written = Written()
        if body:
            self._store(body, written)
        if len(written.quarantined) == 1:
            self._doubt_the_server(written)
        return written

    def check(self) -> None:
        """Raises StoreRetry unless the server is there and lets this token write to the bucket."""
        answer = self._post(b"")
        if answer.status != 204:
            raise self._retry(answer, 0)

    def close(self) -> None:
        self._client.close()

    def _store(self, body: bytes, written: Written) -> None:
        points = body.count(b"\n") + 1
        if points > 1 and self._most_bytes is not None and len(body) > self._most_bytes:
            self._store_halves(body, written)
            return
        answer = self._post(body)
        if answer.status == 204:
            written.stored += points
        elif answer.status == 422:
            self._count_refused(points, answer, written)
        elif answer.status == 413 and points > 1:
            self._most_bytes = len(body) // 2
            self._store_halves(body, written)
        elif answer.status == 400 and points > 1:
            self._find_bad(body, written)
        elif answer.status == 400:
            self._quarantine(body, answer, written)
        else:
            raise self._retry(answer, len(body))

    def _store_halves(self, body: bytes, written: Written) -> None:
        for half in _halves(body):
            self._store(half, written)

    def _find_bad(self, body: bytes, written: Written) -> None:
        """These lines were refused; if one of n is bad, that costs 2 log2(n) requests more at most."""
        first, rest = _halves(body)
        bad_before = len(written.quarantined)
        self._store(first, written)
        if len(written.quarantined) == bad_before and b"\n" in rest:
            self._find_bad(rest, written)  # it must be there: no need to ask
        else:
            self._store(rest, written)

    def _quarantine(self, line: bytes, refusal: _Answer, written: Written) -> None:
        name = f"unable to parse '{line.decode('utf-8', 'replace')}': "  # InfluxDB says it before its reason
        written.quarantined.append((line, _words(refusal).replace(name, "")[:_LONGEST_TEXT]))
        if len(written.quarantined) == 2:
            self._doubt_the_server(written)

    def _doubt_the_server(self, written: Written) -> None:
        """When none of the lines is taken: a server that refuses an empty write too (https spoken to as http,
        a proxy) would have good lines quarantined."""
        if written.stored + written.refused == 0:
            answer = self._post(b"")
            if answer.status != 204:
                raise self._retry(answer, 0)

    def _count_refused(self, points: int, answer: _Answer, written: Written) -> None:
        reason = _words(answer)
        dropped = _DROPPED.search(reason)
        refused = min(int(dropped[1]), points) if dropped else points
        written.refused += refused
        written.stored += points - refused
        written.reason = reason[:_LONGEST_TEXT]

    def _post(self, body: bytes) -> _Answer:
        sent = gzip.compress(body, compresslevel=1) if self._gzipped else body
        try:
            response = self._service.post_write_with_http_info(
                self._org,
                self._bucket,
                sent,
                precision="ms",
                content_encoding="gzip" if self._gzipped else "identity",
                _preload_content=False,  # else an error page that is not UTF-8 hides its status
                _return_http_data_only=True,
            )
            return _Answer(response.status, response.headers, response.data)
        except self._api_exception as error:
            if not error.status:
                why = f"{error.reason}; look at its certificate, name and clock"
                said = f"no secure connection to {self._url}: {why}"
                raise StoreRetry(said, "configuration", CONFIGURATION_S) from error
            return _Answer(error.status, error.headers, error.body)
        except self._http_error as error:
            raise StoreRetry(
                f"{self._url} cannot be reached, or does not answer: {error}", "unreachable"
            ) from error

    def _retry(self, answer: _Answer, size: int) -> StoreRetry:
        """The exception for an answer that says nothing about the lines."""
        status, words = answer.status, _words(answer)[:_LONGEST_TEXT] or "nothing more"
        if status in {408, 429} or status >= 500:
            kind: Kind = "busy" if status in {429, 503} else "failing"
            said = f"{self._url} cannot store now ({status}); it says: {words}"
            return StoreRetry(said, kind, retry_after_s(answer.headers))
        url, bucket = self._url, f"bucket {self._bucket!r} of organisation {self._org!r}"
        what = {
            400: f"{url} refuses even an empty write: look at the address, http or https, and proxies",
            401: f"{url} does not know the token: put a valid one into the settings of the store",
            403: f"the token may not write to {bucket} at {url}: permit it to, or use another token",
            404: f"{url} has no {bucket}: create it, or correct address and names in the settings",
            413: f"{url} takes no request of {size} bytes: raise its limit, or that of a proxy before it",
        }.get(status, f"{url} does not answer a write as InfluxDB does: look at the address and at proxies")
        return StoreRetry(f"{what} ({status}; it says: {words})", "configuration", CONFIGURATION_S)
