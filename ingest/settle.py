"""What came out of order is put in order: its period is read back and runs through the whole pipeline again.

So late, shuffled and imported rows end with the flags, zone values, rollups and alarm intervals that they
would have had in order. A period is run with what the stages remember before it (`plan.memory_ms`), and as
far behind it as it can still matter. Nothing is ever deleted: rows are written again where they differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest import pipeline
from ingest.detection import Interval, intervals
from ingest.plan import Plan
from ingest.rollup import rollup
from ingest.warm import replayed
from venueair.block import Block, Int64
from venueair.site import Site
from venueair.store.store import Period, Store, Width

WIDTHS: Final[tuple[Width, ...]] = (60, 3600)
HOUR_MS: Final = 3_600_000
SLICE_MS: Final = 6 * HOUR_MS
DAY_MS: Final = 24 * HOUR_MS
BACK_MS: Final = HOUR_MS  # steps of a zone before the first late row may have waited for it
_T_BITS: Final = 42


@dataclass(frozen=True, slots=True)
class Task:
    """One zone, or a device without one, from `start` to `end`, and the owed periods that it settles."""

    sources: frozenset[str]
    start: int
    end: int
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What was written again because it differs, and when alarms stood between `start` and `end`."""

    rows: Block
    zone_values: Block
    intervals: list[Interval]
    start: int
    end: int


def tasks(owed: Iterable[Period], site: Site) -> list[Task]:
    """Owed periods of one zone that touch become one task, at most a day long; the oldest first."""
    by_zone: dict[str, list[Period]] = {}
    for period in owed:
        sensor = site.sensor.get(period.source)
        by_zone.setdefault(sensor.zone if sensor else period.source, []).append(period)
    found = []
    for zone, periods in by_zone.items():
        sources = frozenset({zone, *(sensor.id for sensor in site.sensors_in(zone))})
        group: list[Period] = []
        for period in sorted(periods, key=lambda p: p.start):
            end = max((p.end for p in group), default=0)
            if group and (period.start > end + HOUR_MS or period.end > group[0].start + DAY_MS):
                found.append(_task(sources, group))
                group = []
            group.append(period)
        found.append(_task(sources, group))
    return sorted(found, key=lambda task: task.start)


def settle(store: Store, plan: Plan, task: Task) -> Settled:
    """Writes what differs, and the rollups of the period. The caller then forgets `task.periods`."""
    names = store.names()
    numbers = [n for n, (source, _) in enumerate(names) if source in task.sources]
    is_zone = plan.is_zone
    since = task.start - BACK_MS
    until = min(task.end + plan.reach_ms, max((store.newest() or 0) + 1, task.end))
    state = pipeline.State()
    rows, values, stored, edges = [], [], [], []
    devices = [n for n in numbers if not is_zone[n]]
    for start in range(since - plan.memory_ms, until, SLICE_MS):
        found = store.range(devices, start, min(start + SLICE_MS, until))
        result = pipeline.run(replayed(found), Block.empty(), state, plan)
        edges += result.edges
        stored.append(_within(found, since, until))
        rows.append(_within(result.rows, since, until))
        values.append(_within(result.zone_values, since, until))
    changed = differing(Block.concat(rows).last_of_each(), Block.concat(stored).sorted())
    zones = [n for n in numbers if is_zone[n]]
    new_values = differing(Block.concat(values).sorted(), store.range(zones, since, until))
    store.write(Block.concat([changed, new_values]), {})
    write_rollups(store, numbers, since, until)
    return Settled(changed, new_values, intervals(edges), since, until)


def write_rollups(store: Store, series: list[int], start: int, end: int) -> None:
    """Rollups of whole buckets over [start, end), from stored rows."""
    first, last = start - start % HOUR_MS, end + -end % HOUR_MS
    for at in range(first, last, DAY_MS):
        rows = store.range(series, at, min(at + DAY_MS, last))
        for width in WIDTHS:
            store.write_rollup(width, rollup(rows, width))


def differing(new: Block, old: Block) -> Block:
    """The rows of `new` that are not in `old` with the same value, flag and reasons; both sorted by key."""
    if not len(old):
        return new
    keys, have = _keys(new), _keys(old)
    at = np.minimum(np.searchsorted(have, keys), len(old) - 1)
    same_value = (new.value == old.value[at]) | (np.isnan(new.value) & np.isnan(old.value[at]))
    same = (have[at] == keys) & same_value & (new.flag == old.flag[at]) & (new.why == old.why[at])
    return new.where(~same)


def _task(sources: frozenset[str], periods: list[Period]) -> Task:
    return Task(sources, min(p.start for p in periods), max(p.end for p in periods), tuple(periods))


def _within(rows: Block, start: int, end: int) -> Block:
    return rows.where((rows.t >= start) & (rows.t < end))


def _keys(block: Block) -> Int64:
    return block.series.astype(np.int64) << _T_BITS | block.t
