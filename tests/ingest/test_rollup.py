import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.rollup import rollup
from venueair.block import Block, Flag

T0 = 1_795_447_500_000
rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(-200_000, 7_300_000),
        st.floats(-1e6, 1e6),
        st.sampled_from([Flag.GOOD, Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.NOT_EVALUATED]),
    ),
    max_size=40,
)


def block_of(found) -> Block:
    block = Block.of([T0 + t for _, t, *_ in found], [s for s, *_ in found], [v for *_, v, _ in found])
    block.flag[:] = [flag for *_, flag in found]
    return block.sorted()


@pytest.mark.parametrize("width", [60, 3600])
@given(rows)
@example([])
@example([(0, 0, 5.0, Flag.FAIL)])
@example([(0, -1, 1.0, Flag.GOOD), (0, 0, 2.0, Flag.GOOD), (1, 0, 3.0, Flag.SUSPECT)])
def test_rollups_are_those_of_a_plain_loop(width, found):
    buckets: dict[tuple[int, int], list[float]] = {}
    for series, t, value, flag in found:
        if flag in (Flag.GOOD, Flag.SUSPECT):
            start = (T0 + t) // (width * 1000) * width * 1000
            buckets.setdefault((series, start), []).append(value)
    result = rollup(block_of(found), width)
    assert list(zip(result.series.tolist(), result.t.tolist(), strict=True)) == sorted(buckets)
    for n, key in enumerate(sorted(buckets)):
        values = buckets[key]
        assert result.mean[n] == pytest.approx(math.fsum(values) / len(values), rel=1e-9, abs=1e-6)
        assert (result.min[n], result.max[n], result.count[n]) == (min(values), max(values), len(values))


def test_missing_values_make_no_bucket():
    assert len(rollup(Block.of([T0], [0], [np.nan]), 60)) == 0


def test_columns_have_the_types_of_the_store():
    for found in ([], [(0, 0, 1.0, Flag.GOOD)]):
        result = rollup(block_of(found), 60)
        assert [column.dtype.kind for column in (result.t, result.series, result.mean, result.count)] == [
            "i",
            "i",
            "f",
            "i",
        ]
