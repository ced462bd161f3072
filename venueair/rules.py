"""What counts as too much (rules, with a ladder of levels) and what control aims at (targets)."""

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from venueair.site import Id, Name, Part, Positive, QuantityName

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Level(Part):
    """Active when above `limit` for `on_delay_s`; over when below `limit - deadband` for `off_delay_s`."""

    limit: Finite
    deadband: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    on_delay_s: Seconds = 0
    off_delay_s: Seconds = 0


class Rule(Part):
    """One alarm per rule and scope; levels 1..3 are notice, warning, urgent (주의, 경고, 긴급).

    It watches the zone's value, the 1-min mean. A rule without an action is a notice.
    """

    id: Id
    quantity: QuantityName
    zones: tuple[Id, ...] = ()  # none: every zone
    levels: tuple[Level, ...] = Field(min_length=1, max_length=3)
    priority: Literal["low", "medium", "high"] = "medium"
    cause: Name | None = None
    consequence: Name | None = None
    action: Name | None = None

    @field_validator("levels")
    @classmethod
    def _rising(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        limits = [level.limit for level in levels]
        if limits != sorted(set(limits)):
            raise ValueError("the limits must rise from level to level")
        return levels

    def covers(self, zone: str) -> bool:
        return not self.zones or zone in self.zones


# What a particle filter takes out of the air; gases need fresh air, and a fan would only stir them.
REMOVABLE: Final = frozenset(
    {"pm1", "pm2_5", "pm4", "pm10", "n0_3", "n0_5", "n1", "n2_5", "n4", "n5", "n10"},
)


class Target(Part):
    """One level up per `up_for_s` above `up_above`, one down per `down_for_s` below `down_below`."""

    zone: Id
    quantity: QuantityName
    up_above: Finite
    up_for_s: Seconds = 60
    down_below: Finite
    down_for_s: Seconds = 300

    @field_validator("quantity")
    @classmethod
    def _removable(cls, quantity: str) -> str:
        if quantity not in REMOVABLE:
            raise ValueError(
                f"a purifier cannot remove {quantity}: only {', '.join(sorted(REMOVABLE))} can drive"
                " purifiers, gases need fresh air"
            )
        return quantity

    @field_validator("down_below")
    @classmethod
    def _hysteresis(cls, value: float, info: ValidationInfo) -> float:
        above = info.data.get("up_above")
        if above is not None and value >= above:
            raise ValueError("must be below up_above, or the fans would hunt")
        return value


class ControlSettings(Part):
    """Timings of control, in hall seconds; the start values are docs/control.md's."""

    targets: tuple[Target, ...] = ()
    min_on_s: Seconds = 300
    min_off_s: Seconds = 180
    stagger_s: Seconds = 10
    ttl_s: Positive = 60
    lease_s: Positive = 120
    renew_s: Positive = 30
    hold_stale_s: Seconds = 300
    stale_after_s: Positive = 120
    local_hold_s: Seconds = 7200
