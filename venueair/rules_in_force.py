"""Which rule holds where: built-in < site < venue < hall < zone; the narrower place wins, by id. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from venueair.built_in_rules import built_in_rules
from venueair.rules import Rule
from venueair.settings import Settings
from venueair.site import Sensor, Site


@dataclass(frozen=True, slots=True)
class InForce:
    """A rule with what it watches: a zone (`scope` == `zone`) or one device in it. One alarm each."""

    rule: Rule
    zone: str
    scope: str

    @property
    def key(self) -> str:
        """Names the alarm, over restarts and changed settings."""
        return f"{self.rule.id}/{self.scope}"


def in_force(rules: Sequence[Rule], site: Site, built_in: Sequence[Rule] = ()) -> tuple[InForce, ...]:
    """In the order of zones, then of rules; of rules of one id and one place the last one holds.

    A rule of each device stands for every sensor of the zone that may measure its quantity: what a wired
    model measures is known to the gateway, not to the settings.
    """
    found: dict[str, dict[str, Rule]] = {zone.id: {} for zone in site.zones}
    sensors: dict[str, list[Sensor]] = {zone.id: [] for zone in site.zones}
    for sensor in site.sensors:
        sensors[sensor.zone].append(sensor)
    for layer in (built_in, rules):
        for rule in sorted(layer, key=lambda rule: rule.narrowness):
            for zone in _zones(rule, site):
                found[zone][rule.id] = rule
    return tuple(
        InForce(rule, zone, scope)
        for zone, rules_here in found.items()
        for rule in rules_here.values()
        if not rule.off
        for scope in _scopes(rule, zone, sensors[zone])
    )


def rules_of(settings: Settings, on: date) -> tuple[InForce, ...]:
    """All that holds at this site on a day: limits of the law change by date."""
    ours = built_in_rules(settings.site, on) if settings.rules.built_in else ()
    return in_force(settings.rule, settings.site, ours)


def _zones(rule: Rule, site: Site) -> Iterator[str]:
    for zone in site.zones:
        if rule.zones:
            is_meant = zone.id in rule.zones
        elif not rule.off and zone.outdoor != rule.outdoor:
            is_meant = False
        else:
            is_meant = (rule.hall or zone.hall) == zone.hall and (
                rule.venue is None or rule.venue == site.venue_of_zone(zone.id)
            )
        if is_meant:
            yield zone.id


def _scopes(rule: Rule, zone: str, sensors: Iterable[Sensor]) -> Iterator[str]:
    if rule.each == "zone":
        yield zone
        return
    for sensor in sensors:
        if not sensor.quantities or rule.quantity in sensor.quantities:
            yield sensor.id
