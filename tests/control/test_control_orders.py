"""Operators, the local button, and what stopped means."""

import orjson
import pytest

from api.control_port import ControlRefusedError
from tests.control.bench import make_bench


def stopped(bench):
    bench.unit.mode, bench.unit.level, bench.unit.source, bench.unit.command = "stopped", 0, "remote", "other"
    bench.unit.report()
    bench.link.pump()


def test_an_order_runs_the_unit_for_its_time_and_returns_it(bench):
    id_ = bench.order(level=3, minutes=10)
    assert (bench.unit.mode, bench.unit.level) == ("run", 3)
    row = bench.control.command(id_)
    assert (row["state"], row["issued_by"], row["reason"]) == ("APPLIED", "kim", "kim: test")
    view = bench.view()
    assert (view.slot, view.override.by) == ("override", "kim")
    assert view.override.until == bench.clock.now_ms() + 600_000
    bench.run(598, pm=10)
    assert bench.unit.level == 3
    bench.run(4, pm=10)
    assert (bench.unit.mode, bench.view().override) == ("idle", None)


def test_auto_ends_an_override_at_once(bench):
    bench.order(level=3)
    bench.order(mode="auto")
    assert bench.unit.mode == "idle"
    with pytest.raises(ControlRefusedError, match="nothing to end"):
        bench.order(mode="auto")


def test_a_new_order_replaces_the_old_one(bench):
    first = bench.order(level=3)
    second = bench.order(level=1, by="lee")
    assert bench.unit.level == 1
    assert first != second
    assert bench.view().override.by == "lee"


def test_a_stop_without_an_end_latches_until_it_is_released(bench):
    bench.order(mode="stopped", minutes=0)
    assert bench.unit.mode == "stopped"
    assert bench.view().override.until is None
    bench.run(7300, pm=90)
    assert bench.unit.mode == "stopped"
    for mode in ("run", "auto"):
        with pytest.raises(ControlRefusedError, match="release"):
            bench.order(mode=mode, level=1)
    bench.order(mode="auto", release=True)
    bench.run(2, pm=90)
    assert bench.unit.mode == "run"
    assert not bench.unit.was_started_while_stopped or bench.sent()[-1].release


def test_a_stop_with_an_end_is_released_by_us_when_it_ends(bench):
    bench.order(mode="stopped", minutes=5)
    bench.run(298, pm=90)
    assert bench.unit.mode == "stopped"
    bench.run(4, pm=90)
    assert bench.unit.mode == "run"
    assert bench.sent()[-1].release
    assert "the stop by kim ended" in bench.sent()[-1].reason


def test_a_stop_that_ends_while_the_service_is_down_is_still_released(bench):
    bench.order(mode="stopped", minutes=5)
    bench.clock.advance(600)
    again = make_bench(
        engine=bench.engine, clock=bench.clock, link=bench.link, connect=False, min_on_s=0, min_off_s=0
    )
    bench.unit.connect(retained=True)
    again.run(2)
    assert bench.unit.mode == "idle"


def test_a_timed_stop_of_a_unit_that_was_stopped_already_does_not_release_it(bench):
    stopped(bench)
    bench.order(mode="stopped", minutes=5)
    bench.run(400, pm=90)
    assert bench.unit.mode == "stopped"
    assert bench.sent() == []


def test_a_unit_that_somebody_else_stopped_is_left_stopped_and_unleased(bench):
    stopped(bench)
    before = len(bench.link.leases)
    bench.run(900, pm=90)  # dirty air
    bench.run(500)  # and then silent sensors: the safe level
    assert bench.unit.mode == "stopped"
    assert bench.sent() == []
    assert len(bench.link.leases) == before
    assert bench.view().slot == "stopped"


def test_a_person_can_release_it(bench):
    stopped(bench)
    with pytest.raises(ControlRefusedError, match="order again with release"):
        bench.order(level=2)
    bench.order(level=2, release=True)
    assert (bench.unit.mode, bench.unit.level) == ("run", 2)


def test_a_release_that_was_not_answered_does_not_stand_for_ever(bench):
    stopped(bench)
    bench.unit.is_deaf = True
    bench.order(mode="auto", release=True)
    bench.run(120, pm=90)
    bench.unit.is_deaf = False
    bench.run(300, pm=90)
    assert bench.unit.mode == "stopped"


def test_a_release_in_an_advice_only_zone_leaves_the_unit_idle(make):
    bench = make(automatic=False, min_off_s=0)
    stopped(bench)
    bench.order(mode="auto", release=True)
    assert bench.unit.mode == "idle"


def test_an_override_in_an_advice_only_zone_is_put_back_at_its_end(make):
    bench = make(automatic=False, min_off_s=0, min_on_s=0)
    bench.order(level=2, minutes=1)
    assert bench.unit.level == 2
    bench.run(65, pm=90)
    assert bench.unit.mode == "idle"
    sent = len(bench.sent())
    bench.run(100, pm=90)
    assert len(bench.sent()) == sent
    assert bench.link.leases == []


def test_the_local_button_is_left_alone_for_its_time_then_control_returns(make):
    bench = make(min_on_s=0, min_off_s=0, local_hold_s=600)
    bench.run(1)
    bench.unit.press("run", 3)
    bench.run(595, pm=10)
    assert bench.sent() == []
    assert bench.view().slot == "local"
    with pytest.raises(ControlRefusedError, match="own button"):
        bench.order(level=1)
    bench.run(10, pm=10)
    assert bench.unit.mode == "idle"


def test_each_press_starts_the_time_anew(make):
    bench = make(min_on_s=0, min_off_s=0, local_hold_s=600)
    bench.unit.press("run", 3)
    bench.run(500, pm=10)
    bench.unit.press("run", 1)
    bench.run(500, pm=10)
    assert bench.unit.level == 1


def test_a_unit_stopped_by_its_button_stays_stopped_after_the_hold(make):
    bench = make(min_on_s=0, min_off_s=0, local_hold_s=600)
    bench.unit.press("stopped", 0)
    bench.run(1000, pm=90)
    assert bench.unit.mode == "stopped"
    assert bench.sent() == []


def test_a_stop_is_taken_also_when_it_must_wait(make):
    bench = make(min_on_s=300, min_off_s=0)
    bench.order(level=2, minutes=60)
    id_ = bench.order(mode="stopped", minutes=0)
    assert bench.control.command(id_)["state"] == "WAITING"
    assert (bench.unit.mode, bench.view().slot) == ("run", "minimum")
    bench.run(302)
    assert bench.unit.mode == "stopped"
    assert bench.control.command(id_)["state"] == "APPLIED"


def test_a_stop_of_an_offline_unit_is_given_when_it_returns(bench):
    bench.unit.disconnect()
    bench.link.pump()
    with pytest.raises(ControlRefusedError, match="offline"):
        bench.order(level=1)
    bench.order(mode="stopped", minutes=0)
    bench.unit.reboot("s2")
    bench.run(1)
    assert bench.unit.mode == "stopped"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"mode": "run", "level": 0}, "level 1 to 3"),
        ({"mode": "run", "level": 4}, "level 1 to 3"),
        ({"mode": "run", "level": 1, "minutes": 0}, "minutes"),
        ({"mode": "run", "level": 1, "minutes": float("nan")}, "minutes"),
        ({"mode": "idle", "minutes": 1e9}, "minutes"),
        ({"mode": "stopped", "minutes": -1}, "minutes"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_changes_nothing(bench, order, words):
    with pytest.raises(ControlRefusedError, match=words):
        bench.order(**order)
    assert bench.view().override is None
    assert bench.sent() == []


def test_an_unknown_purifier_is_a_key_error(bench):
    with pytest.raises(KeyError):
        bench.order("p9", level=1)
    assert bench.control.command("nothing") is None


def test_a_faulty_unit_is_not_ordered_to_run(bench):
    bench.unit.fault = "filter missing"
    bench.unit.report()
    bench.link.pump()
    with pytest.raises(ControlRefusedError, match="filter missing"):
        bench.order(level=1)
    bench.run(100, pm=90)
    assert bench.sent() == []
    assert bench.view().slot == "fault"


def test_an_override_that_ended_is_not_revived_by_a_clock_set_back(bench):
    bench.order(level=3, minutes=1)
    bench.run(65, pm=10)
    bench.clock.jump_wall(-3600)
    bench.run(5, pm=10)
    assert bench.view().override is None
    assert bench.unit.mode == "idle"


def test_commands_are_listed_newest_first_and_by_state(bench):
    bench.order(level=1)
    bench.run(1)
    bench.order(level=2)
    rows = bench.control.commands(purifier="p1", state="APPLIED", limit=10)
    assert [row["level"] for row in rows] == [2, 1]
    assert bench.control.commands(purifier="p1", state="REJECTED", limit=10) == []
    assert len(bench.control.commands(purifier=None, state=None, limit=1)) == 1


def test_rows_of_commands_can_be_sent_as_json(bench):
    bench.order(level=2)
    rows = bench.control.commands(purifier=None, state=None, limit=10)
    assert rows
    assert orjson.loads(orjson.dumps(rows))[0]["id"] == rows[0]["id"]
