"""Whatever happens: minimum times hold, stopped units stay stopped, commands only move forward."""

from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from api.control.command import NEXT, OPEN, State
from api.control_port import ControlRefusedError
from tests.control.bench import make_bench

MIN_ON_S, MIN_OFF_S = 120, 90


def is_path(history):
    """Every step in the written life of a command is one that it may take."""
    states = [State(entry[0]) for entry in history]
    return all(after in NEXT.get(before, ()) for before, after in pairwise(states))


class ControlMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        options = {"min_on_s": MIN_ON_S, "min_off_s": MIN_OFF_S, "local_hold_s": 400}
        self.options = options
        self.bench = make_bench(**options)
        self.unit = self.bench.unit
        self.sessions = 1

    def pass_time(self, seconds, pm=None, **more):
        for _ in range(seconds):
            was = self.unit.mode
            self.bench.run(1, pm=pm, **more)
            assert was != "stopped" or self.unit.mode == "stopped"

    @rule(seconds=st.integers(1, 200), pm=st.sampled_from([5.0, 24.0, 30.0, 36.0, 90.0]))
    def air(self, seconds, pm):
        self.pass_time(seconds, pm)

    @rule(seconds=st.integers(1, 500))
    def silence(self, seconds):
        self.pass_time(seconds)

    @rule(seconds=st.integers(1, 400))
    def bad_values(self, seconds):
        self.pass_time(seconds, 90.0, flag=4)

    @rule(seconds=st.sampled_from([-86400, -3600, -30, 30, 3600, 86400]))
    def wall_clock_jumps(self, seconds):
        self.bench.clock.jump_wall(seconds)

    @rule(level=st.integers(1, 3), minutes=st.sampled_from([1.0, 5.0]))
    def operator_runs(self, level, minutes):
        self.order(mode="run", level=level, minutes=minutes)

    @rule()
    def operator_idles(self):
        self.order(mode="idle", minutes=3.0)

    @rule()
    def operator_ends_the_override(self):
        self.order(mode="auto")

    def order(self, **order):
        was = self.unit.mode
        try:
            self.bench.order(**order)
        except ControlRefusedError:
            return
        assert was != "stopped" or self.unit.mode == "stopped"

    @rule(
        lies=st.booleans(),
        deaf=st.booleans(),
        acks=st.integers(0, 2),
        delay_s=st.sampled_from([0, 5, 59, 70]),
    )
    def habits_change(self, lies, deaf, acks, delay_s):
        self.unit.is_lying, self.unit.is_deaf, self.unit.acks = lies, deaf, acks
        self.unit.ack_delay_s = delay_s

    @rule()
    def somebody_else_stops_the_unit(self):
        self.unit.mode, self.unit.level, self.unit.source, self.unit.command = "stopped", 0, "remote", None
        self.unit.switches.clear()
        self.unit.report()

    @rule(mode=st.sampled_from(["run", "idle", "stopped"]))
    def button_is_pressed(self, mode):
        self.unit.switches.clear()
        self.unit.press(mode, 2 if mode == "run" else 0)

    @rule()
    def unit_reboots(self):
        self.sessions += 1
        self.unit.switches.clear()
        self.unit.reboot(f"s{self.sessions}")

    @rule()
    def broker_goes_and_comes(self):
        self.bench.link.connected = not self.bench.link.connected

    @rule()
    def service_restarts(self):
        bench = self.bench
        self.bench = make_bench(
            engine=bench.engine, clock=bench.clock, link=bench.link, connect=False, **self.options
        )
        self.unit.connect(retained=True)

    @invariant()
    def no_switch_comes_within_a_minimum_time(self):
        switches = self.unit.switches if hasattr(self, "unit") else []
        for (before_s, was_started), (after_s, _) in pairwise(switches):
            assert after_s - before_s >= (MIN_ON_S if was_started else MIN_OFF_S)

    @invariant()
    def commands_only_move_forward_and_none_is_applied_late(self):
        if not hasattr(self, "bench"):
            return
        rows = self.bench.control.commands(purifier=None, state=None, limit=1000)
        for row in rows:
            assert is_path(row["history"])
            assert row["history"][-1][0] == row["state"]
        assert sum(row["state"] in OPEN for row in rows) <= 1


ControlMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
TestControlMachine = ControlMachine.TestCase
