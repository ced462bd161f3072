"""Vectorised zone values equal the scalar reference on any stream and any way of cutting it into blocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.zone_members import Members
from ingest.zone_outliers import DISAGREES
from ingest.zone_sums import STEP_MS
from ingest.zone_values import MEMORY_MS, State, zone_values
from tests.ingest.zones.reference_zones import Reference
from venueair.block import Block, Flag, Why

T0 = 1_795_447_500_000
ZONE_OF = {0: 6, 1: 6, 2: 6, 3: 7, 4: 7, 5: 8}
MEMBERS = Members.of([("any", "co2")] * 9, np.array([ZONE_OF.get(n, -1) for n in range(9)], dtype=np.int32))
Row = tuple[int, int, float, int, int]

steps = st.sampled_from([0, 1, 900, 1000, 2500, 5000, 14_000, 16_000, 61_000, 200_000, 3_600_000])
values = st.sampled_from([0.0, 400.1, 450.3, 600.0, 600.7, 640.0, 777.77, 1500.0, 5000.0, 41000.0, 1e300])
marks = st.sampled_from(
    [(Flag.GOOD, 0)] * 6
    + [
        (Flag.FAIL, Why.WARM_UP),
        (Flag.SUSPECT, Why.FLAT_LINE),
        (Flag.SUSPECT, Why.DEVICE_FAULT | Why.SPIKE),
        (Flag.SUSPECT, Why.SPIKE),
        (Flag.SUSPECT, Why.OVER_RANGE),
        (Flag.MISSING, 0),
    ]
)
# One reading after another, and sensors that speak together every 5 s for a while.
single = st.tuples(st.sampled_from(sorted(ZONE_OF)), steps, values, marks, st.integers(1, 12)).map(
    lambda drawn: [({drawn[0]: drawn[2]}, drawn[1], drawn[3])] * drawn[4]
)
together = st.tuples(
    st.dictionaries(st.sampled_from(sorted(ZONE_OF)), values, min_size=1),
    marks,
    st.sampled_from([1, 1, 1, 5, 380]),
).map(lambda drawn: [(drawn[0], 5000, drawn[1])] * drawn[2])
scripts = st.lists(st.one_of(single, single, together), max_size=14).map(
    lambda parts: [said for part in parts for said in part]
)


def rows_of(script) -> list[Row]:
    """By time; each series has one row at one time."""
    t, rows = T0, {}
    for said, step, (flag, why) in script:
        t += step
        for series, value in said.items():
            rows[series, t] = (value, int(flag), int(why))
    return [(*key, *rest) for key, rest in rows.items()]


def block_of(rows: list[Row]) -> Block:
    block = Block.of([r[1] for r in rows], [r[0] for r in rows], [r[2] for r in rows])
    block.flag[:] = [r[3] for r in rows]
    block.why[:] = [r[4] for r in rows]
    return block.last_of_each()


def vectorised(rows: list[Row], cuts: list[int]):
    state, values, means, anew, passed = State(), [], [], [], []
    for start, end in pairwise([0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]):
        block = block_of(rows[start:end])
        zoned = zone_values(block, state, MEMBERS)
        values += zip(
            *columns(zoned.values), zoned.values.flag.tolist(), zoned.values.why.tolist(), strict=True
        )
        means += zip(
            *columns(zoned.sensor_means),
            zoned.sensor_means.flag.tolist(),
            zoned.sensor_means.why.tolist(),
            strict=True,
        )
        back = zoned.reflagged
        anew += zip(back.series.tolist(), back.t.tolist(), back.flag.tolist(), back.why.tolist(), strict=True)
        late = block.where(zoned.passed)
        passed += zip(late.series.tolist(), late.t.tolist(), strict=True)
    since = {n: step * STEP_MS for n, step in state.outliers.since.items()}
    return sorted(values), sorted(means), sorted(anew), sorted(passed), state.left_out, since


def columns(block: Block):
    return block.series.tolist(), block.t.tolist(), block.value.tolist()


def clipped(rows: list[Row]) -> list[Row]:
    return [(s, t, min(value, 1e8), flag, why) for s, t, value, flag, why in rows]


LIAR = [({0: 600.0, 1: 620.3, 2: 5000.0, 3: 600.0, 4: 900.0}, 5000, (Flag.GOOD, 0))] * 380
HONEST = [({0: 600.0, 1: 620.3, 2: 610.0, 3: 600.0, 4: 600.0}, 5000, (Flag.GOOD, 0))] * 380
WELL = [({0: 600.0, 1: 620.3}, 5000, (Flag.GOOD, 0))] * 30
STUCK = [({0: 600.0}, 2500, (Flag.SUSPECT, Why.FLAT_LINE)), ({1: 620.3}, 2500, (Flag.GOOD, 0))] * 30
PAIR = [({0: 600.0, 2: 5000.0}, 5000, (Flag.GOOD, 0))] * 380


def check(rows: list[Row], cuts: list[int]) -> None:
    reference = Reference(ZONE_OF, accuracy=50.0, share=0.05)
    for row in clipped(rows):
        reference.take(*row)
    values, means, anew, passed, left_out, since = vectorised(rows, cuts)
    assert values == sorted(reference.values)
    assert means == sorted(reference.means)
    assert anew == sorted(reference.reflagged)
    assert passed == sorted(reference.passed)
    assert left_out == reference.left_out
    assert since == reference.since


@settings(max_examples=35, deadline=None)
@given(scripts, st.lists(st.integers(0, 3000), max_size=8))
@example(LIAR + HONEST, [700, 900, 1800])
@example(LIAR + PAIR + HONEST, [1801, 1802, 1803, 1804])
@example(LIAR, list(range(1750, 1900)))
@example(STUCK + WELL + STUCK, [50])
@example(STUCK + WELL + STUCK, [50, 130])
def test_any_stream_cut_anywhere_gives_what_the_reference_gives(script, cuts):
    check(rows_of(script), cuts)


@settings(max_examples=30, deadline=None)
@given(
    scripts,
    st.lists(st.integers(0, 13_999), min_size=len(ZONE_OF), max_size=len(ZONE_OF)),
    st.lists(st.integers(0, 3000), max_size=8),
)
def test_sensors_that_arrive_up_to_the_grace_apart_change_nothing(script, lags, cuts):
    hello = [(series, T0 - 1, 600.0, int(Flag.GOOD), 0) for series in ZONE_OF]
    rows = hello + sorted(rows_of(script), key=lambda row: row[1] + lags[row[0]])
    check(rows, [len(hello) + cut % (len(rows) - len(hello) + 1) for cut in cuts])
    in_time, anywhen = (vectorised(sorted(rows, key=lambda row: row[1]), []), vectorised(rows, []))
    assert in_time[3] == anywhen[3] == []
    assert in_time[0] == anywhen[0]


@pytest.mark.parametrize("cut", [400, 1850, 2300, 3700])
def test_a_state_built_again_from_the_last_half_hour_goes_on_as_if_nothing_had_happened(cut):
    rows = rows_of(LIAR + HONEST)
    state, known = State(), State()
    zone_values(block_of(rows[:cut]), state, MEMBERS)
    out = [series for series, bits in state.left_out.items() if bits == Why.CROSS_SENSOR]
    at_odds = [series for series, bits in state.left_out.items() if bits == DISAGREES]
    known.resume(np.array(out, dtype=np.int64), np.array(at_odds, dtype=np.int64), MEMBERS)
    recent = [row for row in rows[:cut] if row[1] > rows[cut][1] - MEMORY_MS]
    zone_values(block_of(recent), known, MEMBERS)
    assert known.left_out == state.left_out
    for start in range(cut, len(rows), 7):
        one, two = (zone_values(block_of(rows[start : start + 7]), each, MEMBERS) for each in (state, known))
        for name in ("values", "sensor_means", "reflagged"):
            mine, theirs = getattr(one, name), getattr(two, name)
            assert [*columns(mine)] == [*columns(theirs)]
            assert (mine.flag == theirs.flag).all()
    assert known.left_out == state.left_out == {}


@pytest.mark.parametrize("cuts", [[], list(range(0, 4000, 11))], ids=["whole", "cut often"])
def test_the_examples_are_no_empty_ones(cuts):
    values, _, anew, _, left_out, since = vectorised(rows_of(LIAR), cuts)
    assert left_out == {2: Why.CROSS_SENSOR, 3: 65536, 4: 65536}
    assert set(since) == {2, 3, 4}
    assert {flag for *_, flag, _ in values} == {1, 3}
    assert len(anew) > 10
    *_, left_out, since = vectorised(rows_of(LIAR + HONEST), cuts)
    assert left_out == since == {}
