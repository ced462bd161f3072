"""From the level of a zone to the level of each of its purifiers, and who may start now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.control.demand import DemandState
from api.control.priority import LATCHED, Decision
from api.control.unit import MAX_FAILURES, Unit, is_reported
from venueair.site import Purifier


@dataclass(frozen=True, slots=True)
class ZoneDemand:
    """What a zone wants; `level` counts in the zone's own levels, 0..top_level."""

    level: int
    top_level: int
    degraded: bool
    why: str


def top_level(purifier: Purifier) -> int:
    return len(purifier.levels) - 1


def zone_top_level(purifiers: Iterable[Purifier]) -> int:
    return max((top_level(purifier) for purifier in purifiers), default=0)


def zone_demand(states: Iterable[DemandState], top: int) -> ZoneDemand | None:
    """The largest demand of a zone's targets wins; None for a zone without a target."""
    by_level = sorted(states, key=lambda state: state.level)
    if not by_level:
        return None
    worst = by_level[-1]
    return ZoneDemand(worst.level, top, any(state.degraded for state in by_level), worst.why)


def unit_level(zone: ZoneDemand, purifier: Purifier) -> int:
    """Every purifier takes the zone's level; one with fewer levels the next higher fraction of its own."""
    if zone.top_level == 0:
        return 0
    return -(-zone.level * top_level(purifier) // zone.top_level)


def zone_level(level: int, purifier: Purifier, zone_top: int) -> int:
    """The lowest zone level at which the purifier has `level`; the inverse of unit_level."""
    return 0 if level == 0 else (level - 1) * zone_top // top_level(purifier) + 1


def start_wait_s(last_start_s: Mapping[str, float], venue: str, now_s: float, stagger_s: float) -> float:
    """Seconds until a fan of the venue may start: starts are staggered to spare the mains."""
    last_s = last_start_s.get(venue)
    return 0.0 if last_s is None else max(0.0, last_s + stagger_s - now_s)


def wait_reason(unit: Unit, decision: Decision, now_s: float, start_wait_s: float) -> str | None:
    """Why a wanted command is not sent now; None when it may be or none is wanted."""
    if not decision.acts or unit.pending is not None or unit.reported is None:
        return None
    if is_reported(decision, unit.reported):
        return None
    is_latched = decision.slot in LATCHED  # is never given up, and what undoes it is undone at once
    if unit.failures >= MAX_FAILURES and not is_latched:
        ended = unit.last.state if unit.last is not None else "unknown"
        return (
            f"gave up after {unit.failures} failed commands, the last {ended}: see to the unit, order again"
        )
    target = (decision.mode, decision.level)
    is_repeat = not is_latched and unit.last is not None and (unit.last.mode, unit.last.level) == target
    if now_s < unit.retry_at_s and (is_repeat or unit.failures > 0):
        return f"next try in {unit.retry_at_s - now_s:.0f} s"
    if decision.mode == "run" and unit.fan is not None and not unit.fan.is_running and start_wait_s > 0:
        return f"starts are staggered: {start_wait_s:.0f} s"
    return None
