"""What is known of one purifier: what it reported, whether it is there, its fan's history, its failures.

A retained state is what the unit said last, perhaps before a reboot that the broker has not noticed. Its
session may be used all the same once the unit's retained status says online: the unit compares the nonce
itself, so a command for a dead session is refused or never read, and ends REJECTED or TIMED_OUT. After that
refusal the session counts as unknown until a live state brings a new one. What the retained state says of a
stop is believed at once, because believing it can only keep the unit from being started. A unit that is
silent for three of its reports is not there, whatever its status says: brokers may lose a last will.
"""

from dataclasses import dataclass, replace
from typing import Final

from api.control.command import State, Tracked
from api.control.priority import HOUR_S, LATCHED, Decision, Fan
from venueair.messages import PurifierState

REPORT_S: Final = 60.0  # a unit reports at least this often, docs/messages.md
SILENT_S: Final = 3 * REPORT_S
MAX_FAILURES: Final = 5
BACKOFF_S: Final = (30.0, 480.0)


@dataclass(frozen=True, slots=True)
class Unit:
    """Times in s are monotonic. `session` None: unknown or refused; `said_online` None: no status yet.

    `pending` is the command under way, `last` the newest one; `fan_before` is the fan before `pending`.
    A person's release, by `released_by`, is good until `released_until_s`. `starts_before`: those of the hour
    before our start.
    """

    reported: PurifierState | None = None
    reported_ms: int | None = None
    session: str | None = None
    is_live: bool = False
    said_online: bool | None = None
    seen_s: float = 0.0
    fan: Fan | None = None
    fan_before: Fan | None = None
    local_since_s: float | None = None
    pending: Tracked | None = None
    last: Tracked | None = None
    failures: int = 0
    retry_at_s: float = 0.0
    released_by: str | None = None
    released_until_s: float = 0.0
    starts_before: tuple[float, ...] = ()


def is_online(unit: Unit, now_s: float) -> bool:
    if unit.reported is None or unit.said_online is False:
        return False
    has_proof = unit.is_live or unit.said_online is True
    return has_proof and now_s - unit.seen_s < SILENT_S


def is_running(state: PurifierState) -> bool:
    return state.mode == "run" and state.level > 0


def is_reported(decision: Decision, state: PurifierState) -> bool:
    return state.mode == decision.mode and (decision.mode != "run" or state.level == decision.level)


def on_status(unit: Unit, is_there: bool, now_s: float) -> Unit:
    if is_there:
        return replace(unit, said_online=True, seen_s=now_s)
    return replace(unit, said_online=False, is_live=False)


def on_state(unit: Unit, state: PurifierState, retained: bool, now_s: float) -> Unit:
    """`pending` is the caller's: it was already moved on or voided by this state."""
    has_rebooted = unit.reported is not None and state.session != unit.reported.session
    is_refused = retained and unit.reported is not None and unit.session is None and not has_rebooted
    known = replace(
        unit,
        reported=state,
        reported_ms=state.t,
        session=None if is_refused else state.session,
        fan=_fan(unit, state, now_s),
        local_since_s=_local_since(unit, state, now_s),
        released_by=unit.released_by if state.mode == "stopped" else None,
    )
    if has_rebooted:
        known = replace(known, failures=0, retry_at_s=now_s)
    if retained:
        # Being told again what we know is no sign of life; the first time starts the time to show one.
        return replace(known, seen_s=now_s if unit.reported is None else unit.seen_s)
    return replace(known, is_live=True, said_online=True, seen_s=now_s)


def _fan(unit: Unit, state: PurifierState, now_s: float) -> Fan:
    """A first report counts as a change just now: what was before our start is unknown."""
    runs = is_running(state)
    if unit.fan is None:
        return Fan(runs, now_s, unit.starts_before)
    pending = unit.pending
    is_toggling = pending is not None and pending.toggles and pending.is_open
    if runs == unit.fan.is_running:
        return unit.fan
    if is_toggling and state.source != "local":
        return unit.fan  # still as before: the command that we count already has not acted yet
    return _switched(unit.fan, runs, now_s)


def _switched(fan: Fan | None, runs: bool, now_s: float) -> Fan:
    """The fan as it turns from now on; the start of one that is running only was later than thought."""
    before = () if fan is None else fan.starts
    if runs:
        is_known = fan is not None and fan.is_running
        before = (*(before[:-1] if is_known else before), now_s)
    return Fan(runs, now_s, tuple(start_s for start_s in before if now_s - start_s < HOUR_S))


def _local_since(unit: Unit, state: PurifierState, now_s: float) -> float | None:
    if state.source != "local":
        return None
    before = unit.reported
    is_same_press = (
        before is not None
        and before.source == "local"
        and (before.mode, before.level)
        == (
            state.mode,
            state.level,
        )
    )
    return unit.local_since_s if is_same_press else now_s


def on_command_started(unit: Unit, command: Tracked, now_s: float) -> Unit:
    """A fan counts as switched from the moment that the order to do so may leave."""
    runs = command.mode == "run"
    fan = unit.fan if unit.fan is not None and unit.fan.is_running == runs else None
    fan = fan or _switched(unit.fan, runs, now_s)
    return replace(unit, pending=command, last=command, fan=fan, fan_before=unit.fan)


def on_command_moved(unit: Unit, command: Tracked, now_s: float) -> Unit:
    """Takes over what became of the command under way and learns from how it ended."""
    runs = unit.reported is not None and is_running(unit.reported)
    if command.is_open:
        return replace(unit, pending=command, last=command)
    ended = replace(unit, pending=None, last=command)
    if command.state is State.APPLIED and command.is_confirmed:
        # The fan may have turned as late as now, not when the command left.
        fan = _switched(unit.fan, command.mode == "run", now_s) if command.toggles else unit.fan
        return replace(ended, fan=fan, failures=0, retry_at_s=now_s + BACKOFF_S[0])
    if unit.fan is not None and runs != unit.fan.is_running:
        has_not_acted = command.state in (State.REJECTED, State.EXPIRED)
        before = unit.fan_before if has_not_acted else None
        ended = replace(
            ended, fan=before if before and before.is_running == runs else _switched(unit.fan, runs, now_s)
        )
    if command.state in (State.SUPERSEDED, State.APPLIED):
        return ended
    if command.state is State.REJECTED and command.history[-1][2] == "session":
        ended = replace(ended, session=None)
    failures = unit.failures + 1
    is_latched = command.history[0][2] in LATCHED
    wait_s = BACKOFF_S[0] if is_latched else min(BACKOFF_S[1], BACKOFF_S[0] * 2.0 ** (failures - 1))
    return replace(ended, failures=failures, retry_at_s=now_s + wait_s)
