"""What came out of order is put in order: its period is read back and runs through the whole pipeline again.

So late, shuffled and imported rows end with the flags, zone values, rollups and alarm intervals that they
would have had in order. A period is run with what the stages remember before it (`plan.memory_ms`), and as
far behind it as it can still matter. Nothing is ever deleted: rows are written again where they differ.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest import pipeline
from ingest.detection import Edge, Interval, intervals
from ingest.plan import Plan
from ingest.rollup import rollup
from ingest.warm import replayed
from venueair.block import Block, Int64
from venueair.site import Site
from venueair.store.store import Period, Store, Width

WIDTHS: Final[tuple[Width, ...]] = (60, 3600)
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
SHORTEST_MS: Final = 6 * HOUR_MS  # of the slices that are looked at in one go
LONGEST_MS: Final = 16 * DAY_MS
MANY_ROWS: Final = 400_000  # a slice with more is followed by a shorter one
MANY_TO_RUN: Final = 30_000  # the same where all that the stages make of it is in memory, too
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
    """What was written again because it differs, and when alarms stood between `start` and `end`.

    `lacks_rows`: retention has dropped rows of this time, so an alarm that is not found may have stood all
    the same. `rollups_left`: how many rollups stay as they are for this.
    """

    rows: Block
    zone_values: Block
    intervals: list[Interval]
    start: int
    end: int
    lacks_rows: bool
    rollups_left: int


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
    rows: list[Block] = []
    values: list[Block] = []
    stored: list[Block] = []
    edges: list[Edge] = []
    is_own = np.zeros(len(names), dtype=np.bool_)
    is_own[numbers] = True
    devices = np.flatnonzero(is_own & ~is_zone)
    devices = np.union1d(devices, plan.limits.beside(devices)).tolist()
    for found in slices(store, devices, since - plan.memory_ms, until, MANY_TO_RUN):
        result = pipeline.run(replayed(found), Block.empty(), state, plan)
        edges += result.edges
        for part, into in ((found, stored), (result.rows, rows), (result.zone_values, values)):
            into.append(part.where(is_own[part.series] & (part.t >= since) & (part.t < until)))
    changed = differing(Block.concat(rows).last_of_each(), Block.concat(stored).sorted())
    zones = [n for n in numbers if is_zone[n]]
    new_values = differing(Block.concat(values).sorted(), store.range(zones, since, until))
    store.write(Block.concat([changed, new_values]), {})
    left = write_rollups(store, numbers, since, until)
    lacks_rows = store.lacks_rows(since - plan.memory_ms, until)
    return Settled(changed, new_values, intervals(edges), since, until, lacks_rows, left)


def write_rollups(store: Store, series: list[int], start: int, end: int) -> int:
    """Rollups of whole buckets over [start, end), from stored rows; how many the store left as they were."""
    left = 0
    for rows in slices(store, series, start - start % HOUR_MS, end + -end % HOUR_MS, MANY_ROWS):
        for width in WIDTHS:
            left += store.write_rollup(width, rollup(rows, width))
    return left


def slices(store: Store, series: Sequence[int], start: int, end: int, many: int) -> Iterator[Block]:
    """Stored rows of [start, end), whole hours at a time; the fewer rows, the longer."""
    length = SHORTEST_MS
    while start < end:
        rows = store.range(series, start, min(start + length, end))
        yield rows
        start += length
        if len(rows) > many:
            length = max(length // 2, SHORTEST_MS)
        elif len(rows) < many // 2:
            length = min(length * 2, LONGEST_MS)


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


def _keys(block: Block) -> Int64:
    return block.series.astype(np.int64) << _T_BITS | block.t
