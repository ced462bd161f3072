"""What a rule may say, and what it says by default."""

import pytest
from pydantic import ValidationError

from venueair.rules import Level, Rule

LEVEL = {"limit": 50, "deadband": 5}


def rule(**more):
    return Rule(**{"id": "r", "quantity": "co", "levels": [LEVEL]} | more)


@pytest.mark.parametrize(
    ("statistic", "given", "window_s"),
    [
        ("mean", {}, 60),
        ("median", {"window_s": 300}, 300),
        ("max", {"window_s": 86_400}, 86_400),
        ("rise", {}, 60),
        ("rise", {"window_s": 60}, 60),
        ("reading", {}, 0),
    ],
)
def test_the_window_of_each_statistic(statistic, given, window_s):
    assert rule(statistic=statistic, **given).window_s == window_s


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"window_s": 90}, "whole minutes"),
        ({"window_s": -60}, "whole minutes"),
        ({"window_s": 86_460}, "at most a day"),
        ({"statistic": "rise", "window_s": 120}, "within 60"),
        ({"statistic": "reading", "window_s": 60}, "no window"),
        ({"venue": "v", "hall": "h"}, "one place"),
        ({"hall": "h", "zones": ["z"]}, "one place"),
        ({"starts_at": 3, "levels": [LEVEL, {"limit": 60, "deadband": 1}]}, "three levels"),
        ({"levels": [{"limit": n, "deadband": 1} for n in range(4)]}, "at most 3"),
        ({"direction": "below", "levels": [LEVEL, {"limit": 60, "deadband": 1}]}, "must fall"),
        ({"levels": []}, "is missing"),
        ({"quantity": ""}, "is missing"),
        ({"quantity": "smell"}, "unknown quantity"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(given, problem):
    with pytest.raises(ValidationError, match=problem):
        rule(**given)


def test_a_ladder_starts_where_the_rule_says():
    urgent = rule(starts_at=3)
    assert urgent.ladder == ((3, Level(limit=50, deadband=5)),)
    falling = rule(direction="below", levels=[LEVEL, {"limit": 40, "deadband": 5}])
    assert [(number, level.limit) for number, level in falling.ladder] == [(1, 50), (2, 40)]


def test_a_rule_that_takes_one_away_needs_no_quantity_and_no_levels():
    off = Rule(id="r", off=True, hall="h")
    assert (off.quantity, off.levels, off.covers("z")) == ("", (), False)


def test_what_asks_for_nothing_and_what_is_for_reports_is_a_notice():
    action = {"ko": "환기", "en": "ventilate"}
    assert rule().is_notice
    assert not rule(action=action).is_notice
    assert rule(action=action, family="screening").is_notice


def test_rules_of_halls_and_venues_are_for_the_inheritance_to_place():
    assert rule().covers("z")
    assert rule(zones=["z"]).covers("z")
    assert not rule(zones=["z"]).covers("y")
    assert not rule(hall="h").covers("z")
    assert [rule(**place).narrowness for place in ({}, {"venue": "v"}, {"hall": "h"}, {"zones": ["z"]})] == [
        0,
        1,
        2,
        3,
    ]
