"""Marks as columns of DuckDB's table of them and back. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from venueair.store.store import MarkKey, Marks


def columns(marks: dict[MarkKey, Marks]) -> dict[str, Any]:
    above = [msgspec.json.encode(mark.above).decode() for mark in marks.values()]
    return {
        "device": np.array([device for device, _ in marks], dtype=object),
        "boot": np.array([boot for _, boot in marks], dtype=object),
        "upto": np.array([mark.upto for mark in marks.values()], dtype=np.int64),
        "above": np.array(above, dtype=object),
    }


def from_rows(rows: Iterable[tuple[str, str, int, str]]) -> dict[MarkKey, Marks]:
    """Rows of device, boot, upto, above."""
    return {
        (device, boot): Marks(upto, msgspec.json.decode(above, type=tuple[tuple[int, int], ...]))
        for device, boot, upto, above in rows
    }
