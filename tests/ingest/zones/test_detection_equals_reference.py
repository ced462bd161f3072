"""The vectorised detector equals the scalar reference on any input and any way of cutting it into blocks."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.channel_steps import NOT_WAITING
from ingest.detection import Channels, State, detect
from tests.ingest.zones.reference_detection import Channel, Reference
from venueair.block import Block

T0 = 1_795_447_500_000
SIGNALS = 30

delays = st.sampled_from([0, 10_000, 60_000, 300_000])
gaps = st.sampled_from([180_000, 180_000, 60_000, 900_000])


@st.composite
def ladders(draw):
    """Ladders of one to three levels on some or all of the signals, above or below."""
    plan = []
    some = st.lists(st.integers(0, SIGNALS - 1), min_size=1, max_size=6)
    for ladder, signal in enumerate(draw(st.one_of(some, st.just([*range(SIGNALS)] * 3)))):
        if ladder >= SIGNALS:  # many ladders: drawn once for all signals, stepped side by side
            first = [channel for channel in plan if channel.ladder == ladder % SIGNALS]
            plan += [replace(channel, ladder=ladder, on_ms=ladder * 500) for channel in first]
            continue
        above, sign = (True, 1) if draw(st.booleans()) else (False, -1)
        limits = [50, 80, 120][: draw(st.integers(1, 3))]
        for level, limit in enumerate(
            limits if above else [limit / 2 for limit in reversed(limits)], start=1
        ):
            clear_at = limit - sign * draw(st.sampled_from([0, 10]))
            delay = (draw(delays), draw(delays), draw(st.integers(1, 3)), draw(gaps))
            plan.append(Channel(signal, ladder, level, float(limit), float(clear_at), above, *delay))
    return plan


def columns(plan: list[Channel]) -> Channels:
    return Channels.of(**{name: [getattr(channel, name) for channel in plan] for name in vars(plan[0])})


steps = st.sampled_from([0, 1, 5000, 5000, 60_000, 180_000, 180_001, 900_001])
values = st.sampled_from(
    [10.0, 20.0, 30.0, 41.0, 45.0, 50.0, 51.0, 75.0, 90.0, 130.0, math.nan, math.inf, -math.inf]
)
# All signals at once, some one at a time; each a few values in a row.
rows = st.lists(st.tuples(st.integers(-1, SIGNALS - 1), steps, values, st.integers(1, 8)), max_size=25)


def stream(script) -> list[tuple[int, int, float]]:
    t, rows = T0, []
    for signal, step, value, repeat in script:
        for nth in range(repeat):
            t += step
            signals = range(SIGNALS) if signal < 0 else [signal]
            rows += [(s, t, value + s * (nth % 2)) for s in signals]
    return rows


def run(rows, plan: list[Channel], cuts):
    channels = columns(plan)
    state, edges, changed = State(), [], set()
    for start, end in pairwise([0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]):
        part = rows[start:end]
        block = Block.of([r[1] for r in part], [r[0] for r in part], [r[2] for r in part]).sorted()
        found, touched = detect(block, state, channels)
        changed |= set(touched.tolist())
        assert [(e.t, e.ladder) for e in found] == sorted((e.t, e.ladder) for e in found)
        edges += [(e.t, e.ladder, e.level, e.value, e.limit) for e in found]
    return edges, state, changed


@settings(max_examples=100, deadline=None)
@given(ladders(), rows, st.lists(st.integers(0, 2000), max_size=8))
@example(
    [Channel(n % SIGNALS, n, 1, 50.0, 40.0, n % 2 == 0, n * 100, 0, 2) for n in range(120)],
    [(-1, 5000, 90.0, 8), (-1, 5000, 20.0, 8), (-1, 5000, 60.0, 8)],
    [10, 11, 12, 300],
)
def test_any_input_cut_anywhere_gives_what_the_reference_gives(plan, script, cuts):
    rows = stream(script)
    reference = Reference(plan)
    for row in rows:
        reference.take(*row)
    edges, state, _ = run(rows, plan, cuts)
    assert sorted(edges) == sorted(reference.edges)
    kept = [(s.on, NOT_WAITING if s.since is None else s.since) for s in reference.state]
    assert list(zip(state.columns.on.tolist(), state.columns.since.tolist(), strict=True)) == kept


@settings(max_examples=60, deadline=None)
@given(ladders(), rows, st.integers(0, 2000))
def test_a_state_kept_and_built_again_goes_on_as_if_nothing_had_happened(plan, script, cut):
    rows, channels = stream(script), columns(plan)
    cut %= len(rows) + 1
    whole, *_ = run(rows, plan, [cut])
    before, kept, _ = run(rows[:cut], plan, [])
    again = State.of(channels, kept.columns.on, kept.columns.since, kept.columns.count, kept.last)
    assert again.levels.tolist() == kept.levels.tolist()
    rest = rows[cut:]
    block = Block.of([r[1] for r in rest], [r[0] for r in rest], [r[2] for r in rest]).sorted()
    after = [(e.t, e.ladder, e.level, e.value, e.limit) for e in detect(block, again, channels)[0]]
    assert before + after == whole


@settings(max_examples=60, deadline=None)
@given(ladders(), rows, st.integers(0, 2000))
def test_the_channels_that_changed_are_all_that_a_journal_needs(plan, script, cut):
    rows = stream(script)
    _, state, changed = run(rows, plan, [cut])
    fresh, untouched = State(), np.setdiff1d(np.arange(len(plan)), sorted(changed))
    fresh.fit(columns(plan))
    now, then = state.columns.take(untouched), fresh.columns.take(untouched)
    assert rows == [] or now.equals(then).all()
