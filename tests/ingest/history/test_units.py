"""Units are converted by what they say, and never guessed."""

import math

import duckdb
import pytest

from ingest.history import casts
from ingest.history.units import SAME, scale
from venueair.quantities import QUANTITIES


def converted(quantity: str, unit: str, value: float) -> float:
    with duckdb.connect() as db:
        [(found,)] = db.execute(f"SELECT {casts.number(repr(str(value)), scale(quantity, unit))}").fetchall()
    return found


@pytest.mark.parametrize(
    ("quantity", "unit", "theirs", "ours"),
    [
        ("temperature", "degF", 68.0, 20.0),
        ("temperature", "°F", -40.0, -40.0),
        ("temperature", "K", 273.15, 0.0),
        ("pressure", "Pa", 101_325.0, 1013.25),
        ("pressure", "kPa", 101.325, 1013.25),
        ("pm2_5", "mg/m3", 0.0125, 12.5),
        ("pm2_5", "µg/m³", 12.5, 12.5),
        ("radon", "pCi/L", 4.0, 148.0),
        ("n0_3", "1/m3", 35_200_000.0, 35.2),
        ("n0_5", "1/L", 3520.0, 3.52),
        ("no2", "ppm", 0.1, 100.0),
        ("co", "ppb", 9000.0, 9.0),
    ],
)
def test_a_unit_is_converted(quantity, unit, theirs, ours):
    assert converted(quantity, unit, theirs) == pytest.approx(ours, rel=1e-12)


@pytest.mark.parametrize(
    ("quantity", "unit", "theirs", "ours"),
    # At 25 degC and 1 atm one mole has 24.465 L: 1 ppb of NO2 (46.0055 g/mol) is 1.880 ug/m3.
    [("no2", "ug/m3", 188.05, 100.0), ("o3", "ug/m3", 196.2, 100.0), ("co", "mg/m3", 1.1449, 1.0)],
)
def test_a_mass_of_gas_is_converted_at_25_degrees(quantity, unit, theirs, ours):
    assert converted(quantity, unit, theirs) == pytest.approx(ours, rel=2e-4)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_quantity_in_its_own_unit_is_left_as_it_is(quantity):
    assert scale(quantity, QUANTITIES[quantity].unit) == SAME
    assert math.copysign(1, converted(quantity, QUANTITIES[quantity].unit, -0.0)) == -1


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        ("pm2_5", "ppm"),
        ("co2", "%"),
        ("temperature", "F"),
        ("tvoc", "ppb"),
        ("voc_index", "ppb"),
        ("co2", ""),
    ],
)
def test_a_unit_that_says_too_little_is_refused_with_those_that_are_known(quantity, unit):
    with pytest.raises(ValueError, match=f"{quantity} is kept in {QUANTITIES[quantity].unit}"):
        scale(quantity, unit)
