"""No sequence of commands, leases, time, reconnects, faults and power cuts starts a stopped unit."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_sim import purifier

from .bench import SPEC, Bench

MODES = st.sampled_from(["run", "idle", "stopped"])
LEVELS = st.integers(-1, 4)
SESSIONS = st.sampled_from(["now", "before", "other"])


class StoppedUnits(RuleBasedStateMachine):
    """`is_latched` is the test's own account: set by a stop, cleared by a release or the button only."""

    def __init__(self):
        super().__init__()
        self.bench = Bench()
        self.is_latched = False
        self.ids = []

    def _session(self, which):
        return {"now": self.bench.unit.session, "before": f"session-{self.bench.sessions - 1}", "other": "x"}[
            which
        ]

    @rule(
        mode=MODES,
        level=LEVELS,
        release=st.booleans(),
        session=SESSIONS,
        is_retained=st.booleans(),
        waited_s=st.sampled_from([0.0, 1.0, 59.0, 60.0, 1000.0]),
        age_s=st.sampled_from([0, 30, 60, 5000]),
    )
    def command(self, mode, level, release, session, is_retained, waited_s, age_s):
        may_act = session == "now" and not is_retained and waited_s < 60 and age_s < 60
        ack = self.bench.command(
            mode,
            level,
            release=release,
            session=self._session(session),
            is_retained=is_retained,
            waited_s=waited_s,
            t=self.bench.clock.now_ms() - age_s * 1000,
            id=f"c{len(self.ids)}",
        )
        self.ids.append(f"c{len(self.ids)}")
        if not may_act or (self.is_latched and not release):
            assert ack.result == "rejected"
        if ack.result != "rejected":
            self.is_latched = mode == "stopped"

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), mode=MODES, level=LEVELS)
    def the_same_id_again(self, data, mode, level):
        before = self.bench.setting
        fresh = self.ids[-purifier.REMEMBERED :]
        known = [answer.id for answer in self.bench.unit.answers if answer.id in fresh]
        if known:
            self.bench.command(mode, level, id=data.draw(st.sampled_from(known)), release=True)
            assert self.bench.setting == before

    @rule(lease_s=st.sampled_from([1.0, 120.0]), session=SESSIONS)
    def lease(self, lease_s, session):
        self.bench.lease(lease_s, self._session(session))

    @rule(seconds=st.sampled_from([1, 10, 130]))
    def wait(self, seconds):
        self.bench.wait(seconds, step_s=1.0 if seconds < 100 else 10.0)

    @rule(seconds=st.sampled_from([-1e6, 1e6]))
    def jump_wall(self, seconds):
        self.bench.clock.jump_wall(seconds)

    @rule()
    def reconnect(self):
        self.bench.connect()

    @rule()
    def reboot(self):
        self.bench.reboot()

    @rule()
    def press(self):
        self.bench.press()
        self.is_latched = not self.is_latched or self.bench.unit.fault is not None

    @rule()
    def fault(self):
        self.bench.fail("door open")
        self.is_latched = True

    @rule()
    def repair(self):
        self.bench.fail(None)

    @invariant()
    def a_stop_ends_only_by_release_or_button(self):
        assert self.bench.unit.is_stopped == self.is_latched

    @invariant()
    def a_stopped_unit_does_not_blow_for_long(self):
        if self.is_latched:
            assert self.bench.unit.setting.level == 0
            assert self.bench.reports[-1].setting.mode == "stopped"

    @invariant()
    def what_is_reported_can_be_believed(self):
        report = self.bench.reports[-1]
        assert 0 <= report.setting.level < len(SPEC.levels)
        assert (report.setting.level > 0) == (report.setting.mode == "run")

    @invariant()
    def a_fault_never_runs(self):
        assert self.bench.unit.fault is None or self.bench.unit.is_stopped


StoppedUnits.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestStoppedUnits = StoppedUnits.TestCase
