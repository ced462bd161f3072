"""TOML tables of this folder, read and validated: an error names the file and the entry."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Row = TypeVar("Row")


class LimitsError(ValueError):
    """A limits file is wrong: names the file and the entry."""


def table_of(path: Path) -> dict[str, Any]:
    """Raises LimitsError for what is not TOML or has no `title` and `edition`."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LimitsError(f"{path.name}: {error}") from error
    lacking = [key for key in ("title", "edition") if not isinstance(table.get(key), str)]
    if lacking:
        raise LimitsError(f"{path.name}: {', '.join(lacking)} must be given as text at the top")
    return table


def rows_of(path: Path, entries: list[dict[str, Any]], row: TypeAdapter[Row]) -> tuple[Row, ...]:
    """Raises LimitsError for the first entry that is wrong, or for an id given twice."""
    ids = [entry.get("id") for entry in entries]
    twice = sorted({str(each) for each in ids if ids.count(each) > 1})
    if twice:
        raise LimitsError(f"{path.name}: more than one entry has the id {', '.join(twice)}")
    return tuple(_row_of(path, entry, row) for entry in entries)


def _row_of(path: Path, entry: dict[str, Any], row: TypeAdapter[Row]) -> Row:
    try:
        return row.validate_python(entry)
    except ValidationError as error:
        wrong = "; ".join(_what(detail["loc"], detail["msg"]) for detail in error.errors())
        raise LimitsError(f"{path.name}, entry {entry.get('id', '(no id)')!r}: {wrong}") from error


def _what(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(step) for step in place)
    return f"{where}: {message}" if where else message.removeprefix("Value error, ")
