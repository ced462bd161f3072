"""Statistics of windows equal the scalar reference on any input and any cut; and what they are for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.signals import Kind, Windows
from ingest.window_statistics import State, advance
from tests.ingest.zones.reference_statistics import Reference
from venueair.block import Block, Flag

T0 = 1_795_447_500_000 // 60_000 * 60_000
SIGNALS = [
    (0, "value", 0, 1),
    (0, "mean", 1, 1),
    (0, "mean", 5, 60),
    (0, "median", 5, 1),
    (0, "median", 4, 1),
    (0, "max", 10, 1),
    (0, "rise", 0, 1),
    (2, "mean", 5, 0),
    (2, "rise", 1, 0),
    (3, "mean", 60, 61),
    (3, "median", 3, 61),
    (3, "value", 7, 61),
    (1, "mean", 60, 300),
    (1, "mean", 5, 100),
    (1, "median", 5, 300),
    (1, "max", 4, 300),
]
SENSORS = {2, 3}  # the other series are of zones


def windows(signals=SIGNALS) -> Windows:
    source, kind, minutes, interval_s = zip(*signals, strict=True)
    kinds = [Kind[name.upper()] for name in kind]
    return Windows.of(source, kinds, minutes, 5, interval_s)


values = st.sampled_from([0.0, 1.1, 2.2, 3.3, 400.7, 650.123456, 1e7])
flags = st.sampled_from([Flag.GOOD, Flag.GOOD, Flag.SUSPECT])
# (source, steps of 5 s between, value, flag, how often)
spans = st.tuples(
    st.sampled_from([0, 1, 2, 3]),
    st.sampled_from([1, 2, 12, 12, 24, 60, 800]),
    values,
    flags,
    st.integers(1, 20),
)
Row = tuple[int, int, float, int]


def rows_of(script) -> list[Row]:
    t, rows = dict.fromkeys(range(5), T0), []
    for source, steps, value, flag, repeat in script:
        for nth in range(repeat):
            t[source] += steps * 5000
            rows.append((source, t[source], value + nth, int(flag)))
    return rows


def block_of(rows: list[Row]) -> Block:
    block = Block.of([r[1] for r in rows], [r[0] for r in rows], [r[2] for r in rows])
    block.flag[:] = [r[3] for r in rows]
    return block.sorted()


def split(rows: list[Row]) -> tuple[Block, Block]:
    return block_of([r for r in rows if r[0] not in SENSORS]), block_of([r for r in rows if r[0] in SENSORS])


def columns(block: Block) -> list[tuple]:
    return list(
        zip(block.series.tolist(), block.t.tolist(), block.value.tolist(), block.flag.tolist(), strict=True)
    )


def run(rows: list[Row], cuts: list[int], plan: Windows) -> list[tuple]:
    state, said = State(), []
    for start, end in pairwise([0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]):
        found = columns(advance(*split(rows[start:end]), state, plan))
        assert found == sorted(found)
        said += found
    return sorted(said)


@settings(max_examples=100, deadline=None)
@given(st.lists(spans, max_size=25), st.lists(st.integers(0, 500), max_size=8))
@example([(0, 12, 1.0, Flag.GOOD, 20), (3, 12, 1.0, Flag.SUSPECT, 20)] * 4, [5, 6, 70])
@example([(0, 1, 1.0, Flag.GOOD, 20)] * 6, list(range(100)))
def test_any_stream_cut_anywhere_gives_what_the_reference_gives(script, cuts):
    rows = rows_of(script)
    reference = Reference(SIGNALS)
    for row in rows:
        reference.take(*row)
    assert run(rows, cuts, windows()) == sorted(reference.said)


@settings(max_examples=60, deadline=None)
@given(st.lists(spans, max_size=25), st.integers(0, 500))
def test_a_state_filled_from_what_is_stored_goes_on_as_if_nothing_had_happened(script, cut):
    rows, plan = rows_of(script), windows()
    cut %= len(rows) + 1
    state = State()
    state.fill(block_of(rows[:cut]), plan)
    state.fill(block_of(rows[:cut][-3:]), plan)  # once more: nothing new
    after = columns(advance(*split(rows[cut:]), state, plan))
    assert sorted(run(rows[:cut], [], plan) + after) == run(rows, [], plan)


def every_minute(values, source=0) -> Block:
    return block_of([(source, T0 + n * 60_000, v, 1) for n, v in enumerate(values) if v is not None])


def test_a_window_with_too_few_minutes_says_nothing():
    plan = windows([(0, "mean", 4, 1)])
    state = State()
    found = advance(every_minute([1.0, None, 3.0, 5.0, None, None, 5.0]), Block.empty(), state, plan)
    assert columns(found) == [(0, T0 + 3 * 60_000, 3.0, 1)]


def test_a_day_of_minutes_has_a_mean():
    plan = windows([(0, kind, 1440, 1) for kind in ("mean", "max", "median")])
    values = list(np.arange(2000) % 97 / 10)
    state, plan_state = State(), State()
    whole = advance(every_minute(values), Block.empty(), state, plan)
    last = whole.where(whole.t == T0 + 1999 * 60_000)
    assert last.value.tolist() == [
        pytest.approx(np.mean(values[-1440:])),
        9.6,
        np.median(values[-1440:]),
    ]
    plan_state.fill(every_minute(values[:1999]), plan)
    final = every_minute(values).where(np.arange(2000) == 1999)
    assert advance(final, Block.empty(), plan_state, plan).value.tolist() == last.value.tolist()


def test_values_of_series_that_no_signal_watches_give_nothing():
    plan = windows([(0, "mean", 1, 1)])
    assert len(advance(every_minute([1.0], source=4), Block.empty(), State(), plan)) == 0


def test_a_window_of_no_minutes_is_refused():
    with pytest.raises(ValueError, match="at least 1 minute"):
        windows([(0, "mean", 0, 1)])
