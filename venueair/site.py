"""Site > Venue > Hall > Zone, and the devices that stand in the zones."""

from datetime import date
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from venueair.quantities import QUANTITIES
from venueair.topics import ID_PATTERN


def _known(name: str) -> str:
    if name not in QUANTITIES:
        raise ValueError(f"unknown quantity; venueair knows {', '.join(QUANTITIES)}")
    return name


Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
QuantityName = Annotated[str, AfterValidator(_known)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Part(BaseModel):
    """Settings are frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(Part):
    ko: str
    en: str


class Venue(Part):
    id: Id
    name: Name


class Hall(Part):
    """`display`: visitors may see its values at /display/{hall} without a key."""

    id: Id
    venue: Id
    name: Name
    area_m2: Positive | None = None
    height_m: Positive | None = None
    display: bool = False


class Zone(Part):
    """A volume of air with its own value per quantity. `automatic` false: control only advises.

    `outdoor` is the air outside the venue, to compare with. `facility` is the kind of room that limits of
    the law are about (docs/limits.md); different zones of one venue can be of different kinds.
    """

    id: Id
    hall: Id
    name: Name
    outdoor: bool = False
    volume_m3: Annotated[Positive | None, Field(validate_default=True)] = None
    automatic: bool = False
    facility: str | None = None

    @field_validator("volume_m3")
    @classmethod
    def _bounded(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is None and not info.data.get("outdoor"):
            raise PydanticCustomError("missing", "is missing")  # only outdoor air has no volume
        return value


class Sensor(Part):
    """A wired sensor has a model that the gateway knows and a port; a node publishes by itself.

    `cert_grade` is the performance grade of a simple dust meter (Korea, 1 best to 4), valid through
    `cert_until`; `check_due` is the last day before its next check.
    """

    id: Id
    zone: Id
    model: str
    port: str | None = None
    interval_s: Positive | None = None
    quantities: tuple[QuantityName, ...] = ()
    cert_grade: Literal[1, 2, 3, 4] | None = None
    cert_until: date | None = None
    check_due: date | None = None


class Purifier(Part):
    """`levels` are fan speeds as fractions; level 0 is standing still. CADR is that of the top level."""

    id: Id
    zone: Id
    cadr_m3h: Positive
    levels: tuple[float, ...] = (0.0, 0.4, 0.7, 1.0)
    emits: Literal["none", "ioniser", "ozone", "uvc", "unknown"] = "unknown"


NODE_MODEL: Final = "canonical-node"


class Site(Part):
    """What stands where. Lookups raise KeyError for an id that is not in the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    venues: tuple[Venue, ...] = ()
    halls: tuple[Hall, ...] = ()
    zones: tuple[Zone, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    purifiers: tuple[Purifier, ...] = ()

    @cached_property
    def hall(self) -> dict[str, Hall]:
        return {hall.id: hall for hall in self.halls}

    @cached_property
    def zone(self) -> dict[str, Zone]:
        return {zone.id: zone for zone in self.zones}

    @cached_property
    def sensor(self) -> dict[str, Sensor]:
        return {sensor.id: sensor for sensor in self.sensors}

    @cached_property
    def purifier(self) -> dict[str, Purifier]:
        return {purifier.id: purifier for purifier in self.purifiers}

    def venue_of_zone(self, zone: str) -> str:
        return self.hall[self.zone[zone].hall].venue

    def sensors_in(self, zone: str) -> tuple[Sensor, ...]:
        return tuple(sensor for sensor in self.sensors if sensor.zone == zone)

    def purifiers_in(self, zone: str) -> tuple[Purifier, ...]:
        return tuple(purifier for purifier in self.purifiers if purifier.zone == zone)
