"""What InfluxDB cannot hold in a transaction: one SQLite file beside the process that writes.

| table   | one line per                      | columns                                                      |
|---------|-----------------------------------|--------------------------------------------------------------|
| series  | series ever numbered              | number, source, quantity                                     |
| place   | source and place it ever stood at | source, since (ms), venue, hall, zone, device ('': a zone's) |
| mark    | (device, boot)                    | upto, above (JSON)                                           |
| owed    | period                            | source, start, stop (ms)                                     |
| fact    | name                              | n                                                            |
| bad     | line that the server cannot read  | reason, line: the newest MAX_BAD, cut to MAX_LINE bytes      |

It is written after the server has said 204, so it never says more than is stored. The exception is the fact
`tried`: no row later than it was ever sent. It is raised before sending.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from venueair.store.store import MarkKey, Marks, Period, StoreError

VERSION: Final = 1
MAX_BAD: Final = 1000
MAX_LINE: Final = 1024
_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE series (
  number INTEGER PRIMARY KEY, source TEXT NOT NULL, quantity TEXT NOT NULL, UNIQUE (source, quantity)
) STRICT;
CREATE TABLE place (
  source TEXT NOT NULL, since INTEGER NOT NULL, venue TEXT NOT NULL, hall TEXT NOT NULL, zone TEXT NOT NULL,
  device TEXT NOT NULL, PRIMARY KEY (source, since)
) STRICT;
CREATE TABLE mark (
  device TEXT NOT NULL, boot TEXT NOT NULL, upto INTEGER NOT NULL, above TEXT NOT NULL,
  PRIMARY KEY (device, boot)
) STRICT;
CREATE TABLE owed (
  source TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, PRIMARY KEY (source, start, stop)
) STRICT;
CREATE TABLE fact (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
CREATE TABLE bad (id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, line BLOB NOT NULL) STRICT;
PRAGMA user_version = 1;
COMMIT;
"""

Place = tuple[str, str, str, str]  # venue, hall, zone, device


class Books:
    """Thread-safe. `path` None keeps everything in memory. Raises StoreError."""

    def __init__(self, path: Path | None) -> None:
        self._name = str(path or "memory")
        self._lock = threading.RLock()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, timeout=1
            )
            # One process numbers the series: a second one would give the same number to another series.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            self.is_new = version == 0
            if self.is_new:
                self._db.executescript(_SCHEMA)
            elif version != VERSION:
                raise StoreError(f"{self._name} is of version {version}; this venueair reads {VERSION}")
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreError(f"{self._name} is in use: does another venueair write from here?") from error
            raise StoreError(f"{self._name} cannot be opened: {error}") from error
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._name} cannot be opened: {error}") from error

    def series(self) -> list[tuple[str, str]]:
        return self._all("SELECT source, quantity FROM series ORDER BY number")

    def enter(self, series: Sequence[tuple[int, str, str]], places: Sequence[tuple[str, int, Place]]) -> None:
        """Series (number, source, quantity) and places (source, since, place), in one transaction."""
        rows = [(source, since, *place) for source, since, place in places]
        self._do(
            [
                ("INSERT INTO series VALUES (?, ?, ?)", series),
                ("INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?, ?)", rows),
            ]
        )

    def places(self) -> dict[str, list[tuple[int, Place]]]:
        """(since, place) by source, oldest first."""
        found: dict[str, list[tuple[int, Place]]] = {}
        sql = "SELECT source, since, venue, hall, zone, device FROM place ORDER BY source, since"
        for source, since, *place in self._all(sql):
            found.setdefault(source, []).append((since, tuple(place)))
        return found

    def stored(self, marks: dict[MarkKey, Marks], owed: Sequence[Period]) -> None:
        """In one transaction."""
        above = msgspec.json.encode
        rows = [(d, b, mark.upto, above(mark.above).decode()) for (d, b), mark in marks.items()]
        self._do(
            [
                ("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?)", rows),
                ("INSERT INTO owed VALUES (?, ?, ?) ON CONFLICT DO NOTHING", _rows(owed)),
            ]
        )

    def marks(self) -> dict[MarkKey, Marks]:
        ranges = tuple[tuple[int, int], ...]
        return {
            (device, boot): Marks(upto, msgspec.json.decode(above, type=ranges))
            for device, boot, upto, above in self._all("SELECT device, boot, upto, above FROM mark")
        }

    def owed(self) -> list[Period]:
        rows = self._all("SELECT source, start, stop FROM owed ORDER BY start, source")
        return [Period(*row) for row in rows]

    def settle(self, periods: Sequence[Period]) -> None:
        self._do([("DELETE FROM owed WHERE source = ? AND start = ? AND stop = ?", _rows(periods))])

    def fact(self, name: str) -> int | None:
        rows = self._all("SELECT n FROM fact WHERE name = ?", name)
        return rows[0][0] if rows else None

    def note(self, name: str, n: int) -> None:
        self._do([("INSERT OR REPLACE INTO fact VALUES (?, ?)", [(name, n)])])

    def bury(self, lines: Iterable[tuple[bytes, str]]) -> None:
        """(line, reason); the oldest give way."""
        rows = [(reason[:500], line[:MAX_LINE]) for line, reason in lines]
        self._do(
            [
                ("INSERT INTO bad (reason, line) VALUES (?, ?)", rows),
                ("DELETE FROM bad WHERE id <= (SELECT max(id) FROM bad) - ?", [(MAX_BAD,)]),
            ]
        )

    def bad(self) -> list[tuple[str, bytes]]:
        """(reason, line), oldest first."""
        return self._all("SELECT reason, line FROM bad ORDER BY id")

    def buried(self) -> int:
        """How many lines were ever buried."""
        rows = self._all("SELECT seq FROM sqlite_sequence WHERE name = 'bad'")
        return rows[0][0] if rows else 0

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _all(self, sql: str, *parameters: object) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"{self._name} cannot be read: {error}") from error

    def _do(self, steps: Sequence[tuple[str, Sequence[tuple[Any, ...]]]]) -> None:
        with self._lock:
            try:
                self._db.execute("BEGIN")
                for sql, rows in steps:
                    self._db.executemany(sql, rows)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                with contextlib.suppress(sqlite3.Error):  # there is nothing to take back when BEGIN failed
                    self._db.execute("ROLLBACK")
                raise StoreError(f"{self._name} cannot be written: {error}") from error


def _rows(periods: Sequence[Period]) -> list[tuple[str, int, int]]:
    return [(period.source, period.start, period.end) for period in periods]
