"""The spool's file: its schema, how it is opened, and what may be asked of it without opening a Spool.

| table   | one line per                  | columns                                                        |
|---------|-------------------------------|----------------------------------------------------------------|
| row     | accepted row                  | id, device, boot, seq, t (ms), status, q (JSON), readings      |
| device  | device ever seen              | name, last_t (ms): kept when its rows are gone                 |
| counter | accepted, dropped, last_id    | readings, readings, and the newest id ever given               |
| dropped | range of rows that were given up and must still be declared | device, boot, first, last (seq)  |
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

VERSION: Final = 1
RESERVE_SUFFIX: Final = "-reserve"
RESERVE_BYTES: Final = 4 * 1024 * 1024
_WAL_PAGES: Final = 256  # a transaction and this must fit into the reserve
_WAL_BYTES: Final = 8 * 1024 * 1024

_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE row (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, boot TEXT NOT NULL, seq INTEGER NOT NULL,
  t INTEGER NOT NULL, status TEXT NOT NULL, q TEXT NOT NULL, readings INTEGER NOT NULL,
  UNIQUE (device, boot, seq)
) STRICT;
CREATE TABLE device (name TEXT PRIMARY KEY, last_t INTEGER NOT NULL) STRICT;
CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
INSERT INTO counter VALUES ('accepted', 0), ('dropped', 0), ('last_id', 0);
CREATE TABLE dropped (
  device TEXT NOT NULL, boot TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 1;
COMMIT;
"""


class SpoolError(Exception):
    """The spool's file is not usable; the message says what to look at."""


class SpoolFull(SpoolError):  # noqa: N818  # a state that passes, not a defect
    """Nothing can be written now; what is in the spool stays readable."""


def open_spool(path: Path) -> sqlite3.Connection:
    """Creates the file and its folder where needed. Raises SpoolError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            db.executescript(_SCHEMA)
        elif version != VERSION:
            raise SpoolError(f"the spool {path} is of version {version}; this venueair reads {VERSION}")
    except (OSError, sqlite3.Error) as error:
        raise SpoolError(f"the spool {path} cannot be opened: {error}") from error
    return db


def reserve_room(path: Path, max_bytes: int) -> None:
    """Keeps room on the disk that can be given back. Without enough of it there is simply no reserve."""
    size = min(RESERVE_BYTES, max_bytes // 4)
    if path.exists() and path.stat().st_size == size:
        return
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError:
        path.unlink(missing_ok=True)


def newest_time(path: Path) -> int | None:
    """The largest t (ms UTC) that a spool ever accepted; None when there is no spool or it is empty."""
    if not path.exists():
        return None
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            newest: int | None = db.execute("SELECT max(last_t) FROM device").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error as error:
        raise SpoolError(f"the spool {path} cannot be read: {error}") from error
    return newest
