"""The audit log in ops_db, and its head in a file beside the database.

The file tells the number and hash of the last row, so that rows cut off the end are missed. It is written
after the row: when a crash comes between, the file is behind, which is no damage. Rows are never written
after a lost end as if nothing had been: numbers go on from the head that was told, and the gap stays.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, or_, select

from api.audit import EMPTY, Entry, Head, Row, Verdict, head_of, next_row, verify
from api.tables.audit import audit
from api.tables.keys import api_keys

log = structlog.get_logger(__name__)

_FIELDS = tuple(field.name for field in fields(Entry))


class AuditBook:
    """The only writer of its table; may be used from any thread. Raises SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        database = engine.url.database
        self._file = None if database in (None, "", ":memory:") else head_file(Path(str(database)))
        self._told = EMPTY
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def append(self, entry: Entry) -> int:
        """The number of the new row, which is on the disk when this returns."""
        try:
            with self._lock:
                row = self._append(entry)
                self._tell(Head(row.number, row.hash))
        except Exception:
            self.counts["failed"] += 1
            raise
        self.counts["written"] += 1
        return row.number

    def head(self) -> Head:
        """The last row in the table."""
        with self._engine.connect() as connection:
            return _last(connection)

    def last_change(self, target: str) -> Entry | None:
        """The newest request to `target` that gave a command."""
        done = audit.c.target == target, audit.c.status.between(200, 299), audit.c.command.is_not(None)
        query = select(audit).where(*done).order_by(audit.c.number.desc()).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _row(row).entry

    def name_of(self, who: str) -> str:
        """The name behind an id, for people to read; the id itself where the name is gone."""
        with self._engine.connect() as connection:
            name = connection.scalar(select(api_keys.c.name).where(api_keys.c.id == who))
        return who if name is None else name

    def page(
        self,
        *,
        who: str | None = None,
        target: str | None = None,
        start: int | None = None,
        end: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> list[Row]:
        """Newest first, below the number `after`. `target` also finds what is below it: `purifiers/pf1`."""
        wanted: list[ColumnElement[bool]] = []
        if who is not None:
            wanted.append(audit.c.who == who)
        if target is not None:
            below = audit.c.target.startswith(f"{target}/", autoescape=True)
            wanted.append(or_(audit.c.target == target, below))
        if start is not None:
            wanted.append(audit.c.t >= start)
        if end is not None:
            wanted.append(audit.c.t < end)
        if after is not None:
            wanted.append(audit.c.number < after)
        query = select(audit).where(*wanted).order_by(audit.c.number.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def _append(self, entry: Entry) -> Row:
        with self._engine.connect() as connection:
            # Two processes may write: neither may read the last row before the other has written its own.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            told = max(self._told, self._noted(), key=lambda head: head.number)
            row = next_row(max(_last(connection), told, key=lambda head: head.number), entry)
            values = {name: getattr(entry, name) for name in _FIELDS}
            connection.execute(audit.insert().values(number=row.number, hash=row.hash, **values))
            connection.commit()
        return row

    def _noted(self) -> Head:
        if self._file is None:
            return EMPTY
        try:
            return noted_head(self._file) or EMPTY
        except (OSError, ValueError) as error:
            self.counts["head_unread"] += 1
            log.error("the head of the audit log cannot be read", problem=str(error))  # noqa: TRY400  # a sentence is enough
            return EMPTY

    def _tell(self, head: Head) -> None:
        self._told = head
        if self._file is None:
            return
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            with new.open("w", encoding="ascii") as file:
                file.write(f"{head}\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:  # the row itself is safe; only its end is less well guarded
            self.counts["head_failed"] += 1
            log.error("the head of the audit log cannot be written", problem=str(error))  # noqa: TRY400  # as above


def head_file(database: Path) -> Path:
    """`ops.audit-head` beside `ops.sqlite`."""
    return database.with_suffix(".audit-head")


def noted_head(file: Path) -> Head | None:
    """What the file tells; None when it is not there. Raises OSError and ValueError."""
    if not file.exists():
        return None
    return head_of(file.read_text(encoding="ascii"))


def verify_book(connection: Connection, *known: Head) -> Verdict:
    """Walks the whole table."""
    return verify(_rows(connection), known)


def _rows(connection: Connection) -> Iterator[Row]:
    query = select(audit).order_by(audit.c.number).execution_options(yield_per=1000)
    for row in connection.execute(query).mappings():
        yield _row(row)


def _last(connection: Connection) -> Head:
    query = select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return EMPTY if row is None else Head(row.number, row.hash)


def _row(row: RowMapping) -> Row:
    entry: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return Row(row["number"], Entry(**entry), row["hash"])
