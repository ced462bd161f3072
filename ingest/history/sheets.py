"""CSV and Parquet as tables of DuckDB. A CSV is read as text, so that DuckDB guesses no types."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from ingest.history.columns import HistoryError

_PARQUET: Final = b"PAR1"
_MAX_HEADER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """`table` and, by the column's name in the file, `cells` are SQL."""

    table: str
    cells: dict[str, str]


def sheet(db: duckdb.DuckDBPyConnection, path: Path) -> Sheet:
    """Of a file, or of a folder of Parquet files. Raises HistoryError."""
    try:
        if path.is_dir():
            return _parquet(db, path / "**" / "*.parquet")
        with path.open("rb") as file:
            if file.read(len(_PARQUET)) == _PARQUET:
                return _parquet(db, path)
        return _csv(path)
    except (OSError, duckdb.Error) as error:
        raise HistoryError(f"{path} cannot be read: {error}") from error


def malformed(db: duckdb.DuckDBPyConnection, source: Sheet) -> int:
    """Lines that were left out when `source` was read."""
    if not source.table.startswith("read_csv"):
        return 0
    found = db.execute("SELECT count(DISTINCT (scan_id, line)) FROM reject_errors").fetchone()
    return int(found[0]) if found else 0


def text(value: object) -> str:
    """A literal of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _parquet(db: duckdb.DuckDBPyConnection, path: Path) -> Sheet:
    table = f"read_parquet({text(path)}, hive_partitioning = false)"
    names = [str(name) for name, *_ in db.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()]  # noqa: S608  # quoted
    return Sheet(table, {name: '"' + name.replace('"', '""') + '"' for name in names})


def _csv(path: Path) -> Sheet:
    header = _header(path)
    if again := [name for n, name in enumerate(header) if name in header[:n]]:
        raise HistoryError(f"{path}: two columns are named {again[0]!r}")
    if len(header) == 1 and (found := [mark for mark in ";\t|" if mark in header[0]]):
        raise HistoryError(f"{path}: the columns are separated by {found[0]!r}; venueair reads commas")
    columns = ", ".join(f"c{n}: 'VARCHAR'" for n in range(len(header)))
    table = (
        f"read_csv({text(path)}, auto_detect = false, columns = {{{columns}}}, header = true, delim = ',',"
        " quote = '\"', escape = '\"', ignore_errors = true, store_rejects = true)"
    )
    return Sheet(table, {name: f"nullif(trim(c{n}), '')" for n, name in enumerate(header)})


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        line = file.readline(_MAX_HEADER)
    try:
        header = next(csv.reader([line.decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise HistoryError(f"{path} is neither CSV in UTF-8 nor Parquet: {error}") from error
    if not header:
        raise HistoryError(f"{path} has no header; venueair reads time,<quantity>… or what it exports")
    return [name.strip() for name in header]
