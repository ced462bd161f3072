"""The rules in force as the API asks for them: by alarm, by value, and as a list."""

from dataclasses import dataclass
from datetime import date

from venueair.rules import Rule
from venueair.rules_in_force import rules_of
from venueair.settings import Settings


@dataclass(slots=True)
class Placed:
    """A rule, the zones that it holds in, and what has an alarm of its own there (zones or devices)."""

    rule: Rule
    zones: list[str]
    scopes: list[str]


class Rulebook:
    """Of one day: limits of the law change by date."""

    def __init__(self, settings: Settings, on: date) -> None:
        own = {rule.id for rule in settings.rule}
        placed: dict[int, Placed] = {}
        self._by_id: dict[str, Rule] = {}
        self._by_scope: dict[tuple[str, str], Rule] = {}
        self._by_value: dict[tuple[str, str], Rule] = {}
        for each in rules_of(settings, on):
            rule, value = each.rule, (each.zone, each.rule.quantity)
            self._by_id.setdefault(rule.id, rule)
            self._by_scope[rule.id, each.scope] = rule
            if rule.family == "operating" and rule.each == "zone" and rule.direction == "above":
                known = self._by_value.get(value)
                if known is None or (rule.id in own and known.id not in own):
                    self._by_value[value] = rule
            here = placed.setdefault(id(rule), Placed(rule, [], []))
            here.scopes.append(each.scope)
            if each.zone not in here.zones:
                here.zones.append(each.zone)
        self.placed = tuple(placed.values())

    def of_alarm(self, rule: str, scope: str) -> Rule | None:
        """The rule as it holds there now, else as it holds elsewhere; None for one that is gone."""
        return self._by_scope.get((rule, scope)) or self._by_id.get(rule)

    def of_value(self, zone: str | None, quantity: str) -> Rule | None:
        """The operating rule that a value is shown against: the site's own before a built-in one."""
        return None if zone is None else self._by_value.get((zone, quantity))
