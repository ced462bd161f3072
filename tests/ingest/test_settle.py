"""Late and shuffled rows end as they would have in order: values, flags, rollups, alarm intervals."""

import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest import pipeline
from ingest.alarms import threshold_edge
from ingest.journal import Journal
from ingest.plan import Plan
from ingest.settle import settle, tasks, write_rollups
from ingest.settler import revise
from tests.ingest.small_site import (
    NAME,
    NAMES,
    PLAN,
    RISE_AND_FALL,
    SITE,
    T0,
    ZONE_OF,
    Row,
    as_dict,
    block_of,
    readings,
    rows_of,
)
from venueair.block import Block, Why
from venueair.messages import AlarmEdge
from venueair.site import Sensor, Site, Zone
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import Period

LATE_MS = 120_000
HOUR = 3_600_000
DAY = 24 * HOUR


class Service:
    """What the worker does with rows, without a broker."""

    def __init__(self, folder) -> None:
        self.store = DuckDbStore(folder / "air.duckdb")
        self.journal = Journal(folder / "ingest.sqlite")
        for source, quantity in NAMES:
            self.store.series(source, quantity)
        self.state = pipeline.State()
        self.newest = 0
        self.historical: list[AlarmEdge] = []
        self.left = 0

    def take(self, rows: list[Row]) -> None:
        if not rows:
            return
        block = block_of(rows)
        block.why[block.t < self.newest - LATE_MS] |= int(Why.LATE)
        self.newest = max(self.newest, int(block.t.max()))
        result = pipeline.run(block, Block.empty(), self.state, PLAN)
        edges = [("v", threshold_edge(edge, PLAN)) for edge in result.edges]
        self.journal.record(edges, pipeline.channels(self.state, PLAN, result.changed))
        owed = pipeline.owed(result.late, NAMES, PLAN)
        self.store.write(Block.concat([result.rows, result.zone_values]), {}, owed)

    def settle(self) -> None:
        for task in tasks(self.store.owed(), SITE):
            found = settle(self.store, PLAN, task)
            revise(self.journal, PLAN, task.sources, found, self.historical.extend)
            self.store.settle(task.periods)
            self.left += found.rollups_left
        assert self.store.owed() == []

    def rows(self) -> dict:
        return as_dict(self.store.range(None, T0 - HOUR, self.newest + HOUR))

    def rollups(self, width) -> list[tuple]:
        found = self.store.rollup_range(width, range(len(NAMES)), T0 - HOUR, self.newest + HOUR)
        columns = (found.series, found.t, found.mean.round(9), found.min, found.max, found.count)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def intervals(self) -> list[tuple]:
        return [
            (i.alarm, i.start, i.stop, i.peak)
            for ladder in PLAN.ladders
            for i in self.journal.intervals(ladder.entry.key, 0, self.newest + HOUR)
            if i.stop is not None
        ]

    def close(self) -> None:
        self.store.close()
        self.journal.close()


@pytest.fixture
def service(tmp_path) -> Callable[[str], Service]:
    opened = []

    def new(name: str) -> Service:
        folder = tmp_path / name
        folder.mkdir()
        opened.append(Service(folder))
        return opened[-1]

    yield new
    for each in opened:
        each.close()


def in_order(service: Service, rows: list[Row]) -> Service:
    service.take(rows)
    write_rollups(service.store, list(range(len(NAMES))), T0, service.newest + 1)
    return service


CALM = [("b1", "pm2_5", 61_000, 5.0, 0, 12)] * 3
LOW = {"pm2_5": 5.0, "co2": 500.0, "co": 1.0}


def ending(after: int) -> list[Row]:
    """In order at last, for as long as every alarm needs to end: late rows never end one."""
    return [
        (device, quantity, after + 30_000 * n, low + n % 2, 0)
        for n in range(1, 41)
        for device in sorted(ZONE_OF)
        for quantity, low in LOW.items()
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings, st.integers(0, 2**16), st.integers(1, 40))
@example(RISE_AND_FALL, 1, 7)
@example([("b1", "co2", 61_000, 1400.0, 0, 12)] * 4, 2, 3)
def test_a_shuffled_replay_ends_like_the_sorted_one(tmp_path_factory, script, seed, size):
    rows = rows_of(script + CALM)
    shuffled, last = rows.copy(), ending(rows[-1][2])
    random.Random(seed).shuffle(shuffled)
    folder = tmp_path_factory.mktemp("settle")
    (folder / "sorted").mkdir()
    sorted_one, other = in_order(Service(folder / "sorted"), rows + last), Service(folder)
    for start in range(0, len(shuffled), size):
        other.take(sorted(shuffled[start : start + size], key=lambda row: row[2]))
    other.take(last)
    other.settle()
    write_rollups(other.store, list(range(len(NAMES))), T0, other.newest + 1)
    try:
        assert other.rows() == sorted_one.rows()
        assert other.rollups(60) == sorted_one.rollups(60)
        assert other.rollups(3600) == sorted_one.rollups(3600)
        assert other.intervals() == sorted_one.intervals()
    finally:
        other.close()
        sorted_one.close()


def test_an_alarm_found_only_in_late_rows_is_entered_as_history_and_raises_nothing(service):
    late, live = rows_of(RISE_AND_FALL), [("b1", "pm2_5", T0 + HOUR + n * 1000, 5.0, 0) for n in range(60)]
    found = service("late")
    found.take(live)
    found.take(late)
    assert found.journal.open_alarms() == []
    found.settle()
    alarms = {edge.alarm for edge in found.historical}
    assert alarms == {"pm/hall-a", "smoke/a1"}
    assert all(edge.historical and edge.until and edge.level for edge in found.historical)
    assert found.journal.open_alarms() == []
    true = in_order(service("sorted"), late + live)
    assert found.intervals() == true.intervals()


def test_an_alarm_is_told_even_if_its_interval_was_not_entered_any_more(service, monkeypatch):
    live = [("b1", "pm2_5", T0 + HOUR + n * 1000, 5.0, 0) for n in range(60)]
    found, undisturbed = service("killed"), service("undisturbed")
    for each in (found, undisturbed):
        each.take(live)
        each.take(rows_of(RISE_AND_FALL))
    undisturbed.settle()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(found.journal, "revise", killed)
        with pytest.raises(KeyboardInterrupt):
            found.settle()
    found.historical.clear()  # nobody has heard of them
    found.settle()
    assert found.historical == undisturbed.historical != []
    assert found.intervals() == undisturbed.intervals()


def test_a_late_row_of_a_time_that_retention_has_dropped_changes_no_rollup_and_no_alarm(service):
    found = in_order(service("one"), rows_of(RISE_AND_FALL + CALM))
    rollups, intervals = found.rollups(60), found.intervals()
    assert rollups
    assert intervals
    found.newest += HOUR
    assert found.store.retain(T0 + 200 * DAY, 90, 730, 3650) == 1
    found.take([("a1", "pm2_5", T0 + 5_500, 999.0, 0)])
    found.settle()
    assert found.rollups(60) == rollups
    assert found.intervals() == intervals
    assert found.left > 0


def test_settling_again_changes_nothing(service):
    found = service("one")
    found.take(rows_of(RISE_AND_FALL + CALM)[::-1][:200])
    found.take(rows_of(RISE_AND_FALL + CALM))
    found.settle()
    rows, intervals, told = found.rows(), found.intervals(), len(found.historical)
    found.store.write(Block.empty(), {}, [Period("a1", T0, T0 + 300_000)])
    found.settle()
    assert (found.rows(), found.intervals(), len(found.historical)) == (rows, intervals, told)


def test_what_is_owed_survives_a_kill_before_it_is_settled(tmp_path):
    found = Service(tmp_path)
    found.take(rows_of(CALM))
    found.take(rows_of([("a1", "pm2_5", 1000, 130.0, 0, 60)]))
    found.close()
    again = Service(tmp_path)
    again.newest = found.newest
    assert [period.source for period in again.store.owed()] == ["a1"]
    again.settle()
    again.close()


def test_late_rows_of_the_outdoor_air_change_what_is_said_of_halls(tmp_path):
    site = Site(
        venues=SITE.venues,
        halls=SITE.halls,
        zones=(*SITE.zones, Zone(id="yard", hall="h", name=NAME, outdoor=True)),
        sensors=(*SITE.sensors, Sensor(id="out", zone="yard", model="node")),
    )
    names = [*NAMES, ("out", "co2"), ("yard", "co2")]
    plan = Plan.of(names, site, [])
    minutes = range(300)
    inside = [(NAMES.index(("b1", "co2")), T0 + n * 60_000, 440.0 + n % 3) for n in minutes]
    outside = [(names.index(("out", "co2")), T0 + n * 60_000, 490.0 + n % 3) for n in minutes]

    def stored(folder: str, parts) -> dict[int, int]:
        store = DuckDbStore(tmp_path / folder / "air.duckdb")
        for name in names:
            store.series(*name)
        state = pipeline.State()
        for part, why in parts:
            block = Block.of([t for _, t, _ in part], [n for n, *_ in part], [v for *_, v in part])
            block.why[:] |= why
            result = pipeline.run(block, Block.empty(), state, plan)
            both = Block.concat([result.rows, result.zone_values])
            store.write(both, {}, pipeline.owed(result.late, names, plan))
        for task in tasks(store.owed(), site):
            settle(store, plan, task)
            store.settle(task.periods)
        rows = store.range([inside[0][0]], T0, T0 + DAY)
        store.close()
        return dict(zip(rows.t.tolist(), rows.why.tolist(), strict=True))

    in_order = stored("sorted", [(inside + outside, 0)])
    assert sum(why == Why.BELOW_OUTDOOR for why in in_order.values()) == 250
    assert stored("late", [(inside, 0), (outside, int(Why.LATE))]) == in_order
    parts = [(inside[:100] + outside[:100], 0), (inside[150:] + outside[150:], 0)]
    assert stored("hall late", [*parts, (inside[100:150] + outside[100:150], int(Why.LATE))]) == in_order


def test_tasks_are_at_most_a_day_and_join_what_touches_in_one_zone():
    owed = [
        Period("a1", T0, T0 + HOUR),
        Period("a2", T0 + 2 * HOUR, T0 + 3 * HOUR),
        Period("a1", T0 + 2 * DAY, T0 + 2 * DAY + 1),
        Period("b1", T0, T0 + 1),
        Period("gone", T0, T0 + 1),
    ]
    found = tasks(owed, SITE)
    assert sorted((min(t.sources), t.start - T0, t.end - T0, len(t.periods)) for t in found) == sorted(
        [("a1", 0, 3 * HOUR, 2), ("a1", 2 * DAY, 2 * DAY + 1, 1), ("b1", 0, 1, 1), ("gone", 0, 1, 1)]
    )
    many = [Period("a1", T0 + n * HOUR, T0 + (n + 1) * HOUR) for n in range(60)]
    assert all(task.end - task.start <= DAY for task in tasks(many, SITE))
    assert sum(len(task.periods) for task in tasks(itertools.chain(many), SITE)) == 60
