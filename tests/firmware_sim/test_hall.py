"""Physics of the demo site, checked against numbers that follow from its table by hand or by calculation."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import hall, people, scenario
from firmware_sim.hall import Air, Inputs, Room
from firmware_sim.outdoor import Outdoor, Ventilation

STORY = scenario.load()
HALL_A = STORY.room("hall-a", 1200.0)
SEMINAR = STORY.room("seminar", 300.0)


def control(zone, room, cadr_m3h, seconds, *, has_purifiers=True):
    """The demo table's control and alarm rules in one plain loop, one second a step."""
    air, minute, level = hall.empty_air(room), [], 0
    above_since = below_since = over_since = under_since = None
    found = {"raised": None, "cleared": None, "ups": [], "peak": 0.0, "co2_peak": 0.0}
    for t in range(seconds):
        clean = cadr_m3h * (0.0, 0.4, 0.7, 1.0)[level]
        air = hall.step(room, air, STORY.inputs(zone, t + 0.5, clean), 1.0)
        minute = [*minute, air.pm2_5][-60:]
        mean = sum(minute) / len(minute)
        found["peak"], found["co2_peak"] = max(found["peak"], mean), max(found["co2_peak"], air.co2)
        above_since = (t if above_since is None else above_since) if mean > 35 else None
        below_since = (t if below_since is None else below_since) if mean < 25 else None
        if has_purifiers and above_since is not None and t - above_since >= 60 and level < 3:
            level, above_since = level + 1, t
            found["ups"].append(t)
        if below_since is not None and t - below_since >= 300 and level > 0:
            level, below_since = level - 1, t
        over_since = (t if over_since is None else over_since) if mean > 50 else None
        under_since = (t if under_since is None else under_since) if mean < 40 else None
        if found["raised"] is None and over_since is not None and t - over_since >= 120:
            found["raised"] = t
        is_over = found["raised"] is not None and under_since is not None and t - under_since >= 600
        if is_over and found["cleared"] is None:
            found["cleared"] = t
    return found | {"final": air.pm2_5}


def test_empty_hall_stands_at_the_base_of_the_table():
    assert hall.empty_air(HALL_A).pm2_5 == pytest.approx((2.0 * 0.5 + 0.2 * 0.8) * 35 / 2.4)
    assert hall.empty_air(HALL_A).pm2_5 == pytest.approx(17, abs=0.2)
    assert hall.empty_air(HALL_A).co2 == 430


def test_empty_air_does_not_move():
    air = hall.empty_air(HALL_A)
    later = hall.step(HALL_A, air, Inputs(), 3600)
    assert later.pm2_5 == pytest.approx(air.pm2_5)
    assert later.co2 == pytest.approx(430)


def test_hall_a_runs_the_story_of_the_table():
    found = control("hall-a", HALL_A, 2 * 5400, 1800)
    assert found["ups"][0] == pytest.approx(320, abs=5)
    assert found["raised"] == pytest.approx(425, abs=5)
    assert found["peak"] == pytest.approx(85, abs=1)
    assert found["cleared"] == pytest.approx(1400, abs=10)


def test_hall_a_without_purifiers_ends_at_64():
    found = control("hall-a", HALL_A, 2 * 5400, 1800, has_purifiers=False)
    assert found["final"] == pytest.approx(64, abs=1)
    assert found["cleared"] is None


def test_seminar_room_passes_1000_ppm_and_stays_below_25_ug_m3():
    found = control("seminar", SEMINAR, 1200, 1800)
    assert found["co2_peak"] > 1000
    assert found["peak"] < 25
    assert found["ups"] == []


def test_hall_a_comes_back_to_the_base_before_the_story_repeats():
    assert control("hall-a", HALL_A, 2 * 5400, 2700)["final"] == pytest.approx(17, abs=1.5)


def test_co2_of_a_full_hall_ends_at_the_steady_state_of_the_mass_balance():
    # Css = Co + 1e6 N G / Q: 10,000 m2 x 10 m, 4,000 people, 65,520 m3/h, from 420 ppm.
    room = Room(100_000, Ventilation(0.6552, 0.0), Outdoor(co2=420))
    assert hall.step(room, hall.empty_air(room), Inputs(people=4000), 1e6).co2 == pytest.approx(
        1606.8, abs=0.1
    )
    assert hall.step(room, hall.empty_air(room), Inputs(people=4000), 3600).co2 == pytest.approx(
        990.5, abs=0.1
    )


@pytest.mark.parametrize(
    ("clean_air_m3h", "steady", "hours_to_90_percent"),
    [(0, 38.17, 2.41), (50_000, 25.05, 1.58), (100_000, 18.65, 1.18), (200_000, 12.34, 0.78)],
)
def test_dust_of_a_full_hall_ends_at_the_steady_state_of_the_mass_balance(
    clean_air_m3h, steady, hours_to_90_percent
):
    # C = (Q (1 - eta) Cout + Qinf P Cout + E) / (Q + Qinf + k V + CADR): 10,000 m2 x 10 m, 60 ug/m3 outdoors,
    # 65,520 m3/h through a filter of 50 %, 10,000 m3/h of leaks, deposition 0.2 /h, people give 1.2 g/h.
    room = Room(100_000, Ventilation(0.6552, 0.1), Outdoor(pm2_5=60), mixing=1.0)
    inputs = Inputs(source_mg_per_min=20, clean_air_m3h=clean_air_m3h)
    clean = replace(hall.empty_air(room), pm2_5=0.0)
    assert hall.step(room, clean, inputs, 1e6).pm2_5 == pytest.approx(steady, abs=0.01)
    reached = hall.step(room, clean, inputs, hours_to_90_percent * 3600).pm2_5
    assert reached / steady == pytest.approx(0.9, abs=0.002)


def test_cadr_follows_from_a_decay_in_a_closed_room():
    # CADR = V (k_on - k_off): 30 m3, 100 -> 8 ug/m3 in 20 min with 0.1 /h of deposition is 224.3 m3/h.
    room = Room(30, Ventilation(0, 0), Outdoor(), deposition_per_h=0.1, mixing=1.0)
    air = Air(co2=430, pm2_5=100, temperature=22, humidity=40, voc_index=100)
    assert hall.step(room, air, Inputs(clean_air_m3h=224.3), 1200).pm2_5 == pytest.approx(8, abs=0.01)


@given(
    crowd=st.floats(0, 500),
    source=st.floats(0, 50),
    clean=st.floats(0, 20_000),
    pm2_5=st.floats(0, 500),
    co2=st.floats(400, 3000),
)
def test_one_long_step_equals_many_short_ones(crowd, source, clean, pm2_5, co2):
    inputs = Inputs(crowd, source, clean)
    start = Air(co2=co2, pm2_5=pm2_5, temperature=21, humidity=45, voc_index=120)
    short = start
    for _ in range(60):
        short = hall.step(HALL_A, short, inputs, 1.0)
    long = hall.step(HALL_A, start, inputs, 60.0)
    for name in ("co2", "pm2_5", "temperature", "humidity", "voc_index"):
        assert getattr(long, name) == pytest.approx(getattr(short, name), rel=1e-9)


def test_a_sealed_room_without_losses_only_gains():
    room = Room(100, Ventilation(0, 0), Outdoor(), deposition_per_h=0, pm2_5_mg_per_h_per_person=1)
    air = Air(co2=430, pm2_5=0, temperature=22, humidity=40, voc_index=100)
    later = hall.step(room, air, Inputs(people=2), 3600)
    assert later.pm2_5 == pytest.approx(20)
    assert later.co2 == pytest.approx(430 + 2 * 0.0054 * 3.6 / 100 * 1e6)


def test_particles_keep_their_order_of_sizes():
    air = hall.empty_air(HALL_A)
    assert air.pm1 <= air.pm2_5 <= air.pm10


def test_people_make_the_air_warmer_damper_and_smellier():
    empty = hall.empty_air(HALL_A)
    full = hall.step(HALL_A, empty, Inputs(people=240, source_mg_per_min=25), 1200)
    assert full.temperature > empty.temperature + 1
    assert full.humidity > empty.humidity + 3
    assert full.voc_index > empty.voc_index + 50


@pytest.mark.parametrize(
    ("t_s", "expected"),
    [(0, 0), (120, 0), (270, 120), (420, 240), (1000, 240), (1860, 240), (1980, 120), (2100, 0), (2699, 0)],
)
def test_people_change_in_straight_lines(t_s, expected):
    assert people.people_at(STORY.zone["hall-a"].people, t_s) == pytest.approx(expected)


def test_the_story_repeats():
    assert STORY.inputs("hall-a", 300.0, 0.0) == STORY.inputs("hall-a", 300.0 + 2700, 0.0)
    assert STORY.inputs("hall-a", 300.0, 0.0).source_mg_per_min == 25
    assert STORY.inputs("hall-a", 420.0, 0.0).source_mg_per_min == 0


def test_nobody_comes_when_there_is_no_schedule():
    assert people.people_at((), 100.0) == 0
    assert people.arrival_s(()) is None
    assert people.arrival_s(((0, 5), (10, 0))) is None
    assert math.isclose(STORY.arrival_s or 0, 120)
