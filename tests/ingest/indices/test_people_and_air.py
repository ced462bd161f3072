"""Humidity, rebreathed air, clean air and the CO2 balance of a hall."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.indices import clean_air, co2_balance, rebreathed, relative_risk
from ingest.indices.humidity import absolute_humidity, dew_point

NAN = np.nan
OUTDOOR = 420.0
HALL_M3 = 100_000.0
HALL_AIR_L_S = 18_200.0  # 10,000 m2 and 4,000 people by ASHRAE 62.1, museums


# WMO-No. 8 annex 4.B by hand: gamma = ln(RH/100) + 17.62 t / (243.12 + t).
@pytest.mark.parametrize(("t", "rh", "dew"), [(20, 50, 9.27), (25, 60, 16.7), (30, 30, 10.5), (0, 100, 0)])
def test_dew_point(t, rh, dew):
    assert dew_point(t, rh) == pytest.approx(dew, abs=0.05)


# Saturated air holds 4.85, 17.3 and 30.4 g/m3 at 0, 20 and 30 degC (psychrometric tables).
@pytest.mark.parametrize(
    ("t", "rh", "grams"), [(0, 100, 4.85), (20, 100, 17.3), (20, 50, 8.64), (30, 100, 30.4)]
)
def test_absolute_humidity(t, rh, grams):
    assert absolute_humidity(t, rh) == pytest.approx(grams, rel=5e-3)


@given(st.floats(-30, 60), st.floats(1, 99.9))
def test_air_is_saturated_at_its_dew_point(t, rh):
    dew = dew_point(t, rh)
    assert dew < t
    same_vapour = absolute_humidity(dew, 100) * (dew + 273.15)
    assert same_vapour == pytest.approx(absolute_humidity(t, rh) * (t + 273.15), rel=1e-9)


@given(st.floats(-30, 60))
def test_saturated_air_is_at_its_dew_point(t):
    assert dew_point(t, 100) == pytest.approx(t, abs=1e-9)


def test_dry_or_missing_air_has_no_dew_point():
    found = dew_point(np.array([20, 20, NAN, 20]), np.array([0, NAN, 50, 50]))
    assert np.isnan(found).tolist() == [True, True, True, False]
    assert np.isnan(absolute_humidity(NAN, 50))


@pytest.mark.parametrize(
    ("co2", "of_38000", "of_42000"),
    [(600, 0.00474, 0.00429), (800, 0.0100, 0.00905), (1000, 0.01526, 0.01381), (1500, 0.02842, 0.02571)],
)
def test_rebreathed_fraction(co2, of_38000, of_42000):
    assert rebreathed.rebreathed_fraction(co2, OUTDOOR) == pytest.approx(of_38000, abs=6e-6)
    assert rebreathed.rebreathed_fraction(co2, OUTDOOR, 42_000) == pytest.approx(of_42000, abs=6e-6)


def test_air_below_outdoor_air_is_not_rebreathed_and_nan_stays():
    found = rebreathed.rebreathed_fraction(np.array([400, 420, NAN, 1e6]), OUTDOOR)
    assert np.array_equal(found, [0, 0, NAN, 1], equal_nan=True)


def test_exposure_is_relative_to_1000_ppm():
    found = rebreathed.relative_exposure(np.array([420, 710, 1000, 1580, NAN]), OUTDOOR)
    assert found == pytest.approx([0, 0.5, 1, 2, NAN], nan_ok=True)
    assert np.isnan(rebreathed.relative_exposure(1200, 1000))


# Room of 50 for 2 h, hall of 4,000 for 4 h, both at 1,000 ppm; quanta of Mikszewski 2022 (median, speaking).
@pytest.mark.parametrize(
    ("infectors", "people", "quanta", "hours", "risk"),
    [
        (1, 50, 2.7, 2, 0.00165),
        (1, 50, 0.17, 2, 0.000104),
        (1, 50, 15, 2, 0.00912),
        (4, 4000, 2.7, 4, 1.65e-4),
    ],
)
def test_rudnick_milton(infectors, people, quanta, hours, risk):
    fraction = rebreathed.rebreathed_fraction(1000, OUTDOOR)
    found = relative_risk.rudnick_milton(fraction, infectors, people, quanta, hours)
    assert found == pytest.approx(risk, rel=5e-3)


@pytest.mark.parametrize(
    ("each", "volume", "infectors", "hours", "risk"),
    [
        (0.655, HALL_M3, 4, 4, 3.69e-4),
        (1.655, HALL_M3, 4, 4, 1.46e-4),
        (4.32, HALL_M3, 4, 4, 5.60e-5),
        (1, 300, 1, 2, 0.01003),
        (3, 300, 1, 2, 0.00335),
        (6, 300, 1, 2, 0.00168),
    ],
)
def test_wells_riley(each, volume, infectors, hours, risk):
    found = relative_risk.wells_riley(each * volume, infectors, 2.7, 0.56, hours)
    assert found == pytest.approx(risk, rel=3e-3)


@given(st.floats(10, 1e6), st.floats(1.01, 10))
def test_more_clean_air_lowers_the_risk(flow, factor):
    less, more = relative_risk.wells_riley(np.array([flow * factor, flow]), 1, 2.7, 0.56, 2)
    assert 0 < less < more <= 1


def test_clean_air_of_a_full_hall_by_ashrae_241():
    assert clean_air.equivalent_air_changes(120_000 * 3.6, HALL_M3) == pytest.approx(4.32)
    assert clean_air.clean_air_per_person(0, 432_000, 4000) == pytest.approx(30)


def test_clean_air_adds_up():
    found = clean_air.clean_air_per_person(36_000, 18_000, 500, recirculated_m3h=36_000 * 0.5)
    assert found == pytest.approx(72_000 / 3.6 / 500)


def test_one_air_change_of_the_hall_by_purifiers():
    for units, flow_m3_min in ((18.5, 90), (27.8, 60)):
        changes = clean_air.equivalent_air_changes(units * flow_m3_min * 60, HALL_M3)
        assert changes == pytest.approx(1, abs=2e-3)


def test_without_people_there_is_no_air_per_person():
    people = np.array([0, 10, NAN])
    assert np.isnan(clean_air.clean_air_per_person(100, 0, people)).tolist() == [True, False, True]
    assert np.isnan(clean_air.clean_air_per_person(NAN, 100, 10))


def test_cadr_from_two_decays():
    with_unit = clean_air.decay_rate(100, 8, 20 / 60)
    assert clean_air.cadr_from_decay(30, with_unit, 0.1) == pytest.approx(224.3, abs=0.05)


def test_air_changes_from_the_decay_of_co2():
    rate = clean_air.decay_rate(1400, 900, 1, background=OUTDOOR)
    assert rate == pytest.approx(0.7138, abs=5e-5)
    assert math.log(2) / rate == pytest.approx(0.971, abs=5e-4)


def test_a_decay_needs_both_ends_above_the_background():
    first, last = np.array([1400, 400, 1400, NAN]), np.array([420, 500, 410, 500])
    assert np.isnan(clean_air.decay_rate(first, last, 1, OUTDOOR)).all()


@given(st.floats(0.1, 8), st.floats(0.1, 3), st.floats(500, 3000))
def test_a_decay_gives_back_the_rate_it_was_made_with(rate, hours, start):
    end = co2_balance.co2_after(hours, start, OUTDOOR, rate)
    assert clean_air.decay_rate(start, end, hours, OUTDOOR) == pytest.approx(rate, rel=1e-3)


def test_co2_of_a_full_hall_at_the_least_outdoor_air():
    steady = co2_balance.steady_state(4000, HALL_AIR_L_S, OUTDOOR)
    assert steady == pytest.approx(1606.8, abs=0.05)
    changes = clean_air.equivalent_air_changes(HALL_AIR_L_S * 3.6, HALL_M3)
    assert changes == pytest.approx(0.655, abs=5e-4)
    assert 1 / changes == pytest.approx(1.526, abs=5e-4)
    hours = np.array([1, 2, 4, 8])
    found = co2_balance.co2_after(hours, OUTDOOR, steady, changes)
    assert found == pytest.approx([990.5, 1286.7, 1520.5, 1600.5], abs=0.05)


def test_outdoor_air_that_holds_1000_ppm():
    each = co2_balance.outdoor_air_per_person(1000, OUTDOOR)
    assert each == pytest.approx(9.31, abs=5e-3)
    assert each * 4000 == pytest.approx(37_241, abs=0.5)
    assert each * 4000 * 3.6 == pytest.approx(134_069, abs=0.5)
    assert clean_air.equivalent_air_changes(each * 4000 * 3.6, HALL_M3) == pytest.approx(1.34, abs=5e-3)
    assert HALL_AIR_L_S / each == pytest.approx(1955, abs=0.5)


def test_outdoor_air_of_the_busiest_day_of_the_frankfurt_fairs():
    assert co2_balance.outdoor_air_per_person(835, OUTDOOR) == pytest.approx(13.0, abs=0.05)


@pytest.mark.parametrize(("rise", "l_s"), [(550, 10.1), (800, 6.94), (1350, 4.12)])
def test_outdoor_air_behind_the_categories_of_en_16798(rise, l_s):
    found = co2_balance.outdoor_air_per_person(OUTDOOR + rise, OUTDOOR, generation_l_s=20 / 3600)
    assert found == pytest.approx(l_s, abs=6e-3)


def test_at_outdoor_co2_nothing_can_be_said():
    assert np.isnan(co2_balance.outdoor_air_per_person(np.array([420, 400, NAN]), OUTDOOR)).all()


def test_people_from_a_rising_trace():
    found = co2_balance.people_present((900 + 912) / 2, (912 - 900) / 300, 1e8, HALL_AIR_L_S, OUTDOOR)
    assert found == pytest.approx(2378.7, abs=0.05)


@given(st.floats(1, 5000), st.floats(100, 50_000))
def test_people_at_the_steady_state_are_those_who_made_it(people, air):
    steady = co2_balance.steady_state(people, air, OUTDOOR)
    assert co2_balance.people_present(steady, 0, 1e8, air, OUTDOOR) == pytest.approx(people, rel=1e-6)
