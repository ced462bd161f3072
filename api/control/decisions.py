"""From zone values and what is known of a unit to what that unit should do now."""

from typing import Final

from api.control.demand import DemandState, Sample, adopt, step
from api.control.dispatch import ZoneDemand, unit_level, zone_demand, zone_level, zone_top_level
from api.control.hall_stops import HallStop
from api.control.maintenance import MaintenanceLock
from api.control.overrides import Override
from api.control.priority import Decision, Situation, Wish, decide
from api.control.unit import Unit, is_online, is_running
from venueair.messages import Live, PurifierState
from venueair.rules import ControlSettings
from venueair.site import Purifier, Site

CONTINUED: Final = frozenset({"remote", "lease_lost"})  # sources of a level that came from control


class Decisions:
    """Keeps the demand of every target. Not thread-safe."""

    def __init__(self, site: Site, control: ControlSettings) -> None:
        self._site = site
        self._control = control
        self._top = {zone.id: zone_top_level(site.purifiers_in(zone.id)) for zone in site.zones}
        self._index: dict[str, list[int]] = {}
        for position, target in enumerate(control.targets):
            self._index.setdefault(f"{target.zone} {target.quantity}", []).append(position)
        self._states: list[DemandState | None] = [None] * len(control.targets)

    def tick(self, now_s: float) -> None:
        for position in range(len(self._states)):
            self._step(position, None, now_s)

    def on_live(self, live: Live, now_s: float, now_ms: int) -> None:
        columns = zip(live.series, live.t, live.value, live.flag, strict=False)
        for series, t_ms, value, flag in columns:
            for position in self._index.get(series, ()):
                self._step(position, Sample(t_ms, value, flag, (now_ms - t_ms) / 1000), now_s)

    def adopt(self, purifier: Purifier, state: PurifierState, now_s: float) -> None:
        """The first report after our start: what runs by our word does so until demand says otherwise."""
        if not is_running(state) or state.source not in CONTINUED:
            return
        for position, target in enumerate(self._control.targets):
            if target.zone == purifier.zone:
                before = self._states[position] or DemandState(lost_s=now_s)
                top = self._top[target.zone]
                self._states[position] = adopt(before, zone_level(state.level, purifier, top), top)

    def demand(self, zone: str) -> ZoneDemand | None:
        """None for a zone without a target."""
        states = [
            state or DemandState(lost_s=None)
            for target, state in zip(self._control.targets, self._states, strict=True)
            if target.zone == zone
        ]
        return zone_demand(states, self._top[zone])

    def decide(
        self,
        purifier: Purifier,
        unit: Unit,
        override: Override | None,
        stop: HallStop | None,
        now_s: float,
        now_ms: int,
        *,
        is_advice_only: bool,
        lock: MaintenanceLock | None = None,
    ) -> Decision:
        """`override` and `lock` are the purifier's newest and `stop` its hall's, also when they are over."""
        if unit.reported is None or unit.fan is None:
            return Decision("unknown", "nothing heard of the unit yet: no commands")
        if not is_online(unit, now_s):
            return Decision("offline", "the unit is offline: no commands; check its power and network")
        is_over = override is not None and not override.is_active(now_ms)
        # What the unit does now was ordered by an override that is over, and by nothing since.
        is_left_over = (
            override is not None
            and is_over
            and unit.reported.source == "remote"
            and override.has_issued(unit.reported.command)
        )
        released_why = _let_go(stop, unit.reported) or _let_go(lock, unit.reported)
        if released_why is None and unit.released_by is not None and now_s < unit.released_until_s:
            released_why = f"released by {unit.released_by}"
        elif released_why is None and is_left_over and override is not None and override.mode == "stopped":
            released_why = f"the stop by {override.by} ended"
        demand = self.demand(purifier.zone)
        default = None
        if released_why is not None or is_left_over:
            default = Wish("idle", 0, released_why or "the override ended")
        situation = Situation(
            reported=unit.reported,
            level_now=unit.pending.level if unit.pending is not None else unit.reported.level,
            fan=unit.fan,
            now_s=now_s,
            local_since_s=unit.local_since_s,
            safety=_must_stand_still(stop),
            override=None if is_over else _override_wish(override),
            released_why=released_why,
            automatic=_automatic_wish(demand, purifier),
            is_degraded=demand is not None and demand.degraded,
            is_advice_only=is_advice_only,
            default=default,
            maintenance=_in_maintenance(lock),
        )
        return decide(situation, self._control)

    def _step(self, position: int, sample: Sample | None, now_s: float) -> None:
        target = self._control.targets[position]
        before = self._states[position] or DemandState(lost_s=now_s)
        top = self._top[target.zone]
        self._states[position] = step(before, sample, now_s, target, self._control, top)


def _must_stand_still(stop: HallStop | None) -> str | None:
    if stop is None or not stop.is_in_force:
        return None
    return f"the whole hall is stopped by {stop.by}: {stop.reason}"


def _in_maintenance(lock: MaintenanceLock | None) -> str | None:
    if lock is None or not lock.is_in_force:
        return None
    return f"in maintenance by {lock.by}: {lock.reason}"


def _let_go(latch: HallStop | MaintenanceLock | None, reported: PurifierState) -> str | None:
    """Why what this latch itself had stopped may leave that state; None: it may not, or stands otherwise."""
    if latch is None or latch.is_in_force or (reported.mode, reported.source) != ("stopped", "remote"):
        return None
    return latch.why_released if latch.has_issued(reported.command) else None


def _override_wish(override: Override | None) -> Wish | None:
    if override is None:
        return None
    return Wish(override.mode, override.level, f"{override.by}: {override.reason}")


def _automatic_wish(demand: ZoneDemand | None, purifier: Purifier) -> Wish | None:
    if demand is None:
        return None
    level = unit_level(demand, purifier)
    return Wish("run" if level else "idle", level, demand.why)
