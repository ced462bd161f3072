"""The columns of DuckDB's tables, and marks and names of series as such. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np

from venueair.store.store import MarkKey, Marks

Kind = Literal["readings", "minutes", "hours"]
COLUMNS: Final[dict[Kind, dict[str, str]]] = {
    "readings": {
        "t": "BIGINT",
        "series": "INTEGER",
        "value": "DOUBLE",
        "raw": "DOUBLE",
        "flag": "UTINYINT",
        "why": "USMALLINT",
    },
    "minutes": {
        "t": "BIGINT",
        "series": "INTEGER",
        "mean": "DOUBLE",
        "min": "DOUBLE",
        "max": "DOUBLE",
        "count": "BIGINT",
    },
    "hours": {},
}
COLUMNS["hours"] = COLUMNS["minutes"]


def columns(marks: dict[MarkKey, Marks]) -> dict[str, Any]:
    above = [msgspec.json.encode(mark.above).decode() for mark in marks.values()]
    return {
        "device": np.array([device for device, _ in marks], dtype=object),
        "boot": np.array([boot for _, boot in marks], dtype=object),
        "upto": np.array([mark.upto for mark in marks.values()], dtype=np.int64),
        "above": np.array(above, dtype=object),
    }


def series(first: int, names: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """(source, quantity) numbered from `first` on."""
    return {
        "id": np.arange(first, first + len(names)),
        "source": np.array([source for source, _ in names], dtype=object),
        "quantity": np.array([quantity for _, quantity in names], dtype=object),
    }


def from_rows(rows: Iterable[tuple[str, str, int, str]]) -> dict[MarkKey, Marks]:
    """Rows of device, boot, upto, above."""
    return {
        (device, boot): Marks(upto, msgspec.json.decode(above, type=tuple[tuple[int, int], ...]))
        for device, boot, upto, above in rows
    }
