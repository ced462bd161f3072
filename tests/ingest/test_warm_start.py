"""A restart in the middle gives the same edges as no restart."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest import pipeline
from ingest.journal import Channel
from ingest.plan import Plan
from ingest.warm import warm_state
from tests.ingest.small_site import (
    IN_FORCE,
    NAMES,
    NUMBER,
    PLAN,
    RISE_AND_FALL,
    SITE,
    T0,
    block_of,
    readings,
    rows_of,
)
from venueair.block import Block, Why
from venueair.store.duckdb_store import DuckDbStore


class Service:
    """Runs the pipeline and keeps what the worker keeps: rows in the store, channels by name."""

    def __init__(self, path) -> None:
        self.path = path
        self.store = DuckDbStore(path)
        for source, quantity in NAMES:
            self.store.series(source, quantity)
        self.channels: dict[str, Channel] = {}
        self.state = pipeline.State()
        self.edges: list[tuple[int, str, int]] = []
        self.newest = 0

    def take(self, rows) -> None:
        result = pipeline.run(block_of(rows), Block.empty(), self.state, PLAN)
        self.channels |= pipeline.channels(self.state, PLAN, result.changed)
        self.store.write(Block.concat([result.rows, result.zone_values]), {})
        self.newest = max([self.newest, *(r[2] for r in rows)])
        for edge in result.edges:
            self.edges.append((edge.t, PLAN.ladders[edge.ladder].entry.key, edge.level))

    def restart(self) -> None:
        self.store.close()
        self.store = DuckDbStore(self.path)
        self.state = warm_state(self.store, PLAN, self.channels, self.newest)


def edges_of(folder, rows, cuts, restarts) -> list[tuple[int, str, int]]:
    service = Service(folder / "air.duckdb")
    bounds = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    for start, end in pairwise(bounds):
        service.take(rows[start:end])
        if restarts:
            service.restart()
    service.store.close()
    return sorted(service.edges)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings, st.lists(st.integers(0, 400), min_size=1, max_size=2))
@example(RISE_AND_FALL, [15])
@example([("a1", "pm2_5", 1000, 64.0, 0, 12), ("a2", "pm2_5", 1000, 64.0, 0, 12)] * 6, [40, 90])
@example([("b1", "co2", 61_000, 1400.0, 0, 12)] * 4, [13])
def test_a_restart_anywhere_gives_the_edges_of_no_restart(tmp_path_factory, script, cuts):
    rows = rows_of(script)
    folder = tmp_path_factory.mktemp("warm")
    (folder / "one").mkdir()
    assert edges_of(folder / "one", rows, cuts, restarts=True) == edges_of(folder, rows, cuts, restarts=False)


@pytest.mark.parametrize("cut", range(0, 289, 24))
def test_a_long_alarm_survives_a_restart_at_any_point(tmp_path, cut):
    rows = rows_of(RISE_AND_FALL)
    (tmp_path / "one").mkdir()
    edges = edges_of(tmp_path / "one", rows, [cut], restarts=True)
    assert edges == edges_of(tmp_path, rows, [], restarts=False)
    assert len(edges) >= 4


def test_a_row_of_a_clock_far_ahead_does_not_make_the_restart_forget_the_present(tmp_path):
    rows = rows_of([("a1", "pm2_5", 1000, 60.0, 0, 12)] * 3)
    service = Service(tmp_path / "air.duckdb")
    service.take(rows)
    ahead = Block.of([rows[-1][2] + 80_000_000], [NUMBER["a2", "pm2_5"]], [60.0])
    ahead.why[:] = Why.CLOCK
    service.store.write(ahead, {})
    before = service.state
    service.restart()
    assert service.state.detection.last.tolist() == before.detection.last.tolist()
    said = before.zones.said[: len(NAMES)].tolist()
    assert service.state.zones.said[: len(NAMES)].tolist() == said
    service.store.close()


def test_an_empty_store_starts_anew(tmp_path):
    store = DuckDbStore(tmp_path / "air.duckdb")
    state = warm_state(store, PLAN, {}, T0)
    assert not state.detection.columns.on.any()
    store.close()


def test_channels_of_rules_that_are_gone_are_ignored(tmp_path):
    store = DuckDbStore(tmp_path / "air.duckdb")
    for source, quantity in NAMES:
        store.series(source, quantity)
    store.write(Block.of([T0], [NUMBER["a1", "pm2_5"]], [1.0]), {})
    plan = Plan.of(NAMES, SITE, [entry for entry in IN_FORCE if entry.rule.id == "air"])
    state = warm_state(store, plan, {"pm/hall-a/1": (True, 5, 0), "air/hall-b/1": (True, 7, 0)}, T0)
    assert state.detection.columns.on.tolist() == [True]
    store.close()
