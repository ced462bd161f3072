"""Life of one command: CREATED -> SENT -> ACCEPTED | REJECTED -> APPLIED; forward only.

| ends as    | meaning                                                                          |
|------------|----------------------------------------------------------------------------------|
| APPLIED    | acknowledged or reported as applied before the deadline                          |
| REJECTED   | the unit refused; its reason is in the history                                   |
| EXPIRED    | never sent before the deadline                                                   |
| TIMED_OUT  | sent, and no answer before the deadline or a reboot: unknown, ask what is reported |
| SUPERSEDED | something newer was wanted                                                       |
| DIVERGED   | accepted or even acknowledged as applied, but the unit reports something else    |

The deadline is kept twice: in wall time for the unit and for a restart, in monotonic time for us.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from api.control.priority import Mode
from venueair.messages import Ack, PurifierState


class State(StrEnum):
    CREATED = "CREATED"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    TIMED_OUT = "TIMED_OUT"
    SUPERSEDED = "SUPERSEDED"
    DIVERGED = "DIVERGED"


_ENDS: Final = frozenset({State.TIMED_OUT, State.SUPERSEDED, State.DIVERGED})
NEXT: Final[dict[State, frozenset[State]]] = {
    State.CREATED: frozenset({State.SENT, State.EXPIRED, State.SUPERSEDED}),
    State.SENT: frozenset({State.ACCEPTED, State.REJECTED, State.APPLIED}) | _ENDS,
    State.ACCEPTED: frozenset({State.REJECTED, State.APPLIED}) | _ENDS,
    State.APPLIED: frozenset({State.DIVERGED}),
}
OPEN: Final = frozenset({State.CREATED, State.SENT, State.ACCEPTED})
RETRY_FRACTION: Final = 0.25  # of the ttl between two sends of one command


@dataclass(frozen=True, slots=True)
class Tracked:
    """A command and what became of it.

    Times in ms are wall time, in s monotonic. `history` holds (state, ms, note). `toggles`: it starts or
    stops the fan. `is_confirmed`: the unit has reported what was commanded; `is_closed`: nobody waits for
    that any more.
    """

    id: str
    venue: str
    purifier: str
    session: str
    mode: Mode
    level: int
    release: bool
    reason: str
    issued_by: str
    created_ms: int
    deadline_ms: int
    deadline_s: float
    state: State = State.CREATED
    history: tuple[tuple[str, int, str], ...] = ()
    sent_s: float | None = None
    toggles: bool = False
    is_confirmed: bool = False
    is_closed: bool = False

    @property
    def is_open(self) -> bool:
        """In flight: an answer may still come, or APPLIED is acknowledged and not yet seen."""
        is_unseen = not (self.is_confirmed or self.is_closed)
        return self.state in OPEN or (self.state is State.APPLIED and is_unseen)


def moved(command: Tracked, state: State, now_ms: int, note: str = "") -> Tracked:
    """One step forward; raises ValueError for a step that the life of a command does not have."""
    if state not in NEXT.get(command.state, frozenset()):
        raise ValueError(f"command {command.id} cannot go from {command.state} to {state}")
    return replace(command, state=state, history=(*command.history, (state.value, now_ms, note)))


def is_as_commanded(command: Tracked, reported: PurifierState) -> bool:
    return reported.mode == command.mode and (command.mode != "run" or reported.level == command.level)


def on_sent(command: Tracked, now_s: float, now_ms: int) -> Tracked:
    sent = replace(command, sent_s=now_s)
    return moved(sent, State.SENT, now_ms) if command.state is State.CREATED else sent


def is_send_due(command: Tracked, ttl_s: float, now_s: float) -> bool:
    """Not sent yet, or sent and unanswered for a quarter of its ttl; never at or after the deadline."""
    if now_s >= command.deadline_s or command.state not in (State.CREATED, State.SENT):
        return False
    return command.sent_s is None or now_s - command.sent_s >= RETRY_FRACTION * ttl_s


def on_ack(command: Tracked, ack: Ack, now_s: float, now_ms: int) -> tuple[Tracked, str | None]:
    """The command after an ack for its id, and what was wrong with the ack: late, duplicate, unexpected."""
    state = State[ack.result.upper()]
    is_repeat = state is command.state or (state, command.state) == (State.ACCEPTED, State.APPLIED)
    if is_repeat:
        return command, "duplicate"
    if now_s >= command.deadline_s or not command.is_open:
        return command, "late"
    if state not in NEXT.get(command.state, frozenset()):
        return command, "unexpected"
    return moved(command, state, now_ms, ack.reason or ""), None


def on_report(command: Tracked, reported: PurifierState, now_s: float, now_ms: int) -> Tracked:
    """A live report of the same session: confirms, or stands for an `applied` that was lost on its way."""
    if now_s >= command.deadline_s or not is_as_commanded(command, reported):
        return command
    is_ours = reported.command == command.id
    if command.state is State.APPLIED or (command.state is State.ACCEPTED and reported.source == "remote"):
        is_ours = True
    if not is_ours or command.state not in (State.SENT, State.ACCEPTED, State.APPLIED):
        return command
    confirmed = replace(command, is_confirmed=True)
    if command.state is State.APPLIED:
        return confirmed
    return moved(confirmed, State.APPLIED, now_ms, "reported by the unit")


def on_time(command: Tracked, reported: PurifierState | None, now_s: float, now_ms: int) -> Tracked:
    """What the deadline makes of it; unchanged before."""
    if now_s < command.deadline_s or not command.is_open:
        return command
    if command.state is State.CREATED:
        return moved(command, State.EXPIRED, now_ms, "could not be sent in time")
    if command.state is State.SENT:
        return moved(command, State.TIMED_OUT, now_ms, "no answer: unknown whether it acted")
    if reported is not None and is_as_commanded(command, reported) and command.state is State.APPLIED:
        return replace(command, is_confirmed=True)
    said = "nothing" if reported is None else f"{reported.mode} {reported.level}"
    return moved(command, State.DIVERGED, now_ms, f"the unit reports {said}")


def on_reboot(command: Tracked, now_ms: int) -> Tracked:
    """A new session voids what was under way; it is never sent again."""
    if command.state is State.CREATED:
        return moved(command, State.EXPIRED, now_ms, "the unit has a new session")
    if command.state in OPEN:
        return moved(command, State.TIMED_OUT, now_ms, "the unit has a new session: unknown whether it acted")
    return replace(command, is_closed=True)


def superseded(command: Tracked, now_ms: int, note: str) -> Tracked:
    if command.state in OPEN:
        return moved(command, State.SUPERSEDED, now_ms, note)
    return replace(command, is_closed=True)
