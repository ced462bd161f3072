"""Demand for clean air: the level a zone needs for one target, by hysteresis with delays.

Delays run in event time (the `t` of the zone's values), so that late delivery changes nothing; the age of the
newest value runs on monotonic time, so that a jump of the wall clock changes nothing either. Missing data is
never clean air: without a usable value the level is held, then the zone is degraded to its safe level.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from venueair.block import Flag
from venueair.rules import ControlSettings, Target

AHEAD_S: Final = 60.0  # a value further in the future has a wrong clock


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a zone; `age_s` is arrival minus `t`, `flag` a venueair.block.Flag code."""

    t_ms: int
    value: float | None
    flag: int
    age_s: float


@dataclass(frozen=True, slots=True)
class DemandState:
    """`level` 0..top. `heard_s` is `t_ms` on the monotonic scale; `lost_s` since when no value is usable."""

    lost_s: float | None
    level: int = 0
    degraded: bool = False
    t_ms: int | None = None
    heard_s: float = 0.0
    above_since_ms: int | None = None
    below_since_ms: int | None = None
    why: str = "no value yet"


def safe_level(top_level: int) -> int:
    """The middle level: 2 of 0..3."""
    return (top_level + 1) // 2


def adopt(state: DemandState, level: int, top_level: int) -> DemandState:
    """Goes on from a level that a unit already runs at, instead of dropping it after a restart."""
    level = min(level, top_level)
    if level <= state.level:
        return state
    return replace(state, level=level, why=f"continued at level {level}, as reported")


def step(
    state: DemandState,
    sample: Sample | None,
    now_s: float,
    target: Target,
    control: ControlSettings,
    top_level: int,
) -> DemandState:
    """The next state; `now_s` is monotonic, `sample` None when only time has passed."""
    if sample is not None:
        state = _on_sample(state, sample, now_s, target, control, top_level)
    if state.lost_s is None and now_s - state.heard_s > control.stale_after_s:
        state = replace(
            state,
            lost_s=state.heard_s + control.stale_after_s,
            above_since_ms=None,
            below_since_ms=None,
        )
    lost_s = state.lost_s
    if lost_s is not None and not state.degraded and now_s - lost_s >= control.hold_stale_s:
        level = safe_level(top_level)
        name = f"{target.zone} {target.quantity}"
        why = f"{name}: no usable value for {now_s - lost_s:.0f} s: control degraded, safe level {level}"
        return replace(state, level=level, degraded=True, why=why)
    return state


def _on_sample(
    state: DemandState,
    sample: Sample,
    now_s: float,
    target: Target,
    control: ControlSettings,
    top_level: int,
) -> DemandState:
    if not -AHEAD_S <= sample.age_s <= control.stale_after_s:
        return state
    heard_s = now_s - max(0.0, sample.age_s)
    # Older than the newest is ignored, unless nothing newer came for so long that the clock must have
    # been set back: else a step of an hour would blind control for an hour.
    if (
        state.t_ms is not None
        and sample.t_ms <= state.t_ms
        and now_s - state.heard_s <= control.stale_after_s
    ):
        return state
    fresh = replace(state, t_ms=sample.t_ms, heard_s=heard_s)
    if sample.value is None or math.isnan(sample.value) or sample.flag not in (Flag.GOOD, Flag.SUSPECT):
        lost_s = heard_s if state.lost_s is None else state.lost_s
        return replace(fresh, lost_s=lost_s, above_since_ms=None, below_since_ms=None)
    gap_ms = 0 if state.t_ms is None else sample.t_ms - state.t_ms
    had_gap = state.lost_s is not None or not 0 <= gap_ms <= control.stale_after_s * 1000
    above, below = (None, None) if had_gap else (state.above_since_ms, state.below_since_ms)
    fresh = replace(
        fresh,
        lost_s=None,
        degraded=False,
        above_since_ms=(sample.t_ms if above is None else above) if sample.value > target.up_above else None,
        below_since_ms=(sample.t_ms if below is None else below)
        if sample.value < target.down_below
        else None,
    )
    if state.degraded or state.t_ms is None:
        why = f"{target.zone} {target.quantity} {sample.value:.1f}: level {fresh.level}"
        fresh = replace(fresh, why=why)
    return _on_level(fresh, sample.value, target, top_level)


def _on_level(state: DemandState, value: float, target: Target, top_level: int) -> DemandState:
    """At most one level; the delay starts over after each."""
    name = f"{target.zone} {target.quantity} {value:.1f}"
    t_ms = state.t_ms or 0
    if (
        state.above_since_ms is not None
        and state.level < top_level
        and t_ms - state.above_since_ms >= target.up_for_s * 1000
    ):
        level = state.level + 1
        why = f"{name} > {target.up_above:g} for {target.up_for_s:g} s: level {state.level} -> {level}"
        return replace(state, level=level, above_since_ms=t_ms, why=why)
    if (
        state.below_since_ms is not None
        and state.level > 0
        and t_ms - state.below_since_ms >= target.down_for_s * 1000
    ):
        level = state.level - 1
        why = f"{name} < {target.down_below:g} for {target.down_for_s:g} s: level {state.level} -> {level}"
        return replace(state, level=level, below_since_ms=t_ms, why=why)
    return state
