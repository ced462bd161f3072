"""Episodes from edges: in order, twice, late, in any order."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api.alarm import acknowledge, apply, episodes
from tests.api.parts import edge


def test_an_alarm_is_raised_steps_up_and_down_and_clears():
    alarm = apply(edge(1, 1), None, "expo")
    assert (alarm.level, alarm.peak_level, alarm.is_open) == (1, 1, True)
    alarm = apply(edge(3, 1), apply(edge(2, 3), alarm, "expo"), "expo")
    assert (alarm.level, alarm.peak_level, alarm.raised) == (1, 3, 1)
    alarm = apply(edge(9, 0), alarm, "expo")
    assert (alarm.level, alarm.cleared, alarm.is_open) == (0, 9, False)


def test_a_clear_of_what_was_never_raised_makes_no_alarm():
    assert apply(edge(5, 0), None, "expo") is None
    assert episodes([edge(5, 0)], "expo") == []


def test_a_raise_after_a_clear_is_a_new_episode():
    found = episodes([edge(1, 1), edge(2, 0), edge(3, 2)], "expo")
    assert [(a.raised, a.cleared) for a in found] == [(1, 2), (3, None)]


def test_the_first_acknowledgement_stands_and_clears_nothing():
    alarm = acknowledge(apply(edge(1, 2), None, "expo"), "kim", "seen", 5)
    assert alarm.is_open
    assert acknowledge(alarm, "lee", "me too", 6) == alarm


@given(st.lists(st.integers(0, 3), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(levels, random):
    edges = [edge(t, level) for t, level in enumerate(levels)]
    shuffled = random.sample(edges, len(edges))
    assert episodes(shuffled, "expo") == episodes(edges, "expo")


@given(st.lists(st.integers(0, 3), max_size=12))
def test_episodes_do_not_overlap_and_only_the_last_is_open(levels):
    found = episodes([edge(t, level) for t, level in enumerate(levels)], "expo")
    assert all(a.cleared is not None and a.cleared <= b.raised for a, b in pairwise(found))
    assert sum(a.is_open for a in found) == (1 if levels and levels[-1] else 0)
