"""One published limit, with where it comes from and how sure that is."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass as validated

from venueair.limits.facilities import Group, facility_of
from venueair.quantities import QUANTITIES

Kind = Literal["absolute", "above_outdoor", "rate"]
Confidence = Literal["V", "S", "G", "P"]

CONFIDENCE: Final = {
    "V": "read in a primary or official source",
    "S": "read in a secondary source",
    "G": "general knowledge, not found in a source: check before relying on it",
    "P": "choice of venueair",
}

Number = Annotated[float, Field(allow_inf_nan=False, ge=0)]
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Source:
    """A file of limits: its id is the file's name."""

    id: str
    title: str
    edition: str


@validated(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Limit:
    """A value met while `operator` holds, over means of `averaging_s` (none: the source names no time).

    `quantity` is what venueair measures, with `value` in its unit; other things are named by `parameter`.
    Where the source prints another unit, `printed` says what it prints. `kind`: absolute; above outdoor air;
    or a rate, the only one where more is better. No groups and no facilities: it holds everywhere.
    `condition`: it holds only where this is so, which a person must know. Valid from `effective_from` up to,
    not including, `effective_until`.
    """

    id: Text
    source: Text
    document: Text
    edition: Text
    value: Number
    unit: Text
    operator: Literal["<=", "<", ">="]
    confidence: Confidence
    effective_from: date
    effective_until: date | None = None
    quantity: str | None = None
    parameter: str | None = None
    printed: Text | None = None
    averaging_s: Annotated[int, Field(gt=0)] | None = None
    kind: Kind = "absolute"
    level: Text | None = None
    groups: tuple[Group, ...] = ()
    facilities: tuple[str, ...] = ()
    condition: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.quantity is None) == (self.parameter is None):
            raise ValueError("needs either quantity (what venueair measures) or parameter (what it does not)")
        if self.quantity is not None:
            if self.quantity not in QUANTITIES:
                raise ValueError(f"unknown quantity {self.quantity!r}; known are {', '.join(QUANTITIES)}")
            if self.unit != QUANTITIES[self.quantity].unit:
                raise ValueError(f"the unit of {self.quantity} is {QUANTITIES[self.quantity].unit}")
        if self.parameter in QUANTITIES and self.unit == QUANTITIES[self.parameter].unit:
            raise ValueError(f"{self.parameter} is a quantity: name it so")
        if (self.operator == ">=") != (self.kind == "rate"):
            raise ValueError("a rate is a minimum (>=), and nothing else is")
        if self.effective_until is not None and self.effective_until <= self.effective_from:
            raise ValueError("effective_until must be after effective_from")
        for name in self.facilities:
            facility_of(name)
        return self

    def is_in_force(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_until is None or on < self.effective_until)

    def applies_to(self, facility: str) -> bool:
        """Raises ValueError for an unknown kind of room, naming the known ones."""
        group = facility_of(facility).group
        return not (self.groups or self.facilities) or group in self.groups or facility in self.facilities

    @property
    def name(self) -> str:
        return self.quantity or self.parameter or ""
