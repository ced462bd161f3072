"""Finds the line of venueair.toml that a mistake is about; tomllib keeps no positions."""

import re


def line_of(text: str, loc: tuple[str | int, ...]) -> int | None:
    """1-based line of the key at `loc`, e.g. ("sensor", 2, "model"); of its table when the key is absent.

    Sees `[a]`, `[[a]]`, `[a.b]` and `key = …`, which is how people write the file; None for anything else.
    """
    header = [part for part in loc if isinstance(part, str)]
    nth = next((part for part in loc if isinstance(part, int)), 0)
    current: list[str] = []
    count: dict[str, int] = {}
    table_line = None
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]", line):
            name = match[2]
            current = name.split(".")
            count[name] = count.get(name, -1) + 1
            if current == header[: len(current)] and count[name] == (nth if match[1] == "[[" else 0):
                table_line = number
            elif current == header[: len(current)]:
                current = ["", *current]  # another row of the same table
        elif match := re.match(r"\s*([\w\-]+(?:\.[\w\-]+)*)\s*=", line):
            key = [*current, *match[1].split(".")]
            if key == header[: len(key)]:
                return number
    return table_line
