"""Inheritance: site > venue > hall > zone, the narrower place wins; built-in rules stand below them all."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venueair.built_in_rules import built_in_rules, start_values
from venueair.quantities import QUANTITIES
from venueair.rules import Rule
from venueair.rules_in_force import in_force, rules_of
from venueair.settings import Settings
from venueair.site import Hall, Sensor, Site, Venue, Zone

TODAY = date(2026, 11, 23)
NAME = {"ko": "이름", "en": "name"}
PAGE = Path(__file__).parents[2] / "docs" / "alarms.md"


def zone(id_, hall, **more):
    return Zone(id=id_, hall=hall, name=NAME, **{"volume_m3": None if more.get("outdoor") else 100} | more)


SITE = Site(
    venues=(Venue(id="east", name=NAME), Venue(id="west", name=NAME)),
    halls=(
        Hall(id="a", venue="east", name=NAME),
        Hall(id="b", venue="east", name=NAME),
        Hall(id="c", venue="west", name=NAME),
    ),
    zones=(
        zone("a1", "a"),
        zone("a2", "a", facility="museum"),
        zone("b1", "b", facility="convention"),
        zone("c1", "c"),
        zone("roof", "a", outdoor=True),
    ),
    sensors=(
        Sensor(id="wired", zone="a1", model="pms5003", port="/dev/x"),
        Sensor(id="node", zone="a1", model="canonical-node", quantities=("co",)),
        Sensor(id="other", zone="a2", model="canonical-node", quantities=("co2",)),
    ),
)
ROOMS = {"a1", "a2", "b1", "c1"}


def rule(limit, id_="co2", **more):
    levels = [{"limit": limit, "deadband": 1}]
    return Rule(**{"id": id_, "quantity": "co2", "levels": levels} | more)


def limits(rules, **more):
    return {each.zone: each.rule.levels[0].limit for each in in_force(rules, SITE, **more)}


def test_the_narrower_place_wins_whatever_the_order():
    rules = [rule(4, zones=["a2"]), rule(1), rule(3, hall="a"), rule(2, venue="east")]
    assert limits(rules) == {"a1": 3, "a2": 4, "b1": 2, "c1": 1}
    assert limits(rules[::-1]) == limits(rules)


@given(st.permutations([rule(n, **place) for n, place in enumerate([{}, {"venue": "east"}, {"hall": "a"}])]))
def test_each_zone_has_one_rule_of_an_id(rules):
    assert limits(rules) == {"a1": 2, "a2": 2, "b1": 1, "c1": 0}
    keys = [each.key for each in in_force(rules, SITE)]
    assert len(keys) == len(set(keys))


def test_a_rule_is_taken_away_at_a_place_and_given_back_at_a_narrower_one():
    off = Rule(id="co2", off=True, venue="east")
    assert limits([rule(1), off, rule(3, zones=["a1"])]) == {"a1": 3, "c1": 1}
    assert limits([Rule(id="co2", off=True)], built_in=[rule(9), rule(9, "more", zones=["a1"])]) == {"a1": 9}


def test_a_wide_rule_of_the_site_replaces_a_built_in_one_of_a_zone():
    built_in = [rule(9, zones=["a1"]), rule(8, "other")]
    assert {(e.key, e.rule.levels[0].limit) for e in in_force([rule(1)], SITE, built_in=built_in)} == {
        (f"{id_}/{zone}", limit) for zone in ROOMS for id_, limit in (("co2", 1), ("other", 8))
    }


def test_outdoor_zones_have_rules_of_their_own_or_by_name():
    assert set(limits([rule(1)])) == ROOMS
    assert set(limits([rule(1, outdoor=True)])) == {"roof"}
    assert set(limits([rule(1, outdoor=True, venue="west")])) == set()
    assert set(limits([rule(1, zones=["roof"])])) == {"roof"}
    assert limits([rule(1), rule(2, outdoor=True)]) == dict.fromkeys(ROOMS, 1) | {"roof": 2}
    assert limits([rule(1, outdoor=True), Rule(id="co2", off=True, hall="a")]) == {}


def test_each_device_that_may_measure_it_has_an_alarm_of_its_own():
    found = in_force([rule(35, "co-peak", quantity="co", each="device")], SITE)
    assert [(each.key, each.zone, each.scope) for each in found] == [
        ("co-peak/wired", "a1", "wired"),
        ("co-peak/node", "a1", "node"),
    ]


def test_the_law_follows_the_day_and_the_kind_of_room():
    def pm(on):
        found = in_force((), SITE, built_in_rules(SITE, on))
        return {e.zone: e.rule.levels[0].limit for e in found if e.rule.id == "pm2_5-screening"}

    assert pm(date(2025, 12, 31)) == {"a1": 50, "a2": 50, "c1": 50}
    assert pm(date(2026, 1, 1)) == {"a1": 50, "a2": 40, "c1": 50}


def test_screening_rules_name_their_source_and_average_as_the_law_does():
    rules = {each.rule.id: each.rule for each in in_force((), SITE, built_in_rules(SITE, TODAY))}
    screening = [each for each in rules.values() if each.family == "screening"]
    assert {each.quantity for each in screening} == {"pm2_5", "pm10", "co2", "hcho", "co", "no2", "tvoc"}
    assert (rules["co2-screening"].window_s, rules["co2-screening"].levels[0].limit) == (3600, 1000)
    assert rules["pm10-screening"].window_s == 86_400
    assert all(each.source and each.edition and each.confidence and each.is_notice for each in screening)


BUILT_IN = {each.id: each for each in start_values()}


def test_start_values_of_co2_and_co():
    co2 = BUILT_IN["co2-operating"]
    assert (co2.statistic, co2.window_s, [level.limit for level in co2.levels]) == (
        "median",
        300,
        [800, 1000, 1500],
    )
    hour, five, peak = (BUILT_IN[id_] for id_ in ("co-1h", "co-5min", "co-peak"))
    assert (hour.window_s, hour.levels[0].limit) == (3600, 10)
    assert (five.levels[0].limit, five.levels[0].on_delay_s) == (25, 300)
    assert (peak.statistic, peak.levels[0].limit, peak.levels[0].samples) == ("reading", 35, 2)
    assert all(each.latching and each.each == "device" and each.starts_at > 1 for each in (hour, five, peak))


def test_suspected_smoke_is_urgent_and_a_sensor_that_ends_at_500_reaches_it():
    level, rise = BUILT_IN["smoke-level"], BUILT_IN["smoke-rise"]
    assert level.levels[0].limit < 500
    assert (rise.statistic, rise.window_s) == ("rise", 60)
    assert rise.levels[0].limit < 300
    assert all(each.each == "device" and each.ladder[0][0] == 3 for each in (level, rise))


def test_indices_are_watched_outdoors_alone_and_relative_ones_ask_for_nothing():
    assert {each.id for each in BUILT_IN.values() if each.outdoor} == {"cai-outdoor", "aqi_us-outdoor"}
    assert {each.quantity for each in BUILT_IN.values() if each.outdoor} == {"cai", "aqi_us"}
    assert BUILT_IN["voc_index-operating"].is_notice
    assert all(each.is_notice for each in BUILT_IN.values() if each.quantity in ("temperature", "humidity"))


@pytest.mark.parametrize("each", BUILT_IN.values(), ids=BUILT_IN)
def test_a_built_in_rule_is_complete(each):
    assert each.source
    assert each.edition
    assert each.confidence
    assert each.cause
    assert each.is_notice or each.consequence
    assert (each.venue, each.hall, each.zones) == (None, None, ())
    hard = QUANTITIES[each.quantity].hard
    assert all(hard[0] < level.limit < hard[1] for level in each.levels)
    ends = [level.limit + (1 if each.direction == "below" else -1) * level.deadband for level in each.levels]
    assert all(a != b for a, b in pairwise(ends))


def test_a_site_gets_the_built_in_rules_unless_it_says_no():
    base = {
        "gateway": {"venue": "east"},
        "venue": [{"id": "east", "name": NAME}],
        "hall": [{"id": "a", "venue": "east", "name": NAME}],
        "zone": [{"id": "a1", "hall": "a", "name": NAME, "volume_m3": 10}],
        "rule": [{"id": "mine", "quantity": "co2", "levels": [{"limit": 900, "deadband": 10}]}],
    }
    usual = {each.key for each in rules_of(Settings(**base), TODAY)}
    assert {"mine/a1", "co2-operating/a1", "pm2_5-screening/a1"} <= usual
    none = rules_of(Settings(**base, rules={"built_in": False}), TODAY)
    assert [each.key for each in none] == ["mine/a1"]


def test_the_page_lists_every_built_in_rule_with_its_limits():
    table = PAGE.read_text(encoding="utf-8").split("## Built-in rules")[1].split("\n## ")[0]
    listed = dict(re.findall(r"^\| `([\w-]+)` \| (.*)$", table, flags=re.MULTILINE))
    assert set(listed) == set(BUILT_IN)
    for id_, row in listed.items():
        cells = [cell.strip() for cell in row.strip("| ").split("|")]
        assert cells[0].split(" ")[0] == BUILT_IN[id_].quantity
        assert re.findall(r"[\d.]+", cells[1].replace(",", "")) == [
            f"{x.limit:g}" for x in BUILT_IN[id_].levels
        ]
