"""A purifier on the bench: its state machine with a clock that only the test moves."""

from firmware_sim import purifier
from firmware_sim.purifier import Ack, Command, Report, Spec
from venueair.clock import ManualClock

SPEC = Spec(cadr_m3h=5400.0)


class Bench:
    """Keeps what the unit says; `memory` is what survives a power cut."""

    def __init__(self):
        self.clock = ManualClock()
        self.said = []
        self.sessions = 0
        self.unit = purifier.boot(0.0, stopped_by=None, fault=None, filter_pct=100.0)
        self.connect()

    def connect(self):
        self.sessions += 1
        self._take(purifier.on_connect(self.unit, SPEC, f"session-{self.sessions}", *self.times()))

    def command(self, mode="run", level=2, *, is_retained=False, waited_s=0.0, **fields):
        now, now_ms = self.times()
        known = {"id": f"order-{len(self.said)}", "session": self.unit.session, "ttl_s": 60.0, "t": now_ms}
        order = Command(**(known | {"mode": mode, "level": level} | fields))
        step = purifier.on_command(
            self.unit,
            SPEC,
            order,
            received=now - waited_s,
            now=now,
            now_ms=now_ms,
            is_retained=is_retained,
        )
        self._take(step)
        return self.acks[-1]

    def lease(self, lease_s=120.0, session=None):
        self.unit = purifier.on_lease(
            self.unit, session or self.unit.session, lease_s, self.clock.monotonic()
        )

    def press(self):
        self._take(purifier.on_button(self.unit, SPEC, *self.times()))

    def fail(self, text):
        self._take(purifier.on_fault(self.unit, SPEC, text, *self.times()))

    def reboot(self):
        memory = purifier_memory(self.unit)
        self.unit = purifier.boot(self.clock.monotonic(), **memory)
        self.connect()

    def wait(self, seconds, step_s=1.0):
        for _ in range(round(seconds / step_s)):
            self.clock.advance(step_s)
            self._take(purifier.tick(self.unit, SPEC, *self.times()))

    def times(self):
        return self.clock.monotonic(), self.clock.now_ms()

    @property
    def acks(self):
        return [message for message in self.said if isinstance(message, Ack)]

    @property
    def reports(self):
        return [message for message in self.said if isinstance(message, Report)]

    @property
    def setting(self):
        return self.unit.setting.mode, self.unit.setting.level, self.unit.setting.source

    @property
    def shown(self):
        setting = self.reports[-1].setting
        return setting.mode, setting.level, setting.source

    def _take(self, step):
        self.unit, messages = step
        self.said += messages


def purifier_memory(unit):
    return {
        "stopped_by": unit.setting.source if unit.is_stopped else None,
        "fault": unit.fault,
        "filter_pct": unit.filter_pct,
    }
