"""The vectorised stage equals the scalar one on any stream, whatever the cuts into blocks."""

from itertools import groupby, pairwise
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ingest.corrections import MEMORY_MS, Corrections, State, correct
from tests.ingest.corrections.reference_corrections import AGE_MS, Reading, Reference
from venueair.block import Block, Why
from venueair.corrections import Correction

T0 = 1_795_392_000_000  # 2026-11-23 00:00 UTC
HOUR_MS = 3_600_000
ADAPTER: TypeAdapter[Correction] = TypeAdapter(Correction)
QUANTITIES = ("n0_3", "pm2_5", "pm10", "co2", "humidity", "temperature", "pressure", "hcho")
# Device b has no pressure; c is not corrected.
NAMES = [(d, q) for q in QUANTITIES for d in "cab" if (d, q) != ("b", "pressure")]
NUMBER = {name: n for n, name in enumerate(NAMES)}
LINE = {"offset": -2.0, "gain": 1.25, "humidity": 0.05}
CORRECTIONS = [
    ADAPTER.validate_python(row)
    for row in [
        {"kind": "airgradient_lot", "device": "a", "quantity": "pm2_5", "factor": 0.02838},
        {"kind": "epa_pm2_5", "device": "a", "quantity": "pm2_5", "until": "2026-11-23T03:00"},
        {
            "kind": "kappa_koehler",
            "device": "a",
            "quantity": "pm2_5",
            "from": "2026-11-23T03:00Z",
            "kappa": 0.4,
        },
        {"kind": "linear", "device": "a", "quantity": "pm2_5", "from": "2026-11-23T01:00Z", **LINE},
        {"kind": "linear", "device": "a", "quantity": "humidity", "offset": 4.0},
        {"kind": "airgradient_pms5003t", "device": "a", "quantity": "temperature"},
        {"kind": "co2_pressure", "device": "a", "quantity": "co2", "model": "senseair"},
        {"kind": "co2_pressure", "device": "b", "quantity": "co2", "model": "ideal", "altitude_m": 500},
        {"kind": "linear", "device": "b", "quantity": "co2", "gain": 0.8, "temperature": -1.5},
        {"kind": "airgradient_pms5003t", "device": "b", "quantity": "humidity"},
        {"kind": "co2_pressure", "device": "b", "quantity": "co2", "model": "ideal", "from": "2027-01-01"},
        {
            "kind": "calibration",
            "device": "b",
            "quantity": "pm10",
            "offset": 1.5,
            "gain": 0.5,
            "reference": "r",
            "period": ["2026-10-01", "2026-10-20"],
            "range": [1, 90],
            "n": 300,
            "r2": 0.9,
            "rmse": 2,
        },
    ]
]
COLUMNS = Corrections.of(NAMES, CORRECTIONS)
VALUES = {
    "n0_3": [0.0, 5.0, 10.9, 10.93, 60.0],
    "pm2_5": [0.0, 3.0, 29.9, 30.0, 44.0, 50.0, 209.0, 230.0, 260.0, 900.0, 1200.0, -1.0],
    "pm10": [0.0, 40.0, 999.0, 1500.0],
    "co2": [400.0, 1000.0, 40_000.0, 41_000.0, -5.0],
    "humidity": [0.0, 30.0, 80.0, 94.0, 96.0, 100.0, 101.0],
    "temperature": [-41.0, -40.0, 9.99, 10.0, 31.0],
    "pressure": [250.0, 900.0, 1005.0, 1013.25],
    "hcho": [20.0],
}
STEPS_S = [0.001, 1, 60, 299.999, 300, 600, 600.001, 1800, 3600, 3600.001]
whys = st.sampled_from([0] * 8 + [Why.WARM_UP, Why.LATE, Why.CLOCK, Why.CLOCK])


@st.composite
def streams(draw: st.DrawFn, back: bool = False) -> list[Reading]:
    """Stretches in which a device sends some quantities at a pace. back: time may also go back, and `why` is
    anything.
    """
    t, readings = T0, []
    for _ in range(draw(st.integers(0, 8))):
        device = draw(st.sampled_from("aaabbc"))
        known = [q for q in QUANTITIES if (device, q) in NUMBER]
        names = draw(st.lists(st.sampled_from(known), min_size=1, max_size=5, unique=True))
        wander = {
            q: draw(st.lists(st.sampled_from([*VALUES[q], nan]), min_size=1, max_size=3)) for q in names
        }
        step_ms = int(draw(st.sampled_from(STEPS_S)) * 1000)
        why = int(draw(whys)) if back else 0
        t -= draw(st.sampled_from([0, 1, 60_000, 700_000, 4_000_000])) if back else 0
        for n in range(draw(st.integers(1, 8))):
            t += step_ms
            readings += [(device, q, t, values[n % len(values)], why) for q, values in wander.items()]
    return readings


cuts = st.lists(st.integers(0, 300), max_size=8)
A_DAY = sorted(
    (
        (device, q, T0 + n * 300_000 - 17 * (q == "humidity"), VALUES[q][(n + n // 20) % len(VALUES[q])], 0)
        for n in range(60)
        for device in "ab"
        for q in QUANTITIES
        if (device, q) in NUMBER and (q != "pressure" or n % 20 == 0)
    ),
    key=lambda reading: reading[2],
)


def block_of(readings: list[Reading]) -> Block:
    """Sorted; of readings with one key the last."""
    rows = {(NUMBER[device, q], t): (raw, why) for device, q, t, raw, why in readings}
    keys = sorted(rows)
    block = Block.of([t for _, t in keys], [s for s, _ in keys], [rows[key][0] for key in keys])
    block.why[:] = [rows[key][1] for key in keys]
    return block


def cut(readings: list[Reading], cuts: list[int]) -> list[list[Reading]]:
    bounds = [0, *sorted(at % (len(readings) + 1) for at in cuts), len(readings)]
    return [readings[start:end] for start, end in pairwise(bounds)]


def cut_between_times(readings: list[Reading], cuts: list[int]) -> list[list[Reading]]:
    messages = [list(message) for _, message in groupby(readings, key=lambda reading: reading[2])]
    bounds = [0, *sorted(at % (len(messages) + 1) for at in cuts), len(messages)]
    return [[r for message in messages[start:end] for r in message] for start, end in pairwise(bounds)]


def corrected(blocks: list[list[Reading]], state: State | None = None) -> dict[tuple[str, str, int], float]:
    state, values = state or State(), {}
    for readings in blocks:
        before = block_of(readings)
        kept = before.take(np.arange(len(before)))
        after = correct(before, COLUMNS, state)
        for name in ("t", "series", "raw", "flag", "why"):
            np.testing.assert_array_equal(getattr(after, name), getattr(kept, name))
        np.testing.assert_array_equal(before.value, kept.value)
        columns = zip(after.series.tolist(), after.t.tolist(), after.value.tolist(), strict=True)
        values |= {(*NAMES[s], t): value for s, t, value in columns}
    return values


@settings(max_examples=200, deadline=None)
@given(streams(back=True), cuts)
@example(A_DAY, [])
@example(A_DAY, list(range(300)))
def test_any_stream_cut_anywhere_gets_the_values_of_the_reference(readings, cuts):
    blocks = cut(readings, cuts)
    scalar, state = Reference(CORRECTIONS), State()
    for part in blocks:
        scalar.take(list({reading[:3]: reading for reading in part}.values()))
    assert corrected(blocks, state) == pytest.approx(scalar.values, rel=1e-9, abs=1e-9, nan_ok=True)
    counted = {NAMES[n]: count for n, count in enumerate(state.uncorrected.tolist()) if count}
    assert counted == scalar.uncorrected


@settings(max_examples=80, deadline=None)
@given(streams(), cuts)
@example(A_DAY, list(range(300)))
def test_values_of_rows_in_order_do_not_depend_on_the_cuts_between_messages(readings, cuts):
    assert same(corrected(cut_between_times(readings, cuts)), corrected([readings]))


@settings(max_examples=80, deadline=None)
@given(streams(), st.integers(0, 300))
@example(A_DAY, 40)
def test_a_state_rebuilt_from_its_memory_corrects_on_as_if_never_stopped(readings, at):
    before, after = cut_between_times(readings, [at])
    if not before or not after:
        return
    state = State()
    corrected([[r for r in before if r[2] >= after[0][2] - MEMORY_MS]], state)
    whole = corrected([readings])
    assert same(corrected([after], state), {key[:3]: whole[key[:3]] for key in after})


def same(left: dict[object, float], right: dict[object, float]) -> bool:
    return left.keys() == right.keys() and all(
        left[key] == right[key] or (isnan(left[key]) and isnan(right[key])) for key in left
    )


def test_the_example_meets_every_kind_and_misses_some_readings():
    scalar = Reference(CORRECTIONS)
    scalar.take(A_DAY)
    changed = {(d, q) for (d, q, t), value in scalar.values.items() if value != dict_of(A_DAY)[d, q, t]}
    assert changed >= {(c.device, c.quantity) for c in CORRECTIONS}
    assert 0 < scalar.uncorrected["a", "co2"] < 40
    assert max(AGE_MS.values()) == MEMORY_MS


def dict_of(readings: list[Reading]) -> dict[tuple[str, str, int], float]:
    return {reading[:3]: reading[3] for reading in readings}
