from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from venueair.block import Block, Flag

rows = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4), st.floats(-1e6, 1e6) | st.just(np.nan)))


def block_of(found) -> Block:
    return Block.of([t for t, *_ in found], [s for _, s, _ in found], [v for *_, v in found])


def test_columns_have_the_types_that_the_store_writes():
    for block in (Block.empty(), Block.of([1], [2], [3.0])):
        types = [column.dtype.str for column in (block.t, block.series, block.value, block.raw)]
        assert types == ["<i8", "<i4", "<f8", "<f8"]
        assert [block.flag.dtype.str, block.why.dtype.str] == ["|u1", "<u2"]


def test_missing_values_are_flagged_missing_and_others_not_evaluated():
    block = Block.of([1, 2], [0, 0], [np.nan, 0.0])
    assert block.flag.tolist() == [Flag.MISSING, Flag.NOT_EVALUATED]


@given(rows)
def test_sorting_goes_by_series_then_time_and_keeps_the_order_of_arrival(found):
    block = block_of(found)
    block.why[:] = np.arange(len(block))
    expected = sorted(range(len(found)), key=lambda n: (found[n][1], found[n][0]))
    assert block.sorted().why.tolist() == expected


@given(rows)
def test_of_equal_keys_the_row_that_came_last_is_kept(found):
    model = {(s, t): v for t, s, v in found}
    last = block_of(found).last_of_each()
    assert list(zip(last.series.tolist(), last.t.tolist(), strict=True)) == sorted(model)
    np.testing.assert_array_equal(last.value, [model[key] for key in sorted(model)])


@given(rows, st.lists(st.integers(0, 50), max_size=4))
def test_cutting_and_joining_gives_the_same_block(found, cuts):
    block = block_of(found)
    bounds = sorted({0, len(found), *(min(cut, len(found)) for cut in cuts)})
    parts = [block.take(np.arange(a, b)) for a, b in pairwise(bounds)]
    joined = Block.concat(parts)
    np.testing.assert_array_equal(joined.value, block.value)
    assert joined.t.tolist() == block.t.tolist()


def test_nothing_joined_is_an_empty_block():
    assert len(Block.concat([])) == 0
    assert len(Block.empty().last_of_each()) == 0


def test_where_keeps_the_rows_of_the_mask():
    block = Block.of([1, 2, 3], [0, 0, 0], [1.0, 2.0, 3.0])
    assert block.where(block.value > 1).t.tolist() == [2, 3]
