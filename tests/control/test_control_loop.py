import threading

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from api.tables import metadata
from venueair.clock import RehearsalClock
from venueair.messages import Live


def test_dirty_air_steps_the_unit_up_and_says_why(bench):
    bench.run(62, pm=41.3)
    assert (bench.unit.mode, bench.unit.level, bench.unit.source) == ("run", 1, "remote")
    (row,) = bench.control.commands(purifier="p1", state=None, limit=10)
    assert row["reason"] == "hall-a pm2_5 41.3 > 35 for 60 s: level 0 -> 1"
    assert row["issued_by"] == "automatic"
    assert [entry[0] for entry in row["history"]] == ["CREATED", "SENT", "ACCEPTED", "APPLIED"]
    view = bench.view()
    assert (view.slot, view.desired_level, view.level, view.online) == ("automatic", 1, 1, True)
    assert view.last_command.state == "APPLIED"
    bench.run(60, pm=41.3)
    assert bench.unit.level == 2


def test_clean_air_starts_nothing_and_the_idle_unit_is_leased(bench):
    bench.run(300, pm=20)
    assert bench.sent() == []
    leases = [lease for name, lease in bench.link.leases if name == "p1"]
    assert len(leases) == 11  # at once and every 30 s
    assert {(lease.session, lease.lease_s) for lease in leases} == {("s1", 120.0)}


def test_the_command_on_the_wire_carries_session_ttl_and_time(bench):
    bench.run(62, pm=41)
    (command,) = bench.sent()
    assert command.session == "s1"
    assert command.ttl_s == 60
    assert command.t + 60_000 == bench.control.command(command.id)["deadline"]


@pytest.mark.parametrize("quantity", ["co2", "hcho"])
def test_control_refuses_to_be_built_for_a_gas(make, quantity):
    with pytest.raises(ValidationError, match=quantity):
        make(quantity=quantity)


def test_other_series_and_missing_values_drive_nothing(bench):
    for _ in range(200):
        bench.control.on_live(bench.live(5000.0, quantity="co2"))
        bench.control.on_live(bench.live(90.0, zone="seminar"))
        bench.control.on_live(bench.live(90.0, zone="hall-a-pm1"))
        bench.control.on_live(bench.live(None, flag=9))
        bench.control.on_live(bench.live(90.0, flag=4))
        bench.run(1)
    assert bench.sent() == []


def test_starts_are_staggered_in_the_venue(make):
    bench = make(units=("p1", "p2", "p3"), min_off_s=0)
    bench.run(59, pm=41)
    starts = {}
    for second in range(40):
        bench.run(1, pm=41)
        for name, unit in bench.units.items():
            if unit.mode == "run":
                starts.setdefault(name, second)
    first, second, third = sorted(starts.values())
    assert second - first >= 10
    assert third - second >= 10


def test_advice_only_shows_the_level_and_sends_nothing_not_even_a_lease(make):
    bench = make(automatic=False, min_off_s=0)
    bench.run(150, pm=41)
    view = bench.view()
    assert (view.slot, view.desired_mode, view.desired_level) == ("advice", "run", 2)
    assert bench.link.sent == bench.link.leases == []
    (zone,) = bench.control.zones()
    assert (zone["automatic"], zone["level"], zone["degraded"]) == (False, 2, False)


def test_silent_sensors_lead_to_the_safe_level_after_the_hold_time(make):
    bench = make(min_off_s=0)
    bench.run(10, pm=10)
    bench.run(119 + 300)
    assert bench.unit.mode == "idle"
    bench.run(5)
    assert (bench.unit.mode, bench.unit.level) == ("run", 2)
    assert bench.view().slot == "degraded"
    assert bench.control.zones()[0]["degraded"]
    bench.run(2, pm=10)
    assert bench.view().slot == "automatic"


def test_an_offline_unit_gets_no_commands_and_is_shown_so(bench):
    bench.unit.disconnect()
    bench.unit.reports = False
    bench.run(120, pm=41)
    assert bench.sent() == []
    view = bench.view()
    assert (view.online, view.slot) == (False, "offline")
    bench.unit.reports = True
    bench.unit.reboot("s2")
    bench.run(1, pm=41)
    assert len(bench.sent()) == 1
    assert bench.sent()[0].session == "s2"


def test_a_unit_that_was_never_heard_gets_no_commands(make):
    bench = make(connect=False)
    for unit in bench.units.values():
        unit.reports = False
    bench.run(120, pm=41)
    assert bench.link.sent == bench.link.leases == []
    assert bench.view().slot == "unknown"
    assert bench.view().mode is None


def test_a_silent_unit_is_not_there_although_no_last_will_came(bench):
    bench.unit.reports = False
    bench.run(178)
    assert bench.view().online
    bench.run(2)
    assert not bench.view().online


def test_retained_state_alone_is_not_enough_but_with_retained_online_it_is(make):
    bench = make(connect=False, min_off_s=0)
    bench.unit.report(retained=True)
    bench.link.pump()
    assert not bench.view().online
    bench.unit.connect(retained=True)
    bench.run(1)
    assert bench.view().online
    bench.run(70, pm=41)
    assert bench.unit.mode == "run"


def test_a_dead_session_from_a_retained_state_is_refused_and_not_used_again(make):
    bench = make(connect=False, min_off_s=0)
    bench.unit.connect(retained=True)
    bench.unit.session = "s2"
    bench.run(50, pm=41)
    bench.link.pump()
    bench.unit.reports = False
    bench.control.tick()
    bench.run(9, pm=41)
    bench.unit.session = "s3"
    bench.run(100, pm=41)
    assert bench.states() == ["REJECTED"]
    assert bench.view().session is None
    bench.unit.reports = True
    bench.unit.report(retained=False)
    bench.run(40, pm=41)
    assert bench.unit.mode == "run"


def test_nothing_is_created_while_the_broker_is_away(bench):
    bench.link.connected = False
    bench.run(120, pm=41)
    assert bench.states() == []
    bench.link.connected = True
    for callback in bench.link.connected_callbacks:
        callback()
    bench.run(1, pm=41)
    assert len(bench.sent()) == 1
    assert bench.sent()[0].level == 2  # the latest wish only


def test_leases_are_renewed_at_once_after_a_reconnection(bench):
    before = len(bench.link.leases)
    for callback in bench.link.connected_callbacks:
        callback()
    bench.run(1)
    assert len(bench.link.leases) == before + 1


def test_a_failing_loop_sends_no_leases(bench):
    bench.run(40, pm=90)
    metadata.drop_all(bench.engine)
    before = len(bench.link.leases)
    for second in range(90):
        bench.clock.advance(1)
        bench.control.on_live(bench.live(90.0))
        if second < 20:
            bench.control.tick()  # nothing to write yet
        elif second > 30:
            with pytest.raises(OperationalError, match="no such table"):
                bench.control.tick()
    assert len(bench.link.leases) - before <= 1


def test_events_tell_of_commands_and_units_but_not_of_countdowns(bench):
    bench.events.clear()
    bench.run(62, pm=41)
    kinds = [(kind, row.get("state")) for kind, row in bench.events if kind == "command"]
    assert kinds == [("command", state) for state in ("CREATED", "SENT", "ACCEPTED", "APPLIED")]
    assert any(kind == "purifier" and row["level"] == 1 for kind, row in bench.events)
    bench.unit.press("run", 3)
    bench.run(2)
    bench.events.clear()
    bench.run(30)
    assert [kind for kind, row in bench.events if row.get("reported_at") is None] == []
    assert len(bench.events) <= 1


def test_the_thread_starts_and_stops_quickly_and_twice(make):
    clock = RehearsalClock(1_700_000_000_000, 30)
    bench = make(clock=clock)
    bench.control.start()
    bench.control.start()
    never = threading.Event()
    tries = 0
    while not bench.link.leases and tries < 500:
        tries += 1
        never.wait(0.01)
    assert bench.link.leases
    bench.control.stop()
    bench.control.stop()
    assert not bench.control._thread.is_alive()


def test_stop_without_start_is_harmless(bench):
    bench.control.stop()
    bench.control.start()
    assert bench.control._thread is None


def test_live_columns_of_different_length_do_not_stop_control(bench):
    bench.control.on_live(Live(series=["hall-a pm2_5", "x y"], t=[1], value=[1.0], flag=[1]))
