"""Suspected smoke: automation goes no higher in its hall until the alarm is over. Pure.

More air feeds a fire and spreads its smoke; less air may be wrong, too. So what runs goes on as it is, and
people decide: their orders are not held back. venueair is no fire detector: fire stop is wired.
"""

from dataclasses import replace
from typing import Final

from api.control.priority import Decision
from venueair.messages import PurifierState
from venueair.site import Site

RULES: Final = frozenset({"smoke-level", "smoke-rise"})
_AUTOMATION: Final = frozenset({"automatic", "degraded", "minimum"})


class Smoke:
    """Which alarms of smoke stand, by the zone or device that raised them. Not thread-safe."""

    def __init__(self) -> None:
        self._standing: dict[str, set[str]] = {}  # scope -> rules

    def on_alarm(self, rule: str, scope: str, *, stands: bool) -> None:
        """Of any rule; only those of smoke count."""
        if rule not in RULES:
            return
        rules = self._standing.setdefault(scope, set())
        if stands:
            rules.add(rule)
        else:
            rules.discard(rule)

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(scope for scope, rules in self._standing.items() if rules)

    def suspects(self, site: Site, hall: str) -> str:
        """The zone or sensor that suspects smoke in this hall; empty: none does."""
        for scope in self.scopes:
            sensor = site.sensor.get(scope)
            zone = site.zone.get(sensor.zone if sensor else scope)
            if zone is not None and zone.hall == hall:
                return scope
        return ""


def no_higher(decision: Decision, reported: PurifierState | None, scope: str) -> Decision:
    """What automation wants, at most at the level that the unit has. `scope` suspects the smoke."""
    if reported is None or decision.slot not in _AUTOMATION or decision.level is None:
        return decision
    level = reported.level if reported.mode == "run" else 0
    if decision.mode != "run" or decision.level <= level:
        return decision
    why = (
        f"suspected smoke at {scope}: no higher than level {level} until somebody has looked; {decision.why}"
    )
    return replace(decision, mode="run" if level else "idle", level=level, why=why)
