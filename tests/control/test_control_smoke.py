"""Suspected smoke: automation goes no higher until it is over; people may do what they decide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.control.priority import Decision
from api.control.smoke import no_higher
from tests.control.bench import make_bench, settings_of
from venueair.messages import PurifierState
from venueair.site import Sensor


@pytest.fixture
def bench():
    sensor = Sensor(id="pm1", zone="hall-a", model="canonical-node", quantities=("pm2_5",))
    bench = make_bench(settings=settings_of().model_copy(update={"sensor": (sensor,)}))
    bench.run(200, pm=10)
    return bench


def smoke(bench, *, stands=True, rule="smoke-level", scope="pm1"):
    bench.control.on_alarm(rule, scope, stands=stands)


def test_what_stands_still_is_not_started_and_what_runs_goes_on_as_it_is(bench):
    smoke(bench)
    bench.run(600, pm=600)
    assert (bench.unit.mode, bench.unit.level) == ("idle", 0)
    assert "suspected smoke at pm1" in bench.view().why
    smoke(bench, stands=False)
    bench.run(65, pm=600)
    level = bench.unit.level
    assert bench.unit.mode == "run"
    smoke(bench)
    bench.run(600, pm=600)
    assert (bench.unit.mode, bench.unit.level) == ("run", level)


def test_it_may_go_lower(bench):
    bench.run(400, pm=90)
    assert bench.unit.level == 3
    smoke(bench)
    bench.run(800, pm=10)
    assert bench.unit.level < 3


def test_an_operator_may_order_any_level(bench):
    smoke(bench)
    bench.order(level=3)
    bench.run(5, pm=600)
    assert (bench.unit.mode, bench.unit.level) == ("run", 3)


def test_it_ends_when_the_last_alarm_of_smoke_ends(bench):
    smoke(bench)
    smoke(bench, rule="smoke-rise")
    smoke(bench, stands=False)
    bench.run(300, pm=600)
    assert bench.unit.mode == "idle"
    smoke(bench, rule="smoke-rise", stands=False)
    bench.run(300, pm=600)
    assert bench.unit.mode == "run"


@pytest.mark.parametrize(("rule", "scope"), [("pm2_5-operating", "hall-a"), ("smoke-level", "pm-of-nowhere")])
def test_other_alarms_and_other_places_hold_nothing_back(bench, rule, scope):
    smoke(bench, rule=rule, scope=scope)
    bench.run(300, pm=600)
    assert bench.unit.mode == "run"


LEVEL = st.integers(0, 3)


@given(st.sampled_from(["automatic", "degraded", "minimum"]), LEVEL, st.booleans(), LEVEL)
def test_no_wish_of_automation_exceeds_the_level_that_the_unit_has(slot, wanted, runs, level):
    reported = PurifierState(
        session="s", mode="run" if runs else "idle", level=level if runs else 0, source="remote", t=0
    )
    wish = Decision(slot, "why", "run" if wanted else "idle", wanted, acts=True)
    found = no_higher(wish, reported, "pm1")
    assert found.level is not None
    assert found.level == min(wanted, reported.level)
    assert (found.mode == "run") == (found.level > 0)
