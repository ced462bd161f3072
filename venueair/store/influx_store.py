"""The production store: InfluxDB 2.x, and a small SQLite file for what it cannot hold in a transaction.

Rows go out first; marks and periods enter the books after the 204. So a StoreError may leave rows stored that
no mark tells of: they come again and are written again, which changes nothing. `write` knows of a replaced
value only where that was the newest of its series.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from venueair.block import Block, Int64
from venueair.site import Site
from venueair.store import flux, flux_answer, influx_count, line_protocol
from venueair.store.books import Books
from venueair.store.flux_answer import Table
from venueair.store.influx_sent import NEVER, Sent
from venueair.store.influx_series import InfluxSeries
from venueair.store.influx_server import Server, check
from venueair.store.influx_writer import InfluxWriter
from venueair.store.line_protocol import READINGS, ROLLUPS
from venueair.store.store import Health, MarkKey, Marks, Period, Rollup, StoreError, Width

log = structlog.get_logger(__name__)

POST_ROWS: Final = 20_000
IN_FLIGHT: Final = 2  # while all goes well: InfluxDB works on one request with one core
TRIED_STEP_MS: Final = 60_000
NAMES_S: Final = 30.0


class InfluxStore:
    """See store.Store for the contract. `books` None: it only reads, and keeps nothing here."""

    def __init__(self, server: Server, site: Site, books: Path | None) -> None:
        self._server, self._buckets = server, server.buckets
        self._reader = server.reader()
        self._writers: dict[str, InfluxWriter] = {}
        if books is not None:
            for measurement, bucket in self._buckets.items():
                self._writers[measurement] = InfluxWriter(server.url, server.write_token, server.org, bucket)
        self._post = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="influx-post")
        self._in_flight = 1
        self._books = Books(books)
        self._writing = threading.RLock()  # one block at a time; naming a series does not wait for it
        self._lock = threading.Lock()
        self._names_asked = -NAMES_S
        self._keeps_ms: int | None = None
        self._is_connected = self._is_closed = False
        self._refused = 0
        floor = self._books.fact("floor")
        self._has_floor, self._floor = floor is not None, NEVER if floor is None else floor
        tried = self._books.fact("tried")
        self._tried = self._floor if tried is None else tried
        self._series, self._sent = InfluxSeries(self._books, site, self._tried), Sent()
        for number in range(len(self._series.names)):
            self._sent.add(number, self._tried)

    def connect(self) -> None:
        """Checks server, buckets and tokens, and makes the buckets where it may. Idempotent.

        Raises StoreRetry; of kind "configuration" when somebody has to change something first.
        """
        with self._writing:
            if self._is_connected:
                return
            if self._server.speaks_flux:
                self._keeps_ms = check(self._server, self._reader, may_write=bool(self._writers))
            for writer in self._writers.values():
                writer.check()
            if self._writers and not self._has_floor:
                self._find_floor()
            self._is_connected = True

    def _find_floor(self) -> None:
        """The books are new: what the server holds already was not sent with them."""
        now = time.time_ns() // 1_000_000
        newest = self.newest() if self._server.speaks_flux else now
        with self._lock:
            self._floor = NEVER if newest is None else newest
            self._books.note("floor", self._floor)
            self._has_floor = True
            self._sent.all_upto(self._floor)

    def series(self, source: str, quantity: str) -> int:
        known = self._series.numbers.get((source, quantity))
        if known is not None:
            return known
        with self._lock:
            known = self._series.numbers.get((source, quantity))
            if known is None:
                self._sent.add(len(self._series.names), self._floor)
                known = self._series.add(source, quantity)
            return known

    def names(self) -> list[tuple[str, str]]:
        if not self._writers and time.monotonic() - self._names_asked > NAMES_S:
            # The answer joins them to rows by number, and so numbers the new ones.
            flux_answer.block(self._ask(flux.last_rows(self._server.bucket, READINGS)), self._number)
            self._names_asked = time.monotonic()
        return list(self._series.names)

    def write(self, block: Block, marks: dict[MarkKey, Marks], owed: Sequence[Period] = ()) -> int:
        with self._writing:
            self._must_write()
            block = block.last_of_each()
            with self._lock:
                self._series.keep()
                if len(block) and int(block.t.max()) > self._tried:
                    self._tried = int(block.t.max()) + TRIED_STEP_MS
                    self._books.note("tried", self._tried)
                again = self._sent.try_(block)
                lines = self._series.lines(block.series, block.t)
            heads, fields = self._series.heads[READINGS], self._series.fields
            self._send(
                READINGS,
                (
                    line_protocol.readings(block.take(rows), lines[rows], heads, fields, again[rows])
                    for rows in _posts(len(block))
                ),
            )
            with self._lock:
                collided = self._sent.stored(block)
            if marks or owed:
                self._books.stored(marks, owed)
            return collided

    def marks(self) -> dict[MarkKey, Marks]:
        return self._books.marks()

    def owed(self) -> list[Period]:
        return self._books.owed()

    def settle(self, periods: Sequence[Period]) -> None:
        self._books.settle(periods)

    def takes_from(self, now: int) -> int | None:
        return None if self._keeps_ms is None else now - self._keeps_ms

    def write_rollup(self, width: Width, rollup: Rollup) -> int:
        given = len(rollup)
        with self._writing:
            self._must_write()
            oldest = self.takes_from(time.time_ns() // 1_000_000)
            if oldest is not None:  # the server drops by its own clock
                rollup = rollup.take(np.flatnonzero(rollup.t >= oldest))
            with self._lock:
                self._series.keep()
                lines = self._series.lines(rollup.series, rollup.t)
            heads, fields = self._series.heads[ROLLUPS[width]], self._series.fields
            self._send(
                ROLLUPS[width],
                (
                    line_protocol.rollups(rollup.take(rows), lines[rows], heads, fields)
                    for rows in _posts(len(rollup))
                ),
            )
        return given - len(rollup)

    def lacks_rows(self, start: int, end: int) -> bool:  # noqa: ARG002  # time has one edge here
        oldest = self.takes_from(time.time_ns() // 1_000_000)
        return oldest is not None and start < oldest

    def rollup_end(self, width: Width) -> int | None:
        return self._newest_of(ROLLUPS[width])

    def range(self, series: Sequence[int] | None, start: int, end: int) -> Block:
        tables = self._rows(READINGS, flux_answer.READING, series, start, end)
        found = flux_answer.block(tables, self._number)
        return found if series is None else found.where(np.isin(found.series, np.asarray(series)))

    def rollup_range(self, width: Width, series: Sequence[int], start: int, end: int) -> Rollup:
        tables = self._rows(ROLLUPS[width], flux_answer.ROLLUP, series, start, end)
        found = flux_answer.rollup(tables, self._number)
        return found.take(np.flatnonzero(np.isin(found.series, np.asarray(series))))

    def newest(self) -> int | None:
        return self._newest_of(READINGS)

    def count(self, sources: Iterable[str]) -> tuple[int, int]:
        return influx_count.count(self._ask, self._server.bucket, sources)

    def retain(self, now: int, raw_days: int, minutes_days: int, hours_days: int) -> int:  # noqa: ARG002  # see below
        """Nothing: the server drops by itself what is older than the retention of its buckets."""
        return 0

    def health(self) -> Health:
        if self._is_closed:
            return Health(ok=False, detail="the store is closed")
        try:
            self._reader.is_alive()
            if not self._is_connected:
                self.connect()
            facts = {"series": float(len(self._series.names))}
            if self._writers:
                facts |= {"quarantined": float(self._books.buried()), "refused": float(self._refused)}
        except StoreError as error:
            return Health(ok=False, detail=str(error))
        return Health(ok=True, facts=facts)

    def dead_letters(self) -> list[tuple[str, bytes]]:
        """(reason, line) of the newest lines that the server could not read, oldest first."""
        return self._books.bad()

    def close(self) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._reader.close()
            self._post.shutdown()
            for writer in self._writers.values():
                writer.close()
            try:
                self._series.keep()
            except StoreError as error:
                log.warning("new series are forgotten, and named again next time", problem=str(error))
            self._books.close()

    def _number(self, source: str, quantity: str) -> int:
        """-1 for what somebody else wrote there, and cannot be ours."""
        try:
            return self.series(source, quantity)
        except ValueError:
            return -1

    def _must_write(self) -> None:
        if self._is_closed:
            raise StoreError("the store is closed")
        if not self._writers:
            raise StoreError("this process only reads the store")
        self.connect()

    def _send(self, name: str, texts: Iterable[bytes]) -> None:
        """While the server reads some texts the next is made. All are answered when this returns or raises:
        the first error, so that all of them are written again."""
        sent: list[Future[None]] = []
        try:
            for text in texts:
                sent.append(self._post.submit(self._send_one, name, text))
                if len(sent) >= self._in_flight:
                    sent[-self._in_flight].result()
                    self._in_flight = IN_FLIGHT
            for answered in sent:
                answered.result()
        except StoreError:
            self._in_flight = 1
            raise
        finally:
            wait(sent)

    def _send_one(self, name: str, text: bytes) -> None:
        written = self._writers[name].write(text)
        if written.quarantined:
            self._books.bury(written.quarantined)
            log.error(
                "lines that InfluxDB cannot read",
                count=len(written.quarantined),
                said=written.quarantined[0][1],
            )
        if written.refused:
            with self._lock:
                self._refused += written.refused
            log.error("points that InfluxDB refused", count=written.refused, said=written.reason)

    def _rows(
        self, name: str, endings: Sequence[str], series: Sequence[int] | None, start: int, end: int
    ) -> list[Table]:
        if series is None:
            return self._ask(flux.rows(self._buckets[name], name, start, end))
        named = [self._series.names[number] for number in series]
        if not named or end <= start:
            return []
        fields = {quantity + ending for _, quantity in named for ending in endings}
        return self._ask(
            flux.rows(self._buckets[name], name, start, end, {source for source, _ in named}, fields)
        )

    def _newest_of(self, name: str) -> int | None:
        tables = self._ask(flux.newest(self._buckets[name], name))
        return max((int(flux_answer.times(table["_time"]).max()) for table in tables), default=None)

    def _ask(self, question: str) -> list[Table]:
        if self._is_closed:
            raise StoreError("the store is closed")
        return self._reader.ask(question) if self._server.speaks_flux else []


def _posts(n: int) -> list[Int64]:
    """Rows of each request."""
    return [np.arange(start, min(start + POST_ROWS, n)) for start in range(0, n, POST_ROWS)]
