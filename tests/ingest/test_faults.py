"""Which tests a sensor's newest readings fail, since when, and what then stands as an alarm."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.equipment import equipment_edges
from ingest.faults import RULES, Doubts, faulty
from ingest.silence import Expected
from venueair.block import Block, Flag, Why

MINUTE = 60_000
NAMES = [("pm", "pm1"), ("pm", "pm2_5"), ("co2", "co2")]
EXPECTED = {"pm": Expected(("pm1", "pm2_5"), 1.0), "co2": Expected(("co2",), 2.0)}
HEARD = dict.fromkeys(NAMES, 0)


def block(*rows):
    """(series, minute, why) or (series, minute, why, flag)."""
    whole = [(*row, Flag.SUSPECT)[:4] for row in rows]
    made = Block.of([t * MINUTE for _, t, _, _ in whole], [s for s, *_ in whole], np.ones(len(whole)))
    made.why[:] = [why for _, _, why, _ in whole]
    made.flag[:] = [flag for *_, flag in whole]
    return made


def since(doubts):
    return {
        (name, test.name): t // MINUTE
        for name, tests in doubts.of(NAMES).items()
        for test, t in tests.items()
    }


def test_the_first_of_the_readings_that_fail_one_after_the_other_counts():
    doubts = Doubts()
    doubts.update(block((0, 1, 0), (0, 2, Why.FLOOR), (0, 3, Why.FLOOR | Why.ORDER)))
    doubts.update(block((0, 4, Why.ORDER | Why.FLOOR)))
    assert since(doubts) == {(("pm", "pm1"), "FLOOR"): 2, (("pm", "pm1"), "ORDER"): 3}
    doubts.update(block((0, 5, Why.ORDER), (0, 6, Why.FLOOR)))
    assert since(doubts) == {(("pm", "pm1"), "FLOOR"): 6}


@pytest.mark.parametrize(
    "says_nothing",
    [(0, 9, 0, Flag.MISSING), (0, 9, Why.LATE), (0, 1, 0, Flag.GOOD)],
    ids=["missing", "late", "older"],
)
def test_what_is_missing_late_or_older_says_nothing_about_now(says_nothing):
    doubts = Doubts()
    doubts.update(block((0, 2, Why.FLAT_LINE)))
    doubts.update(block(says_nothing))
    assert since(doubts) == {(("pm", "pm1"), "FLAT_LINE"): 2}


def test_the_newest_reading_may_be_judged_anew():
    doubts = Doubts()
    doubts.update(block((0, 2, 0)))
    doubts.update(block((0, 2, Why.ORDER)))
    assert since(doubts) == {(("pm", "pm1"), "ORDER"): 2}
    doubts.update(block((0, 2, 0, Flag.GOOD)))
    assert since(doubts) == {}


rows = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 16, 1024, 16 | 1024])), max_size=20)


@given(rows, st.sets(st.integers(0, 20)))
def test_it_does_not_matter_how_rows_were_cut_into_blocks(drawn, cuts):
    timed = [(series, minute, why) for minute, (series, why) in enumerate(drawn)]
    whole, parts = Doubts(), Doubts()
    whole.update(block(*timed))
    at = sorted({0, len(timed), *(cut for cut in cuts if cut < len(timed))})
    for start, end in pairwise(at):
        parts.update(block(*timed[start:end]))
    assert parts.of(NAMES) == whole.of(NAMES)


def stand(doubt, minute, stands=(), heard=HEARD):
    return {a.alarm: a for a in faulty(doubt, EXPECTED, heard, minute * MINUTE, dict(stands))}


def test_a_test_that_fails_for_half_an_hour_is_one_alarm_of_the_device():
    doubt = {NAMES[0]: {Why.FLAT_LINE: 0}, NAMES[1]: {Why.FLAT_LINE: 5 * MINUTE}}
    assert stand(doubt, 29) == {}
    found = stand(doubt, 30)
    assert list(found) == ["fault-flat-line/pm"]
    assert found["fault-flat-line/pm"].quantity == "*"
    assert stand({NAMES[2]: {Why.FLOOR: 0}}, 30)["fault-floor/co2"].quantity == "co2"


def test_each_reason_is_an_alarm_of_its_own_and_a_wrong_clock_does_not_wait():
    doubt = {NAMES[2]: {Why.FLOOR: 0, Why.CROSS_SENSOR: 0, Why.CLOCK: 29 * MINUTE}}
    assert set(stand(doubt, 29)) == {"clock/co2"}
    assert set(stand(doubt, 30)) == {"clock/co2", "fault-floor/co2", "fault-cross-sensor/co2"}


def raise_all(doubt, minute):
    edges = equipment_edges(stand(doubt, minute).values(), RULES, {}, minute * MINUTE)
    return {edge.alarm: edge for edge in edges}


def test_an_alarm_stands_until_no_reading_of_the_device_fails_that_test():
    stands = raise_all({NAMES[0]: {Why.ORDER: 0}}, 30)
    assert set(stand({NAMES[1]: {Why.ORDER: 31 * MINUTE}}, 32, stands)) == {"fault-order/pm"}
    assert stand({}, 33, stands) == {}


def test_a_restart_ends_nothing_before_the_device_was_heard():
    stands = raise_all({NAMES[0]: {Why.ORDER: 0}}, 30)
    assert set(stand({}, 31, stands, heard={NAMES[2]: 31 * MINUTE})) == {"fault-order/pm"}


def test_a_device_that_is_no_longer_in_the_settings_has_no_alarm():
    assert faulty({("gone", "co2"): {Why.FLOOR: 0}}, EXPECTED, {}, 60 * MINUTE, {}) == set()
    stands = raise_all({NAMES[2]: {Why.FLOOR: 0}}, 30)
    assert faulty({}, {"pm": EXPECTED["pm"]}, {}, 60 * MINUTE, stands) == set()
