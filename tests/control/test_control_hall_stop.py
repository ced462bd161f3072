"""전체 정지: every unit of the hall stands still, through restarts and absences, until it is released."""

import pytest

from api.control_port import ControlRefusedError
from tests.control.bench import make_bench, settings_of


@pytest.fixture
def bench():
    return rested(make_bench(units=("p1", "p2")))


def rested(bench):
    bench.run(200, pm=10)  # the least time that a fan must have stood still
    return bench


def stop(bench, reason="smoke reported"):
    bench.control.stop_hall("hall", by="kim", reason=reason)
    bench.link.pump()


def release(bench):
    bench.control.release_hall("hall", by="lee", reason="all clear")
    bench.link.pump()


def modes(bench):
    return {name: unit.mode for name, unit in bench.units.items()}


def running(bench):
    bench.run(400, pm=90)
    assert modes(bench) == {"p1": "run", "p2": "run"}


def test_all_units_stop_at_once_also_within_their_minimum_on_time(bench):
    bench.run(75, pm=90)
    assert "run" in modes(bench).values()
    stop(bench)
    assert modes(bench) == {"p1": "stopped", "p2": "stopped"}
    assert bench.view().slot == "safety"
    assert "stopped by kim: smoke reported" in bench.view().why


def test_dirty_air_leases_and_time_start_nothing(bench):
    running(bench)
    stop(bench)
    bench.run(4000, pm=300)
    assert modes(bench) == {"p1": "stopped", "p2": "stopped"}


def test_a_zone_that_only_advises_is_stopped_too():
    bench = rested(make_bench(automatic=False))
    bench.order(level=2, minutes=60)
    bench.run(5)
    assert bench.unit.mode == "run"
    stop(bench)
    assert bench.unit.mode == "stopped"


def test_the_button_at_a_unit_does_not_outrank_it(bench):
    running(bench)
    stop(bench)
    bench.units["p2"].press("run", 2)
    bench.run(5)
    assert bench.units["p2"].mode == "stopped"


def test_a_restart_of_the_service_forgets_nothing(bench):
    running(bench)
    stop(bench)
    again = make_bench(
        engine=bench.engine, clock=bench.clock, link=bench.link, connect=False, units=("p1", "p2")
    )
    assert [row["hall"] for row in again.control.hall_stops()] == ["hall"]
    again.run(500, pm=300)
    assert modes(again) == {"p1": "stopped", "p2": "stopped"}
    release(again)
    again.run(600, pm=90)
    assert modes(again) == {"p1": "run", "p2": "run"}


def test_a_unit_that_was_away_is_stopped_when_it_is_back(bench):
    running(bench)
    bench.units["p2"].disconnect()
    bench.link.pump()
    stop(bench)
    (row,) = bench.control.hall_stops()
    assert (row["stopped"], row["unknown"]) == (["p1"], ["p2"])
    bench.units["p2"].connect()
    bench.run(3)
    assert bench.units["p2"].mode == "stopped"
    assert bench.control.hall_stops()[0]["unknown"] == []


def test_a_release_reaches_a_unit_that_was_away_too(bench):
    running(bench)
    stop(bench)
    bench.units["p2"].disconnect()
    bench.units["p2"].reports = False
    bench.link.pump()
    release(bench)
    bench.run(1500, pm=10)
    assert modes(bench) == {"p1": "idle", "p2": "stopped"}
    bench.units["p2"].reports = True
    bench.units["p2"].connect()
    bench.run(5, pm=10)
    assert modes(bench) == {"p1": "idle", "p2": "idle"}


def test_a_release_does_not_start_what_stood_still_for_another_reason(bench):
    bench.order("p1", mode="stopped", minutes=0)
    bench.units["p2"].press("stopped", 0)
    bench.run(5)
    stop(bench)
    release(bench)
    bench.run(8000, pm=90)
    assert modes(bench) == {"p1": "stopped", "p2": "stopped"}


def test_after_the_release_automatic_control_decides_and_starts_are_staggered(bench):
    running(bench)
    stop(bench)
    bench.run(300, pm=90)
    release(bench)
    assert sorted(modes(bench).values()) == ["run", "stopped"]
    bench.run(60, pm=90)
    assert modes(bench) == {"p1": "run", "p2": "run"}


def test_an_order_to_run_is_refused_with_who_stopped_the_hall(bench):
    stop(bench)
    for order in ({"level": 1}, {"mode": "auto", "release": True}, {"level": 1, "release": True}):
        with pytest.raises(ControlRefusedError, match=r"stopped by kim.*release the hall first"):
            bench.order(**order)
    bench.order(mode="stopped")


def test_stopped_twice_it_is_the_first_stop_and_released_twice_is_refused(bench):
    stop(bench)
    bench.control.stop_hall("hall", by="park", reason="again")
    assert bench.control.hall_stops()[0]["by"] == "kim"
    release(bench)
    assert bench.control.hall_stops() == []
    with pytest.raises(ControlRefusedError, match="not stopped"):
        release(bench)


def test_an_unknown_hall_is_a_key_error(bench):
    with pytest.raises(KeyError):
        bench.control.stop_hall("nowhere", by="kim", reason="x")
    with pytest.raises(KeyError):
        bench.control.release_hall("nowhere", by="kim", reason="x")


def test_a_command_under_way_is_superseded(bench):
    bench.units["p1"].is_deaf = True
    bench.order("p1", level=3, minutes=60)
    stop(bench)
    bench.units["p1"].is_deaf = False
    bench.run(90, pm=90)
    assert modes(bench)["p1"] == "stopped"
    assert "SUPERSEDED" in bench.states("p1")


def test_it_is_never_given_up(bench):
    running(bench)
    bench.units["p1"].is_deaf = True
    stop(bench)
    bench.run(5000, pm=90)
    bench.units["p1"].is_deaf = False
    bench.run(600, pm=90)
    assert modes(bench)["p1"] == "stopped"


def test_everybody_who_listens_is_told(bench):
    stop(bench)
    release(bench)
    told = [row["stops"] for kind, row in bench.events if kind == "hall_stops"]
    assert [[stop["hall"] for stop in stops] for stops in told] == [["hall"], []]


def test_settings_with_another_hall_do_not_break_on_an_old_stop(bench):
    stop(bench)
    other = settings_of().model_copy(
        update={
            "hall": tuple(h.model_copy(update={"id": "new"}) for h in settings_of().hall),
            "zone": tuple(z.model_copy(update={"hall": "new"}) for z in settings_of().zone),
        }
    )
    again = make_bench(engine=bench.engine, clock=bench.clock, settings=other)
    again.run(5, pm=10)
    assert again.control.hall_stops() == []
