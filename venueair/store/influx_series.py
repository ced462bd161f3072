"""The series of one InfluxDB: their numbers, and how their lines begin.

The tags of a line are those of the place where it was measured: history stays there when a device moves.
"""

import time
from typing import Final

import numpy as np

from venueair.block import Int32, Int64
from venueair.site import Site
from venueair.store import flux
from venueair.store.books import Books, Place
from venueair.store.influx_sent import NEVER
from venueair.store.line_protocol import FLAG, RAW, READINGS, ROLLUPS, WHY, head
from venueair.topics import is_id

TAGS: Final = ("venue", "hall", "zone", "device")
_RESERVED: Final = (RAW, FLAG, WHY)


def place_of(site: Site, source: str) -> Place | None:
    """Where a zone or device stands today; None for what is not in the settings."""
    zone, device = source, ""
    if source not in site.zone:
        if source not in site.sensor:
            return None
        zone, device = site.sensor[source].zone, source
    hall = site.hall[site.zone[zone].hall]
    return hall.venue, hall.id, zone, device


class InfluxSeries:
    """`heads` (by measurement) and `fields` are by line number: one a series and place. Not thread-safe.

    Series and places that the books do not have yet wait for `keep`. Nothing else knows of their numbers.
    """

    def __init__(self, books: Books, site: Site, tried: int) -> None:
        """Nothing was sent later than `tried`."""
        self._books, self._site = books, site
        self.names: list[tuple[str, str]] = []
        self.numbers: dict[tuple[str, str], int] = {}
        self.heads: dict[str, list[bytes]] = {name: [] for name in (READINGS, *ROLLUPS.values())}
        self.fields: list[bytes] = []
        self._line: Int32 = np.zeros(64, dtype=np.int32)
        self._has_moved = np.zeros(64, dtype=np.bool_)
        self._moves: dict[int, tuple[Int64, Int32]] = {}
        self._places = books.places()
        self._heads: dict[Place, list[bytes]] = {}
        self._new_series: list[tuple[int, str, str]] = []
        self._new_places: list[tuple[str, int, Place]] = []
        # What was sent later may be at the old place. A wrong clock may have put it ahead of ours.
        moved = min(tried, time.time_ns() // 1_000_000)
        for source, places in self._places.items():
            today = place_of(site, source)
            if today is not None and today != places[-1][1]:
                self._stand(source, moved, today)
        for source, quantity in books.series():
            self._enter(source, quantity)

    def add(self, source: str, quantity: str) -> int:
        """A series that has no number yet. Raises ValueError."""
        if not is_id(source) or not flux.is_field(quantity) or quantity.endswith(_RESERVED):
            raise ValueError(f"{source!r} {quantity!r} cannot be the name of a series")
        if source not in self._places:
            self._stand(source, NEVER, place_of(self._site, source) or ("", "", "", source))
        self._new_series.append((len(self.names), source, quantity))
        return self._enter(source, quantity)

    def keep(self) -> None:
        """Raises StoreError."""
        if self._new_series or self._new_places:
            self._books.enter(self._new_series, self._new_places)
            self._new_series, self._new_places = [], []

    def _stand(self, source: str, since: int, place: Place) -> None:
        self._places.setdefault(source, []).append((since, place))
        self._new_places.append((source, since, place))

    def _enter(self, source: str, quantity: str) -> int:
        series = len(self.names)
        if series >= len(self._line):
            self._line = np.concatenate([self._line, np.zeros_like(self._line)])
            self._has_moved = np.concatenate([self._has_moved, np.zeros_like(self._has_moved)])
        places = self._places[source]
        lines = np.arange(len(places), dtype=np.int32) + np.int32(len(self.fields))
        for _, place in places:
            self.fields.append(quantity.encode())
            if place not in self._heads:
                tags = [(key, value) for key, value in zip(TAGS, place, strict=True) if value]
                self._heads[place] = [head(name, tags) for name in self.heads]
            for heads, text in zip(self.heads.values(), self._heads[place], strict=True):
                heads.append(text)
        self._line[series] = lines[-1]
        if len(places) > 1:
            self._moves[series] = np.array([since for since, _ in places[1:]], dtype=np.int64), lines
            self._has_moved[series] = True
        self.names.append((source, quantity))
        self.numbers[source, quantity] = series
        return series

    def lines(self, series: Int32, t: Int64) -> Int32:
        """(n,) line numbers of rows of these series at these times."""
        found = self._line[series]
        moved = self._has_moved[series]
        for number in np.unique(series[moved]).tolist():
            rows = np.flatnonzero(series == number)
            since, lines = self._moves[number]
            found[rows] = lines[np.searchsorted(since, t[rows], side="right")]
        return found
