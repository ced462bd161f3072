"""The embedded store: one DuckDB file, owned by one process, one table per month and kind.

Retention drops whole tables (DELETE does not shrink a DuckDB file). Rows arrive in time order almost always,
so the newest t of each series is kept in memory: only rows at or before it need the look-up that replaces.
"""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import duckdb
import numpy as np
import structlog

from venueair.block import Block, Int64
from venueair.store import duckdb_columns, duckdb_tables
from venueair.store.duckdb_columns import COLUMNS, Kind
from venueair.store.store import Health, MarkKey, Marks, Period, Rollup, StoreError, Width

log = structlog.get_logger(__name__)

_ROLLUP: Final[dict[Width, Kind]] = {60: "minutes", 3600: "hours"}
_NEVER: Final = np.iinfo(np.int64).min


class DuckDbStore:
    """See store.Store for the contract."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.Error as error:
            raise StoreError(f"cannot open {path}: {error}") from error
        self._lock = threading.RLock()
        self._write_cursor = self._connection.cursor()
        self._made: set[str] = set()
        self._write(
            "CREATE TABLE IF NOT EXISTS series"
            " (id INTEGER PRIMARY KEY, source VARCHAR, quantity VARCHAR, UNIQUE (source, quantity));"
            "CREATE TABLE IF NOT EXISTS marks"
            " (device VARCHAR, boot VARCHAR, upto BIGINT, above VARCHAR, PRIMARY KEY (device, boot));"
            "CREATE TABLE IF NOT EXISTS owed (source VARCHAR, start BIGINT, stop BIGINT)"
        )
        rows = self._write("SELECT source, quantity FROM series ORDER BY id").fetchall()
        self._names: list[tuple[str, str]] = [cast("tuple[str, str]", row) for row in rows]
        self._ids = {name: number for number, name in enumerate(self._names)}
        self._kept = len(rows)  # series that are in the table
        self._newest: Int64 = np.full(max(len(rows), 64), _NEVER)
        for table in self._tables("readings"):
            for series, t in self._write(f"SELECT series, max(t) FROM {table} GROUP BY series").fetchall():  # noqa: S608
                self._newest[series] = max(int(self._newest[series]), t)

    def series(self, source: str, quantity: str) -> int:
        name = (source, quantity)
        with self._lock:
            if (known := self._ids.get(name)) is not None:
                return known
            number = len(self._names)
            self._names.append(name)  # written with the next rows
            self._ids[name] = number
            if number >= len(self._newest):
                self._newest = np.concatenate([self._newest, np.full(len(self._newest), _NEVER)])
            return number

    def names(self) -> list[tuple[str, str]]:
        return list(self._names)

    def write(self, block: Block, marks: dict[MarkKey, Marks], owed: Sequence[Period] = ()) -> int:
        block = block.last_of_each()
        columns = {name: getattr(block, name) for name in COLUMNS["readings"]}
        with self._lock:
            again = columns["t"] <= self._newest[columns["series"]]
            self._begin()
            try:
                kept = self._keep_series()
                collided = self._replace("readings", columns, again) if len(block) else 0
                if marks:
                    self._insert("INSERT OR REPLACE INTO marks", duckdb_columns.columns(marks))
                for period in owed:
                    row = [period.source, period.start, period.end]
                    self._write_cursor.execute("INSERT INTO owed VALUES (?, ?, ?)", row)
                self._write_cursor.execute("COMMIT")
            except duckdb.Error as error:
                self._rollback()
                raise StoreError(f"{self._path} cannot be written: {error}") from error
            self._kept = kept
            np.maximum.at(self._newest, block.series, block.t)
            return collided

    def _keep_series(self) -> int:
        """Inside a transaction: enters the series that are new; how many there are when it is committed."""
        if new := self._names[self._kept :]:
            self._insert("INSERT INTO series", duckdb_columns.series(self._kept, new))
        return self._kept + len(new)

    def _insert(self, into: str, columns: dict[str, Any]) -> None:
        self._write_cursor.register("given", columns)
        self._write_cursor.execute(f"{into} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM given")  # noqa: S608
        self._write_cursor.unregister("given")

    def marks(self) -> dict[MarkKey, Marks]:
        return duckdb_columns.from_rows(self._read("SELECT device, boot, upto, above FROM marks").fetchall())

    def owed(self) -> list[Period]:
        rows = self._read("SELECT DISTINCT source, start, stop FROM owed ORDER BY start, source").fetchall()
        return [Period(*row) for row in rows]

    def settle(self, periods: Sequence[Period]) -> None:
        for row in periods:
            same = "source = ? AND start = ? AND stop = ?"
            self._write(f"DELETE FROM owed WHERE {same}", [row.source, row.start, row.end])  # noqa: S608

    def takes_from(self, now: int) -> int | None:  # noqa: ARG002  # any t gets its month's table
        return None

    def write_rollup(self, width: Width, rollup: Rollup) -> int:
        kind, given = _ROLLUP[width], len(rollup)
        with self._lock:
            rollup = self._without_kept(kind, rollup)
            if not len(rollup):
                return given
            columns = {name: getattr(rollup, name) for name in COLUMNS[kind]}
            self._begin()
            try:
                kept = self._keep_series()
                self._replace(kind, columns, np.ones(len(rollup), dtype=np.bool_))
                self._write_cursor.execute("COMMIT")
            except duckdb.Error as error:
                self._rollback()
                raise StoreError(f"{self._path} cannot be written: {error}") from error
            self._kept = kept
            return given - len(rollup)

    def _without_kept(self, kind: Kind, rollup: Rollup) -> Rollup:
        """Those whose bucket has none that must stay."""
        if not len(rollup):
            return rollup
        first, end = int(rollup.t.min()), int(rollup.t.max()) + 1
        kept = [name for name in self._tables(kind) if name.endswith(duckdb_tables.KEPT)]
        if not kept:
            return rollup
        sql, parameters = duckdb_tables.select(kept, kind, np.unique(rollup.series).tolist(), first, end)
        found = self._read(sql, parameters).fetchnumpy()
        stay = set(zip(found["series"].tolist(), found["t"].tolist(), strict=True))
        keys = zip(rollup.series.tolist(), rollup.t.tolist(), strict=True)
        return rollup.take(np.flatnonzero([key not in stay for key in keys]))

    def lacks_rows(self, start: int, end: int) -> bool:
        return duckdb_tables.without_rows(self._all_tables(), start, end)

    def rollup_end(self, width: Width) -> int | None:
        return self._max_t(_ROLLUP[width])

    def range(self, series: Sequence[int] | None, start: int, end: int) -> Block:
        return Block(**self._select("readings", series, start, end))

    def rollup_range(self, width: Width, series: Sequence[int], start: int, end: int) -> Rollup:
        return Rollup(**self._select(_ROLLUP[width], series, start, end))

    def newest(self) -> int | None:
        return self._max_t("readings")

    def count(self, sources: Iterable[str]) -> tuple[int, int]:
        tables = self._tables("readings")
        if not tables:
            return 0, 0
        union = " UNION ALL ".join(f"SELECT series, t, raw FROM {table}" for table in tables)  # noqa: S608
        rows = self._read(
            "SELECT count(*), count(DISTINCT (r.series, r.t))"  # noqa: S608  # table names are ours
            f" FROM ({union}) r JOIN series s ON s.id = r.series"
            " WHERE s.source IN (SELECT unnest(?)) AND r.raw IS NOT NULL",
            [list(sources)],
        ).fetchall()
        return rows[0][0], rows[0][1]

    def retain(self, now: int, raw_days: int, minutes_days: int, hours_days: int) -> int:
        dropped = 0
        days_of: dict[Kind, int] = {"readings": raw_days, "minutes": minutes_days, "hours": hours_days}
        for kind, days in days_of.items():
            oldest = duckdb_tables.month(now - days * 86_400_000)
            for table in self._tables(kind):
                if duckdb_tables.month_of(table) < oldest:
                    self._write(f"DROP TABLE {table}")
                    self._made.discard(table)
                    dropped += 1
        return dropped

    def health(self) -> Health:
        try:
            self._read("SELECT 1").fetchall()
        except StoreError as error:
            return Health(ok=False, detail=str(error))
        size = self._path.stat().st_size if self._path.exists() else 0
        return Health(ok=True, facts={"bytes": float(size), "series": float(len(self._names))})

    def close(self) -> None:
        with self._lock:
            try:
                if self._kept < len(self._names):
                    self._kept = self._keep_series()
            except duckdb.Error as error:
                log.warning("new series are forgotten, and named again next time", problem=str(error))
            self._connection.close()

    def _select(self, kind: Kind, series: Sequence[int] | None, start: int, end: int) -> dict[str, Any]:
        sql, parameters = duckdb_tables.select(self._tables(kind), kind, series, start, end)
        # DuckDB keeps NaN as NULL and gives it back masked; the value below the mask is 0.
        return {
            name: column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column
            for name, column in self._read(sql, parameters).fetchnumpy().items()
        }

    def _replace(self, kind: Kind, columns: dict[str, Any], again: np.ndarray[Any, Any]) -> int:
        """Inside a transaction: deletes the rows with the keys of `again`, then appends all."""
        collided = 0
        months = (columns["t"].astype("datetime64[ms]")).astype("datetime64[M]")
        for month in np.unique(months):
            here = months == month
            table = self._table(kind, int(month.astype("datetime64[ms]").astype(np.int64)))
            rows = {name: column[here] for name, column in columns.items()}
            old = {name: column[here & again] for name, column in columns.items()}
            bounds = [int(rows["t"].min()), int(rows["t"].max())]
            if len(old["t"]) and self._has_rows(table, bounds):
                self._write_cursor.register("old_rows", old)
                if kind == "readings":
                    differ = (
                        f"SELECT count(*) FROM old_rows o JOIN {table} r USING (series, t)"  # noqa: S608
                        " WHERE r.t BETWEEN ? AND ? AND r.value IS DISTINCT FROM o.value"
                    )
                    collided += int(self._write_cursor.execute(differ, bounds).fetchall()[0][0])
                self._write_cursor.execute(
                    f"DELETE FROM {table} r USING old_rows o"  # noqa: S608
                    " WHERE r.series = o.series AND r.t = o.t AND r.t BETWEEN ? AND ?",
                    bounds,
                )
                self._write_cursor.unregister("old_rows")
            self._insert(f"INSERT INTO {table}", rows)
        return collided

    def _has_rows(self, table: str, bounds: list[int]) -> bool:
        asked = f"SELECT 1 FROM {table} WHERE t BETWEEN ? AND ? LIMIT 1"  # noqa: S608
        return bool(self._write_cursor.execute(asked, bounds).fetchall())

    def _table(self, kind: Kind, t: int) -> str:
        table = duckdb_tables.table(kind, t)
        if table not in self._made:
            if kind == "readings":
                for sql in duckdb_tables.keep_rollups(self._all_tables(), t):
                    self._write(sql)
                self._made.clear()
            columns = ", ".join(f"{name} {sql}" for name, sql in COLUMNS[kind].items())
            self._write(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
            self._made.add(table)
        return table

    def _tables(self, kind: Kind) -> list[str]:
        return duckdb_tables.of_kind(self._all_tables(), kind)

    def _all_tables(self) -> list[str]:
        return [
            name for (name,) in self._read("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        ]

    def _max_t(self, kind: Kind) -> int | None:
        tables = self._tables(kind)
        for month in sorted({duckdb_tables.month_of(table) for table in tables}, reverse=True):
            of_month = [table for table in tables if duckdb_tables.month_of(table) == month]
            found = [self._read(f"SELECT max(t) FROM {table}").fetchone() for table in of_month]  # noqa: S608
            if newest := [row[0] for row in found if row and row[0] is not None]:
                return int(max(newest))
        return None

    def _begin(self) -> None:
        self._write("BEGIN")

    def _rollback(self) -> None:
        self._made.clear()
        try:
            self._write_cursor.execute("ROLLBACK")
        except duckdb.Error:
            self._write_cursor = self._connection.cursor()  # a failed commit has already rolled back

    def _write(self, sql: str, parameters: list[object] | None = None) -> duckdb.DuckDBPyConnection:
        with self._lock:
            try:
                return self._write_cursor.execute(sql, parameters or [])
            except duckdb.Error as error:
                raise StoreError(f"{self._path} cannot be written: {error}") from error

    def _read(self, sql: str, parameters: list[object] | None = None) -> duckdb.DuckDBPyConnection:
        """A cursor of its own: reads run beside the writer and see what is committed."""
        try:
            return self._connection.cursor().execute(sql, parameters or [])
        except duckdb.Error as error:
            raise StoreError(f"{self._path} cannot be read: {error}") from error
