"""What only DuckDbStore does."""

from collections import defaultdict
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from venueair.block import Block
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import Rollup

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


MINUTE = 60_000
KEEP = 90, 730, 3650
OLD, YOUNG = T0 - 200 * DAY, T0 - 10 * DAY
# (time, value): within three minutes of a month that retention drops, and of one that it does not.
some_rows = st.lists(
    st.tuples(
        st.sampled_from([OLD, YOUNG]).flatmap(lambda t: st.integers(t, t + 3 * MINUTE)),
        st.integers(0, 99).map(float),
    ),
    max_size=12,
)


class Air:
    """One series with rollups of a minute, as who writes them does; `rows` is what the store should hold."""

    def __init__(self, folder: str) -> None:
        self.store = DuckDbStore(Path(folder) / "air.duckdb")
        self.series = self.store.series("d1", "pm2_5")
        self.rows: dict[int, float] = {}

    def take(self, rows: list[tuple[int, float]]) -> int:
        """How many rollups the store left as they were."""
        self.rows.update(rows)
        self.store.write(Block.of([t for t, _ in rows], [self.series] * len(rows), [v for _, v in rows]), {})
        found = [self._rollup(bucket) for bucket in sorted({t - t % MINUTE for t, _ in rows})]
        return self.store.write_rollup(60, Rollup(*map(np.array, zip(*found, strict=True)))) if found else 0

    def retain(self) -> None:
        self.store.retain(T0, *KEEP)
        self.rows = {t: v for t, v in self.rows.items() if t > T0 - 100 * DAY}

    def means(self) -> dict[int, float]:
        found = self.store.rollup_range(60, [self.series], 0, T0)
        return dict(zip(found.t.tolist(), found.mean.tolist(), strict=True))

    def true_means(self) -> dict[int, float]:
        """Of the rows that are there."""
        values = defaultdict(list)
        for t, value in self.rows.items():
            values[t - t % MINUTE].append(value)
        return {bucket: fmean(of) for bucket, of in values.items()}

    def _rollup(self, bucket: int) -> tuple[float, ...]:
        value = self.store.range([self.series], bucket, bucket + MINUTE).value
        return bucket, self.series, value.mean(), value.min(), value.max(), len(value)


@settings(max_examples=25, deadline=None)
@given(some_rows, st.lists(some_rows, max_size=3), some_rows)
def test_no_late_row_changes_a_rollup_whose_rows_are_dropped_and_every_other_is_made_again(
    before, imports, late
):
    with TemporaryDirectory() as folder:
        air = Air(folder)
        air.take(before)
        stay: dict[int, float] = {}
        for rows in [*imports, late]:
            stay |= {t: mean for t, mean in air.means().items() if t < T0 - 100 * DAY}
            air.retain()
            assert air.take(rows) == len(stay.keys() & {t - t % MINUTE for t, _ in rows})
            air.take(rows[::-1])
            assert air.means() == {**air.true_means(), **stay}
            assert air.store.lacks_rows(OLD, OLD + MINUTE) == bool(stay)
            assert not air.store.lacks_rows(YOUNG, YOUNG + MINUTE)
        air.store.close()


def test_rollups_that_stay_do_so_after_a_restart_and_go_when_their_time_comes(tmp_path):
    air = Air(str(tmp_path))
    air.take([(OLD, 10.0), (OLD + 1, 20.0)])
    bucket = OLD - OLD % MINUTE
    air.retain()
    air.take([(OLD + 2, 99.0), (OLD + MINUTE, 5.0)])
    air.store.close()
    again = Air(str(tmp_path))
    assert again.take([(OLD + 3, 98.0), (OLD + MINUTE + 1, 7.0)]) == 1
    assert again.means() == {bucket: 15.0, bucket + MINUTE: 6.0}
    assert again.store.rollup_end(60) == bucket + MINUTE
    again.store.retain(T0, 90, 100, 3650)
    assert again.means() == {}
    again.store.close()


def test_a_write_that_fails_leaves_the_rollups_that_must_stay(tmp_path):
    air = Air(str(tmp_path))
    air.take([(OLD, 10.0)])
    air.retain()
    air.store._write_cursor.execute("BEGIN")  # what another statement that fails leaves behind
    try:
        air.store._table("readings", OLD)
    finally:
        air.store._rollback()
    assert air.means() == {OLD - OLD % MINUTE: 10.0}
    assert air.take([(OLD + 1, 99.0)]) == 1
    assert air.means() == {OLD - OLD % MINUTE: 10.0}
    air.store.close()
