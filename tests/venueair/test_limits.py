import re
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from venueair.limits import FACILITIES, Limit, in_force, load, sources
from venueair.limits.ventilation import (
    breathing_zone_outdoor_air,
    clean_air_rates,
    equivalent_clean_airflow,
    outdoor_air_rates,
)
from venueair.quantities import QUANTITIES

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
TODAY = date(2026, 11, 23)
BEFORE_2026 = date(2025, 12, 31)
NEW_YEAR_2026 = date(2026, 1, 1)
FROM_2026 = {"library", "museum", "large_store", "academy"}
GROUP_A = {name for name, facility in FACILITIES.items() if facility.group == "A"}


def korean(quantity: str, facility: str, on: date = TODAY, condition: str | None = None) -> list[Limit]:
    found = in_force(on, source="korea_iaq_act", facility=facility)
    return [each for each in found if each.name == quantity and each.condition == condition]


# Indoor Air Quality Control Act, annex 2 and 3, as they hold on 2026-11-23: None is "no limit".
@pytest.mark.parametrize(
    ("facility", "pm10", "pm2_5", "co2", "hcho", "bacteria", "co", "no2", "radon", "tvoc", "mould"),
    [
        ("exhibition", 100, 50, 1000, 100, None, 10, 100, 148, 500, None),
        ("museum", 100, 40, 1000, 100, None, 10, 100, 148, 500, None),
        ("library", 100, 40, 1000, 100, None, 10, 100, 148, 500, None),
        ("station", 100, 50, 1000, 100, None, 10, 100, 148, 500, None),
        ("cinema", 100, 50, 1000, 100, None, 10, 100, 148, 500, None),
        ("childcare", 75, 35, 1000, 80, 800, 10, 50, 148, 400, 500),
        ("medical", 75, 35, 1000, 80, 800, 10, 50, 148, 400, 500),
        ("car_park", 200, None, 1000, 100, None, 25, 300, 148, 1000, None),
        ("performance_hall", 200, None, None, None, None, None, None, None, None, None),
        ("office", 200, None, None, None, None, None, None, None, None, None),
        ("convention", None, None, None, None, None, None, None, None, None, None),
    ],
)
def test_korean_limits_of_a_kind_of_room(
    facility, pm10, pm2_5, co2, hcho, bacteria, co, no2, radon, tvoc, mould
):
    expected = {
        "pm10": pm10,
        "pm2_5": pm2_5,
        "co2": co2,
        "hcho": hcho,
        "total_airborne_bacteria": bacteria,
        "co": co,
        "no2": no2,
        "radon": radon,
        "tvoc": tvoc,
        "mould": mould,
    }
    found = {name: [each.value for each in korean(name, facility)] for name in expected}
    assert found == {name: [] if value is None else [value] for name, value in expected.items()}


@pytest.mark.parametrize("facility", sorted(GROUP_A))
def test_pm2_5_fell_in_2026_only_where_the_change_names_the_room(facility):
    before, after = (korean("pm2_5", facility, on) for on in (BEFORE_2026, NEW_YEAR_2026))
    assert [each.value for each in before] == [50]
    assert [each.value for each in after] == [40 if facility in FROM_2026 else 50]
    assert after[0].confidence == "S"  # press reports; the amended annex was not read


@pytest.mark.parametrize("on", [date(2019, 7, 1), BEFORE_2026, NEW_YEAR_2026, TODAY, date(2040, 1, 1)])
@pytest.mark.parametrize("facility", FACILITIES)
def test_no_room_has_two_korean_limits_for_one_thing_on_one_day(facility, on):
    found = [each for each in in_force(on, source="korea_iaq_act", facility=facility) if not each.condition]
    names = [each.name for each in found]
    assert len(names) == len(set(names))


def test_a_limit_that_needs_a_condition_says_so():
    exception = korean(
        "co2", "library", condition="cannot be ventilated naturally and has mechanical ventilation"
    )
    assert [(each.value, each.confidence) for each in exception] == [(1500, "G")]
    assert korean("co2", "exhibition", condition=exception[0].condition) == []


def test_pm_is_judged_over_a_day_and_gases_over_an_hour():
    assert {each.averaging_s for name in ("pm10", "pm2_5") for each in korean(name, "museum")} == {86400}
    assert {each.averaging_s for name in ("co2", "co", "no2") for each in korean(name, "museum")} == {3600}


@pytest.mark.parametrize(
    ("source", "id_", "value", "operator", "kind"),
    [
        ("who_2021", "pm2_5-24h-aqg", 15, "<=", "absolute"),
        ("who_2021", "pm10-year-it-1", 70, "<=", "absolute"),
        ("who_2021", "so2-24h-aqg", 40, "<=", "absolute"),
        ("who_2021", "co-24h-aqg", 3.49, "<=", "absolute"),
        ("well_v2", "a01-pm2_5", 15, "<=", "absolute"),
        ("well_v2", "a06-co2-rise-2", 350, "<=", "above_outdoor"),
        ("well_v2", "a05-no2", 21, "<=", "absolute"),
        ("reset_air", "pm2_5-high", 12, "<", "absolute"),
        ("reset_air", "co2-acceptable", 1000, "<", "absolute"),
        ("en_16798_1", "co2-iii", 1350, "<=", "above_outdoor"),
        ("en_16798_1", "person-ii", 7, ">=", "rate"),
        ("hong_kong", "pm10-good-2019", 100, "<", "absolute"),
        ("singapore", "co2-2016", 700, "<=", "above_outdoor"),
        ("korea_office", "tvoc", 500, "<=", "absolute"),
    ],
)
def test_a_published_value_is_found_by_its_source(source, id_, value, operator, kind):
    found = {each.id: each for each in in_force(TODAY, source=source)}[id_]
    assert (found.value, found.operator, found.kind) == (value, operator, kind)


def test_an_edition_ends_where_the_next_begins():
    def pm10(on: date) -> list[float]:
        return [each.value for each in in_force(on, source="hong_kong") if each.quantity == "pm10"]

    assert pm10(date(2019, 6, 30)) == [20, 180]
    assert pm10(date(2019, 7, 1)) == [20, 100]
    assert not any(each.name == "temperature" for each in in_force(TODAY, source="hong_kong"))


def test_nothing_is_in_force_before_the_first_source():
    assert in_force(date(1990, 1, 1)) == ()


def test_without_a_facility_every_room_is_meant():
    everything = in_force(TODAY)
    assert {each.id for each in in_force(TODAY, facility="exhibition")} < {each.id for each in everything}
    assert {each.source for each in everything} == {source.id for source in sources()}


def test_sources_without_rooms_apply_to_every_room():
    for facility in FACILITIES:
        assert in_force(TODAY, source="who_2021", facility=facility) == in_force(TODAY, source="who_2021")


def test_an_unknown_facility_or_source_names_the_known_ones():
    with pytest.raises(ValueError, match=r"'exhibit'.*exhibition, museum"):
        in_force(TODAY, facility="exhibit")
    with pytest.raises(ValueError, match=r"'korea'.*korea_iaq_act"):
        in_force(TODAY, source="korea")


def test_an_unknown_facility_is_refused_also_where_no_limit_depends_on_it():
    with pytest.raises(ValueError, match="exhibition"):
        in_force(TODAY, source="who_2021", facility="exhibit")


def test_limits_are_read_once_and_cannot_be_changed():
    assert load()[0] is load()[0]
    with pytest.raises(FrozenInstanceError):
        load()[0].value = 1


def test_ids_are_unique_within_a_source():
    keys = [(each.source, each.id) for each in load()]
    assert len(keys) == len(set(keys))


def test_each_limit_of_a_quantity_is_in_its_unit_and_plausible():
    for each in load():
        if each.quantity and each.kind == "absolute":
            low, high = QUANTITIES[each.quantity].hard
            assert low < each.value <= high, each.id
            assert each.unit == QUANTITIES[each.quantity].unit


MOLAR_VOLUME = 24.465  # L/mol at 25 degC and 1 atm
MOLAR_MASS = {"no2": 46.0055, "o3": 47.998, "co": 28.010}


def significant_step(value: float) -> float:
    """One unit in the last digit that a value is written with."""
    digits = f"{value:g}"
    return 10.0 ** -len(digits.split(".")[1]) if "." in digits else 1.0


@pytest.mark.parametrize("limit", [each for each in load() if each.printed], ids=lambda each: each.id)
def test_a_converted_value_is_the_printed_one_to_its_last_digit(limit):
    number, unit = re.fullmatch(r"([\d.,]+) (\S+)", limit.printed).groups()
    printed = float(number.replace(",", ""))
    if unit in ("ug/m3", "mg/m3") and limit.quantity in MOLAR_MASS:
        ug = printed * (1000 if unit == "mg/m3" else 1)
        ppb = ug * MOLAR_VOLUME / MOLAR_MASS[limit.quantity]
        value = ppb / 1000 if limit.unit == "ppm" else ppb
    else:
        value = printed * {"ppm": 1000, "mg/m3": 1000, "Bq/L": 1000}[unit]
    assert abs(limit.value - value) <= 0.5 * significant_step(limit.value) * 1.01


def test_what_cannot_be_measured_is_named_by_a_parameter_and_kept():
    parameters = {each.parameter for each in load() if each.parameter}
    assert {"total_airborne_bacteria", "mould", "so2", "benzene", "toluene"} <= parameters
    assert parameters.isdisjoint(set(QUANTITIES) - {"tvoc"})  # ppb of an unnamed gas is no TVOC of ours


def test_only_a_rate_is_a_minimum():
    assert {each.operator for each in load() if each.kind == "rate"} == {">="}
    assert ">=" not in {each.operator for each in load() if each.kind != "rate"}


def test_facilities_have_names_in_both_languages_and_tell_each_other_apart():
    for labels in ([each.ko for each in FACILITIES.values()], [each.en for each in FACILITIES.values()]):
        assert all(label.strip() for label in labels)
        assert len(set(labels)) == len(FACILITIES)
    assert {each.group for each in FACILITIES.values()} == {"A", "B", "C", "D", None}


# Vbz = Rp people + Ra area: 4,000 people on 10,000 m2 of a museum need 3.8 * 4000 + 0.3 * 10000 L/s.
def test_outdoor_air_of_a_full_hall():
    assert breathing_zone_outdoor_air(4000, 10_000, "museum") == pytest.approx(18_200)
    assert breathing_zone_outdoor_air(4000, 10_000, "museum") * 3.6 == pytest.approx(65_520)


def test_clean_air_of_a_full_hall():
    assert equivalent_clean_airflow(4000, "convention") == pytest.approx(120_000)
    assert equivalent_clean_airflow(0, "convention") == 0


def test_an_empty_room_still_needs_air_for_its_area():
    assert breathing_zone_outdoor_air(0, 100, "office") == pytest.approx(30)


@pytest.mark.parametrize(
    "function", [lambda s: breathing_zone_outdoor_air(1, 1, s), lambda s: equivalent_clean_airflow(1, s)]
)
def test_an_unknown_space_names_the_known_ones(function):
    with pytest.raises(ValueError, match=r"unknown space 'hall'.*museum"):
        function("hall")


def test_rounded_litres_per_second_stay_near_the_cubic_feet_per_minute():
    for row in clean_air_rates().values():
        assert row.l_s_person == pytest.approx(
            row.cfm_person / 2, abs=0.01
        )  # the standard's rounding: 2 cfm each


def test_ventilation_tables_are_whole():
    assert (len(outdoor_air_rates()), len(clean_air_rates())) == (19, 23)
    assert outdoor_air_rates()["daycare"].co2_rise_ppm is None
