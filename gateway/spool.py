"""The gateway's outbox: rows stay on disk until ingest says that it has them.

SQLite in WAL mode with synchronous=FULL: a transaction that returned survives SIGKILL and power loss. Above
`max_mb` the oldest rows are given up, counted, and remembered as ranges that are declared to ingest. One row
of each (device, boot) is always kept to carry that declaration.

A full disk would also stop the deleting that makes room, so a reserve file is kept beside the database and
given back first (SQLite manual, "How SQLite works with a full disk": DELETE writes to the WAL too).
"""

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from gateway.rows import Row, Sample
from gateway.spool_file import RESERVE_SUFFIX, SpoolError, SpoolFull, open_spool, reserve_room

log = structlog.get_logger(__name__)

DROP_ROWS: Final = 1000  # given up at once, so that a full spool does not cost a search for each row
PRUNE_ROWS: Final = 2000
_COLUMNS: Final = "id, device, boot, seq, t, status, q"
Key = tuple[str, str]  # device, boot


class Spool:
    """`boot` must be new at each start: it names this gateway's run in the rows that it accepts.

    May be used from any thread. Raises SpoolError when the file is not usable, SpoolFull when nothing can be
    written now; then nothing was.
    """

    def __init__(self, path: Path, max_mb: float, boot: str) -> None:
        self.boot = boot
        self._path = path
        self._max_bytes = int(max_mb * 1024 * 1024)
        self._reserve = path.with_name(path.name + RESERVE_SUFFIX)
        self._lock = threading.RLock()
        self._db = open_spool(path)
        reserve_room(self._reserve, self._max_bytes)
        self._counters: dict[str, int] = dict(self._db.execute("SELECT name, n FROM counter").fetchall())
        self._last_t: dict[str, int] = dict(self._db.execute("SELECT name, last_t FROM device").fetchall())
        self._next_seq: Counter[str] = Counter()
        self._spooled: int = self._db.execute("SELECT coalesce(sum(readings), 0) FROM row").fetchone()[0]
        self._ranges = self._read_ranges()

    @property
    def accepted(self) -> int:
        """Readings ever committed to this file."""
        return self._counters["accepted"]

    @property
    def dropped(self) -> int:
        """Readings ever given up because the spool was above its limit."""
        return self._counters["dropped"]

    @property
    def spooled(self) -> int:
        """Readings that are in it now."""
        return self._spooled

    @property
    def last_id(self) -> int:
        return self._end_id("max")

    @property
    def oldest_id(self) -> int | None:
        return self._end_id("min") or None  # ids start at 1

    def append(self, samples: list[Sample]) -> list[Row]:
        """Accepts all samples or, with SpoolFull, none; returns them with their places and times."""
        with self._lock:
            last_t, next_seq = dict(self._last_t), Counter(self._next_seq)
            rows = []
            for i, sample in enumerate(samples, start=self._counters["last_id"] + 1):
                t = max(sample.t, last_t.get(sample.device, sample.t - 1) + 1)
                last_t[sample.device] = t
                seq = next_seq[sample.device]
                next_seq[sample.device] += 1
                rows.append(Row(i, sample.device, self.boot, seq, t, sample.values, sample.status))
            readings = sum(len(row.values) for row in rows)
            with self._transaction():
                self._db.executemany(
                    f"INSERT INTO row ({_COLUMNS}, readings) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # fixed columns
                    [
                        (r.id, r.device, r.boot, r.seq, r.t, r.status, json.dumps(r.values), len(r.values))
                        for r in rows
                    ],
                )
                self._db.executemany(
                    "INSERT INTO device VALUES (?, ?) ON CONFLICT DO UPDATE SET last_t = excluded.last_t",
                    [(device, last_t[device]) for device in {row.device for row in rows}],
                )
                self._add("accepted", readings)
                self._add("last_id", len(rows))
            self._last_t, self._next_seq = last_t, next_seq
            self._counters["accepted"] += readings
            self._counters["last_id"] += len(rows)
            self._spooled += readings
            if self._used_bytes() > self._max_bytes:
                self._give_up_oldest()
            return rows

    def prune(self, upto: dict[str, dict[str, int]]) -> None:
        """Forgets what is committed: device -> boot -> n, every seq <= n."""
        with self._lock:
            try:
                self._prune(upto)
            except SpoolFull:
                log.warning("spool", problem="disk full; giving back the reserve to make room")
                self._reserve.unlink(missing_ok=True)
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._prune(upto)
            if not self._reserve.exists():
                reserve_room(self._reserve, self._max_bytes)

    def _prune(self, upto: dict[str, dict[str, int]]) -> None:
        for key in [(device, boot, n) for device, boots in upto.items() for boot, n in boots.items()]:
            gone: list[tuple[int, ...]] = [()]
            while gone:  # in pieces: each must fit into the room that the reserve gives
                with self._transaction():
                    gone = self._db.execute(
                        "DELETE FROM row WHERE id IN (SELECT id FROM row WHERE device = ? AND boot = ? "
                        "AND seq <= ? ORDER BY seq LIMIT ?) RETURNING readings",
                        (*key, PRUNE_ROWS),
                    ).fetchall()
                self._spooled -= sum(row[0] for row in gone)
            with self._transaction():
                self._db.execute("DELETE FROM dropped WHERE device = ? AND boot = ? AND last <= ?", key)
        self._ranges = self._read_ranges()

    def after(self, cursor: int, last: int, limit: int) -> list[Row]:
        """At most `limit` rows with cursor < id <= last, oldest first."""
        with self._lock:
            found = self._db.execute(
                f"SELECT {_COLUMNS} FROM row WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",  # noqa: S608  # fixed columns
                (cursor, last, limit),
            ).fetchall()
        return [
            Row(i, device, boot, seq, t, json.loads(q), status)
            for i, device, boot, seq, t, status, q in found
        ]

    def dropped_ranges(self, key: Key) -> list[tuple[int, int]]:
        """(first, last) seq of rows that were given up and are not yet committed as such."""
        return self._ranges.get(key, [])

    def close(self) -> None:
        """Idempotent; the figures stay readable."""
        with self._lock:
            self._db.close()

    def _give_up_oldest(self) -> None:
        victims = self._db.execute(
            "SELECT id, device, boot, seq, readings FROM row AS r WHERE EXISTS "
            "(SELECT 1 FROM row WHERE device = r.device AND boot = r.boot AND seq > r.seq) "
            "ORDER BY id LIMIT ?",
            (DROP_ROWS,),
        ).fetchall()
        ranges: dict[Key, list[tuple[int, int]]] = {k: list(v) for k, v in self._ranges.items()}
        for _, device, boot, seq, _ in victims:
            _extend(ranges.setdefault((device, boot), []), seq)
        readings = sum(victim[4] for victim in victims)
        try:
            with self._transaction():
                self._db.executemany("DELETE FROM row WHERE id = ?", [(victim[0],) for victim in victims])
                self._db.execute("DELETE FROM dropped")
                self._db.executemany(
                    "INSERT INTO dropped VALUES (?, ?, ?, ?)",
                    [(*key, *pair) for key, pairs in ranges.items() for pair in pairs],
                )
                self._add("dropped", readings)
        except SpoolFull as error:  # the rows before it were accepted: the next append tries again
            log.warning("spool", problem=str(error))
            return
        self._ranges = ranges
        self._counters["dropped"] += readings
        self._spooled -= readings
        log.warning("spool", problem="above its limit; the oldest rows were dropped", rows=len(victims))

    def _end_id(self, which: str) -> int:
        with self._lock:
            return int(self._db.execute(f"SELECT coalesce({which}(id), 0) FROM row").fetchone()[0])  # noqa: S608  # two fixed words

    def _add(self, counter: str, n: int) -> None:
        self._db.execute("UPDATE counter SET n = n + ? WHERE name = ?", (n, counter))

    def _used_bytes(self) -> int:
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _read_ranges(self) -> dict[Key, list[tuple[int, int]]]:
        ranges: dict[Key, list[tuple[int, int]]] = {}
        for device, boot, first, last in self._db.execute("SELECT * FROM dropped ORDER BY first"):
            ranges.setdefault((device, boot), []).append((first, last))
        return ranges

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise _as_ours(error, self._path) from error
            raise


def _extend(ranges: list[tuple[int, int]], seq: int) -> None:
    """Oldest rows go first, so a range grows at its end or a new one starts behind it."""
    if ranges and ranges[-1][1] == seq - 1:
        ranges[-1] = (ranges[-1][0], seq)
    else:
        ranges.append((seq, seq))


def _as_ours(error: sqlite3.Error, path: Path) -> SpoolError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte of SQLite's extended codes
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return SpoolFull(f"the spool {path} cannot be written ({error}): make room on its disk or replace it")
    return SpoolError(f"the spool {path} is not usable: {error}")
