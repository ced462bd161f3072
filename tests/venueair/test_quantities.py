from pathlib import Path

import pytest

from venueair.quantities import _ALL, QUANTITIES
from venueair.quantities_page import page

PAGE = Path(__file__).parents[2] / "docs" / "quantities.md"

# The vocabulary as the protocol names it: changing a unit or a name breaks devices in the field.
UNITS = {
    "ug/m3": "pm1 pm2_5 pm4 pm10 tvoc hcho",
    "ppm": "co2 co",
    "1": "voc_index nox_index fire aqi_us cai rebreathed_fraction",
    "ppb": "no2 o3 nh3 h2s",
    "Bq/m3": "radon",
    "degC": "temperature dew_point",
    "%RH": "humidity",
    "hPa": "pressure",
    "1/cm3": "n0_3 n0_5 n1 n2_5 n4 n5 n10",
    "dBA": "noise",
    "L/s/person": "eca",
}
DERIVED = {"dew_point", "aqi_us", "cai", "rebreathed_fraction", "eca"}


def test_the_table_holds_every_quantity_in_its_unit_and_no_other():
    assert {name: q.unit for name, q in QUANTITIES.items()} == {
        name: unit for unit, names in UNITS.items() for name in names.split()
    }


def test_names_are_unique():
    assert len(_ALL) == len(QUANTITIES)


def test_only_computed_quantities_are_derived():
    assert {name for name, q in QUANTITIES.items() if q.derived} == DERIVED


@pytest.mark.parametrize("name", QUANTITIES)
def test_plausible_range_lies_inside_the_possible_one(name):
    quantity = QUANTITIES[name]
    assert quantity.hard[0] <= quantity.suspect[0] < quantity.suspect[1] <= quantity.hard[1]


@pytest.mark.parametrize("name", QUANTITIES)
def test_labels_are_there_in_both_languages_and_fit_a_table(name):
    quantity = QUANTITIES[name]
    for label in (quantity.ko, quantity.en):
        assert label.strip() == label != ""
        assert "|" not in label
    assert 0 <= quantity.decimals <= 4


def test_labels_tell_quantities_apart():
    for labels in ([q.ko for q in QUANTITIES.values()], [q.en for q in QUANTITIES.values()]):
        assert len(set(labels)) == len(labels)


def test_zero_is_a_possible_value_of_every_concentration():
    concentrations = [q for q in QUANTITIES.values() if q.unit in ("ug/m3", "ppm", "ppb", "1/cm3")]
    assert all(q.hard[0] == 0 for q in concentrations)


def test_the_page_is_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "python -m venueair.quantities_page > docs/quantities.md"
    )


def test_the_page_has_one_row_per_quantity():
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(QUANTITIES)
    assert len({row.count("|") for row in rows}) == 1
