"""`[[correction]]` of venueair.toml: how what a device says becomes what the air has. Dated and versioned.

Formulas and their sources: docs/corrections.md. Times are UTC; a date is its first moment, `until` is no
longer in force.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator

from venueair.quantities import QUANTITIES
from venueair.site import Id, Part, QuantityName

ALWAYS: Final = -(2**62)
FOREVER: Final = 2**62


def moment(value: object) -> int:
    """ms since 1970 UTC of a date, a time (no offset: UTC) or their ISO 8601 text. Raises ValueError."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, date):
        raise ValueError("must be a date as 2026-11-23, or a time as 2026-11-23T12:00:00Z")  # noqa: TRY004  # pydantic reports ValueError only
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return round((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)


Moment = Annotated[int, BeforeValidator(moment)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
# A correction that turned high into low, or took nearly all away, would hide what it should show.
Gain = Annotated[float, Field(ge=0.1, le=10)]
Version = Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1, max_length=64)]


class Dated(Part):
    """In force from `since` (`from` in the file) to `until`. Corrections of one reading at one time are made
    in the order of their `step`, one of each; one that is `alone` takes no other beside it.

    `needs` are quantities that the same device must send.
    """

    corrects: ClassVar[frozenset[str]]
    step: ClassVar[int]
    alone: ClassVar[bool] = False

    device: Id
    quantity: QuantityName
    since: Annotated[Moment, Field(alias="from")] = ALWAYS
    until: Moment = FOREVER
    version: Version = 1

    @field_validator("quantity")
    @classmethod
    def _is_corrected_so(cls, quantity: str) -> str:
        if quantity not in cls.corrects:
            raise ValueError(f"this kind corrects {', '.join(sorted(cls.corrects))} only")
        return quantity

    @field_validator("until")
    @classmethod
    def _is_later(cls, until: int, info: ValidationInfo) -> int:
        if until <= info.data.get("since", ALWAYS):
            raise ValueError("must be later than from")
        return until

    @property
    def needs(self) -> tuple[str, ...]:
        return ()


class _Line(Dated):
    corrects = frozenset(
        name
        for name, quantity in QUANTITIES.items()
        if not quantity.derived and name not in {"fire", "voc_index", "nox_index"}
    )
    step = 3

    offset: Finite = 0
    gain: Gain = 1
    humidity: Finite = 0
    temperature: Finite = 0

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(name for name in ("humidity", "temperature") if getattr(self, name))


class Linear(_Line):
    """offset + gain x + humidity RH + temperature T, of what the steps before made of x."""

    kind: Literal["linear"]


class Calibration(_Line):
    """The same, fitted on raw readings beside a reference (`venueair calibrate`), so it stands alone.

    `range` are the lowest and highest hourly mean of the sensor, `period` the time, that were fitted.
    """

    alone = True

    kind: Literal["calibration"]
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    period: tuple[Moment, Moment]
    range: tuple[Finite, Finite]
    n: Annotated[int, Field(ge=2)]
    r2: Annotated[float, Field(le=1, allow_inf_nan=False)]
    rmse: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class EpaPm25(Dated):
    """For Plantower sensors in outdoor air and smoke; indoors it is nobody's default."""

    corrects = frozenset({"pm2_5"})
    step = 2

    kind: Literal["epa_pm2_5"]

    @property
    def needs(self) -> tuple[str, ...]:
        return ("humidity",)


class KappaKoehler(Dated):
    corrects = frozenset({"pm1", "pm2_5", "pm4", "pm10"})
    step = 2

    kind: Literal["kappa_koehler"]
    kappa: Annotated[float, Field(gt=0, le=1.5)]
    density: Annotated[float, Field(ge=0.5, le=5)] = 1.65

    @property
    def needs(self) -> tuple[str, ...]:
        return ("humidity",)


class AirGradientLot(Dated):
    """PMS5003 of a lot that reads low: below 31 ug/m3 by its count of particles. `factor` is the lot's."""

    corrects = frozenset({"pm2_5"})
    step = 1

    kind: Literal["airgradient_lot"]
    factor: Annotated[float, Field(gt=0, le=1)]

    @property
    def needs(self) -> tuple[str, ...]:
        return ("n0_3",)


class AirGradientPms5003t(Dated):
    """Temperature and humidity of a PMS5003T in an outdoor housing."""

    corrects = frozenset({"temperature", "humidity"})
    step = 2

    kind: Literal["airgradient_pms5003t"]


class Co2Pressure(Dated):
    """By the device's own reading of the pressure, or by the altitude where it stands."""

    corrects = frozenset({"co2"})
    step = 2

    kind: Literal["co2_pressure"]
    model: Literal["ideal", "senseair"]
    reference_hpa: Annotated[float, Field(ge=300, le=1200)] = 1013.25
    altitude_m: Annotated[float, Field(ge=-500, le=9000)] | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        return ("pressure",) if self.altitude_m is None else ()


KINDS: Final = (
    "linear",
    "calibration",
    "epa_pm2_5",
    "kappa_koehler",
    "airgradient_lot",
    "airgradient_pms5003t",
    "co2_pressure",
)


def _kind(row: Any) -> Any:
    return row.get("kind") if isinstance(row, dict) else getattr(row, "kind", None)


Correction = Annotated[
    Annotated[Linear, Tag("linear")]
    | Annotated[Calibration, Tag("calibration")]
    | Annotated[EpaPm25, Tag("epa_pm2_5")]
    | Annotated[KappaKoehler, Tag("kappa_koehler")]
    | Annotated[AirGradientLot, Tag("airgradient_lot")]
    | Annotated[AirGradientPms5003t, Tag("airgradient_pms5003t")]
    | Annotated[Co2Pressure, Tag("co2_pressure")],
    Discriminator(
        _kind,
        custom_error_type="correction_kind",
        custom_error_message=f"kind must be one of {', '.join(KINDS)}",
    ),
]
