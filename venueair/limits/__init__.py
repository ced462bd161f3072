"""Published limits as dated data, one TOML file per source; docs/limits.md lists them all.

A limit changes by date and by the kind of room, so it is never a constant in code. What venueair compares
with them are screening values: a light-scattering sensor does not measure as the law asks.
A file has `title`, `edition` and defaults for its entries at its top, then `[[limit]]` entries.
"""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from venueair.limits.facilities import FACILITIES, Facility, facility_of
from venueair.limits.limit import CONFIDENCE, Limit, Source
from venueair.limits.reading import LimitsError, rows_of, table_of

__all__ = [
    "CONFIDENCE",
    "FACILITIES",
    "Facility",
    "Limit",
    "LimitsError",
    "Source",
    "facility_of",
    "in_force",
    "load",
    "read_limits",
    "sources",
]

_FOLDER: Final = Path(__file__).parent
_DEFAULTS: Final = ("document", "edition", "effective_from", "confidence", "averaging_s", "kind", "note")
_LIMIT: Final = TypeAdapter(Limit)


def sources() -> tuple[Source, ...]:
    """Every source of limits, by id."""
    return tuple(source for source, _ in _loaded())


def load() -> tuple[Limit, ...]:
    """Every limit of every source, past and future ones too. Raises LimitsError."""
    return tuple(limit for _, limits in _loaded() for limit in limits)


def in_force(on: date, *, source: str | None = None, facility: str | None = None) -> tuple[Limit, ...]:
    """The limits valid on a day, of one source and for one kind of room (none: of all).

    Raises ValueError for an unknown source or facility, naming the known ones.
    """
    known = [each.id for each in sources()]
    if source is not None and source not in known:
        raise ValueError(f"unknown source of limits {source!r}; known are {', '.join(known)}")
    if facility is not None:
        facility_of(facility)
    return tuple(
        limit
        for limit in load()
        if limit.is_in_force(on)
        and (source is None or limit.source == source)
        and (facility is None or limit.applies_to(facility))
    )


@cache
def _loaded() -> tuple[tuple[Source, tuple[Limit, ...]], ...]:
    found = (read_limits(path) for path in sorted(_FOLDER.glob("*.toml")))
    return tuple((source, limits) for source, limits in found if limits)


def read_limits(path: Path) -> tuple[Source, tuple[Limit, ...]]:
    """One file. Raises LimitsError with the file's name, the entry's id and everything wrong with it."""
    table = table_of(path)
    source = Source(path.stem, table["title"], table["edition"])
    defaults = {"document": source.title, **{key: table[key] for key in _DEFAULTS if key in table}}
    entries = [{**defaults, **entry, "source": source.id} for entry in table.get("limit", ())]
    return source, rows_of(path, entries, _LIMIT)
