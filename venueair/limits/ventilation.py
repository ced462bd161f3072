"""Ventilation tables: outdoor air (ASHRAE 62.1-2022, table 6-1) and clean air (ASHRAE 241-2023, table 5-1).

62.1 gives rates, no limit of CO2. Of 241's two columns the SI one counts: it is rounded (60 cfm are 28.3 L/s,
it says 30), and mixing the two would give two answers to one question.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from venueair.limits.limit import Confidence
from venueair.limits.reading import rows_of, table_of

Number = Annotated[float, Field(allow_inf_nan=False, ge=0)]


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class OutdoorAir:
    """Rp and Ra; the density to assume where people are not counted; the CO2 rise at which both are met."""

    id: str
    name: str
    l_s_person: Number
    l_s_m2: Number
    people_per_100m2: Number
    confidence: Confidence
    co2_rise_ppm: Number | None = None


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class CleanAir:
    """ECAi: equivalent clean airflow per person in infection risk management mode."""

    id: str
    name: str
    l_s_person: Number
    confidence: Confidence
    cfm_person: Number | None = None


_FOLDER: Final = Path(__file__).parent


@cache
def outdoor_air_rates() -> dict[str, OutdoorAir]:
    """ASHRAE 62.1-2022 by kind of space. Raises LimitsError."""
    path = _FOLDER / "ashrae_62_1.toml"
    return {row.id: row for row in rows_of(path, table_of(path)["space"], TypeAdapter(OutdoorAir))}


@cache
def clean_air_rates() -> dict[str, CleanAir]:
    """ASHRAE 241-2023 by kind of space. Raises LimitsError."""
    path = _FOLDER / "ashrae_241.toml"
    return {row.id: row for row in rows_of(path, table_of(path)["space"], TypeAdapter(CleanAir))}


def breathing_zone_outdoor_air(people: float, area_m2: float, space: str) -> float:
    """Vbz = Rp people + Ra area, L/s. Raises ValueError for an unknown space, naming the known ones."""
    rates = outdoor_air_rates()
    if space not in rates:
        raise ValueError(f"unknown space {space!r} in ASHRAE 62.1; known are {', '.join(rates)}")
    return rates[space].l_s_person * people + rates[space].l_s_m2 * area_m2


def equivalent_clean_airflow(people: float, space: str) -> float:
    """VECAi = ECAi people, L/s. Raises ValueError for an unknown space, naming the known ones."""
    rates = clean_air_rates()
    if space not in rates:
        raise ValueError(f"unknown space {space!r} in ASHRAE 241; known are {', '.join(rates)}")
    return rates[space].l_s_person * people
