"""Parameters of the tests as columns: by quantity number, and by series number what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Final

import numpy as np

from ingest.quality.start_values import SHORT_MS, START, Start
from venueair.block import Bool, Float64, Int64
from venueair.quantities import QUANTITIES
from venueair.site import Site

_NO_WINDOW_MS: Final = 1 << 50

# The first of these that the same source has must not be smaller (temperature: they must fit).
_PARTNERS: Final = {
    "pm1": ("pm2_5", "pm4", "pm10"),
    "pm2_5": ("pm4", "pm10"),
    "pm4": ("pm10",),
    "dew_point": ("temperature",),
    "temperature": ("humidity",),
}
_SWELL: Final = frozenset({"pm1", "pm2_5", "pm4", "pm10"})


@dataclass(frozen=True, slots=True)
class Columns:
    """By quantity number; a test that is not made has a limit that nothing crosses."""

    hard_low: Float64
    hard_high: Float64
    low: Float64
    high: Float64
    spike: Float64
    dip: Float64
    rate: Float64
    flat_tolerance: Float64
    flat_half_ms: Int64
    rest: Float64
    floor: Float64
    short_ms: Int64
    step: Float64
    is_short: Bool  # it has a floor or steps
    is_pm: Bool
    is_temperature: Bool

    @classmethod
    def of(cls, names: Sequence[str], start: dict[str, Start]) -> "Columns":
        rows = [(name, QUANTITIES[name], start.get(name, Start())) for name in names]

        def column(values: list[float | None], missing: float) -> Float64:
            return np.array([missing if value is None else value for value in values], dtype=np.float64)

        return cls(
            hard_low=np.array([q.hard[0] for _, q, _ in rows], dtype=np.float64),
            hard_high=np.array([q.hard[1] for _, q, _ in rows], dtype=np.float64),
            low=np.array([q.suspect[0] for _, q, _ in rows], dtype=np.float64),
            high=np.array([q.suspect[1] for _, q, _ in rows], dtype=np.float64),
            spike=column([s.spike and s.spike[0] for *_, s in rows], inf),
            dip=column([s.spike and s.spike[1] for *_, s in rows], inf),
            rate=column([s.rate for *_, s in rows], inf),
            flat_tolerance=column([s.flat and s.flat[0] for *_, s in rows], -inf),
            flat_half_ms=np.array([s.flat[1] // 2 if s.flat else _NO_WINDOW_MS for *_, s in rows]),
            rest=column([s.rest for *_, s in rows], nan),
            floor=column([s.floor for *_, s in rows], nan),
            short_ms=np.full(len(rows), SHORT_MS),
            step=column([s.step for *_, s in rows], inf),
            is_short=np.array([s.floor is not None or s.step is not None for *_, s in rows]),
            is_pm=np.array([name in _SWELL for name in names]),
            is_temperature=np.array([name == "temperature" for name in names]),
        )


_NUMBER: Final = {name: n for n, name in enumerate(QUANTITIES)}
_COLUMNS: Final = Columns.of(tuple(QUANTITIES), START)


@dataclass(frozen=True, slots=True)
class Limits:
    """`quantity` and series of the same source by series number, -1 for none.

    partner    what a reading of the same time is compared with
    humidity   of series of PM only
    voc_index, tvoc   of series of HCHO only

    Of CO2: outdoor_of is the venue whose outdoor air it is compared with, outdoor_air that whose it measures.
    """

    quantity: Int64
    partner: Int64
    humidity: Int64
    voc_index: Int64
    tvoc: Int64
    is_co2: Bool
    outdoor_of: Int64
    outdoor_air: Int64
    columns: Columns

    def __len__(self) -> int:
        return len(self.quantity)

    @classmethod
    def of(
        cls, names: Sequence[tuple[str, str]], columns: Columns = _COLUMNS, site: Site | None = None
    ) -> "Limits":
        """`names` (source, quantity) by series number. Raises KeyError for a quantity that is not known."""
        number = {name: n for n, name in enumerate(names)}

        def beside(source: str, others: tuple[str, ...]) -> int:
            return next((number[source, other] for other in others if (source, other) in number), -1)

        partner = [beside(source, _PARTNERS.get(quantity, ())) for source, quantity in names]
        humidity = [beside(source, ("humidity",) if q in _SWELL else ()) for source, q in names]
        voc_index = [beside(source, ("voc_index",) if q == "hcho" else ()) for source, q in names]
        tvoc = [beside(source, ("tvoc",) if q == "hcho" else ()) for source, q in names]
        return cls(
            np.array([_NUMBER[quantity] for _, quantity in names], dtype=np.int64),
            np.array(partner, dtype=np.int64),
            np.array(humidity, dtype=np.int64),
            np.array(voc_index, dtype=np.int64),
            np.array(tvoc, dtype=np.int64),
            np.array([quantity == "co2" for _, quantity in names], dtype=np.bool_),
            *_venues(names, site or Site()),
            columns,
        )

    def compared_with(self, series: int) -> list[int]:
        """Series whose flags hang on this one, of CO2 outdoors."""
        venue = self.outdoor_air[series]
        return np.flatnonzero(self.outdoor_of == venue).tolist() if venue >= 0 else []

    def beside(self, series: Int64) -> Int64:
        """Series of outdoor air that the flags of these hang on."""
        venues = self.outdoor_of[series]
        return np.flatnonzero(np.isin(self.outdoor_air, venues[venues >= 0]))


def _venues(names: Sequence[tuple[str, str]], site: Site) -> tuple[Int64, Int64]:
    """(outdoor_of, outdoor_air): numbers of venues by series; -1 for all but CO2 of sensors."""
    number = {venue.id: n for n, venue in enumerate(site.venues)}
    inside, outside = np.full(len(names), -1), np.full(len(names), -1)
    for n, (source, quantity) in enumerate(names):
        if quantity == "co2" and source in site.sensor:
            zone = site.zone[site.sensor[source].zone]
            (outside if zone.outdoor else inside)[n] = number[site.venue_of_zone(zone.id)]
    return inside, outside
