"""What only DuckDbStore does."""

from venueair.block import Block
from venueair.store.duckdb_store import DuckDbStore

T0 = 1_795_447_518_905  # 2026-11-23
DAY = 86_400_000


def test_retention_drops_whole_months_that_are_older(tmp_path):
    store = DuckDbStore(tmp_path / "air.duckdb")
    a = store.series("d1", "pm2_5")
    store.write(Block.of([T0 - 200 * DAY, T0 - 10 * DAY, T0], [a] * 3, [1.0, 2.0, 3.0]), {})
    assert store.retain(T0, 90, 730, 3650) == 1
    assert store.range([a], 0, T0 + 1).value.tolist() == [2.0, 3.0]
    store.write(Block.of([T0 - 200 * DAY], [a], [1.0]), {})
    assert len(store.range([a], 0, T0 + 1)) == 3
    store.close()


def test_any_time_is_taken(tmp_path):
    store = DuckDbStore(tmp_path / "air.duckdb")
    assert store.takes_from(T0) is None
    store.close()
