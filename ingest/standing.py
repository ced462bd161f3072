"""Marks of some streams as they stood when rows were looked at, to be stored with those rows. Pure.

The ledger runs ahead of the store: a mark must not go out before the rows that it vouches for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from venueair.block import Int64
from venueair.store.store import MarkKey, Marks

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """`stream` (n,) numbers of one ledger, each once; `upto` (n,); `above` of those that have gaps."""

    keys: list[MarkKey]  # by stream number, of that ledger
    stream: Int64
    upto: Int64
    above: dict[int, tuple[Range, ...]]


def newest(standings: Iterable[Standing]) -> dict[MarkKey, Marks]:
    """Of several looks at one ledger, in order, the last mark of each stream."""
    keys: list[MarkKey] = []
    upto: dict[int, int] = {}
    above: dict[int, tuple[Range, ...]] = {}
    for look in standings:
        keys = look.keys
        for stream in above.keys() & set(look.stream.tolist()) if above else ():
            del above[stream]
        upto.update(zip(look.stream.tolist(), look.upto.tolist(), strict=True))
        above.update(look.above)
    return {keys[stream]: Marks(mark, above.get(stream, ())) for stream, mark in upto.items()}
