"""Threshold detection as tables of a time series: what goes in, which edges come out."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.detect import GAP_MS, Channels, Edge, State, detect
from venueair.block import Block

STEP = 5000
T0 = 1_795_447_500_000


def ladder(*levels: tuple[float, float, int, int], number: int = 0, series: int = 0) -> list[tuple]:
    """(limit, clear below, on s, off s) of each level, lowest first."""
    return [
        (series, number, n, limit, below, on * 1000, off * 1000)
        for n, (limit, below, on, off) in enumerate(levels, start=1)
    ]


def channels(*rows: tuple) -> Channels:
    columns = zip(*rows, strict=True)
    types = (np.int64, np.int64, np.int64, np.float64, np.float64, np.int64, np.int64)
    return Channels(*(np.array(column, dtype=kind) for column, kind in zip(columns, types, strict=True)))


def block(points, series: int = 0) -> Block:
    return Block.of(
        [T0 + t * 1000 for t, _ in points], [series] * len(points), [value for _, value in points]
    )


def run(points, plan: Channels, cuts=()) -> list[tuple[int, int]]:
    """`points` (s, value) -> (s, level) of each edge."""
    state, edges = State.start(len(plan)), []
    for start, end in pairwise([0, *cuts, len(points)]):
        found, state = detect(block(points[start:end]), state, plan)
        edges += found
    return [((edge.t - T0) // 1000, edge.level) for edge in edges]


def every5(*values: float, start: int = 0) -> list[tuple[int, float]]:
    return [(start + 5 * n, value) for n, value in enumerate(values)]


ONE = channels(*ladder((50, 40, 20, 30)))
THREE = channels(*ladder((50, 40, 0, 0), (80, 70, 0, 0), (120, 100, 0, 0)))

TABLES = {
    "below the limit for ever": (ONE, every5(*[49.0] * 40), []),
    "at the limit is not above it": (ONE, every5(*[50.0] * 40), []),
    "above it for less than the on-delay": (ONE, every5(51, 51, 51, 51, 49), []),
    "above it for the on-delay": (ONE, every5(51, 51, 51, 51, 51), [(20, 1)]),
    "chattering at the limit never raises": (ONE, every5(*[51.0, 49.0] * 40), []),
    "one dip starts the waiting anew": (ONE, every5(51, 51, 51, 50, 51, 51, 51, 51, 51), [(40, 1)]),
    "inside the deadband does not clear": (ONE, every5(*[60.0] * 5, *[41.0] * 40), [(20, 1)]),
    "at the end of the deadband does not clear": (ONE, every5(*[60.0] * 5, *[40.0] * 40), [(20, 1)]),
    "chattering at the end of the deadband does not clear": (
        ONE,
        every5(*[60.0] * 5, *[39.0, 41.0] * 20),
        [(20, 1)],
    ),
    "below the deadband for the off-delay clears": (
        ONE,
        every5(*[60.0] * 5, *[39.0] * 7),
        [(20, 1), (55, 0)],
    ),
    "raised again after clearing": (
        ONE,
        every5(*[60.0] * 5, *[39.0] * 7, *[60.0] * 5),
        [(20, 1), (55, 0), (80, 1)],
    ),
    "a gap across the on-delay does not raise": (ONE, [(0, 60.0), (5, 60.0), (300, 60.0), (305, 60.0)], []),
    "the waiting starts after the gap": (
        ONE,
        [(0, 60.0), (5, 60.0), *every5(*[60.0] * 5, start=300)],
        [(320, 1)],
    ),
    "a gap across the off-delay does not clear": (
        ONE,
        [*every5(*[60.0] * 5), (25, 30.0), (300, 30.0), (305, 30.0)],
        [(20, 1)],
    ),
    "a gap of exactly the allowed length is none": (
        ONE,
        [(0, 60.0), (GAP_MS // 1000, 60.0)],
        [(GAP_MS // 1000, 1)],
    ),
    "silence does not clear": (ONE, [*every5(*[60.0] * 5), (9000, 60.0)], [(20, 1)]),
    "up the ladder one edge per level": (THREE, every5(60, 90, 130), [(0, 1), (5, 2), (10, 3)]),
    "a jump to the top is one edge": (THREE, every5(10, 500), [(5, 3)]),
    "down the ladder one edge per level": (
        THREE,
        every5(130, 90, 60, 30),
        [(0, 3), (5, 2), (10, 1), (15, 0)],
    ),
    "a fall to nothing is one edge": (THREE, every5(130, 1), [(0, 3), (5, 0)]),
    "infinite is above every limit": (THREE, every5(np.inf), [(0, 3)]),
}
tables = pytest.mark.parametrize(
    ("plan", "points", "expected"), TABLES.values(), ids=[name.replace(" ", "-") for name in TABLES]
)


@tables
def test_series_gives_these_edges(plan, points, expected):
    assert run(points, plan) == expected


@tables
def test_series_gives_the_same_edges_one_row_at_a_time(plan, points, expected):
    assert run(points, plan, cuts=range(1, len(points))) == expected


def test_a_missing_value_counts_neither_as_high_nor_as_low():
    nan = float("nan")
    assert run(every5(*[nan] * 40), ONE) == []
    assert run(every5(*[60.0] * 5, *[nan] * 40), ONE) == [(20, 1)]


def test_an_edge_says_what_crossed_and_which_limit():
    found, _ = detect(block(every5(90.0)), State.start(3), THREE)
    assert found == [Edge(ladder=0, t=T0, level=2, value=90.0, limit=80.0)]


def test_rows_that_were_seen_before_change_nothing():
    _, state = detect(block(every5(10.0, 10.0)), State.start(1), ONE)
    found, again = detect(block(every5(99.0, 99.0)), state, ONE)
    assert found == []
    assert not again.waiting().any()


def test_the_state_given_in_is_left_as_it_was():
    state = State.start(3)
    detect(block(every5(130, 1, 130)), state, THREE)
    assert not state.on.any()
    assert not state.waiting().any()


def test_ladders_and_series_do_not_touch_each_other():
    plan = channels(*ladder((50, 40, 0, 0)), *ladder((1000, 900, 0, 0), number=1, series=3))
    both = Block.concat([block([(0, 2000.0)]), block([(1, 60.0), (5, 10.0)], series=3)])
    found, _ = detect(both, State.start(2), plan)
    assert [(edge.ladder, edge.level) for edge in found] == [(0, 1)]


@given(st.lists(st.sampled_from([10.0, 45.0, 55.0, 90.0, 130.0]), max_size=30), st.integers(0, 30))
def test_there_is_one_edge_at_one_time_and_each_changes_the_level(values, cut):
    edges = run(every5(*values), THREE, cuts=[min(cut, len(values))])
    assert len({t for t, _ in edges}) == len(edges)
    levels = [0, *(level for _, level in edges)]
    assert all(a != b for a, b in pairwise(levels))
