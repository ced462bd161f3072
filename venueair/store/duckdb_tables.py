"""The tables of a DuckDbStore: one per kind and month, and how to ask them. Pure.

| table               | what                                                                      |
|---------------------|---------------------------------------------------------------------------|
| readings_202611     | rows of November 2026 (UTC); retention drops it whole                     |
| minutes_202611      | rollups of a minute; hours_202611 those of an hour                        |
| minutes_202608_kept | the same, of rows that retention has dropped before others came: they stay |
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from venueair.store.duckdb_columns import COLUMNS, Kind

KEPT: Final = "_kept"
ROLLUPS: Final[tuple[Kind, ...]] = ("minutes", "hours")
_DIGITS: Final = len("202611")


def month(t: int) -> str:
    return datetime.fromtimestamp(t / 1000, UTC).strftime("%Y%m")


def table(kind: Kind, t: int) -> str:
    return f"{kind}_{month(t)}"


def month_of(name: str) -> str:
    return name.split("_")[1]


def of_kind(tables: Iterable[str], kind: Kind) -> list[str]:
    return [name for name in tables if name.startswith(f"{kind}_")]


def within(tables: Iterable[str], kind: Kind, start: int, end: int) -> list[str]:
    """Those of a kind that can have a t in [start, end)."""
    first, last = table(kind, start), table(kind, max(end - 1, start))
    return [name for name in tables if first <= name[: len(kind) + 1 + _DIGITS] <= last]


def without_rows(tables: Collection[str], start: int, end: int) -> bool:
    """Are there rollups of this time whose rows are gone?"""
    return any(
        name.endswith(KEPT) or f"readings_{month_of(name)}" not in tables
        for kind in ROLLUPS
        for name in within(tables, kind, start, end)
    )


def keep_rollups(tables: Collection[str], t: int) -> list[str]:
    """Statements before a month's readings table is made: rollups that are there already must stay."""
    found: list[str] = []
    if table("readings", t) in tables:
        return found
    for name in (table(kind, t) for kind in ROLLUPS):
        if name in tables and name + KEPT in tables:
            found += [f"INSERT INTO {name + KEPT} SELECT * FROM {name}", f"DROP TABLE {name}"]  # noqa: S608  # names are ours
        elif name in tables:
            found.append(f"ALTER TABLE {name} RENAME TO {name + KEPT}")
    return found


def select(
    tables: Iterable[str], kind: Kind, series: Sequence[int] | None, start: int, end: int
) -> tuple[str, list[object]]:
    """A statement for all columns, by (series, t), and its parameters."""
    names = ", ".join(COLUMNS[kind])
    parameters: list[object] = [start, end]
    condition = "t >= ? AND t < ?"
    if series is not None:
        condition += " AND series IN (SELECT unnest(?))"
        parameters.append([int(number) for number in series])
    parts = [
        f"SELECT {names} FROM {name} WHERE {condition}"  # noqa: S608  # names are ours
        for name in within(tables, kind, start, end)
    ]
    if not parts:
        nothing = ", ".join(f"CAST(NULL AS {sql}) AS {name}" for name, sql in COLUMNS[kind].items())
        return f"SELECT {nothing} WHERE false", []
    return " UNION ALL ".join(parts) + " ORDER BY series, t", parameters * len(parts)
