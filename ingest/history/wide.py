"""A sheet of either form -> the table `sheet`: one line a row of the file, one cell a quantity."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from ingest.history import casts
from ingest.history.columns import TIME, HistoryError, Layout, is_export, layout
from ingest.history.sheets import Sheet, malformed, text
from venueair.quantities import QUANTITIES


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read; with its bytes this says which import it is."""

    device: str
    tz: str = "UTC"
    maps: Sequence[str] = ()
    ignored: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """SQL: what the file says, and the number that it means."""

    said: str
    number: str


@dataclass(frozen=True, slots=True)
class Wide:
    """`cells` by quantity; `read` rows of the file, without those that are malformed."""

    cells: dict[str, Cell]
    read: int
    rejected: Counter[str]


def meaning(source: Sheet, how: Reading) -> Layout | None:
    """None: it is an export. Raises HistoryError."""
    if not is_export(source.cells):
        return layout(list(source.cells), how.maps, how.ignored)
    if how.maps or how.ignored:
        raise HistoryError("this is an export of venueair: it is read without --map and --ignore")
    return None


def wide(
    db: duckdb.DuckDBPyConnection, source: Sheet, meant: Layout | None, device: str, latest: int
) -> Wide:
    """Makes `sheet` with `row` (its number in the file), `t` in [0, latest], and what `cells` are made of.

    An export is a wide file with many empty cells. Raises HistoryError.
    """
    rejected: Counter[str] = Counter()
    if meant is None:
        read = _fill(db, source, TIME, {name: source.cells[name] for name in ("device", "quantity", "raw")})
        rejected["other_device"] = _leave_only(db, device)
        cells = _exported(db)
    else:
        columns = {f"v{n}": column for n, column in enumerate(meant.columns)}
        cells = {c.quantity: Cell(name, casts.number(name, c.scale)) for name, c in columns.items()}
        read = _fill(db, source, meant.time, {name: source.cells[c.name] for name, c in columns.items()})
    rejected["malformed"] = malformed(db, source)
    rejected["time"] = _leave_possible_times(db, latest)
    return Wide(cells, read, rejected)


def _fill(db: duckdb.DuckDBPyConnection, source: Sheet, time: str, cells: Mapping[str, str]) -> int:
    """How many rows; `said` is what stood there when t is NULL."""
    columns = ", ".join(f"{cell} AS {name}" for name, cell in cells.items())
    db.execute(
        f"CREATE TEMP TABLE sheet AS SELECT * REPLACE (CASE WHEN t IS NULL THEN said END AS said) FROM"  # noqa: S608  # quoted
        f" (SELECT row_number() OVER () AS row, {casts.time('said')} AS t, *"
        f" FROM (SELECT CAST({source.cells[time]} AS VARCHAR) AS said, {columns} FROM {source.table}))"
    )
    return _count(db, "SELECT count(*) FROM sheet")


def _leave_only(db: duckdb.DuckDBPyConnection, device: str) -> int:
    """How many rows of other devices went."""
    others = db.execute(
        "SELECT DISTINCT device FROM sheet WHERE device IS DISTINCT FROM ? ORDER BY 1", [device]
    )
    names = [str(name) for (name,) in others.fetchall()]
    went = _count(db, "DELETE FROM sheet WHERE device IS DISTINCT FROM ?", device)
    if names and not _count(db, "SELECT count(*) FROM sheet"):
        raise HistoryError(f"no row is of device {device!r}, but of {', '.join(names)}")
    return went


def _exported(db: duckdb.DuckDBPyConnection) -> dict[str, Cell]:
    names = [name for (name,) in db.execute("SELECT DISTINCT quantity FROM sheet ORDER BY 1").fetchall()]
    if unknown := [name for name in names if name not in QUANTITIES]:
        raise HistoryError(f"there is no quantity {unknown[0]!r}; venueair knows {', '.join(QUANTITIES)}")
    said = {name: f"CASE WHEN quantity = {text(name)} THEN raw END" for name in names}
    return {name: Cell(cell, casts.number(cell)) for name, cell in said.items()}


def _leave_possible_times(db: duckdb.DuckDBPyConnection, latest: int) -> int:
    """How many rows went."""
    first = db.execute("SELECT coalesce(said, CAST(t AS VARCHAR)) FROM sheet ORDER BY row LIMIT 1").fetchone()
    went = _count(db, "DELETE FROM sheet WHERE t IS NULL OR t NOT BETWEEN 0 AND ?", latest)
    if first and not _count(db, "SELECT count(*) FROM sheet"):
        raise HistoryError(
            f"no row has a time that can be; the first says {first[0]!r}. A time is ISO 8601"
            " (2026-11-23T12:00:00+09:00, or without offset and --tz ZONE), or seconds or ms since 1970"
        )
    return went


def _count(db: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> int:
    found = db.execute(sql, parameters).fetchone()
    assert found is not None, sql
    return int(found[0])
