"""A lost lease and a purifier: what it starts, and what it must never start."""

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


@pytest.mark.parametrize(
    "before", [("run", 3), ("run", 1), ("idle", 0)], ids=["from run 3", "from run 1", "from idle"]
)
def test_a_lost_lease_sends_an_automatic_unit_to_its_preset(bench, before):
    bench.lease(120)
    bench.command(*before)
    bench.wait(119)
    assert bench.shown == (*before, "remote")
    bench.wait(15)
    assert bench.shown == ("run", SPEC.preset_level, "lease_lost")


def test_a_renewed_lease_keeps_the_unit_where_it_is(bench):
    bench.command("run", 1)
    for _ in range(20):
        bench.lease(120)
        bench.wait(30)
    assert bench.shown == ("run", 1, "remote")


def test_an_idle_unit_that_only_has_a_lease_goes_to_its_preset_when_it_is_lost(bench):
    bench.lease(120)
    bench.wait(140)
    assert bench.shown == ("run", SPEC.preset_level, "lease_lost")


def test_a_unit_that_never_had_a_lease_stays_idle(bench):
    bench.wait(1000)
    assert bench.shown == ("idle", 0, "auto")


def test_a_lease_for_another_session_counts_as_none(bench):
    bench.lease(120, session="session-0")
    bench.wait(200)
    assert bench.shown == ("idle", 0, "auto")


def test_a_new_connection_does_not_extend_the_lease(bench):
    old = bench.unit.session
    bench.lease(120)
    bench.wait(100)
    bench.connect()
    bench.lease(120, session=old)
    bench.wait(40)
    assert bench.shown == ("run", SPEC.preset_level, "lease_lost")


def test_a_lease_that_was_over_before_it_was_read_grants_nothing(bench):
    bench.wait(100)
    bench.unit = purifier.on_lease(bench.unit, bench.unit.session, 50.0, received=10.0)
    assert not bench.unit.is_automatic


def test_commands_are_obeyed_again_after_a_lost_lease(bench):
    bench.lease(10)
    bench.wait(30)
    bench.lease(120)
    bench.command("run", 1)
    bench.wait(20)
    assert bench.shown == ("run", 1, "remote")


def test_a_lost_lease_never_starts_a_stopped_unit(bench):
    bench.lease(120)
    stopped(bench)
    bench.wait(1000)
    assert bench.shown == ("stopped", 0, "remote")
    assert bench.unit.fan == 0


def test_a_lost_lease_never_starts_a_unit_that_was_stopped_before_its_reboot(bench):
    bench.lease(120)
    stopped(bench)
    bench.reboot()
    assert bench.shown == ("stopped", 0, "remote")
    bench.lease(120)
    bench.wait(1000)
    assert bench.shown == ("stopped", 0, "remote")
    assert bench.command("run", 2).reason == "stopped"


def test_a_lost_lease_leaves_a_unit_alone_that_a_person_runs(bench):
    bench.press()
    bench.press()
    bench.lease(60)
    bench.wait(100)
    assert bench.shown == ("run", SPEC.preset_level, "local")


def test_a_lease_lost_while_a_command_is_under_way_ends_that_command(bench):
    bench.lease(10)
    bench.wait(9)
    bench.command("run", 3, id="c1")
    bench.wait(30)
    assert bench.shown == ("run", SPEC.preset_level, "lease_lost")
    assert Ack("c1", "applied") not in bench.acks


def test_after_a_reboot_a_unit_is_idle_and_not_automatic(bench):
    bench.lease(120)
    bench.command("run", 3)
    bench.wait(20)
    bench.reboot()
    bench.wait(500)
    assert bench.shown == ("idle", 0, "auto")


def test_a_jump_of_the_wall_clock_does_not_move_the_lease(bench):
    bench.lease(120)
    bench.clock.jump_wall(86400)
    bench.wait(60)
    assert bench.unit.is_automatic
    bench.clock.jump_wall(-2 * 86400)
    bench.wait(70)
    assert bench.unit.setting.source == "lease_lost"
