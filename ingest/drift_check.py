"""Looks once a week, and at the start, which sensors have drifted; between two looks their alarms stay."""

from collections.abc import Iterator

import structlog

from ingest import drift
from ingest.equipment import Wanted, equipment_edges, of_quantity, standing
from ingest.journal import Journal
from ingest.quality.start_values import BACKGROUND_PPM
from ingest.zone_members import ACCURACY
from venueair.equipment_alarms import DRIFT
from venueair.messages import AlarmEdge
from venueair.site import Site
from venueair.store.store import Rollup, Store

log = structlog.get_logger(__name__)


class DriftCheck:
    """Not thread-safe."""

    def __init__(self, store: Store, journal: Journal, site: Site) -> None:
        self._store = store
        self._journal = journal
        self._site = site
        self._next = 0

    def look(self, now: int) -> list[AlarmEdge]:
        """Edges to enter, when a week is over. Raises StoreError; then it is still due."""
        if now < self._next:
            return []
        names = self._store.names()
        judged, drifted = set[Wanted](), set[Wanted]()
        for quantity, hours, fresh in self._zones(names, now):
            found = drift.check(hours, quantity, fresh)
            judged |= {of_quantity(DRIFT, *names[series]) for series in found.series}
            for series, off in found.drifted.items():
                drifted.add(of_quantity(DRIFT, *names[series]))
                log.warning(
                    "sensor has drifted", device=names[series][0], quantity=quantity, by=round(off, 1)
                )
        stands = {edge.alarm: edge for _, edge in self._journal.open_alarms()}
        stay = {a for a in standing(stands, {DRIFT}) - judged if a.scope in self._site.sensor}
        self._next = now + drift.WEEK_MS
        return equipment_edges(drifted | stay, {DRIFT}, stands, now)

    def _zones(self, names: list[tuple[str, str]], now: int) -> Iterator[tuple[str, Rollup, float]]:
        """(quantity, a week of hours of a zone's sensors, CO2 of the fresh air there)."""
        groups: dict[tuple[str, str], list[int]] = {}
        outdoors: dict[str | None, list[int]] = {}
        for number, (source, quantity) in enumerate(names):
            if quantity in ACCURACY and (sensor := self._site.sensor.get(source)):
                groups.setdefault((sensor.zone, quantity), []).append(number)
                if quantity == "co2" and self._site.zone[sensor.zone].outdoor:
                    outdoors.setdefault(self._site.venue_of_zone(sensor.zone), []).append(number)
        fresh = {venue: drift.fresh_air(self._week(numbers, now)) for venue, numbers in outdoors.items()}
        for (zone, quantity), numbers in groups.items():
            if quantity == "co2" or len(numbers) > 2:
                of = None if self._site.zone[zone].outdoor else self._site.venue_of_zone(zone)
                yield quantity, self._week(numbers, now), fresh.get(of, BACKGROUND_PPM)

    def _week(self, series: list[int], now: int) -> Rollup:
        return self._store.rollup_range(3600, series, now - drift.WEEK_MS, now)
