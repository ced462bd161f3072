"""Episodes from edges: in order, twice, late, in any order; their states; chattering and latching."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.alarm import QUIET_MS, acknowledge, apply, begin, episodes, reset
from tests.api.parts import edge, latching, replace_edge

MINUTE = 60_000
SECOND = 1000


def minutes(*levels):
    """One edge every two minutes: too slow to chatter."""
    return [edge(2 * n * MINUTE, level) for n, level in enumerate(levels)]


def seconds(*turns):
    return [edge(at * SECOND, level) for at, level in turns]


def test_an_alarm_is_raised_steps_up_and_down_and_clears():
    alarm = apply(edge(1, 1), None, "expo")
    assert (alarm.level, alarm.peak_level, alarm.is_active) == (1, 1, True)
    alarm = apply(edge(3, 1), apply(edge(2, 3), alarm, "expo"), "expo")
    assert (alarm.level, alarm.peak_level, alarm.raised, alarm.turns) == (1, 3, 1, 1)
    alarm = apply(edge(9, 0), alarm, "expo")
    assert (alarm.level, alarm.cleared, alarm.is_open(9), alarm.turns) == (0, 9, False, 2)


def test_a_clear_of_what_was_never_raised_makes_no_alarm():
    assert apply(edge(5, 0), None, "expo") is None
    assert episodes([edge(5, 0)], "expo") == []


def test_a_raise_after_a_clear_is_a_new_episode():
    found = episodes(minutes(1, 0, 2), "expo")
    assert [(a.raised, a.cleared) for a in found] == [(0, 2 * MINUTE), (4 * MINUTE, None)]


def test_the_first_acknowledgement_stands_and_clears_nothing():
    alarm = acknowledge(apply(edge(1, 2), None, "expo"), "kim", "seen", 5)
    assert alarm.is_active
    assert acknowledge(alarm, "lee", "me too", 6) == alarm


def test_the_states_of_an_alarm_that_does_not_latch():
    raised = begin(edge(1, 2), "expo")
    over = apply(edge(9, 0), raised, "expo")
    seen = acknowledge(raised, "kim", "", 5)
    assert raised.state(2) == "unacknowledged"
    assert seen.state(6) == "acknowledged"
    assert over.state(10) == "returned_unacknowledged"
    assert acknowledge(over, "kim", "", 11).state(12) == "normal"


def test_a_latching_alarm_waits_for_a_reset_once_its_cause_is_gone():
    raised = begin(latching(edge(1, 3)), "expo")
    assert raised.state(2) == "unacknowledged"
    over = apply(latching(edge(9, 0)), raised, "expo")
    assert (over.state(10), over.is_open(10)) == ("latched_unacknowledged", True)
    seen = acknowledge(over, "kim", "", 11)
    assert (seen.state(12), seen.is_open(12)) == ("latched_acknowledged", True)
    gone = reset(seen, "kim", 13)
    assert (gone.state(14), gone.is_open(14), gone.reset, gone.reset_by) == ("normal", False, 13, "kim")
    assert reset(gone, "lee", 15) == gone
    assert reset(over, "kim", 13).state(14) == "returned_unacknowledged"


def test_a_reset_waits_until_the_cause_is_gone_and_is_for_latching_alarms_alone():
    with pytest.raises(ValueError, match="cause is still there"):
        reset(begin(latching(edge(1, 3)), "expo"), "kim", 2)
    with pytest.raises(ValueError, match="does not latch"):
        reset(begin(edge(1, 3), "expo"), "kim", 2)


def test_what_is_found_in_late_data_is_over_and_asks_for_nothing():
    late = begin(replace_edge(latching(edge(1, 3)), historical=True, until=9), "expo")
    assert (late.raised, late.cleared, late.level, late.peak_level) == (1, 9, 0, 3)
    assert (late.state(10), late.is_open(10), late.is_latched) == ("normal", False, False)


def test_three_turns_within_a_minute_make_one_episode_that_is_held():
    (alarm,) = episodes(seconds((0, 1), (20, 0), (40, 2), (50, 0), (70, 1), (80, 0)), "expo")
    assert (alarm.raised, alarm.cleared, alarm.turns, alarm.peak_level) == (0, 80 * SECOND, 6, 2)
    assert alarm.is_open(80 * SECOND + QUIET_MS - 1)
    assert alarm.state(90 * SECOND) == "unacknowledged"
    assert not alarm.is_open(80 * SECOND + QUIET_MS)


def test_what_chatters_goes_on_as_long_as_it_turns_within_ten_minutes():
    turns = seconds((0, 1), (20, 0), (40, 1), (500, 0), (1090, 1), (1100, 0), (1701, 1))
    first, second = episodes(turns, "expo")
    assert (first.raised, first.cleared, first.turns) == (0, 1100 * SECOND, 6)
    assert (second.raised, second.held_until) == (1701 * SECOND, None)


def test_a_short_alarm_just_after_another_one_chatters_too():
    first, second = episodes(seconds((0, 1), (100, 0), (120, 1), (150, 0)), "expo")
    assert (first.held_until, second.held_until) == (None, 150 * SECOND + QUIET_MS)
    (again,) = episodes(seconds((120, 1), (150, 0)), "expo", turned=100 * SECOND)
    assert again == second


@pytest.mark.parametrize("third", [60, 61])
def test_the_minute_of_chattering_is_exact(third):
    found = episodes(seconds((0, 1), (30, 0), (third, 1)), "expo")
    assert len(found) == (1 if third == 60 else 2)


@given(st.lists(st.integers(0, 3), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(levels, random):
    edges = [edge(t * 7 * SECOND, level) for t, level in enumerate(levels)]
    shuffled = random.sample(edges, len(edges))
    assert episodes(shuffled, "expo") == episodes(edges, "expo")


@given(st.lists(st.integers(0, 3), max_size=12), st.sampled_from([3, 25, 61, 700]))
def test_episodes_do_not_overlap_and_only_the_last_is_active(levels, gap):
    found = episodes([edge(n * gap * SECOND, level) for n, level in enumerate(levels)], "expo")
    assert all(a.cleared is not None and a.cleared <= b.raised for a, b in pairwise(found))
    assert sum(a.is_active for a in found) == (1 if levels and levels[-1] else 0)
    assert all(a.turns % 2 == (1 if a.is_active else 0) for a in found)


def test_a_level_step_is_no_turn():
    (alarm,) = episodes(seconds((0, 1), (10, 2), (20, 1), (30, 3)), "expo")
    assert (alarm.turns, alarm.held_until) == (1, None)
    assert replace(alarm, cleared=1).is_held(5) is False
