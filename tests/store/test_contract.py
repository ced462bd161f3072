"""What every store must do; each implementation runs through all of it."""

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venueair.block import Block, Flag, Why
from venueair.site import Site
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.influx_server import Server
from venueair.store.influx_store import InfluxStore
from venueair.store.store import Marks, Period, Rollup, Store, StoreError

pytest_plugins = ["tests.integration.influxdb"]

T0 = 1_795_447_518_905  # 2026-11-23
DAY = 86_400_000
CENTURY_DAYS = 36_500
Open = Callable[[], Store]
_number = count()


def _influxdb(request, folder) -> Open:
    influxd = request.getfixturevalue("influxd")  # skips, naming `make servers`, where there is none
    server = Server(
        influxd.url,
        influxd.org,
        f"contract-{next(_number)}",
        influxd.token,
        raw_days=CENTURY_DAYS,
        minutes_days=CENTURY_DAYS,
        hours_days=CENTURY_DAYS,
    )

    def opened() -> Store:
        store = InfluxStore(server, Site(), folder / "books.sqlite")
        store.connect()
        return store

    return opened


@pytest.fixture(params=["duckdb", pytest.param("influxdb", marks=pytest.mark.integration)])
def open_store(request, tmp_path) -> Open:
    """Opens the same store again each time it is called."""
    if request.param == "influxdb":
        return _influxdb(request, tmp_path)
    return lambda: DuckDbStore(tmp_path / "air.duckdb")


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


def test_retention_takes_nothing_that_is_young_enough(store):
    a = store.series("d1", "pm2_5")
    store.write(Block.of([T0 - 10 * DAY, T0], [a] * 2, [2.0, 3.0]), {})
    store.retain(T0, 90, 730, 3650)
    assert store.range([a], 0, T0 + 1).value.tolist() == [2.0, 3.0]


def test_the_oldest_row_that_it_says_to_take_is_taken(store):
    a = store.series("d1", "pm2_5")
    store.write(Block.of([T0], [a], [1.0]), {})
    oldest = store.takes_from(T0)
    t = 0 if oldest is None else max(0, oldest + DAY)
    store.write(Block.of([t], [a], [2.0]), {})
    assert store.range([a], 0, t + 1).value.tolist() == [2.0]


def test_owed_periods_stay_owed_until_they_are_settled(open_store):
    store = open_store()
    first, second, third = Period("d1", T0, T0 + 60), Period("d2", T0 - 5, T0), Period("d1", T0, T0 + 61)
    store.write(Block.empty(), {}, [first, second])
    store.write(Block.empty(), {("d1", "b1"): Marks(1)}, [third, first])
    assert store.owed()[0] == second
    assert sorted(map(repr, store.owed())) == sorted(map(repr, [first, second, third]))
    store.close()
    store = open_store()
    assert len(store.owed()) == 3
    store.settle([first, second])
    assert store.owed() == [third]
    store.settle([third, third])
    store.settle([])
    assert store.owed() == []
    store.close()


def test_a_write_that_fails_marks_nothing_and_owes_nothing(open_store):
    store = open_store()
    a = store.series("d1", "pm2_5")
    store.close()
    with pytest.raises(StoreError):
        store.write(Block.of([T0], [a], [1.0]), {("d1", "b1"): Marks(1)}, [Period("d1", T0, T0 + 1)])
    store = open_store()
    assert (store.marks(), store.owed(), len(store.range(None, T0, T0 + 1))) == ({}, [], 0)
    store.close()


def test_closing_twice_is_closing_once(store):
    store.close()
    store.close()


def test_raw_stays_beside_the_corrected_value(store):
    a = store.series("d1", "pm2_5")
    block = Block.of([T0, T0 + 1], [a, a], [10.0, 20.0])
    block = Block(block.t, block.series, np.array([7.5, 20.0]), block.raw, block.flag, block.why)
    store.write(block, {})
    found = store.range([a], T0, T0 + 2)
    assert (found.value.tolist(), found.raw.tolist()) == ([7.5, 20.0], [10.0, 20.0])
    store.write(Block.of([T0], [a], [10.0]), {})
    assert store.range([a], T0, T0 + 1).raw.tolist() == [10.0]


def test_every_number_comes_back_bit_for_bit(store):
    a = store.series("d1", "pm2_5")
    numbers = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 1e16, 1e22, -0.0, 123456789.123456789, 2.0**-30]
    store.write(Block.of(T0 + np.arange(len(numbers)), [a] * len(numbers), numbers), {})
    found = store.range([a], T0, T0 + len(numbers)).value
    assert found.tobytes() == np.array(numbers).tobytes()


def test_two_sources_with_the_same_quantity_are_two_series(store):
    a, b = store.series("d1", "pm2_5"), store.series("d2", "pm2_5")
    store.write(Block.of([T0, T0], [a, b], [1.0, 2.0]), {})
    assert store.range([b], T0, T0 + 1).value.tolist() == [2.0]
    assert store.range(None, T0, T0 + 1).value.tolist() == [1.0, 2.0]
    assert store.count(["d1", "d2", "d3"]) == (2, 2)


def test_health_says_ok_and_after_close_says_why_not(store):
    assert store.health().ok
    store.close()
    health = store.health()
    assert not health.ok
    assert health.detail


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 20),
        st.sampled_from([0.0, 1.0, 2.5, np.nan]),
        st.sampled_from([0.0, 1.0, np.nan]),
        st.sampled_from([Flag.GOOD, Flag.SUSPECT, Flag.FAIL]),
        st.sampled_from([0, Why.SPIKE, Why.BELOW_OUTDOOR]),
    ),
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(ROWS))
def test_any_order_of_writes_ends_in_the_last_row_of_each_key(store, writes):
    device = f"d{next(_number)}"
    numbers = [store.series(device, f"q{n}") for n in range(4)]
    model, ever = {}, set()
    for rows in writes:
        t = np.array([T0 + t for _, t, *_ in rows], dtype=np.int64)
        series = np.array([numbers[n] for n, *_ in rows], dtype=np.int32)
        columns = [np.array([row[2 + n] for row in rows]) for n in range(4)]
        value, raw, flag, why = columns[0], columns[1], columns[2], columns[3]
        flag = np.where(np.isnan(value), Flag.MISSING, flag).astype(np.uint8)
        block = Block(t, series, value.astype(float), raw.astype(float), flag, why.astype(np.uint16))
        store.write(block, {})
        now = list(zip(series.tolist(), t.tolist(), strict=True))
        shown = [f"{v} {r} {f} {w}" for v, r, f, w in zip(value, raw, flag.tolist(), why, strict=True)]
        model.update(zip(now, shown, strict=True))
        ever |= {key for key, v in zip(now, value, strict=True) if not np.isnan(v)}
    found = store.range(numbers, T0, T0 + 100)
    keys = zip(found.series.tolist(), found.t.tolist(), strict=True)
    columns = zip(found.value, found.raw, found.flag.tolist(), found.why.tolist(), strict=True)
    assert dict(zip(keys, [f"{v} {r} {f} {w}" for v, r, f, w in columns], strict=True)) == model
    rows, distinct = store.count([device])
    assert rows == distinct
