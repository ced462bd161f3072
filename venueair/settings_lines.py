"""Finds the line of venueair.toml that a mistake is about; tomllib keeps no positions."""

import re
from typing import Final

Loc = tuple[str | int, ...]

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]")
_KEY: Final = re.compile(r"\s*([\w\-]+(?:\.[\w\-]+)*)\s*=")


def line_of(text: str, loc: Loc) -> int | None:
    """1-based line of the key at `loc`, e.g. ("sensor", 2, "model"); of its table when the key is absent.

    Sees `[a]`, `[[a]]`, `[[a.b]]` and `key = …`, which is how people write the file; None for anything else.
    """
    rows: dict[Loc, int] = {}
    table: Loc = ()
    depth, table_line = 0, None
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HEADER.match(line):
            path = table = _table(match[2].split("."), rows, is_row=match[1] == "[[")
            if loc[: len(path)] == path and len(path) > depth:
                depth, table_line = len(path), number
        elif match := _KEY.match(line):
            path = (*table, *match[1].split("."))
            if loc[: len(path)] == path:  # a mistake inside an inline value: the line where that begins
                return number
        else:
            continue
        if loc and path[: len(loc)] == loc:
            return number
    return table_line


def _table(names: list[str], rows: dict[Loc, int], *, is_row: bool) -> Loc:
    """Path of a header with the numbers of the rows it is in, counted in `rows`."""
    path: Loc = ()
    for name in names:
        path = (*path, name)
        if is_row and len(names) == sum(isinstance(part, str) for part in path):
            rows[path] = rows.get(path, -1) + 1
        if path in rows:
            path = (*path, rows[path])
    return path
