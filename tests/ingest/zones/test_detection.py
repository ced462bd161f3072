"""Threshold detection as tables of a time series: what goes in, which edges come out."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.detection import Channels, Edge, Interval, State, detect, intervals
from venueair.block import Block

T0 = 1_795_447_500_000


def channels(*rows: tuple, above: bool = True, samples: int = 1, signals=(0,), gap_s: int = 180) -> Channels:
    """(limit, clear at, on s, off s) of each level, lowest first; a ladder of them on each signal."""
    plan = [(s, n, k, *row) for n, s in enumerate(signals) for k, row in enumerate(rows, start=1)]
    signal, ladder, level, limit, clear_at, on_s, off_s = (np.array(c) for c in zip(*plan, strict=True))
    same = np.ones(len(plan), dtype=np.int64)
    return Channels(
        signal,
        ladder,
        level,
        limit.astype(float),
        clear_at.astype(float),
        np.full(len(plan), above),
        on_s * 1000,
        off_s * 1000,
        same * samples,
        same * gap_s * 1000,
    )


def block(points, signal: int = 0) -> Block:
    times = [T0 + round(t * 1000) for t, _ in points]
    return Block.of(times, [signal] * len(points), [value for _, value in points])


def run(points, plan: Channels, cuts=()) -> list[tuple[float, int]]:
    """`points` (s, value) -> (s, level) of each edge."""
    state, edges = State(), []
    for start, end in pairwise([0, *cuts, len(points)]):
        edges += detect(block(points[start:end]), state, plan)[0]
    return [((edge.t - T0) / 1000, edge.level) for edge in edges]


def every5(*values: float, start: int = 0) -> list[tuple[int, float]]:
    return [(start + 5 * n, value) for n, value in enumerate(values)]


ONE = channels((50, 40, 20, 30))
THREE = channels((50, 40, 0, 0), (80, 70, 0, 0), (120, 100, 0, 0))
SLOW = channels((50, 40, 300, 600), gap_s=900)
COLD = channels((18, 19, 10, 10), (16, 17, 0, 0), above=False)
TWO_SAMPLES = channels((35, 30, 0, 0), samples=2)
TWICE_FOR_LONG = channels((35, 30, 60, 0), samples=3)

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
    "back for the off-delay clears": (ONE, every5(*[60.0] * 5, *[39.0] * 7), [(20, 1), (55, 0)]),
    "raised again after clearing": (
        ONE,
        every5(*[60.0] * 5, *[39.0] * 7, *[60.0] * 5),
        [(20, 1), (55, 0), (80, 1)],
    ),
    "a gap across the on-delay does not raise": (ONE, [(0, 60.0), (5, 60.0), (300, 60.0), (305, 60.0)], []),
    "a value every five minutes": (
        SLOW,
        [(300 * n, 60.0 if n < 3 else 30.0) for n in range(7)],
        [(300, 1), (1500, 0)],
    ),
    "two that are missing are no gap": (SLOW, [(0, 60.0), (900, 60.0)], [(900, 1)]),
    "three that are missing are one": (SLOW, [(0, 60.0), (901, 60.0)], []),
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
    "a gap of exactly the allowed length is none": (ONE, [(0, 60.0), (180, 60.0)], [(180, 1)]),
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
    "too cold for the on-delay": (COLD, every5(17.5, 17.5, 17.5), [(10, 1)]),
    "colder is a higher level": (COLD, every5(20, 15, 15, 15), [(5, 2)]),
    "warm again": (COLD, every5(15, 15, 15, 18.5, 18.5, 19.5, 19.5, 19.5), [(0, 2), (15, 1), (35, 0)]),
    "one sample of two": (TWO_SAMPLES, every5(36, 20, 36, 20), []),
    "two samples in a row": (TWO_SAMPLES, every5(36, 36), [(5, 1)]),
    "two samples with a gap between": (TWO_SAMPLES, [(0, 36), (300, 36)], []),
    "clearing needs one sample": (TWO_SAMPLES, every5(36, 36, 20), [(5, 1), (10, 0)]),
    "samples without the delay": (TWICE_FOR_LONG, every5(*[36.0] * 12), []),
    "the delay without the samples": (TWICE_FOR_LONG, [(0, 36), (100, 36)], []),
    "both the delay and the samples": (TWICE_FOR_LONG, [(0, 36), (30, 36), (100, 36)], [(100, 1)]),
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


def test_a_value_that_swings_2_percent_around_a_limit_for_an_hour_raises_once_and_clears_once():
    rng = np.random.default_rng(4)
    plan = channels((1000, 950, 300, 600))
    quiet, swing = np.full(120, 700.0), 1000 * rng.uniform(0.98, 1.02, 720)
    rising = np.linspace(1000, 1050, 120)  # long enough above for the on-delay
    points = every5(*quiet, *swing, *rising, *swing, *quiet, *quiet)
    assert [level for _, level in run(points, plan)] == [1, 0]
    fast = channels((1000, 950, 0, 0))  # no delays: the deadband alone holds it
    assert [level for _, level in run(points, fast)] == [1, 0]


def test_a_missing_value_counts_neither_as_high_nor_as_low():
    nan = float("nan")
    assert run(every5(*[nan] * 40), ONE) == []
    assert run(every5(*[60.0] * 5, *[nan] * 40), ONE) == [(20, 1)]
    assert run(every5(51, 51, 51, nan, 51), ONE) == []


def test_a_signal_that_nobody_watches_is_passed_over():
    both = Block.concat([block(every5(*[51.0] * 5)), block([(0, float("nan")), (5, 1e9)], signal=2)])
    edges, _ = detect(both, State(), ONE)
    assert [edge.level for edge in edges] == [1]
    assert detect(block(every5(90.0)), State(), channels((50, 40, 0, 0), signals=(3,)))[0] == []


def test_an_edge_says_what_crossed_and_which_limit():
    edges, _ = detect(block(every5(90.0)), State(), THREE)
    assert edges == [Edge(ladder=0, t=T0, level=2, value=90.0, limit=80.0)]


def test_rows_that_were_seen_before_change_nothing():
    state = State()
    detect(block(every5(10.0, 10.0)), state, ONE)
    edges, changed = detect(block(every5(99.0, 99.0)), state, ONE)
    assert edges == []
    assert changed.tolist() == []


def test_an_empty_block_gives_no_edge():
    edges, changed = detect(Block.empty(), State(), ONE)
    assert edges == []
    assert changed.tolist() == []


def test_ladders_and_signals_do_not_touch_each_other():
    plan = channels((50, 40, 0, 0), signals=(0, 3))
    both = Block.concat([block([(0, 2000.0)]), block([(1, 49.0), (5, 10.0)], signal=3)])
    edges, _ = detect(both, State(), plan)
    assert [(edge.ladder, edge.level) for edge in edges] == [(0, 1)]


def test_channels_that_are_added_leave_the_others_as_they_are():
    state, more = State(), channels((50, 40, 20, 30), signals=(0, 1))
    detect(block(every5(51, 51, 51, 51)), state, ONE)
    both = Block.concat([block([(20, 51)]), block(every5(51, 51, 51, 51, 51), signal=1)])
    edges, _ = detect(both, state, more)
    assert [(edge.ladder, (edge.t - T0) / 1000) for edge in edges] == [(0, 20), (1, 20)]


def test_a_channel_has_changed_when_it_begins_or_ends_to_wait_or_turns():
    state = State()
    story = [(0, 60.0, [0]), (5, 60.0, []), (500, 10.0, [0]), (505, 10.0, []), (510, 60.0, [0])]
    story += [(520, 60.0, []), (530, 60.0, [0]), (540, 60.0, []), (550, 10.0, [0]), (580, 10.0, [0])]
    for t, value, expected in story:
        _, changed = detect(block([(t, value)]), state, ONE)
        assert changed.tolist() == expected, t


@given(st.lists(st.sampled_from([10.0, 45.0, 55.0, 90.0, 130.0]), max_size=30), st.integers(0, 30))
def test_there_is_one_edge_at_one_time_and_each_changes_the_level(values, cut):
    edges = run(every5(*values), THREE, cuts=[min(cut, len(values))])
    assert len({t for t, _ in edges}) == len(edges)
    levels = [0, *(level for _, level in edges)]
    assert all(a != b for a, b in pairwise(levels))


def edge(t: int, level: int, ladder: int = 0) -> Edge:
    return Edge(ladder, t, level, 0.0, 0.0)


def test_intervals_go_from_raise_to_clear_with_the_highest_level_between():
    edges = [edge(1, 1), edge(2, 3), edge(3, 2), edge(5, 0), edge(7, 1), edge(4, 1, ladder=1)]
    assert intervals(edges) == [Interval(0, 1, 5, 3), Interval(1, 4, None, 1), Interval(0, 7, None, 1)]


def test_a_clear_whose_raise_is_not_there_makes_no_interval():
    assert intervals([edge(1, 0), edge(2, 1), edge(3, 0)]) == [Interval(0, 2, 3, 1)]
