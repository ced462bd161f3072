"""What counts as too much (rules, with a ladder of levels) and what control aims at (targets)."""

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticCustomError

from venueair.site import Id, Name, Part, Positive, QuantityName

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Statistic = Literal["reading", "mean", "median", "max", "rise"]
Family = Literal["operating", "screening"]
DAY_S: Final = 86_400


class Level(Part):
    """Active when above `limit` for `on_delay_s`, and in `samples` rows one after the other.

    Over when below `limit - deadband` for `off_delay_s`. With direction "below" it is the other way round:
    over when above `limit + deadband`.
    """

    limit: Finite
    deadband: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    on_delay_s: Seconds = 0
    off_delay_s: Seconds = 0
    samples: Annotated[int, Field(ge=1, le=100)] = 1


class Rule(Part):
    """One alarm per rule and scope; levels 1..3 are notice, warning, urgent (주의, 경고, 긴급).

    What it watches: the `statistic` of the last `window_s` seconds of a zone's value or, for rules of safety,
    of `each` "device" (one alarm each). "reading" takes every value as it comes and has no window (0); "rise"
    is how much a value grew within a minute.

    Where: everywhere, or at one place: `venue`, `hall` or `zones`. The same id at a narrower place replaces
    the rule there; `off` takes it away there. Unless zones are named, a place means its rooms, or, with
    `outdoor`, its outdoor zones.

    The screening family compares with a published limit over that limit's own averaging time: for reports.
    Such a rule is a notice, as is one without an action. A latching alarm stays until a person resets it.
    `starts_at` is the number of the lowest level: a rule with one urgent level starts at 3.
    """

    id: Id
    off: bool = False
    quantity: Annotated[QuantityName, Field(validate_default=True)] = ""
    statistic: Statistic = "mean"
    window_s: Annotated[int, Field(validate_default=True)] = 0  # 0: the usual one
    each: Literal["zone", "device"] = "zone"
    direction: Literal["above", "below"] = "above"
    family: Family = "operating"
    latching: bool = False
    venue: Id | None = None
    hall: Id | None = None
    zones: tuple[Id, ...] = ()
    outdoor: bool = False
    starts_at: Annotated[int, Field(ge=1, le=3)] = 1
    levels: Annotated[tuple[Level, ...], Field(max_length=3, validate_default=True)] = ()
    priority: Literal["low", "medium", "high"] = "medium"
    name: Name | None = None
    cause: Name | None = None
    consequence: Name | None = None
    action: Name | None = None
    source: Annotated[str | None, Field(max_length=200)] = None
    edition: Annotated[str | None, Field(max_length=100)] = None
    confidence: Literal["V", "S", "G", "P"] | None = None  # as in venueair.limits.CONFIDENCE

    @field_validator("quantity", "levels", mode="wrap")
    @classmethod
    def _needed(cls, value: object, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        if value or value is None:
            return check(value)
        if not info.data.get("off"):
            raise PydanticCustomError("missing", "is missing")  # only a rule that takes one away has none
        return cls.model_fields[str(info.field_name)].default

    @field_validator("window_s")
    @classmethod
    def _whole_minutes(cls, value: int, info: ValidationInfo) -> int:
        statistic = info.data.get("statistic")
        if statistic == "reading":
            if value:
                raise ValueError("a reading has no window")
            return 0
        if statistic == "rise" and value not in (0, 60):
            raise ValueError("a rise is within 60 seconds")
        if value % 60 or not 0 <= value <= DAY_S:
            raise ValueError("must be whole minutes (a multiple of 60), at most a day")
        return value or 60

    @field_validator("hall", "zones")
    @classmethod
    def _one_place(cls, value: object, info: ValidationInfo) -> object:
        if value and (info.data.get("venue") or info.data.get("hall")):
            raise ValueError("a rule has one place: venue, hall or zones")
        return value

    @field_validator("levels")
    @classmethod
    def _in_order(cls, levels: tuple[Level, ...], info: ValidationInfo) -> tuple[Level, ...]:
        limits = [level.limit for level in levels]
        below = info.data.get("direction") == "below"
        if limits != sorted(set(limits), reverse=below):
            raise ValueError(f"the limits must {'fall' if below else 'rise'} from level to level")
        if info.data.get("starts_at", 1) + len(levels) > 4:
            raise ValueError("there are three levels, 1 to 3: fewer of them, or a lower starts_at")
        return levels

    @property
    def ladder(self) -> tuple[tuple[int, Level], ...]:
        """(number, level), the lowest first."""
        return tuple(enumerate(self.levels, self.starts_at))

    @property
    def is_notice(self) -> bool:
        return self.action is None or self.family == "screening"

    @property
    def narrowness(self) -> int:
        """Of its place: 0 the site, 1 a venue, 2 a hall, 3 zones."""
        return 3 if self.zones else 2 if self.hall else 1 if self.venue else 0

    def covers(self, zone: str) -> bool:
        """Of a rule for the whole site or for zones by name; other places need venueair.rules_in_force."""
        return not self.off and (zone in self.zones if self.zones else not (self.venue or self.hall))


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


class FireInput(Part):
    """A contact of the fire panel, read by a sensor as quantity `fire`, and the halls that it is about."""

    sensor: Id
    halls: Annotated[tuple[Id, ...], Field(min_length=1)]


class ControlSettings(Part):
    """Timings of control, in hall seconds; the start values are docs/control.md's."""

    targets: tuple[Target, ...] = ()
    fire_inputs: tuple[FireInput, ...] = ()
    min_on_s: Seconds = 300
    min_off_s: Seconds = 180
    max_starts_per_h: Annotated[int, Field(ge=1, le=60)] = 6
    stagger_s: Seconds = 10
    ttl_s: Positive = 60
    lease_s: Positive = 120
    renew_s: Positive = 30
    hold_stale_s: Seconds = 300
    stale_after_s: Positive = 120
    local_hold_s: Seconds = 7200
