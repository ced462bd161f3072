"""The vectorised tests equal the scalar ones on any stream, whatever the cuts into blocks."""

from math import nan

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.quality import State, memory_ms
from ingest.quality.state import NEVER
from tests.ingest.quality.streams import (
    SERIES,
    T0,
    Reading,
    by_time,
    cut,
    cut_between_times,
    judged,
    reference,
    series,
)
from venueair.block import Flag, Why

# On both sides of every limit, and exactly on it.
VALUES = {
    "pm1": [0.0, 8.0, 12.0, 12.5, 13.0, 40.0, 130.0, 1200.0],
    "pm2_5": [0.0, 12.0, 12.0, 32.0, 32.5, 95.0, 600.0, -1.0],
    "pm10": [0.0, 11.5, 12.0, 20.0, 60.5, 300.0],
    "co2": [400.0, 400.0, 400.5, 700.0, 850.0, 851.0, 1100.0, 300.0, 41000.0, -5.0],
    "voc_index": [1.0, 1.0, 100.0, 199.0, 200.0, 260.0, 0.0],
    "tvoc": [120.0, 120.5, 620.0, 4000.0],
    "hcho": [20.0, 20.2, 150.0, -2.0],
    "humidity": [50.0, 50.0, 85.0, 86.0, 1.0, 100.0, 101.0],
    "temperature": [22.0, 22.01, 23.5, 26.0, 41.0, 44.0, -50.0],
    "dew_point": [10.0, 22.5, 30.0],
    "fire": [0.0, 1.0, 2.0],
}
STEPS_S = [0.001, 1, 20, 59.999, 60, 100, 180, 180.001, 290, 600, 601, 900, 3600, 10_800]
whys = st.sampled_from([0] * 12 + [Why.WARM_UP, Why.DEVICE_FAULT, Why.LATE, Why.CLOCK])


@st.composite
def streams(draw: st.DrawFn, back: bool = False) -> list[Reading]:
    """Stretches in which a device sends some quantities at a pace, each wandering between a few values.

    back: time may also go back, as with late, shuffled and repeated rows.
    """
    t, readings = T0, []
    for _ in range(draw(st.integers(0, 6))):
        device = draw(st.sampled_from("ab"))
        names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True))
        wander = {
            q: draw(st.lists(st.sampled_from([*VALUES[q], nan]), min_size=1, max_size=4)) for q in names
        }
        step_ms = int(draw(st.sampled_from(STEPS_S)) * 1000)
        why = int(draw(whys))
        t -= draw(st.sampled_from([0, 1, 1000, 60_000, 700_000])) if back else 0
        for n in range(draw(st.integers(1, 14))):
            t += step_ms
            readings += [(device, q, t, values[n % len(values)], why) for q, values in wander.items()]
    return readings


cuts = st.lists(st.integers(0, 500), max_size=8)
A_FLAT_NIGHT = by_time(
    series("co2", [400.0] * 30 + [600.0] * 60 + [390.0, 380.0] * 30, every_s=60),
    series("temperature", [21.0, 21.01] * 20, every_s=900),
    series("pm2_5", [12.0] * 40, every_s=900),
)
A_COCKTAIL = by_time(
    series("voc_index", [100.0] * 8 + [230.0] * 30, every_s=60),
    series("hcho", [20.0] * 50, every_s=60),
    series("humidity", [50.0, 90.0, 90.0, 60.0], every_s=300),
    series("pm2_5", [12.0] * 30, every_s=60),
    series("co2", [600.0, 900.0, 610.0, 600.0, 100.0, 600.0], every_s=60),
)
# Half a flat-line window is left out; rows come again or too late, one of them over a row that is a spike.
A_HOLE = series("temperature", [21.0] * 6, every_s=1800) + series("temperature", [21.0] * 9, 1800, 21_600)
AGAIN = [
    [("a", "pressure", T0 + 60_000 * n, raw, 0) for n, raw in ((0, 1000.0), (1, 1005.0))],
    [("a", "pressure", T0 + 60_000, 1005.5, 0), ("a", "pressure", T0 + 120_000, 1000.0, 0)],
    [("a", "pressure", T0 + 120_000, 1000.0, 0), ("a", "pressure", T0, 1000.0, 0)],
    [("a", "pressure", T0 + 180_000, 1005.0, 0), ("a", "pressure", T0 + 240_000, 1000.0, 0)],
]
DAMP_LATER = [series("humidity", [90.0], 1, start_s=60), series("pm2_5", [12.0, 12.0], 60)]


@settings(max_examples=250, deadline=None)
@given(streams(back=True), cuts)
@example(A_FLAT_NIGHT, [])
@example(A_FLAT_NIGHT, list(range(500)))
@example(A_COCKTAIL, [])
@example(A_COCKTAIL, list(range(500)))
@example(A_HOLE, [])
@example(A_HOLE, list(range(500)))
def test_any_stream_cut_anywhere_gets_the_flags_of_the_reference(readings, cuts):
    blocks = cut(readings, cuts)
    assert judged(blocks) == reference(blocks)


@settings(max_examples=150, deadline=None)
@given(streams(), cuts)
@example(A_FLAT_NIGHT, list(range(500)))
@example(A_COCKTAIL, list(range(500)))
def test_flags_of_rows_in_order_do_not_depend_on_the_cuts_between_messages(readings, cuts):
    assert judged(cut_between_times(readings, cuts)) == judged([readings])


@settings(max_examples=150, deadline=None)
@given(streams(), st.integers(0, 500))
@example(A_FLAT_NIGHT, 70)
@example(A_COCKTAIL, 60)
def test_a_state_rebuilt_from_its_memory_judges_on_as_if_never_stopped(readings, at):
    before, after = cut_between_times(readings, [at])
    if not before or not after:
        return
    state = State()
    judged([[r for r in before if r[2] > before[-1][2] - memory_ms(r[1])]], state)
    whole = judged([readings])
    new = {(device, quantity, t) for device, quantity, t, *_ in after}
    assert {k: v for k, v in judged([after], state).items() if k in new} == {
        k: v for k, v in whole.items() if k in new
    }


@pytest.mark.parametrize("blocks", [AGAIN, DAMP_LATER], ids=["again", "damp-later"])
def test_rows_again_or_out_of_order_get_the_flags_of_the_reference(blocks):
    assert judged(blocks) == reference(blocks)


@pytest.mark.parametrize(
    ("quantity", "value", "half_s"), [("co2", 700.0, 900), ("temperature", 21.0, 10_800)]
)
def test_rows_within_memory_alone_show_a_line_to_be_flat_with_the_widest_view_back(quantity, value, half_s):
    times = (0, 1, half_s, half_s + 1, 3 * half_s - 60, 3 * half_s - 0.001)
    *stored, last = [reading for at in times for reading in series(quantity, [value], 1, at)]
    state = State()
    judged([[r for r in stored if r[2] > stored[-1][2] - memory_ms(quantity)]], state)
    assert list(judged([[last]], state).values()) == [(Flag.SUSPECT, Why.FLAT_LINE)]


def test_the_examples_meet_every_test():
    seen = 0
    for readings in (A_FLAT_NIGHT, A_COCKTAIL):
        for _, why in judged([readings]).values():
            seen |= why
    wanted = (
        Why.SPIKE | Why.RATE | Why.FLAT_LINE | Why.FLOOR | Why.HUMID | Why.INTERFERENCE | Why.BELOW_OUTDOOR
    )
    assert Why(seen) & wanted == wanted


def test_a_block_without_rows_changes_nothing():
    state = State()
    assert judged([[]], state) == {}
    judged([A_COCKTAIL], state)
    newest = state.newest.tolist()
    judged([[]], state)
    assert str(state.newest.tolist()) == str(newest)  # as text, where NaN equals NaN


@pytest.mark.parametrize("why", [Why.LATE, Why.CLOCK, Why.WARM_UP], ids=lambda why: why.name)
def test_rows_that_are_no_news_leave_the_state_alone(why):
    state = State()
    judged([[(d, q, t, raw, int(why)) for d, q, t, raw, _ in A_COCKTAIL]], state)
    assert (state.newest["t"][: len(SERIES)] == NEVER).all()
    assert (state.stepped[: len(SERIES)] == NEVER).all()
    assert (state.flat["count"] == 0).all()
    assert (state.short["count"] == 0).all()
