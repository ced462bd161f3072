"""What every store must do; each implementation runs through all of it."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venueair.block import Block, Flag, Why
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import Marks, Rollup, Store

T0 = 1_795_447_518_905  # 2026-11-23
DAY = 86_400_000
Open = Callable[[], Store]


@pytest.fixture(params=["duckdb"])
def open_store(request, tmp_path) -> Open:
    """Opens the same store again each time it is called."""
    return {"duckdb": lambda: DuckDbStore(tmp_path / "air.duckdb")}[request.param]


@pytest.fixture
def store(open_store) -> Iterator[Store]:
    opened = open_store()
    yield opened
    opened.close()


def test_series_number_is_the_same_for_the_life_of_the_store(open_store):
    store = open_store()
    numbers = [store.series("hall-a-pm1", q) for q in ("pm2_5", "pm10", "pm2_5")]
    assert numbers == [0, 1, 0]
    store.close()
    store = open_store()
    assert store.names() == [("hall-a-pm1", "pm2_5"), ("hall-a-pm1", "pm10")]
    assert store.series("hall-a-pm1", "pm10") == 1
    store.close()


def test_rows_come_back_as_written_sorted_by_series_and_time(store):
    a, b = store.series("d1", "pm2_5"), store.series("d1", "co2")
    block = Block.of([T0 + 1000, T0, T0 + 1], [a, a, b], [2.0, np.nan, 700.0])
    block.flag[:] = [Flag.GOOD, Flag.MISSING, Flag.SUSPECT]
    block.why[2] = Why.SPIKE
    assert store.write(block, {}) == 0
    found = store.range(None, T0, T0 + 2000)
    assert found.t.tolist() == [T0, T0 + 1000, T0 + 1]
    assert found.series.tolist() == [a, a, b]
    assert found.flag.tolist() == [Flag.MISSING, Flag.GOOD, Flag.SUSPECT]
    assert found.why.tolist() == [0, 0, Why.SPIKE]
    np.testing.assert_array_equal(found.value, [np.nan, 2.0, 700.0])
    assert [column.dtype.str for column in (found.t, found.series, found.flag, found.why)] == [
        "<i8",
        "<i4",
        "|u1",
        "<u2",
    ]


def test_period_is_half_open_and_can_name_series(store):
    a, b = store.series("d1", "pm2_5"), store.series("d1", "co2")
    store.write(Block.of([T0, T0 + 1, T0], [a, a, b], [1.0, 2.0, 3.0]), {})
    assert store.range([a], T0, T0 + 1).value.tolist() == [1.0]
    assert len(store.range([], T0, T0 + 1)) == 0
    assert len(store.range(None, T0 + 2, T0 + 3)) == 0


def test_writing_the_same_row_again_is_harmless(store):
    a = store.series("d1", "pm2_5")
    block = Block.of([T0, T0 + 1], [a, a], [1.0, 2.0])
    assert [store.write(block, {}) for _ in range(3)] == [0, 0, 0]
    assert store.count(["d1"]) == (2, 2)


def test_of_two_rows_on_one_key_the_last_wins_and_is_counted(store):
    a = store.series("d1", "pm2_5")
    store.write(Block.of([T0], [a], [1.0]), {})
    assert store.write(Block.of([T0, T0 + 1], [a, a], [9.0, 2.0]), {}) == 1
    assert store.range([a], T0, T0 + 2).value.tolist() == [9.0, 2.0]
    assert store.write(Block.of([T0 + 5, T0 + 5], [a, a], [1.0, 4.0]), {}) == 0
    assert store.range([a], T0 + 5, T0 + 6).value.tolist() == [4.0]


def test_a_rewritten_flag_replaces_the_old_one(store):
    a = store.series("d1", "pm2_5")
    block = Block.of([T0], [a], [1.0])
    store.write(block, {})
    block.flag[0], block.why[0] = Flag.SUSPECT, Why.SPIKE
    assert store.write(block, {}) == 0
    assert store.range([a], T0, T0 + 1).flag.tolist() == [Flag.SUSPECT]


def test_rows_of_many_months_late_ones_too(store):
    a = store.series("d1", "pm2_5")
    times = [T0 - 40 * DAY, T0, T0 - 400 * DAY]
    for n, t in enumerate(times):
        store.write(Block.of([t], [a], [float(n)]), {})
    assert store.range([a], T0 - 500 * DAY, T0 + 1).value.tolist() == [2.0, 0.0, 1.0]
    assert store.newest() == T0


def test_marks_and_rows_survive_reopening(open_store):
    store = open_store()
    a = store.series("d1", "pm2_5")
    store.write(Block.of([T0], [a], [1.0]), {("d1", "b1"): Marks(4, ((7, 9), (12, 12)))})
    store.write(Block.empty(), {("d1", "b1"): Marks(9, ((12, 12),)), ("d2", "b1"): Marks(0)})
    store.close()
    store = open_store()
    assert store.marks() == {("d1", "b1"): Marks(9, ((12, 12),)), ("d2", "b1"): Marks(0)}
    assert store.write(Block.of([T0], [a], [1.0]), {}) == 0
    assert store.count(["d1"]) == (1, 1)
    store.close()


def test_missing_values_do_not_count_as_readings(store):
    a = store.series("d1", "pm2_5")
    store.write(Block.of([T0, T0 + 1], [a, a], [np.nan, 1.0]), {})
    assert store.count(["d1"]) == (1, 1)
    assert store.count(["d2"]) == (0, 0)


def test_rollups_are_replaced_by_bucket(store):
    a = store.series("d1", "pm2_5")

    def bucket(mean: float, t: int) -> Rollup:
        one = np.array([mean])
        return Rollup(np.array([t]), np.array([a], dtype=np.int32), one, one, one, np.array([3]))

    assert store.rollup_end(60) is None
    for mean, t in ((1.0, 60_000), (2.0, 120_000), (7.0, 60_000)):
        store.write_rollup(60, bucket(mean, t))
    found = store.rollup_range(60, [a], 0, 180_000)
    assert found.mean.tolist() == [7.0, 2.0]
    assert found.count.tolist() == [3, 3]
    assert store.rollup_end(60) == 120_000
    assert store.rollup_end(3600) is None
    assert len(store.rollup_range(3600, [a], 0, 180_000)) == 0


def test_retention_drops_what_is_older_and_nothing_else(store):
    a = store.series("d1", "pm2_5")
    store.write(Block.of([T0 - 200 * DAY, T0 - 10 * DAY, T0], [a] * 3, [1.0, 2.0, 3.0]), {})
    assert store.retain(T0, 90, 730, 3650) == 1
    assert store.range([a], 0, T0 + 1).value.tolist() == [2.0, 3.0]
    store.write(Block.of([T0 - 200 * DAY], [a], [1.0]), {})
    assert len(store.range([a], 0, T0 + 1)) == 3


def test_health_says_ok_and_after_close_says_why_not(store):
    assert store.health().ok
    store.close()
    health = store.health()
    assert not health.ok
    assert health.detail


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 5)), max_size=8)))
def test_any_order_of_writes_ends_in_the_last_value_of_each_key(tmp_path_factory, writes):
    store = DuckDbStore(tmp_path_factory.mktemp("store") / "air.duckdb")
    for number in range(4):
        store.series("d", f"q{number}")
    model: dict[tuple[int, int], float] = {}
    for rows in writes:
        store.write(
            Block.of([T0 + t for _, t, _ in rows], [s for s, _, _ in rows], [float(v) for *_, v in rows]),
            {},
        )
        model.update({(s, T0 + t): float(v) for s, t, v in rows})
    found = store.range(None, T0, T0 + 100)
    assert (
        dict(zip(zip(found.series.tolist(), found.t.tolist(), strict=True), found.value, strict=True))
        == model
    )
    assert store.count(["d"]) == (len(model), len(model))
    store.close()
