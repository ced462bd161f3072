from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.control.demand import DemandState
from api.control.dispatch import start_wait_s, unit_level, zone_demand, zone_level
from api.control.priority import Decision, Fan, Situation, Wish, decide
from venueair.messages import PurifierState
from venueair.rules import ControlSettings
from venueair.site import Purifier

CONTROL = ControlSettings()  # min_on 300, min_off 180, local hold 7200


def state(mode="idle", level=0, source="remote", **more):
    return PurifierState(session="s", mode=mode, level=level, source=source, t=0, **more)


QUIET = Situation(
    reported=state(),
    level_now=0,
    fan=Fan(False, -1e6),
    now_s=0.0,
    local_since_s=None,
    safety=None,
    override=None,
    released_why=None,
    automatic=Wish("run", 2, "pm"),
    is_degraded=False,
    is_advice_only=False,
    default=None,
)
RUNNING = replace(QUIET, reported=state("run", 2), level_now=2, fan=Fan(True, -1e6))
STOPPED = replace(QUIET, reported=state("stopped"))
IDLE = Wish("idle", 0, "clean")
STOP = Wish("stopped", 0, "kim: work inside")
RUN3 = Wish("run", 3, "kim: smell")

TABLE = [
    ("automatic runs an idle unit", QUIET, ("automatic", "run", 2, True)),
    ("degraded says so", replace(QUIET, is_degraded=True), ("degraded", "run", 2, True)),
    ("without a wish it is left alone", replace(QUIET, automatic=None), ("default", None, None, False)),
    ("the override wins over automatic", replace(QUIET, override=RUN3), ("override", "run", 3, True)),
    ("an override may stop", replace(RUNNING, override=STOP), ("override", "stopped", 0, True)),
    (
        "the local button wins over automatic",
        replace(RUNNING, local_since_s=-7199.0),
        ("local", None, None, False),
    ),
    (
        "the local button wins over the override",
        replace(RUNNING, local_since_s=-1.0, override=STOP),
        ("local", None, None, False),
    ),
    ("the local hold ends", replace(RUNNING, local_since_s=-7200.0), ("automatic", "run", 2, True)),
    ("a stopped unit is not started by automation", STOPPED, ("stopped", None, None, False)),
    ("nor by the safe level", replace(STOPPED, is_degraded=True), ("stopped", None, None, False)),
    ("nor by an override", replace(STOPPED, override=RUN3), ("stopped", None, None, False)),
    ("nor by the default", replace(STOPPED, default=IDLE), ("stopped", None, None, False)),
    ("nor when the local hold ends", replace(STOPPED, local_since_s=-7200.0), ("stopped", None, None, False)),
    ("a stop order keeps a stopped unit", replace(STOPPED, override=STOP), ("override", "stopped", 0, True)),
    (
        "a released unit may run",
        replace(STOPPED, released_why="released by kim"),
        ("automatic", "run", 2, True),
    ),
    ("advice sends nothing", replace(QUIET, is_advice_only=True), ("advice", "run", 2, False)),
    (
        "an override acts where automation only advises",
        replace(QUIET, is_advice_only=True, override=RUN3),
        ("override", "run", 3, True),
    ),
    (
        "what an ended override left is put back where automation only advises",
        replace(RUNNING, is_advice_only=True, default=IDLE),
        ("default", "idle", 0, True),
    ),
    (
        "a faulty unit is not run",
        replace(QUIET, reported=state(fault="filter missing")),
        ("fault", None, None, False),
    ),
    (
        "a faulty unit may be stopped",
        replace(RUNNING, reported=state("run", 2, fault="hot"), override=STOP),
        ("override", "stopped", 0, True),
    ),
    (
        "minimum on holds it running",
        replace(RUNNING, automatic=IDLE, fan=Fan(True, -299.0)),
        ("minimum", "run", 2, True),
    ),
    (
        "minimum on is over",
        replace(RUNNING, automatic=IDLE, fan=Fan(True, -300.0)),
        ("automatic", "idle", 0, True),
    ),
    (
        "minimum on holds against a stop order",
        replace(RUNNING, override=STOP, fan=Fan(True, -299.0)),
        ("minimum", "run", 2, True),
    ),
    ("minimum off holds it idle", replace(QUIET, fan=Fan(False, -179.0)), ("minimum", "idle", 0, True)),
    ("minimum off is over", replace(QUIET, fan=Fan(False, -180.0)), ("automatic", "run", 2, True)),
    (
        "minimum off holds against an operator",
        replace(QUIET, override=RUN3, fan=Fan(False, -179.0)),
        ("minimum", "idle", 0, True),
    ),
    (
        "a change between running levels is free",
        replace(RUNNING, override=RUN3, fan=Fan(True, -1.0)),
        ("override", "run", 3, True),
    ),
    (
        "a running unit with a start under way is held at its level",
        replace(QUIET, automatic=IDLE, level_now=1, fan=Fan(True, -5.0)),
        ("minimum", "run", 1, True),
    ),
]


@pytest.mark.parametrize(("situation", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_highest_slot_decides(situation, expected):
    decision = decide(situation, CONTROL)
    assert (decision.slot, decision.mode, decision.level, decision.acts) == expected
    assert decision.why


def test_only_a_stopped_unit_gets_a_release():
    released = replace(STOPPED, released_why="released by kim")
    assert decide(released, CONTROL).release
    assert "released by kim" in decide(released, CONTROL).why
    assert decide(replace(released, fan=Fan(False, -1.0)), CONTROL) == Decision(
        "minimum",
        "minimum off time, 179 s left, then: released by kim: pm",
        "idle",
        0,
        acts=True,
        release=True,
    )
    assert not decide(QUIET, CONTROL).release
    assert not decide(replace(STOPPED, override=STOP, released_why="released by kim"), CONTROL).release


WISH = st.one_of(
    st.none(),
    st.builds(Wish, st.just("run"), st.integers(1, 3), st.just("why")),
    st.sampled_from([IDLE, STOP]),
)
AUTOMATIC = st.none() | st.builds(Wish, st.just("run"), st.integers(1, 3), st.just("why")) | st.just(IDLE)
SITUATION = st.builds(
    Situation,
    reported=st.builds(
        state,
        st.sampled_from(["run", "idle", "stopped"]),
        st.integers(0, 3),
        st.sampled_from(["remote", "local", "auto", "lease_lost"]),
        fault=st.none() | st.just("hot"),
    ),
    level_now=st.integers(0, 3),
    fan=st.builds(Fan, st.booleans(), st.floats(-1000, 0)),
    now_s=st.just(0.0),
    local_since_s=st.none() | st.floats(-10000, 0),
    safety=st.none() | st.just("the hall is stopped"),
    override=WISH,
    released_why=st.none(),
    automatic=AUTOMATIC,
    is_degraded=st.booleans(),
    is_advice_only=st.booleans(),
    default=st.none() | st.just(IDLE),
)


@given(SITUATION)
def test_a_stopped_unit_that_nobody_released_is_never_told_to_run(situation):
    decision = decide(situation, CONTROL)
    if situation.reported.mode == "stopped":
        assert not decision.release
        assert decision.mode != "run" or not decision.acts or situation.fan.is_running


@given(SITUATION)
def test_what_must_stand_still_is_stopped_whatever_else_is_wanted(situation):
    decision = decide(replace(situation, safety="the hall is stopped"), CONTROL)
    assert (decision.slot, decision.mode, decision.acts) == ("safety", "stopped", True)


@given(SITUATION)
def test_no_decision_but_safety_switches_a_fan_within_its_minimum_time(situation):
    decision = decide(situation, CONTROL)
    if decision.slot == "safety":
        return
    if not decision.acts or (decision.mode == "run") == situation.fan.is_running:
        return
    minimum_s = CONTROL.min_on_s if situation.fan.is_running else CONTROL.min_off_s
    assert situation.now_s - situation.fan.since_s >= minimum_s


@given(SITUATION, st.integers(0, 3), st.integers(0, 3))
def test_in_the_automatic_slot_more_demand_never_gives_less(situation, a, b):
    def level(demand):
        wish = Wish("run" if demand else "idle", demand, "why")
        return decide(replace(situation, automatic=wish), CONTROL)

    low, high = level(min(a, b)), level(max(a, b))
    if low.slot == high.slot and low.level is not None and high.level is not None:
        assert high.level >= low.level


def purifier(levels):
    return Purifier(id="p", zone="z", cadr_m3h=1, levels=levels)


def test_the_largest_demand_of_a_zone_wins():
    states = [
        DemandState(lost_s=None, level=1, why="a"),
        DemandState(lost_s=None, level=2, why="b", degraded=True),
    ]
    demand = zone_demand(states, 3)
    assert demand is not None
    assert (demand.level, demand.degraded, demand.why) == (2, True, "b")
    assert zone_demand([], 3) is None


@pytest.mark.parametrize(("zone", "unit"), [(0, 0), (1, 1), (2, 1), (3, 1)])
def test_a_unit_with_fewer_levels_takes_the_next_higher(zone, unit):
    demand = zone_demand([DemandState(lost_s=None, level=zone)], 3)
    assert unit_level(demand, purifier((0.0, 1.0))) == unit
    assert unit_level(demand, purifier((0.0, 0.4, 0.7, 1.0))) == zone


@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_the_zone_level_of_a_unit_level_gives_that_unit_level(unit_top, zone_top, data):
    unit = purifier((0.0, *(float(i) for i in range(unit_top))))
    zone = data.draw(st.integers(0, zone_top))
    level = unit_level(zone_demand([DemandState(lost_s=None, level=zone)], zone_top), unit)
    back = zone_demand([DemandState(lost_s=None, level=zone_level(level, unit, zone_top))], zone_top)
    assert unit_level(back, unit) == level


def test_starts_of_a_venue_are_staggered():
    assert start_wait_s({}, "expo", 100.0, 10) == 0
    assert start_wait_s({"expo": 95.0}, "expo", 100.0, 10) == 5
    assert start_wait_s({"expo": 95.0}, "other", 100.0, 10) == 0
