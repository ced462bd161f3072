"""A restart in the middle gives the same edges as no restart."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.pipeline import Plan, State, run
from ingest.warm import warm_state
from tests.ingest.test_pipeline_equals_reference import NAMES, NUMBER, PLAN, RULES, SITE, readings, rows_of
from venueair.block import Block, Why
from venueair.store.duckdb_store import DuckDbStore

T0 = 1_795_447_500_000


class Service:
    """Runs the pipeline and keeps what the worker keeps: rows in the store, channels by name."""

    def __init__(self, path) -> None:
        self.path = path
        self.store = DuckDbStore(path)
        for source, quantity in NAMES:
            self.store.series(source, quantity)
        self.channels: dict[str, tuple[bool, int]] = {}
        self.state = State.start(PLAN)
        self.edges: list[tuple[int, str, str, int]] = []
        self.newest = 0

    def take(self, rows) -> None:
        block = Block.of([r[2] for r in rows], [NUMBER[r[0], r[1]] for r in rows], [r[3] for r in rows])
        block.why[:] = [r[4] for r in rows]
        result, state = run(block, self.state, PLAN)
        old, new = self.state.detect, state.detect
        for c in np.flatnonzero((old.on != new.on) | (old.since != new.since)).tolist():
            self.channels[PLAN.channel_names[c]] = (bool(new.on[c]), int(new.since[c]))
        self.state = state
        self.store.write(Block.concat([result.rows, result.zone_values]), {})
        self.newest = max([self.newest, *(r[2] for r in rows)])
        for edge in result.edges:
            rule, zone = PLAN.ladders[edge.ladder]
            self.edges.append((edge.t, rule.id, zone, edge.level))

    def restart(self) -> None:
        self.store.close()
        self.store = DuckDbStore(self.path)
        self.state = warm_state(self.store, PLAN, self.channels, self.newest)


def edges_of(folder, rows, cuts, restarts) -> list[tuple[int, str, str, int]]:
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
@example([("a1", "pm2_5", 1000, 130.0, 0, 12)] * 12 + [("a1", "pm2_5", 1000, 5.0, 0, 12)] * 12, [15])
@example([("a1", "pm2_5", 1000, 64.0, 0, 12), ("a2", "pm2_5", 1000, 64.0, 0, 12)] * 6, [40, 90])
@example([("b1", "co2", 61_000, 1400.0, 0, 12)] * 4, [13])
def test_a_restart_anywhere_gives_the_edges_of_no_restart(tmp_path_factory, script, cuts):
    rows = rows_of(script)
    folder = tmp_path_factory.mktemp("warm")
    (folder / "one").mkdir()
    assert edges_of(folder / "one", rows, cuts, restarts=True) == edges_of(folder, rows, cuts, restarts=False)


@pytest.mark.parametrize("cut", range(0, 289, 24))
def test_a_long_alarm_survives_a_restart_at_any_point(tmp_path, cut):
    script = [("a1", "pm2_5", 1000, 130.0, 0, 12)] * 12 + [("a1", "pm2_5", 1000, 5.0, 0, 12)] * 12
    rows = rows_of(script)
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
    assert service.state.detect.last.tolist() == before.detect.last.tolist()
    assert service.state.zones.emitted.tolist() == before.zones.emitted.tolist()
    service.store.close()


def test_an_empty_store_starts_anew(tmp_path):
    store = DuckDbStore(tmp_path / "air.duckdb")
    state = warm_state(store, PLAN, {}, T0)
    assert not state.detect.on.any()
    store.close()


def test_channels_of_rules_that_are_gone_are_ignored(tmp_path):
    store = DuckDbStore(tmp_path / "air.duckdb")
    for source, quantity in NAMES:
        store.series(source, quantity)
    store.write(Block.of([T0], [NUMBER["a1", "pm2_5"]], [1.0]), {})
    plan = Plan.of(NAMES, SITE, RULES[1:])
    state = warm_state(store, plan, {"pm/hall-a/1": (True, 5), "air/hall-b/1": (True, 7)}, T0)
    assert state.detect.on.tolist() == [True]
    store.close()
