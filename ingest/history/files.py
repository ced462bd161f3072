"""A file of history -> rows in order of time, as numpy columns. DuckDB reads, sorts and counts.

Nothing is guessed, and what does not fit is counted in `rejected`:

| reason       | of       | when                                                                     |
|--------------|----------|--------------------------------------------------------------------------|
| malformed    | lines    | not as many cells as the header, an open quote, not UTF-8                |
| other_device | rows     | of an export: measured by another device                                 |
| time         | rows     | cannot be read, before 1970, or later than `latest`                      |
| not_a_number | readings | text that is no number                                                   |
| not_finite   | readings | infinite, or too large for a double (in the file, or after conversion)   |

A time is ISO 8601 (local to `tz` where it has no offset), or a number: seconds since 1970 from 1e9 to 1e11,
ms from 1e12 to 1e14. Other numbers are no times: they are dates written without dashes, or microseconds.
An empty cell, null and NaN are missing values, and no reject.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import numpy as np

from ingest.history.columns import HistoryError
from ingest.history.sheets import sheet, text
from ingest.history.wide import Cell, Reading, meaning, wide
from venueair.block import Float64, Int64

_MEMORY: Final = "1GB"  # what is more goes to a temporary folder


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows `first`, `first` + 1, … of the sorted file. t (n,) ms, rising; values (n,) each, NaN: missing."""

    first: int
    t: Int64
    values: dict[str, Float64]


class HistoryFile:
    """A file whose header is understood; a context. Raises HistoryError.

    After `read_all`: `read` counts its rows. `rows` are left after sorting, one a time: of two readings of
    one time and quantity the one later in the file holds, and `repeated` counts the others.
    """

    def __init__(self, path: Path, how: Reading) -> None:
        self._path, self._how = path, how
        self._spill = tempfile.TemporaryDirectory(prefix="venueair-import-")
        self._db = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": self._spill.name})
        try:
            self._set_zone(how.tz)
            self._sheet = sheet(self._db, path)
            self._meant = meaning(self._sheet, how)
        except BaseException:
            self.close()
            raise

    def read_all(self, latest: int) -> None:
        """`latest` ms: what says a later time is rejected. Raises HistoryError."""
        try:
            self.digest = _digest(self._path, self._how)
            found = wide(self._db, self._sheet, self._meant, self._how.device, latest)
            self.read, self.rejected = found.read + found.rejected["malformed"], found.rejected
            self.quantities = tuple(found.cells)
            self._sort(list(found.cells.values()))
        except (duckdb.Error, OSError) as error:
            raise HistoryError(f"{self._path} cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()
        self._spill.cleanup()

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """At most `rows` rows each; cut at the same rows whenever the file is read in the same way."""
        for first in range(0, self.rows, rows):
            found = self._db.execute(
                "SELECT * FROM history WHERE rowid >= ? AND rowid < ? ORDER BY t", [first, first + rows]
            ).fetchnumpy()
            t, *values = (_filled(column) for column in found.values())
            yield Chunk(first, t, dict(zip(self.quantities, values, strict=True)))

    def period(self) -> tuple[int, int] | None:
        """The first and the last time."""
        first, last = self._row("SELECT min(t), max(t) FROM history")
        return None if first is None else (first, last)

    def readings_before(self, t: int) -> int:
        counts = " + ".join(["0", *(f"count(q{n})" for n in range(len(self.quantities)))])
        return int(self._row(f"SELECT {counts} FROM history WHERE t < ?", t)[0])  # noqa: S608  # names are ours

    def _set_zone(self, tz: str) -> None:
        try:
            self._db.execute(f"SET TimeZone = {text(tz)}")
        except duckdb.Error as error:
            raise HistoryError(f"--tz {tz!r} is no time zone; one is Asia/Seoul, another UTC") from error

    def _sort(self, cells: list[Cell]) -> None:
        """Makes `history` of `sheet`: t and the value of each quantity; rowid is the row's number."""
        numbers = ", ".join(["row", "t", *(f"{cell.number} AS q{n}" for n, cell in enumerate(cells))])
        self._db.execute(f"CREATE TEMP TABLE numbers AS SELECT {numbers} FROM sheet")  # noqa: S608  # ours
        last = [f"arg_max(q{n}, row) FILTER (isfinite(q{n})) AS q{n}" for n in range(len(cells))]
        self._db.execute(
            f"CREATE TEMP TABLE history AS SELECT {', '.join(['t', *last])}"  # noqa: S608  # ours
            " FROM numbers GROUP BY t ORDER BY t"
        )
        said = self._total([f"count({cell.said})" for cell in cells], "sheet")
        are_numbers = self._total([f"count(q{n})" for n in range(len(cells))], "numbers")
        infinite = self._total([f"count(*) FILTER (isinf(q{n}))" for n in range(len(cells))], "numbers")
        finite = self._total([f"count(*) FILTER (isfinite(q{n}))" for n in range(len(cells))], "numbers")
        kept = self._total([f"count(q{n})" for n in range(len(cells))], "history")
        self.rejected.update(not_a_number=said - are_numbers, not_finite=infinite)
        self.repeated = finite - kept
        self.rows = int(self._row("SELECT count(*) FROM history")[0])
        self._db.execute("DROP TABLE sheet")
        self._db.execute("DROP TABLE numbers")

    def _total(self, counts: list[str], table: str) -> int:
        return int(self._row(f"SELECT {' + '.join(['0', *counts])} FROM {table}")[0])  # noqa: S608  # ours

    def _row(self, sql: str, *parameters: object) -> tuple[Any, ...]:
        found = self._db.execute(sql, parameters).fetchone()
        assert found is not None, sql
        return found


def _filled(column: Any) -> Any:
    """DuckDB gives NULL back masked; the value below the mask is 0."""
    return column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column


def _digest(path: Path, how: Reading) -> str:
    """Of the bytes and of how they are read."""
    whole = hashlib.sha256(repr((how.tz, sorted(how.maps), sorted(how.ignored))).encode())
    files = sorted(path.glob("**/*.parquet")) if path.is_dir() else [path]
    for part in files:
        with part.open("rb") as file:
            whole.update(str(part.relative_to(path)).encode() + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
