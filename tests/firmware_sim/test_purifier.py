"""Commands, stop, button and fault of a purifier: every rule, one by one."""

import pytest

from firmware_sim import purifier
from firmware_sim.purifier import Ack

from .bench import SPEC, Bench


@pytest.fixture
def bench():
    return Bench()


def stopped(bench):
    assert bench.command("stopped", 0).result == "accepted" or bench.acks[-1].result == "applied"
    bench.wait(20)
    assert bench.unit.is_stopped
    return bench


def test_a_new_unit_reports_idle_by_its_own_program(bench):
    assert bench.shown == ("idle", 0, "auto")
    assert bench.reports[-1].session == bench.unit.session


def test_a_command_is_accepted_at_once_and_applied_when_the_fan_has_the_level(bench):
    bench.command("run", 2, id="c1")
    assert bench.acks == [Ack("c1", "accepted")]
    assert bench.shown == ("idle", 0, "auto")
    bench.wait(2)
    assert bench.acks == [Ack("c1", "accepted")]
    bench.wait(4)
    assert bench.acks == [Ack("c1", "accepted"), Ack("c1", "applied")]
    assert bench.shown == ("run", 2, "remote")
    assert bench.reports[-1].command == "c1"
    assert bench.reports[-1].rpm == pytest.approx(0.7 * purifier.FULL_RPM)


def test_idle_is_level_0_under_remote_control(bench):
    bench.command("run", 1)
    bench.wait(10)
    bench.command("idle", 0)
    bench.wait(10)
    assert bench.shown == ("idle", 0, "remote")


def test_clean_air_follows_the_fan_and_a_loaded_filter(bench):
    assert purifier.clean_air_m3h(bench.unit, SPEC) == 0
    bench.command("run", 1)
    bench.wait(10)
    assert purifier.clean_air_m3h(bench.unit, SPEC) == pytest.approx(0.4 * 5400, rel=1e-3)
    worn = purifier.boot(0.0, stopped_by=None, fault=None, filter_pct=0.0)
    assert purifier.clean_air_m3h(worn, SPEC) == 0
    bench.wait(3600, step_s=60)
    assert bench.unit.filter_pct < 100


def test_a_state_is_reported_every_60_s_when_nothing_changes(bench):
    before = len(bench.reports)
    bench.wait(300)
    assert len(bench.reports) - before == 5


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"session": "session-0"}, "session"),
        ({"is_retained": True}, "retained"),
        ({"waited_s": 60.0}, "expired"),
        ({"ttl_s": 5.0, "waited_s": 5.0}, "expired"),
        ({"level": 4}, "unknown_level"),
        ({"level": 0}, "unknown_level"),
        ({"level": -1}, "unknown_level"),
        ({"mode": "idle", "level": 2}, "unknown_level"),
    ],
)
def test_a_command_that_may_not_act_is_rejected_with_its_reason(bench, fields, reason):
    ack = bench.command(**fields)
    assert (ack.result, ack.reason) == ("rejected", reason)
    bench.wait(60)
    assert bench.unit.fan == 0
    assert bench.setting == ("idle", 0, "auto")


def test_a_command_given_longer_ago_than_its_ttl_is_rejected_even_when_it_just_came_in(bench):
    given = bench.clock.now_ms()
    bench.wait(60)
    ack = bench.command(t=given)
    assert (ack.result, ack.reason) == ("rejected", "expired")


def test_a_command_within_its_ttl_acts(bench):
    given = bench.clock.now_ms()
    bench.wait(59)
    assert bench.command(t=given, waited_s=59.0).result == "accepted"


def test_a_unit_without_a_given_time_still_counts_the_ttl_from_reception(bench):
    assert bench.command(t=None, waited_s=60.0).reason == "expired"
    assert bench.command(t=None, waited_s=59.0).result == "accepted"


def test_a_command_for_the_connection_before_never_acts(bench):
    old = bench.unit.session
    bench.connect()
    ack = bench.command("run", 3, session=old)
    assert (ack.result, ack.reason) == ("rejected", "session")
    bench.wait(30)
    assert bench.unit.fan == 0


def test_the_same_id_is_acknowledged_again_and_acts_once(bench):
    bench.command("run", 2, id="c1")
    bench.wait(10)
    bench.command("run", 1, id="c2")
    bench.wait(10)
    assert bench.command("run", 2, id="c1") == Ack("c1", "applied")
    bench.wait(10)
    assert bench.shown == ("run", 1, "remote")


def test_a_rejected_id_stays_rejected_when_the_reason_is_gone(bench):
    stopped(bench)
    assert bench.command("run", 2, id="c1").reason == "stopped"
    bench.command("idle", 0, release=True)
    bench.wait(10)
    assert bench.command("run", 2, id="c1").reason == "stopped"
    bench.wait(10)
    assert bench.unit.fan == 0


def test_an_order_first_seen_retained_may_still_come_the_right_way(bench):
    assert bench.command("run", 2, id="c1", is_retained=True).reason == "retained"
    assert bench.command("run", 2, id="c1").result == "accepted"


def test_a_newer_command_takes_the_place_of_one_under_way(bench):
    bench.command("run", 3, id="c1")
    bench.wait(2)
    bench.command("run", 1, id="c2")
    bench.wait(20)
    assert [a for a in bench.acks if a.result == "applied"] == [Ack("c2", "applied")]
    assert bench.shown == ("run", 1, "remote")


def test_a_stop_is_reported_at_once_and_applied_when_the_fan_stands(bench):
    bench.command("run", 3)
    bench.wait(10)
    bench.command("stopped", 0, id="stop")
    assert bench.shown == ("stopped", 0, "remote")
    assert bench.acks[-1] == Ack("stop", "accepted")
    bench.wait(10)
    assert bench.acks[-1] == Ack("stop", "applied")
    assert bench.unit.fan == 0


def test_a_stop_is_obeyed_whatever_level_stands_beside_it(bench):
    bench.command("run", 1)
    bench.wait(10)
    assert bench.command("stopped", 9).result == "accepted"
    assert bench.unit.is_stopped


@pytest.mark.parametrize(("mode", "level"), [("run", 1), ("run", 3), ("idle", 0), ("stopped", 0)])
def test_a_stopped_unit_refuses_every_command_without_release(bench, mode, level):
    stopped(bench)
    ack = bench.command(mode, level)
    assert (ack.result, ack.reason) == ("rejected", "stopped")
    bench.wait(60)
    assert bench.unit.is_stopped
    assert bench.unit.fan == 0


def test_a_stopped_unit_runs_again_after_a_release(bench):
    stopped(bench)
    assert bench.command("run", 1, release=True).result == "accepted"
    bench.wait(10)
    assert bench.shown == ("run", 1, "remote")


def test_a_late_release_does_not_release(bench):
    stopped(bench)
    assert bench.command("run", 1, release=True, session="session-0").reason == "session"
    assert bench.command("run", 1, release=True, waited_s=61.0).reason == "expired"
    assert bench.command("run", 1, release=True, is_retained=True).reason == "retained"
    bench.wait(60)
    assert bench.unit.is_stopped


def test_the_button_stops_and_starts_the_unit(bench):
    bench.command("run", 3)
    bench.wait(10)
    bench.press()
    assert bench.shown == ("stopped", 0, "local")
    assert bench.command("run", 3).reason == "stopped"
    bench.press()
    bench.wait(20)
    assert bench.shown == ("run", SPEC.preset_level, "local")


def test_the_button_releases_what_a_command_stopped(bench):
    stopped(bench)
    bench.press()
    bench.wait(20)
    assert bench.shown == ("run", SPEC.preset_level, "local")


def test_a_fault_stops_the_unit_and_no_command_clears_it(bench):
    bench.command("run", 2)
    bench.wait(10)
    bench.fail("motor too hot")
    bench.wait(10)
    assert bench.shown == ("stopped", 0, "auto")
    assert bench.reports[-1].fault == "motor too hot"
    assert bench.command("run", 2, release=True).reason == "fault"
    bench.press()
    assert bench.unit.is_stopped
    bench.reboot()
    assert bench.unit.fault == "motor too hot"
    assert bench.unit.is_stopped


def test_a_repaired_unit_stays_stopped_until_it_is_released(bench):
    bench.fail("motor too hot")
    bench.fail(None)
    bench.wait(60)
    assert bench.unit.is_stopped
    assert bench.command("run", 1, release=True).result == "accepted"


def test_answers_are_remembered_for_a_bounded_number_of_commands(bench):
    for number in range(100):
        bench.command("run", 1 + number % 3, id=f"id-{number}")
        bench.wait(1)
    assert len(bench.unit.answers) == purifier.REMEMBERED
    assert bench.command("run", 1, id="id-90").id == "id-90"
