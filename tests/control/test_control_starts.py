"""No unit is started more often in any hour than it may be, whoever started it; a stop does not wait."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from api.control.priority import Decision, Fan, starts_wait_s
from tests.control.bench import make_bench
from tests.control.test_control_priority import CONTROL, QUIET, RUN3, decide, replace

OPTIONS = {"min_on_s": 0, "min_off_s": 0, "max_starts_per_h": 3}


def starts(bench, name="p1"):
    return [at_s for at_s, runs in bench.units[name].switches if runs]


def most_in_an_hour(times):
    return max((sum(0 <= other - at < 3600 for other in times) for at in times), default=0)


@given(st.lists(st.floats(0, 7200), max_size=12), st.integers(1, 6))
def test_after_the_wait_and_not_before_a_start_is_one_of_the_most_in_its_hour(times, most):
    known = tuple(sorted(times))
    at_s = 7200 + starts_wait_s(known, 7200, most)
    recent = [start_s for start_s in known if at_s - start_s < 3600]
    assert len(recent) < most or at_s - 3600 >= recent[-most] - 1e-6
    if at_s > 7200:
        assert sum(start_s > at_s - 3600 - 1e-6 for start_s in known) >= most


def test_the_seventh_start_of_an_hour_waits_also_against_an_order_and_says_how_long():
    fan = Fan(False, -600.0, starts=(-3000.0, -2500.0, -2000.0, -1500.0, -1000.0, -700.0))
    for now in (replace(QUIET, fan=fan), replace(QUIET, fan=fan, override=RUN3)):
        held = decide(now, CONTROL)
        assert (held.slot, held.mode, held.level, held.acts) == ("minimum", "idle", 0, True)
        assert held.why.startswith("at most 6 starts an hour, 600 s left, then: ")
    later = replace(QUIET, fan=fan, now_s=600.0)
    assert decide(later, CONTROL).mode == "run"


@pytest.mark.parametrize("slot", ["safety", "maintenance"])
def test_what_people_stop_is_stopped_however_often_it_was_started(slot):
    fan = Fan(True, -1.0, starts=(-5.0, -4.0, -3.0, -3.0, -2.0, -1.0))
    now = replace(QUIET, fan=fan, **{slot: "kim: work"})
    assert decide(now, CONTROL) == Decision(slot, "kim: work", "stopped", 0, acts=True)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["run", "idle", "press", "restart"]), st.integers(1, 600)), max_size=30
    )
)
def test_whatever_people_order_and_restart_the_starts_of_any_hour_are_few(acts):
    bench = make_bench(**OPTIONS)
    bench.run(1)
    for act, seconds in acts:
        if act == "restart":
            parts = {"engine": bench.engine, "clock": bench.clock, "link": bench.link}
            bench = make_bench(connect=False, **parts, **OPTIONS)
            bench.unit.connect(retained=True)
            bench.link.pump()
        elif act == "press":
            bench.unit.press("idle", 0)
            bench.link.pump()
        elif bench.unit.source != "local":
            bench.order(mode=act, level=2 if act == "run" else 0, minutes=60)
        bench.run(seconds)
    assert most_in_an_hour(starts(bench)) <= 3


def test_an_order_that_had_to_wait_runs_once_the_hour_is_over():
    bench = make_bench(**OPTIONS)
    bench.run(1)
    for _ in range(3):
        bench.order(level=2, minutes=600)
        bench.run(60)
        bench.order(mode="idle", minutes=600)
        bench.run(60)
    bench.order(level=2, minutes=600)
    bench.run(3600 - 6 * 60 - 60)
    assert (bench.unit.mode, len(starts(bench))) == ("idle", 3)
    bench.run(120)
    assert (bench.unit.mode, len(starts(bench))) == ("run", 4)


def test_starts_of_before_a_restart_count():
    bench = make_bench(**OPTIONS)
    bench.run(1)
    for _ in range(3):
        bench.order(level=2, minutes=600)
        bench.run(60)
        bench.order(mode="idle", minutes=600)
        bench.run(60)
    again = make_bench(engine=bench.engine, clock=bench.clock, link=bench.link, **OPTIONS)
    again.order(level=2, minutes=600)
    again.run(300)
    assert again.unit.mode == "idle"
    assert "at most 3 starts an hour" in again.view().why
