"""정비 중: a device that people work on stands still, through restarts and absences, until it is released."""

import pytest

from api.control_port import ControlRefusedError
from tests.control.bench import make_bench


@pytest.fixture
def bench():
    made = make_bench(units=("p1", "p2"))
    made.run(200, pm=10)  # the least time that a fan must have stood still
    return made


def lock(bench, device="p1", until=None):
    bench.control.lock_device(device, by="kim", reason="filter change", until=until)
    bench.link.pump()


def release(bench, device="p1"):
    bench.control.release_device(device, by="lee", reason="done")
    bench.link.pump()


def running(bench):
    bench.run(400, pm=90)
    assert modes(bench) == {"p1": "run", "p2": "run"}


def modes(bench):
    return {name: unit.mode for name, unit in bench.units.items()}


def test_the_unit_stops_at_once_within_its_minimum_on_time_and_the_others_go_on(bench):
    bench.run(75, pm=90)
    assert bench.unit.mode == "run"
    lock(bench)
    bench.run(60, pm=90)
    assert modes(bench) == {"p1": "stopped", "p2": "run"}
    assert bench.view().slot == "maintenance"
    assert bench.view().why == "in maintenance by kim: filter change"
    assert bench.view().maintenance.by == "kim"
    assert bench.view("p2").maintenance is None


def test_dirty_air_its_button_and_time_do_not_start_it(bench):
    running(bench)
    lock(bench)
    bench.unit.press("run", 2)
    bench.run(4000, pm=300)
    assert bench.unit.mode == "stopped"


def test_the_expected_end_ends_nothing_and_is_told_to_be_over(bench):
    running(bench)
    lock(bench, until=bench.clock.now_ms() + 60_000)
    assert [row["is_overdue"] for row in bench.control.maintenance()] == [False]
    bench.run(2000, pm=90)
    assert bench.unit.mode == "stopped"
    assert [row["is_overdue"] for row in bench.control.maintenance()] == [True]


def test_a_restart_forgets_nothing_and_a_release_after_it_lets_it_run(bench):
    running(bench)
    lock(bench)
    parts = {"engine": bench.engine, "clock": bench.clock, "link": bench.link, "units": ("p1", "p2")}
    again = make_bench(connect=False, **parts)
    assert again.control.in_maintenance("p1") == "in maintenance (정비 중) by kim: filter change"
    again.run(500, pm=300)
    assert again.unit.mode == "stopped"
    release(again)
    again.run(600, pm=90)
    assert modes(again) == {"p1": "run", "p2": "run"}


def test_a_unit_that_was_away_is_stopped_when_it_is_back(bench):
    running(bench)
    bench.unit.disconnect()
    bench.link.pump()
    lock(bench)
    assert bench.unit.mode == "run"
    bench.unit.connect()
    bench.run(3, pm=90)
    assert bench.unit.mode == "stopped"


def test_a_deaf_unit_is_tried_again_for_as_long_as_it_does_not_answer(bench):
    running(bench)
    bench.unit.is_deaf = True
    lock(bench)
    for _ in range(60):
        bench.run(30, pm=90)
        bench.unit.report()
    assert bench.unit.mode == "run"
    bench.unit.is_deaf = False
    bench.run(120, pm=90)
    assert bench.unit.mode == "stopped"


def test_the_release_starts_nothing_when_nothing_is_wanted(bench):
    running(bench)
    lock(bench)
    bench.run(1500, pm=10)
    release(bench)
    bench.run(400, pm=10)
    assert bench.unit.mode == "idle"


def test_an_order_from_before_does_not_come_back_with_the_release(bench):
    bench.order(level=3, minutes=600)
    bench.run(5, pm=10)
    assert bench.unit.mode == "run"
    lock(bench)
    release(bench)
    bench.run(600, pm=10)
    assert bench.unit.mode == "idle"
    assert bench.view().override is None


def test_the_release_does_not_start_what_stood_still_for_another_reason(bench):
    bench.order("p1", mode="stopped", minutes=0)
    bench.units["p2"].press("stopped", 0)
    bench.run(5)
    for unit in ("p1", "p2"):
        lock(bench, unit)
        release(bench, unit)
    bench.run(8000, pm=90)
    assert modes(bench) == {"p1": "stopped", "p2": "stopped"}


@pytest.mark.parametrize("what", ["hall", "device"])
def test_a_release_does_not_start_what_a_command_of_somebody_else_had_stopped(bench, what):
    unit = bench.unit
    unit.mode, unit.level, unit.source, unit.command = "stopped", 0, "remote", "another-system"
    unit.report()
    bench.run(5)
    if what == "hall":
        bench.control.stop_hall("hall", by="kim", reason="smoke")
        bench.control.release_hall("hall", by="lee", reason="clear")
    else:
        lock(bench)
        release(bench)
    bench.run(600, pm=90)
    assert modes(bench) == {"p1": "stopped", "p2": "run"}


@pytest.mark.parametrize("first", ["hall", "device"])
def test_of_a_stop_of_the_hall_and_a_lock_both_must_be_released(bench, first):
    running(bench)
    bench.control.stop_hall("hall", by="kim", reason="smoke")
    lock(bench)
    assert bench.view().slot == "safety"
    if first == "hall":
        bench.control.release_hall("hall", by="lee", reason="clear")
    else:
        release(bench)
    bench.run(600, pm=90)
    assert modes(bench) == {"p1": "stopped", "p2": "run" if first == "hall" else "stopped"}
    if first == "hall":
        release(bench)
    else:
        bench.control.release_hall("hall", by="lee", reason="clear")
    bench.run(600, pm=90)
    assert modes(bench) == {"p1": "run", "p2": "run"}


def test_an_order_to_run_is_refused_with_who_works_there(bench):
    lock(bench)
    for order in ({"level": 1}, {"mode": "auto", "release": True}, {"level": 1, "release": True}):
        with pytest.raises(ControlRefusedError, match=r"정비 중.*by kim.*filter change.*release it first"):
            bench.order(**order)
    bench.order(mode="stopped")


def test_in_a_zone_that_only_advises_it_is_stopped_and_after_the_release_idle():
    bench = make_bench(automatic=False)
    bench.run(200, pm=90)
    bench.order(level=2, minutes=60)
    bench.run(5, pm=90)
    lock(bench)
    assert bench.unit.mode == "stopped"
    release(bench)
    bench.run(300, pm=90)
    assert bench.unit.mode == "idle"


def test_locked_twice_it_is_the_first_lock_and_released_twice_is_refused(bench):
    lock(bench)
    bench.control.lock_device("p1", by="park", reason="again", until=None)
    assert [row["by"] for row in bench.control.maintenance()] == ["kim"]
    release(bench)
    with pytest.raises(ControlRefusedError, match="not in maintenance"):
        release(bench)


def test_an_unknown_device_is_a_key_error(bench):
    for act in (lock, release):
        with pytest.raises(KeyError):
            act(bench, "nowhere")


def test_the_zone_and_the_stream_are_told_of_both(bench):
    bench.events.clear()
    lock(bench)
    assert bench.control.zones()[0]["in_maintenance"] == ["p1"]
    release(bench)
    assert bench.control.zones()[0]["in_maintenance"] == []
    told = [
        [row["device"] for row in data["devices"]] for kind, data in bench.events if kind == "maintenance"
    ]
    assert told == [["p1"], []]
    assert [data["in_maintenance"] for kind, data in bench.events if kind == "zone"] == [["p1"], []]
