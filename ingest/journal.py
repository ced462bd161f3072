"""ingest's SQLite: alarm edges until the api has them, open alarms and intervals, channels, dead letters."""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from venueair.messages import AlarmEdge, decode, encode

_SCHEMA: Final = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS outbox (id TEXT PRIMARY KEY, venue TEXT NOT NULL, edge BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS known (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS open (alarm TEXT PRIMARY KEY, venue TEXT NOT NULL, edge BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS intervals
  (alarm TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER, peak INTEGER NOT NULL,
   historical INTEGER NOT NULL, PRIMARY KEY (alarm, start));
CREATE TABLE IF NOT EXISTS channels
  (name TEXT PRIMARY KEY, stands INTEGER NOT NULL, since INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS dead_letters
  (id INTEGER PRIMARY KEY AUTOINCREMENT, t INTEGER NOT NULL, topic TEXT NOT NULL,
   reason TEXT NOT NULL, detail TEXT NOT NULL, payload BLOB NOT NULL);
PRAGMA user_version=1;
"""
MAX_DEAD_LETTERS: Final = 1000
MAX_PAYLOAD: Final = 1024

Channel = tuple[bool, int, int]  # does it stand, since when does it wait, how many values in a row


class Interval(NamedTuple):
    """An alarm stood from `start` until `stop`, ms; None: it stands. `historical`: found only later."""

    alarm: str
    start: int
    stop: int | None
    peak: int
    historical: bool


class Journal:
    """Thread-safe. An edge is entered once: the same id again changes nothing, also after it was seen."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
        self._lock = threading.Lock()
        self._db.executescript(_SCHEMA)

    def record(self, edges: Iterable[tuple[str, AlarmEdge]], channels: dict[str, Channel]) -> None:
        """(venue, edge) and the channels that changed, in one transaction."""
        with self._lock, self._transaction():
            for venue, edge in edges:
                if not self._db.execute("INSERT OR IGNORE INTO known VALUES (?)", [edge.id]).rowcount:
                    continue
                payload = encode(edge)
                self._db.execute("INSERT INTO outbox VALUES (?, ?, ?)", [edge.id, venue, payload])
                if not edge.historical:
                    self._enter(venue, edge, payload)
            self._db.executemany(
                "INSERT OR REPLACE INTO channels VALUES (?, ?, ?, ?)",
                [(name, *channel) for name, channel in channels.items()],
            )

    def _enter(self, venue: str, edge: AlarmEdge, payload: bytes) -> None:
        if edge.level:
            self._db.execute("INSERT OR REPLACE INTO open VALUES (?, ?, ?)", [edge.alarm, venue, payload])
            stands = "UPDATE intervals SET peak = max(peak, ?) WHERE alarm = ? AND stop IS NULL"
            if not self._db.execute(stands, [edge.level, edge.alarm]).rowcount:
                row = [edge.alarm, edge.t, edge.level]
                self._db.execute("INSERT OR REPLACE INTO intervals VALUES (?, ?, NULL, ?, 0)", row)
        else:
            self._db.execute("DELETE FROM open WHERE alarm = ?", [edge.alarm])
            ends = "UPDATE intervals SET stop = ? WHERE alarm = ? AND stop IS NULL"
            self._db.execute(ends, [edge.t, edge.alarm])

    def intervals(self, alarm: str, start: int, end: int) -> list[Interval]:
        """Those that overlap [start, end), oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT alarm, start, stop, peak, historical FROM intervals"
                " WHERE alarm = ? AND start < ? AND coalesce(stop, start + 1) > ? ORDER BY start",
                [alarm, end, start],
            ).fetchall()
        return [Interval(name, t, stop, peak, bool(late)) for name, t, stop, peak, late in rows]

    def revise(self, gone: Iterable[Interval], new: Iterable[Interval]) -> None:
        """What late rows have changed about when alarms stood."""
        with self._lock, self._transaction():
            self._db.executemany(
                "DELETE FROM intervals WHERE alarm = ? AND start = ?", [(i.alarm, i.start) for i in gone]
            )
            self._db.executemany("INSERT OR REPLACE INTO intervals VALUES (?, ?, ?, ?, ?)", list(new))

    def unseen(self) -> list[tuple[str, AlarmEdge]]:
        with self._lock:
            rows = self._db.execute("SELECT venue, edge FROM outbox ORDER BY rowid").fetchall()
        return [(venue, decode(edge, AlarmEdge)) for venue, edge in rows]

    def seen(self, ids: Iterable[str]) -> None:
        with self._lock, self._transaction():
            self._db.executemany("DELETE FROM outbox WHERE id = ?", [(id_,) for id_ in ids])

    def open_alarms(self) -> list[tuple[str, AlarmEdge]]:
        with self._lock:
            rows = self._db.execute("SELECT venue, edge FROM open ORDER BY alarm").fetchall()
        return [(venue, decode(edge, AlarmEdge)) for venue, edge in rows]

    def channels(self) -> dict[str, Channel]:
        with self._lock:
            rows = self._db.execute("SELECT name, stands, since, count FROM channels").fetchall()
        return {name: (bool(stands), since, count) for name, stands, since, count in rows}

    def bury(self, t: int, topic: str, reason: str, detail: str, payload: bytes) -> None:
        """Keeps the newest MAX_DEAD_LETTERS, cut to MAX_PAYLOAD bytes."""
        with self._lock, self._transaction():
            self._db.execute(
                "INSERT INTO dead_letters (t, topic, reason, detail, payload) VALUES (?, ?, ?, ?, ?)",
                [t, topic, reason, detail[:500], payload[:MAX_PAYLOAD]],
            )
            self._db.execute(
                "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?",
                [MAX_DEAD_LETTERS],
            )

    def dead_letters(self) -> list[tuple[int, str, str, str, bytes]]:
        """(t, topic, reason, detail, payload), oldest first."""
        with self._lock:
            return self._db.execute(
                "SELECT t, topic, reason, detail, payload FROM dead_letters ORDER BY id"
            ).fetchall()

    def newest_dead_letters(
        self, after: int | None, limit: int
    ) -> list[tuple[int, int, str, str, str, bytes]]:
        """(id, t, topic, reason, detail, payload), newest first; only those older than id `after`."""
        before = 2**63 - 1 if after is None else after
        with self._lock:
            return self._db.execute(
                "SELECT id, t, topic, reason, detail, payload FROM dead_letters"
                " WHERE id < ? ORDER BY id DESC LIMIT ?",
                [before, limit],
            ).fetchall()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _transaction(self) -> "sqlite3.Connection":
        self._db.execute("BEGIN")
        return self._db
