"""US AQI and Korea CAI of outdoor zones, one of each an hour. Pure but for its state.

The hour that ends at T is the mean of the zone's values at the full minutes of (T - 1 h, T], where 75 % of as
many as there can be are there. The indices at T are of the twelve hours up to T: PM by NowCast (AQI) or C24E
(CAI), CO and O3 of the AQI by the last eight, of which six must be there, all else by the last hour.

A sensor that is missing must not make the air look good: there is no index unless the zone has PM2.5, and
all of these pollutants that its sensors measure have the last hour and enough of those before. An index is
SUSPECT where most of a last hour was. It is said when all pollutants have got to T, or WAIT_MS after one has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Final, Self

import numpy as np

from ingest.indices import Values, aqi_us, cai
from ingest.indices.nowcast import HOURS, nowcast_pm
from ingest.indices.ratio import ratio
from ingest.ragged import starts_of
from ingest.window_memory import MINUTE_MS, millionths
from venueair.block import Block, Bool, Flag, Float64
from venueair.site import Site

HOUR_MS: Final = 3_600_000
WAIT_MS: Final = 900_000
MEMORY_MS: Final = HOURS * HOUR_MS + MINUTE_MS  # how far back a value of the zone bears on an index
REACH_MS: Final = MEMORY_MS + HOUR_MS + WAIT_MS  # how far ahead
POLLUTANTS: Final = ("pm2_5", "pm10", "co", "no2", "o3")
INDICES: Final = {"aqi_us": ("pm2_5",), "cai": cai.REQUIRED}  # and what each cannot do without
_EIGHT: Final = 8
_LEAST_OF_8: Final = 6  # 75 %, as 40 CFR 50 wants of 8-h means
_MILLION: Final = 1e6


@dataclass(frozen=True, slots=True)
class Station:
    """An outdoor zone: series of its pollutants and indices, and how many full minutes an hour can have."""

    zone: str
    inputs: Mapping[str, int]
    minutes: Mapping[str, int]
    indices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outdoor:
    stations: tuple[Station, ...]
    is_input: Bool  # (series,)

    @classmethod
    def of(cls, names: Sequence[tuple[str, str]], site: Site, interval_s: Sequence[float]) -> Self:
        """`names` (source, quantity) and `interval_s` between readings by series number."""
        number = {name: n for n, name in enumerate(names)}
        is_input = np.zeros(len(names), dtype=np.bool_)
        found = []
        for zone, inputs, wanted in _stations(names, site):
            series = {q: number[zone, q] for q in inputs if (zone, q) in number}
            indices = {q: number[zone, q] for q in wanted if (zone, q) in number}
            if len(series) < len(inputs) or not indices:
                continue
            minutes = {q: int(max(3600 // max(interval_s[n], 60.0), 1)) for q, n in series.items()}
            found.append(Station(zone, series, minutes, indices))
            is_input[list(series.values())] = True
        return cls(tuple(found), is_input)


def needed(names: Sequence[tuple[str, str]], site: Site) -> list[tuple[str, str]]:
    """Series of indices that outdoor zones can have."""
    return [(zone, quantity) for zone, _, wanted in _stations(names, site) for quantity in wanted]


def _stations(
    names: Sequence[tuple[str, str]], site: Site
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """(zone, pollutants that its sensors measure, indices that these are enough for)."""
    outdoor = {zone.id for zone in site.zones if zone.outdoor}
    measured: dict[str, set[str]] = {}
    for source, quantity in names:
        if source in site.sensor and site.sensor[source].zone in outdoor:
            measured.setdefault(site.sensor[source].zone, set()).add(quantity)
    for zone, there in measured.items():
        wanted = tuple(q for q, least in INDICES.items() if there.issuperset(least) and q not in there)
        if wanted:
            yield zone, tuple(q for q in POLLUTANTS if q in there), wanted


class State:
    """By series of pollutants; changes in place. Small: only outdoor zones are in it."""

    def __init__(self) -> None:
        self.newest: dict[int, int] = {}  # ms
        self.hours: dict[int, dict[int, tuple[int, int, int]]] = {}  # hour -> millionths, minutes, suspects
        self.said: dict[str, int] = {}  # zone -> the newest hour that was judged


def advance(values: Block, state: State, outdoor: Outdoor) -> Block:
    """Values of zones, sorted, newer than before -> what can be said of hours that are over."""
    if not outdoor.stations or not (mine := outdoor.is_input[values.series]).any():
        return Block.empty()
    _add(values.where(mine), state)
    due = [(station, hour) for station in outdoor.stations for hour in _due(station, state)]
    return _indices(due, state) if due else Block.empty()


def _add(rows: Block, state: State) -> None:
    last = np.append(starts_of(rows.series), len(rows))[1:] - 1
    state.newest.update(zip(rows.series[last].tolist(), rows.t[last].tolist(), strict=True))
    full = rows.where(rows.t % MINUTE_MS == 0)
    if not len(full):
        return
    hour = (full.t - 1) // HOUR_MS
    start = starts_of(full.series, hour)
    columns = (
        full.series[start],
        hour[start],
        np.add.reduceat(millionths(full.value), start),
        np.diff(start, append=len(full)),
        np.add.reduceat((full.flag == Flag.SUSPECT).astype(np.int64), start),
    )
    for series, nth, *more in zip(*(column.tolist() for column in columns), strict=True):
        hours = state.hours.setdefault(series, {})
        total, minutes, suspects = hours.get(nth, (0, 0, 0))
        hours[nth] = (total + more[0], minutes + more[1], suspects + more[2])


def _due(station: Station, state: State) -> list[int]:
    """Hours with values that are over and not judged yet."""
    newest = [state.newest[series] for series in station.inputs.values() if series in state.newest]
    if not newest:
        return []
    end = max(newest) - WAIT_MS
    if len(newest) == len(station.inputs):
        end = max(end, min(newest))
    upto, said = end // HOUR_MS - 1, state.said.get(station.zone)
    if said is not None and upto <= said:
        return []
    state.said[station.zone] = upto
    hours = {hour for series in station.inputs.values() for hour in state.hours.get(series, ())}
    for series in station.inputs.values():
        of = state.hours.get(series, {})
        for old in [hour for hour in of if said is not None and hour <= said - HOURS]:
            del of[old]
    return sorted(hour for hour in hours if hour <= upto and (said is None or hour > said))


def _indices(due: list[tuple[Station, int]], state: State) -> Block:
    hours = {q: np.array([_hours(q, *each, state) for each in due]) for q in POLLUTANTS}
    measured = {q: np.array([q in station.inputs for station, _ in due]) for q in POLLUTANTS}
    last = {q: of[:, -1] for q, of in hours.items()}
    us = [
        *((q, q, nowcast_pm(hours[q])) for q in ("pm2_5", "pm10")),
        *(("co", "co", _of_eight(hours["co"])), ("no2", "no2", last["no2"])),
        *(("o3", "o3_8h", _of_eight(hours["o3"])), ("o3", "o3_1h", last["o3"])),
    ]
    korea = [*((q, q, cai.c24e(q, hours[q])) for q in ("pm2_5", "pm10"))]
    korea += [(q, q, last[q]) for q in ("no2", "o3", "co")]
    found = {
        "aqi_us": _where_ready(aqi_us.overall, us, measured),
        "cai": _where_ready(cai.overall, korea, measured),
    }
    rows = [
        ((hour + 1) * HOUR_MS, series, float(found[quantity][n]), _flag(station, hour, state))
        for n, (station, hour) in enumerate(due)
        for quantity, series in station.indices.items()
        if not np.isnan(found[quantity][n])
    ]
    block = Block.of([t for t, *_ in rows], [n for _, n, *_ in rows], [value for *_, value, _ in rows])
    return replace(block, flag=np.array([flag for *_, flag in rows], dtype=np.uint8)).sorted()


def _hours(quantity: str, station: Station, hour: int, state: State) -> list[float]:
    """Means of the twelve hours that end with `hour`; all NaN when it has none."""
    hours = state.hours.get(station.inputs.get(quantity, -1), {})
    means = [
        _mean(hours.get(nth), station.minutes.get(quantity, 1)) for nth in range(hour - HOURS + 1, hour + 1)
    ]
    return [nan] * HOURS if isnan(means[-1]) else means


def _mean(sums: tuple[int, int, int] | None, expected: int) -> float:
    """At least 0, which sensors with an offset can be below."""
    if sums is None or 4 * sums[1] < 3 * expected:
        return nan
    return max(sums[0] / (sums[1] * _MILLION), 0.0)


def _of_eight(hours: Float64) -> Float64:
    newest = hours[:, -_EIGHT:]
    there = ~np.isnan(newest)
    count = there.sum(axis=1)
    return ratio(np.sum(newest, axis=1, where=there), count, where=count >= _LEAST_OF_8)


def _where_ready(
    overall: Callable[[Mapping[str, Values]], Float64],
    inputs: Sequence[tuple[str, str, Float64]],
    measured: Mapping[str, Bool],
) -> Float64:
    """`inputs`: (pollutant, its name for `overall`, values); all that are measured must have one."""
    ready = np.all([~measured[q] | ~np.isnan(values) for q, _, values in inputs], axis=0)
    return np.where(ready, overall({name: values for _, name, values in inputs}), np.nan)


def _flag(station: Station, hour: int, state: State) -> Flag:
    sums = [state.hours.get(series, {}).get(hour, (0, 0, 0)) for series in station.inputs.values()]
    return Flag.SUSPECT if any(2 * suspects > minutes for _, minutes, suspects in sums) else Flag.GOOD
