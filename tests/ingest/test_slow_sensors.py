"""A sensor that speaks every five minutes raises and ends alarms as any other, only later."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import pipeline
from ingest.plan import Plan, series_needed
from tests.ingest.small_site import NAME
from venueair.block import Block
from venueair.built_in_rules import built_in_rules
from venueair.rules_in_force import in_force
from venueair.site import Hall, Sensor, Site, Venue, Zone

T0 = 1_795_446_000_000 // 3_600_000 * 3_600_000
QUANTITIES = ("co2", "pm2_5", "co", "voc_index")


def site_of(*intervals: float | None) -> Site:
    return Site(
        venues=(Venue(id="v", name=NAME),),
        halls=(Hall(id="h", venue="v", name=NAME),),
        zones=(Zone(id="room", hall="h", name=NAME, volume_m3=100),),
        sensors=tuple(
            Sensor(id=f"s{n}", zone="room", model="node", interval_s=interval, quantities=QUANTITIES)
            for n, interval in enumerate(intervals)
        ),
    )


def plan_of(site: Site) -> tuple[Plan, list[tuple[str, str]]]:
    rules = in_force((), site, built_in_rules(site, date(2026, 11, 24)))
    names = [(sensor.id, quantity) for sensor in site.sensors for quantity in QUANTITIES]
    names += sorted(series_needed(names, site, rules))
    return Plan.of(names, site, rules), names


def edges(
    site: Site, quantity: str, rows: list[tuple[float, float]], cuts=()
) -> list[tuple[str, int, float]]:
    """`rows` (minute, value) of the first sensor -> (rule, level, minute) of each edge."""
    plan, names = plan_of(site)
    series = names.index(("s0", quantity))
    block = Block.of([T0 + round(60_000 * m) for m, _ in rows], [series] * len(rows), [v for _, v in rows])
    state, found = pipeline.State(), []
    for part in np.split(np.arange(len(rows)), sorted(cuts)):
        found += pipeline.run(block.take(part), Block.empty(), state, plan).edges
    return [(plan.ladders[e.ladder].entry.rule.id, e.level, (e.t - T0) / 60_000) for e in found]


def episode(low: float, high: float, every: float = 5, jitter: float = 0) -> list[tuple[float, float]]:
    """An hour of calm, three hours too much, two of calm again."""
    minutes = np.arange(0.3, 360, every)
    late = jitter * np.sin(np.arange(len(minutes)))
    wiggle = np.arange(len(minutes)) % 2
    values = np.where((minutes > 60) & (minutes < 240), high, low) + wiggle
    return list(zip((minutes + late).tolist(), values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("rule", "quantity", "low", "high", "level"),
    [
        ("co2-operating", "co2", 500.0, 1600.0, 3),
        ("co2-screening", "co2", 500.0, 1600.0, 1),
        ("pm2_5-operating", "pm2_5", 8.0, 60.0, 1),
        ("voc_index-operating", "voc_index", 100.0, 300.0, 1),
        ("co-1h", "co", 1.0, 40.0, 2),
        ("co-5min", "co", 1.0, 40.0, 3),
        ("co-peak", "co", 1.0, 40.0, 3),
        ("smoke-level", "pm2_5", 8.0, 600.0, 3),
    ],
)
@pytest.mark.parametrize("jitter", [0.0, 0.2])
def test_each_built_in_rule_raises_and_clears_for_a_reading_every_five_minutes(
    rule, quantity, low, high, level, jitter
):
    found = [e for e in edges(site_of(300.0), quantity, episode(low, high, jitter=jitter)) if e[0] == rule]
    assert max(e[1] for e in found) == level
    assert (found[0][1] > 0, found[-1][1]) == (True, 0)
    assert 60 < found[0][2] < 130
    assert 240 < found[-1][2] < 330


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 71), max_size=8), st.lists(st.integers(0, 72), max_size=5))
def test_lost_readings_and_cuts_change_no_alarm_into_two(lost, cuts):
    rows = [row for n, row in enumerate(episode(500.0, 1600.0)) if n not in lost]
    cuts = [min(cut, len(rows)) for cut in cuts]
    found = edges(site_of(300.0), "co2", rows, cuts)
    assert found == edges(site_of(300.0), "co2", rows)
    assert sum(1 for rule, level, _ in found if (rule, level) == ("co2-operating", 0)) <= 1


def test_without_its_interval_a_slow_sensor_counts_as_one_that_has_gone_silent():
    found = edges(site_of(None), "co2", episode(500.0, 1600.0))
    assert [e for e in found if e[0] == "co2-operating"] == []


def test_beside_a_fast_sensor_the_pace_of_the_zone_is_the_fast_one():
    plan, names = plan_of(site_of(300.0, 10.0))
    signal = plan.keys.index((names.index(("room", "co2")), "median", 300))
    assert plan.windows.expected[signal] == 5
    plan, names = plan_of(site_of(300.0, 600.0))
    signal = plan.keys.index((names.index(("room", "co2")), "mean", 3600))
    assert plan.windows.expected[signal] == 12
    assert set(plan.channels.gap_ms.tolist()) == {900_000, 1_800_000}
