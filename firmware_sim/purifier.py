"""A purifier's own logic, as a state machine without I/O: fan, commands, lease, button, fault.

Each function takes a Unit and returns the next Unit with the messages to publish. `now` is monotonic seconds,
`now_ms` wall time; the unit has a clock of its own. Safety rules it keeps for itself:

- *stopped* is a latch. It survives a reboot and ends only by a command with `release` or by the button.
- A late command never acts: wrong session, retained, or `ttl_s` over since it came in or since it was given.
- A lost lease sends a unit under automatic control, also an idle one, to its preset; **never a stopped one**,
  and not one that a person runs by its button. A unit that was never granted a lease is not automatic.
- No remote command clears a fault.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

FAN_PER_S: Final = 0.15  # of full speed: a few seconds from level to level
FULL_RPM: Final = 1300
FILTER_LIFE_H: Final = 4000.0  # at full speed
CADR_OF_A_FULL_FILTER: Final = 0.7
REPORT_S: Final = 60.0
REMEMBERED: Final = 32

Mode = Literal["run", "idle", "stopped"]
Origin = Literal["remote", "local", "auto", "lease_lost"]


@dataclass(frozen=True, slots=True)
class Spec:
    """`levels` are fan speeds as fractions of full speed; level 0 stands still."""

    cadr_m3h: float
    levels: tuple[float, ...] = (0.0, 0.4, 0.7, 1.0)
    preset_level: int = 2


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    session: str
    ttl_s: float
    mode: Mode
    level: int
    t: int | None
    release: bool = False


@dataclass(frozen=True, slots=True)
class Ack:
    id: str
    result: Literal["accepted", "applied", "rejected"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    mode: Mode
    level: int
    source: Origin


@dataclass(frozen=True, slots=True)
class Report:
    """The reported state. `setting` is one that the fan has reached."""

    session: str
    setting: Setting
    t: int
    rpm: float
    filter_pct: float
    fault: str | None
    command: str | None


Message = Ack | Report


@dataclass(frozen=True, slots=True)
class Unit:
    """`setting` is what it is set to, `shown` the last setting that the fan reached (a stop: at once)."""

    setting: Setting = Setting("idle", 0, "auto")
    shown: Setting = Setting("idle", 0, "auto")
    session: str = ""
    lease_until: float | None = None
    fan: float = 0.0
    filter_pct: float = 100.0
    fault: str | None = None
    pending: str | None = None
    command: str | None = None
    answers: tuple[Ack, ...] = ()
    reported: Report | None = None
    reported_at: float = 0.0
    now: float = 0.0

    @property
    def is_stopped(self) -> bool:
        return self.setting.mode == "stopped"

    @property
    def is_automatic(self) -> bool:
        """Control holds a lease on it, and neither a stop nor a person at its button stands in between."""
        return self.lease_until is not None and not self.is_stopped and self.setting.source != "local"


Next = tuple[Unit, tuple[Message, ...]]


def boot(now: float, *, stopped_by: Origin | None, fault: str | None, filter_pct: float) -> Unit:
    """Power came: stopped when it was stopped before (`stopped_by` says by whom), else idle."""
    setting = Setting("stopped", 0, stopped_by) if stopped_by else Setting("idle", 0, "auto")
    return Unit(setting, setting, fault=fault, filter_pct=filter_pct, now=now)


def clean_air_m3h(unit: Unit, spec: Spec) -> float:
    """What the fan moves now; a loaded filter lets less through."""
    load = CADR_OF_A_FULL_FILTER + (1 - CADR_OF_A_FULL_FILTER) * unit.filter_pct / 100
    return spec.cadr_m3h * unit.fan * load


def on_connect(unit: Unit, spec: Spec, session: str, now: float, now_ms: int) -> Next:
    """A new connection with its new nonce. The lease runs on: only a renewal by this nonce extends it."""
    return _publish(replace(unit, session=session, reported=None), spec, now, now_ms)


def on_lease(unit: Unit, session: str, lease_s: float, received: float) -> Unit:
    if session != unit.session or received + lease_s <= unit.now:
        return unit
    return replace(unit, lease_until=received + lease_s)


def on_command(
    unit: Unit,
    spec: Spec,
    command: Command,
    *,
    received: float,
    now: float,
    now_ms: int,
    is_retained: bool = False,
) -> Next:
    """Accepts or rejects; `applied` follows from a tick, when the fan has the level."""
    if is_retained:  # not remembered: the same order may still come the right way
        return unit, (Ack(command.id, "rejected", "retained"),)
    known = next((answer for answer in reversed(unit.answers) if answer.id == command.id), None)
    if known is not None:
        return unit, (known,)
    reason = _why_not(unit, spec, command, received=received, now=now, now_ms=now_ms)
    if reason is not None:
        answer = Ack(command.id, "rejected", reason)
        return _remember(unit, answer), (answer,)
    answer = Ack(command.id, "accepted")
    setting = Setting(command.mode, command.level if command.mode == "run" else 0, "remote")
    unit = replace(_remember(unit, answer), setting=setting, pending=command.id)
    unit, more = _publish(unit, spec, now, now_ms)
    return unit, (answer, *more)


def on_button(unit: Unit, spec: Spec, now: float, now_ms: int) -> Next:
    """Stopped -> runs at its preset; anything else -> stopped. With a fault it stays stopped."""
    if unit.is_stopped and unit.fault is None:
        setting = Setting("run", spec.preset_level, "local")
    else:
        setting = Setting("stopped", 0, "local")
    return _publish(replace(unit, setting=setting, pending=None), spec, now, now_ms)


def on_fault(unit: Unit, spec: Spec, text: str | None, now: float, now_ms: int) -> Next:
    """A fault stops the unit; `text` None: repaired by a person at the unit, which stays stopped."""
    setting = unit.setting if text is None else Setting("stopped", 0, "auto")
    return _publish(replace(unit, fault=text, setting=setting, pending=None), spec, now, now_ms)


def tick(unit: Unit, spec: Spec, now: float, now_ms: int) -> Next:
    """Moves the fan, lets the lease run out, acknowledges what was reached, reports every 60 s."""
    dt_s = max(0.0, now - unit.now)
    target = spec.levels[unit.setting.level]
    reach = FAN_PER_S * dt_s
    fan = min(target, unit.fan + reach) if target > unit.fan else max(target, unit.fan - reach)
    worn = 100 * unit.fan * dt_s / 3600 / FILTER_LIFE_H
    unit = replace(unit, fan=fan, filter_pct=max(0.0, unit.filter_pct - worn), now=now)
    if unit.lease_until is not None and now >= unit.lease_until:
        if unit.is_automatic:
            lost = Setting("run", spec.preset_level, "lease_lost")
            unit = replace(unit, setting=lost, pending=None)
        unit = replace(unit, lease_until=None)
    return _publish(unit, spec, now, now_ms)


def _why_not(
    unit: Unit, spec: Spec, command: Command, *, received: float, now: float, now_ms: int
) -> str | None:
    if command.session != unit.session:
        return "session"
    was_given_long_ago = command.t is not None and now_ms - command.t >= command.ttl_s * 1000
    if now - received >= command.ttl_s or was_given_long_ago:
        return "expired"
    if unit.is_stopped and not command.release:
        return "stopped"
    if unit.fault is not None and command.mode != "stopped":
        return "fault"
    allowed = range(1, len(spec.levels)) if command.mode == "run" else range(1)
    # A stop is obeyed whatever level stands beside it.
    return None if command.mode == "stopped" or command.level in allowed else "unknown_level"


def _remember(unit: Unit, answer: Ack) -> Unit:
    others = tuple(old for old in unit.answers if old.id != answer.id)
    return replace(unit, answers=(*others, answer)[-REMEMBERED:])


def _publish(unit: Unit, spec: Spec, now: float, now_ms: int) -> Next:
    messages: list[Message] = []
    is_reached = unit.fan == spec.levels[unit.setting.level]
    if is_reached and unit.pending is not None:
        applied = Ack(unit.pending, "applied")
        unit = replace(_remember(unit, applied), command=unit.pending, pending=None)
        messages.append(applied)
    if is_reached or unit.is_stopped:
        unit = replace(unit, shown=unit.setting)
    report = Report(
        session=unit.session,
        setting=unit.shown,
        t=now_ms,
        rpm=round(unit.fan * FULL_RPM),
        filter_pct=round(unit.filter_pct, 1),
        fault=unit.fault,
        command=unit.command,
    )
    if unit.reported is None or now - unit.reported_at >= REPORT_S or _differs(report, unit.reported):
        unit = replace(unit, reported=report, reported_at=now)
        messages.append(report)
    return unit, tuple(messages)


def _differs(a: Report, b: Report) -> bool:
    return (a.session, a.setting, a.fault, a.command) != (b.session, b.setting, b.fault, b.command)
