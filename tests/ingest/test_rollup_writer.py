import numpy as np
import pytest

from ingest.rollup_writer import GRACE_MS, RollupWriter
from venueair.block import Block, Flag
from venueair.store.duckdb_store import DuckDbStore

MINUTE, HOUR = 60_000, 3_600_000
T0 = 1_795_446_000_000 // HOUR * HOUR


@pytest.fixture
def store(tmp_path):
    opened = DuckDbStore(tmp_path / "air.duckdb")
    opened.series("pm-1", "pm2_5")
    yield opened
    opened.close()


def put(store, *rows: tuple[int, float]) -> np.ndarray:
    block = Block.of([T0 + t for t, _ in rows], [0] * len(rows), [value for _, value in rows])
    block.flag[:] = Flag.GOOD
    store.write(block, {})
    return block.t


def minutes(store) -> dict[int, tuple[float, int]]:
    found = store.rollup_range(60, [0], T0, T0 + 10 * HOUR)
    return {
        (t - T0) // MINUTE: (mean, count)
        for t, mean, count in zip(found.t.tolist(), found.mean.tolist(), found.count.tolist(), strict=True)
    }


def test_a_bucket_is_written_when_it_is_over_and_not_before(store):
    writer = RollupWriter(store)
    writer.touch(put(store, (0, 10.0), (MINUTE - 1, 20.0)))
    writer.write(T0 + MINUTE + GRACE_MS - 1)
    assert minutes(store) == {}
    writer.write(T0 + MINUTE + GRACE_MS)
    assert minutes(store) == {0: (15.0, 2)}
    assert len(store.rollup_range(3600, [0], T0, T0 + HOUR)) == 0
    assert writer.write(T0 + HOUR + GRACE_MS) == 0
    assert store.rollup_range(3600, [0], T0, T0 + HOUR).mean.tolist() == [15.0]


def test_a_late_row_makes_its_bucket_anew_from_stored_rows(store):
    writer = RollupWriter(store)
    writer.touch(put(store, (0, 10.0), (3 * MINUTE, 5.0)))
    writer.write(T0 + 10 * MINUTE)
    writer.touch(put(store, (30_000, 40.0)))
    writer.write(T0 + 10 * MINUTE)
    assert minutes(store) == {0: (25.0, 2), 3: (5.0, 1)}


def test_a_replaced_reading_is_not_counted_twice(store):
    writer = RollupWriter(store)
    for value in (10.0, 30.0):
        writer.touch(put(store, (0, value)))
        writer.write(T0 + 2 * MINUTE)
    assert minutes(store) == {0: (30.0, 1)}


def test_many_buckets_are_written_a_few_at_a_time_and_none_is_forgotten(store):
    writer = RollupWriter(store)
    writer.touch(put(store, *((n * MINUTE, float(n)) for n in range(12))))
    left = [writer.write(T0 + 20 * MINUTE, most=5) for _ in range(3)]
    assert left == [8, 3, 1]  # the hour is not over
    assert minutes(store) == {n: (float(n), 1) for n in range(12)}


def test_what_an_earlier_run_left_is_made_up_for_after_a_restart(store):
    before = RollupWriter(store)
    before.touch(put(store, *((n * MINUTE, float(n)) for n in range(3))))
    before.write(T0 + 2 * MINUTE + GRACE_MS)
    put(store, (3 * MINUTE, 3.0), (4 * MINUTE, 4.0))  # and here it was killed
    after = RollupWriter(store)
    after.catch_up()
    while after.write(T0 + HOUR + GRACE_MS):
        pass
    assert minutes(store) == {n: (float(n), 1) for n in range(5)}
    assert store.rollup_range(3600, [0], T0, T0 + HOUR).count.tolist() == [5]


def test_a_store_that_has_no_rollups_at_all_gets_those_of_its_last_hour(store):
    put(store, (0, 1.0), (90 * MINUTE, 2.0))
    writer = RollupWriter(store)
    writer.catch_up()
    writer.write(T0 + 3 * HOUR)
    assert minutes(store) == {90: (2.0, 1)}


def test_catching_up_with_an_empty_store_does_nothing(store):
    writer = RollupWriter(store)
    writer.catch_up()
    assert writer.write(T0) == 0
