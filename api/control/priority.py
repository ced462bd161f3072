"""Who decides what a purifier does now: slots, the highest wins.

safety (its hall is stopped) > maintenance lock > minimum on/off time > local button > operator override >
automatic > default.
Above all of them stands that a stopped unit is started by nobody but a person: no slot yields a command for
it unless it was released. Safety and maintenance do not wait for minimum times, and act in zones that only
advise, too.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from venueair.messages import PurifierState
from venueair.rules import ControlSettings

Mode = Literal["run", "idle", "stopped"]
HOUR_S: Final = 3600.0
# A person's latched word that the unit must stand still: at once, and tried for as long as it does not.
LATCHED: Final = frozenset({"safety", "maintenance"})


class Slot(IntEnum):
    """Smaller wins, as in the BACnet priority array (ANSI/ASHRAE 135, clause 19), whose numbers these are."""

    SAFETY = 1
    MAINTENANCE = 3
    MINIMUM = 6
    LOCAL = 7
    OVERRIDE = 8
    AUTOMATIC = 15
    DEFAULT = 16


@dataclass(frozen=True, slots=True)
class Wish:
    mode: Mode
    level: int
    why: str


@dataclass(frozen=True, slots=True)
class Fan:
    """Whether the fan turns, as commanded or reported, and since when at the least (monotonic s).

    `starts`: when it was started in the last hour, by whomever, the newest last.
    """

    is_running: bool
    since_s: float
    starts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides. `level_now` is that of the command on its way, else the reported one.

    `safety` and `maintenance` say why the unit must stand still, whatever else is wanted; None: nothing asks
    for that.
    `local_since_s` is when the unit's own button was last seen pressed; None when it does not hold.
    `released_why` says why a stopped unit may leave that state: a person released it, or our own stop ended.
    """

    reported: PurifierState
    level_now: int
    fan: Fan
    now_s: float
    local_since_s: float | None
    safety: str | None
    override: Wish | None
    released_why: str | None
    automatic: Wish | None
    is_degraded: bool
    is_advice_only: bool
    default: Wish | None
    maintenance: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`mode` None: leave the unit alone. Only with `acts` may a command be sent; else it is advice."""

    slot: str
    why: str
    mode: Mode | None = None
    level: int | None = None
    acts: bool = False
    release: bool = False


def decide(now: Situation, control: ControlSettings) -> Decision:
    if now.safety is not None:
        return Decision("safety", now.safety, "stopped", 0, acts=True)
    if now.maintenance is not None:
        return Decision("maintenance", now.maintenance, "stopped", 0, acts=True)
    if now.local_since_s is not None and now.now_s - now.local_since_s < control.local_hold_s:
        left_s = now.local_since_s + control.local_hold_s - now.now_s
        return Decision("local", f"set at the unit itself: left alone for another {left_s:.0f} s")
    slot, wish = _highest(now)
    is_stopped = now.reported.mode == "stopped"
    if is_stopped and now.released_why is None and (wish is None or wish.mode != "stopped"):
        return Decision("stopped", "the unit is stopped: only a person releases it")
    if wish is None:
        return Decision("default", "no target for this zone: left as it is")
    if slot is Slot.AUTOMATIC and now.is_advice_only:
        return Decision("advice", f"advice only: {wish.why}", wish.mode, wish.level)
    if now.reported.fault is not None and wish.mode == "run":
        return Decision("fault", f"the unit reports a fault ({now.reported.fault}): see to it at the unit")
    name = "degraded" if slot is Slot.AUTOMATIC and now.is_degraded else slot.name.lower()
    release = is_stopped and wish.mode != "stopped"
    why = f"{now.released_why}: {wish.why}" if release else wish.why
    return _at_minimum_times(
        Decision(name, why, wish.mode, wish.level, acts=True, release=release), now, control
    )


def _highest(now: Situation) -> tuple[Slot, Wish | None]:
    if now.override is not None:
        return Slot.OVERRIDE, now.override
    # Ahead of advice: what an override of ours set in motion ends with it, also where we only advise.
    if now.is_advice_only and now.default is not None:
        return Slot.DEFAULT, now.default
    if now.automatic is not None:
        return Slot.AUTOMATIC, now.automatic
    return Slot.DEFAULT, now.default


def starts_wait_s(starts: tuple[float, ...], now_s: float, most: int) -> float:
    """Seconds until a fan may start that may be started `most` times in any hour; 0: now."""
    if len(starts) < most:
        return 0.0
    return max(0.0, starts[-most] + HOUR_S - now_s)


def _at_minimum_times(decision: Decision, now: Situation, control: ControlSettings) -> Decision:
    """Holds a fan on or off until its minimum time is over, and off while it was started too often; a change
    between running levels is free."""
    wants_running = decision.mode == "run"
    if wants_running == now.fan.is_running:
        return decision
    minimum_s = control.min_on_s if now.fan.is_running else control.min_off_s
    left_s = now.fan.since_s + minimum_s - now.now_s
    if left_s <= 0:
        wait_s = starts_wait_s(now.fan.starts, now.now_s, control.max_starts_per_h)
        if not wants_running or wait_s <= 0:
            return decision
        why = f"at most {control.max_starts_per_h} starts an hour, {wait_s:.0f} s left, then: {decision.why}"
        return Decision("minimum", why, "idle", 0, acts=True, release=decision.release)
    if now.fan.is_running:
        why = f"minimum on time, {left_s:.0f} s left, then: {decision.why}"
        return Decision("minimum", why, "run", max(1, now.level_now), acts=True)
    why = f"minimum off time, {left_s:.0f} s left, then: {decision.why}"
    return Decision("minimum", why, "idle", 0, acts=True, release=decision.release)
