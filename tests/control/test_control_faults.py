"""A purifier that answers late, twice, never, wrongly, or reboots; and a service that restarts."""

from collections import Counter

import pytest

from tests.control.bench import make_bench
from venueair.messages import Ack, encode


def test_no_answer_is_retried_with_the_same_id_and_then_unknown(bench):
    bench.unit.is_deaf = True
    bench.run(62 + 59, pm=41)
    ids = Counter(command.id for command in bench.sent())
    first = bench.sent()[0].id
    assert ids[first] == 4
    bench.run(2)
    assert "TIMED_OUT" in bench.states()
    assert bench.control.command(first)["state"] == "TIMED_OUT"


def test_a_retry_does_not_extend_the_deadline(bench):
    bench.unit.is_deaf = True
    bench.run(62 + 50, pm=41)
    first = [command for command in bench.sent() if command.id == bench.sent()[0].id]
    ends = {round(command.t + command.ttl_s * 1000) for command in first}
    assert len(first) == 4
    assert len(ends) == 1


def test_a_late_ack_is_counted_and_changes_nothing(bench):
    bench.unit.is_lying = True
    bench.unit.ack_delay_s = 61
    bench.run(62 + 70, pm=41)
    first = bench.sent()[0].id
    assert bench.control.command(first)["state"] == "TIMED_OUT"
    assert bench.control.counts["ack_late"] >= 1
    bench.run(60, pm=41)
    assert bench.control.command(first)["state"] == "TIMED_OUT"


def test_an_ack_at_the_deadline_before_the_next_tick_is_late(bench):
    bench.unit.is_deaf = True
    bench.run(61, pm=41)
    (command,) = bench.sent()
    bench.clock.advance(60)
    bench.link.hear("p1", "ack", encode(Ack(id=command.id, result="applied")))
    bench.link.pump()
    assert bench.control.command(command.id)["state"] == "SENT"
    bench.control.tick()
    assert bench.control.command(command.id)["state"] == "TIMED_OUT"


def test_acks_that_come_twice_do_nothing_twice(bench):
    bench.unit.acks = 2
    bench.run(62, pm=41)
    assert bench.states() == ["APPLIED"]
    assert bench.control.counts["ack_duplicate"] == 2


def test_the_ack_of_another_unit_is_forged(make):
    bench = make(units=("p1", "p2"), min_off_s=0)
    bench.units["p1"].is_deaf = True
    bench.units["p2"].is_deaf = True
    bench.run(61, pm=41)
    (command,) = bench.sent("p1") or bench.sent("p2")
    other = "p2" if bench.sent("p1") else "p1"
    bench.link.hear(other, "ack", encode(Ack(id=command.id, result="applied")))
    bench.link.pump()
    assert bench.control.counts["ack_forged"] == 1
    assert bench.control.command(command.id)["state"] == "SENT"


def test_a_retained_ack_is_ignored(bench):
    bench.unit.is_deaf = True
    bench.run(61, pm=41)
    (command,) = bench.sent()
    bench.link.hear("p1", "ack", encode(Ack(id=command.id, result="applied")), retained=True)
    bench.link.pump()
    assert bench.control.command(command.id)["state"] == "SENT"


def test_a_unit_that_lies_is_divergent_and_after_five_failures_left_alone(bench):
    bench.unit.is_lying = True
    bench.run(62, pm=41)
    bench.run(62, pm=30)
    assert bench.states() == ["DIVERGED"]
    bench.run(1500, pm=30)
    states = bench.states()
    assert states.count("DIVERGED") == 5
    assert "gave up after 5" in bench.view().why
    bench.run(600, pm=30)
    assert bench.states() == states
    bench.unit.is_lying = False
    bench.order(level=2, minutes=5)
    assert bench.unit.level == 2


def test_a_refusal_backs_off(bench):
    bench.unit.refuses_with = "fault"
    bench.run(120, pm=41)
    assert 1 <= len(bench.states()) <= 3
    assert set(bench.states()) == {"REJECTED"}
    row = bench.control.commands(purifier="p1", state="REJECTED", limit=1)[0]
    assert row["history"][-1][2] == "fault"


def test_what_cannot_be_sent_expires(bench):
    bench.link.refuses = True
    bench.run(62 + 61, pm=41)
    assert bench.states()[-1] == "EXPIRED"


def test_a_reboot_voids_the_command_and_decides_anew(bench):
    bench.unit.is_deaf = True
    bench.run(62, pm=41)
    first = bench.sent()[0].id
    bench.unit.is_deaf = False
    bench.unit.reboot("s2")
    bench.run(12, pm=41)
    assert bench.control.command(first)["state"] == "TIMED_OUT"
    newest = bench.sent()[-1]
    assert newest.id != first
    assert newest.session == "s2"
    assert bench.unit.level == 1


def test_a_unit_that_drifts_away_is_brought_back_but_not_in_a_storm(bench):
    bench.run(62, pm=41)
    before = len(bench.sent())
    for _ in range(60):
        bench.unit.level, bench.unit.source = 2, "auto"
        bench.unit.report()
        bench.run(1, pm=30)
    assert 1 <= len(bench.sent()) - before <= 2


def restart(bench, **options):
    """The service dies and comes back with the same database, clock and units."""
    return make_bench(
        engine=bench.engine,
        clock=bench.clock,
        link=bench.link,
        connect=False,
        min_on_s=0,
        min_off_s=0,
        **options,
    )


def test_after_a_restart_an_unexpired_command_goes_on_with_the_same_id(bench):
    bench.unit.is_deaf = True
    bench.order(level=2)
    (first,) = bench.sent()
    bench.clock.advance(10)
    again = restart(bench)
    bench.unit.is_deaf = False
    bench.unit.connect(retained=True)
    again.run(2)
    assert {command.id for command in again.sent()} == {first.id}
    assert again.control.command(first.id)["state"] == "APPLIED"
    assert bench.unit.level == 2


def test_after_a_restart_a_new_session_gets_a_new_command(bench):
    bench.unit.is_deaf = True
    bench.order(level=2)
    (first,) = bench.sent()
    again = restart(bench)
    bench.unit.is_deaf = False
    bench.unit.reboot("s2")
    again.run(2)
    assert again.control.command(first.id)["state"] == "TIMED_OUT"
    assert again.sent()[-1].id != first.id
    assert bench.unit.level == 2


def test_after_a_restart_an_expired_command_is_closed_and_nothing_replayed(bench):
    bench.unit.is_deaf = True
    bench.run(62, pm=41)
    (first,) = {command.id for command in bench.sent()}
    bench.clock.advance(100)
    again = restart(bench)
    bench.unit.is_deaf = False
    assert again.control.command(first)["state"] == "TIMED_OUT"
    sent = len(bench.link.sent)
    bench.unit.connect(retained=True)
    again.run(30, pm=10)
    assert len(bench.link.sent) == sent


def test_a_command_that_may_have_left_before_a_crash_is_written_first(bench):
    class CrashError(Exception):
        pass

    def crash(*args, **kwargs):
        raise CrashError

    bench.link.publish = crash
    with pytest.raises(CrashError):
        bench.order(level=1)
    assert bench.states() == ["CREATED"]
    del bench.link.publish
    bench.clock.advance(61)
    again = restart(bench)
    assert again.states() == ["EXPIRED"]


def test_a_restart_keeps_a_running_unit_running_until_the_air_is_clean(bench):
    bench.run(122, pm=41)
    assert bench.unit.level == 2
    again = restart(bench)
    bench.unit.connect(retained=True)
    again.run(290, pm=20)
    assert bench.unit.level == 2
    again.run(15, pm=20)
    assert bench.unit.level == 1


def test_unknown_history_counts_as_just_changed(make):
    bench = make(min_off_s=180)
    bench.run(179, pm=41)
    assert bench.unit.mode == "idle"
    assert bench.view().slot == "minimum"
    bench.run(3, pm=41)
    assert bench.unit.mode == "run"


def test_an_hour_away_leads_to_one_command(bench):
    bench.link.connected = False
    for _ in range(20):
        bench.run(90, pm=41)
        bench.run(310, pm=10)
    bench.run(70, pm=41)
    bench.link.connected = True
    bench.unit.report()
    sent = len(bench.sent())
    bench.run(3, pm=30)
    assert len(bench.sent()) == sent + 1


def test_a_start_that_nobody_confirmed_still_counts_as_a_switch(make):
    bench = make(min_on_s=300, min_off_s=0)
    bench.unit.acks, bench.unit.reports = 0, False
    bench.order(level=2)
    bench.order(mode="idle")
    bench.run(50)
    assert bench.unit.mode == "run"
    assert bench.view().slot == "minimum"
