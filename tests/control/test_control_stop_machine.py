"""Two units of a hall, whatever happens to them: what stands still by a latched stop waits for a person,

no fan is switched faster than its minimum times, nor started more often than it may be.
"""

from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from api.control.priority import LATCHED
from api.control_port import ControlRefusedError
from tests.control.bench import make_bench
from tests.control.fake_purifier import FakeLink, FakePurifier
from venueair.clock import ManualClock
from venueair.messages import Command
from venueair.rules import FireInput

UNITS = ("p1", "p2")
PANEL = FireInput(sensor="fire-panel", halls=("hall",))
OPTIONS = {"units": UNITS, "fire_inputs": (PANEL,), "min_on_s": 60, "min_off_s": 40, "max_starts_per_h": 3}
OPTIONS |= {"local_hold_s": 200}
ANY_UNIT = st.sampled_from(UNITS)


@dataclass
class WatchedPurifier(FakePurifier):
    """Notes every command that it carries out, with what it did before: (command, mode, level)."""

    carried_out: list[tuple[Command, str, int]] = field(default_factory=list)

    def _act(self, command):
        if not self.is_lying:
            self.carried_out.append((command, self.mode, self.level))
        super()._act(command)


@dataclass
class Held:
    """Why a unit stands still, and whether a person, or the end that a person gave, let go of it since."""

    by: str
    is_let_go: bool = False


class StopMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        clock, link = ManualClock(), FakeLink()
        self.units = {name: WatchedPurifier(link, clock, name) for name in UNITS}
        self.bench = make_bench(clock=clock, link=link, **OPTIONS)
        self.held: dict[str, Held] = {}
        self.stop_ends: dict[str, int] = {}
        self.locked: set[str] = set()
        self.switched_s: dict[str, float] = {}
        self.starts: dict[str, list[float]] = {name: [] for name in UNITS}
        self.has_jumped_ahead = False
        self.sessions = 1
        self.is_hall_stopped = self.is_smoke = self.is_panel_silent = False
        self.contact, self.was_contact_read = 1.0, False

    # what happens ---------------------------------------------------------------------------------

    @rule(seconds=st.integers(1, 150), pm=st.sampled_from([5.0, 30.0, 90.0, None]))
    def time_passes(self, seconds, pm):
        for _ in range(seconds):
            if not self.is_panel_silent:
                contact = self.bench.live(self.contact, zone="fire-panel", quantity="fire")
                self.bench.control.on_live(contact)
                self.was_contact_read = True
            self.look()
            self.bench.run(1, pm=pm)
            self.look()

    @rule(seconds=st.sampled_from([-86400, -3600, -30, 30, 3600, 86400]))
    def wall_clock_jumps(self, seconds):
        self.bench.clock.jump_wall(seconds)
        self.has_jumped_ahead |= seconds > 0

    @rule(seconds=st.sampled_from([5, 100, 4000]))
    def nothing_runs_for_a_while(self, seconds):
        self.bench.clock.advance(seconds)

    @rule(contact=st.sampled_from([1.0, 1.0, 0.0]), is_silent=st.sampled_from([False, False, True]))
    def fire_panel_changes(self, contact, is_silent):
        self.contact, self.is_panel_silent = contact, is_silent

    @rule()
    def smoke_comes_and_goes(self):
        self.is_smoke = not self.is_smoke
        self.bench.control.on_alarm("smoke-level", "hall-a", stands=self.is_smoke)

    @rule()
    def a_person_stops_the_hall(self):
        self.bench.control.stop_hall("hall", by="kim", reason="test")
        self.is_hall_stopped = True
        self.pump()

    @rule()
    def a_person_releases_the_hall(self):
        try:
            self.bench.control.release_hall("hall", by="lee", reason="all clear")
        except ControlRefusedError:
            return
        assert self.is_hall_stopped
        assert self.was_contact_read
        self.is_hall_stopped = False
        for held in self.held.values():
            held.is_let_go |= held.by == "safety"
        self.pump()

    @rule(name=ANY_UNIT)
    def a_person_locks_a_unit(self, name):
        self.bench.control.lock_device(name, by="kim", reason="filter change", until=None)
        self.locked.add(name)
        self.pump()

    @rule(name=ANY_UNIT)
    def a_person_puts_a_unit_back(self, name):
        try:
            self.bench.control.release_device(name, by="lee", reason="done")
        except ControlRefusedError:
            assert name not in self.locked
            return
        self.locked.remove(name)
        held = self.held.get(name)
        if held is not None:
            held.is_let_go |= held.by == "maintenance"
        self.pump()

    @rule(name=ANY_UNIT, minutes=st.sampled_from([0.0, 2.0]))
    def a_person_stops_a_unit(self, name, minutes):
        now_ms = self.bench.clock.now_ms()
        self.order(name, mode="stopped", minutes=minutes)
        self.stop_ends[name] = now_ms + round(minutes * 60_000) if minutes else 2**62

    @rule(name=ANY_UNIT, mode=st.sampled_from(["run", "idle", "auto"]), is_release=st.booleans())
    def a_person_orders(self, name, mode, is_release):
        self.order(name, mode=mode, level=2 if mode == "run" else 0, release=is_release)

    def order(self, name, **order):
        had = self.held.get(name)
        try:
            id_ = self.bench.control.order(
                name, **{"level": 0, "minutes": 3.0, "release": False} | order, by="kim", reason="test"
            )
        except ControlRefusedError:
            return
        assert id_
        if had is not None and (order.get("release") or (order["mode"] == "auto" and had.by == "override")):
            had.is_let_go = True
        self.pump()

    @rule(name=ANY_UNIT, mode=st.sampled_from(["run", "idle", "stopped"]))
    def button_is_pressed(self, name, mode):
        self.units[name].press(mode, 2 if mode == "run" else 0)
        self.held.pop(name, None)
        self.switched_s.pop(name, None)
        if mode == "stopped":
            self.held[name] = Held("button")
        self.pump()

    @rule(name=ANY_UNIT, is_deaf=st.booleans(), is_lying=st.booleans(), delay_s=st.sampled_from([0, 5, 70]))
    def habits_change(self, name, is_deaf, is_lying, delay_s):
        unit = self.units[name]
        unit.is_deaf, unit.is_lying, unit.ack_delay_s = is_deaf, is_lying, delay_s

    @rule(name=ANY_UNIT)
    def a_unit_reboots(self, name):
        self.sessions += 1
        self.switched_s.pop(name, None)
        self.units[name].reboot(f"s{self.sessions}")
        self.pump()

    @rule(name=ANY_UNIT)
    def a_unit_leaves_and_is_back(self, name):
        self.units[name].disconnect()
        self.pump()
        self.units[name].connect()
        self.pump()

    @rule()
    def broker_goes_and_comes(self):
        self.bench.link.connected = not self.bench.link.connected

    @rule()
    def service_is_killed_and_started(self):
        old = self.bench
        self.bench = make_bench(engine=old.engine, clock=old.clock, link=old.link, connect=False, **OPTIONS)
        self.was_contact_read = False
        if self.has_jumped_ahead:  # starts before our own start are known by wall time only
            self.starts = {name: [] for name in UNITS}
            self.has_jumped_ahead = False
        if self.is_smoke:
            self.bench.control.on_alarm("smoke-level", "hall-a", stands=True)
        for unit in self.units.values():
            unit.connect(retained=True)
        self.pump()

    @rule()
    def all_work_again_in_a_stopped_hall(self):
        if not self.is_hall_stopped:
            return
        self.bench.link.connected = True
        for name in UNITS:
            self.habits_change(name, False, False, 0)
            self.units[name].connect()
        self.time_passes(130, 90.0)  # a command's whole life and the wait for the next try
        assert {unit.mode for unit in self.units.values()} == {"stopped"}

    @rule(name=ANY_UNIT)
    def a_locked_unit_that_works_again_is_stopped(self, name):
        if name not in self.locked:
            return
        self.bench.link.connected = True
        self.habits_change(name, False, False, 0)
        self.units[name].connect()
        self.time_passes(130, 90.0)
        assert self.units[name].mode == "stopped"

    # what must hold -------------------------------------------------------------------------------

    def pump(self):
        self.bench.link.pump()
        self.look()

    def look(self):
        now_ms = self.bench.clock.now_ms()
        is_stopped = bool(self.bench.control.hall_stops())
        assert is_stopped or not self.is_hall_stopped, "a stop of the hall ended without a person"
        for name, unit in self.units.items():
            held = self.held.get(name)
            if held is not None and held.by == "override" and now_ms >= self.stop_ends[name]:
                held.is_let_go = True
            for command, mode, level in unit.carried_out:
                self.judge(name, command, mode, level)
            unit.carried_out.clear()
        self.is_hall_stopped = is_stopped

    def judge(self, name, command, mode, level):
        slot = self.bench.control.command(command.id)["history"][0][2]
        self.judge_pace(name, command.mode, mode, slot)
        if command.mode == "stopped":
            if mode != "stopped":
                self.held[name] = Held(slot)
            return
        assert not self.is_hall_stopped, f"{command.mode} while the hall is stopped"
        assert name not in self.locked, f"{command.mode} while people work on the unit"
        if mode == "stopped":
            held = self.held.pop(name)
            assert held.is_let_go, f"stopped by {held.by}, and {command.mode} by {slot} without a person"
        if command.mode == "run" and mode != "run":
            assert self.was_contact_read, "started before the fire contact was read"
        if self.is_smoke and slot in ("automatic", "degraded"):
            assert command.mode != "run" or (mode == "run" and command.level <= level)

    def judge_pace(self, name, wanted, was, slot):
        if (wanted == "run") == (was == "run"):
            return
        now_s = self.bench.clock.monotonic()
        since_s = now_s - self.switched_s.get(name, -1e9)
        if slot not in LATCHED:
            assert since_s >= OPTIONS["min_off_s" if wanted == "run" else "min_on_s"], (wanted, slot)
        self.switched_s[name] = now_s
        if wanted == "run":
            self.starts[name].append(now_s)
            assert sum(now_s - at_s < 3600 for at_s in self.starts[name]) <= OPTIONS["max_starts_per_h"]

    @invariant()
    def what_happened_was_allowed(self):
        if hasattr(self, "bench"):
            self.look()


StopMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestStopMachine = StopMachine.TestCase
