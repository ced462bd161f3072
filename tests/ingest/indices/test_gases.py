"""Levels, gas indices and conversions: what a gas value means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.indices.conversions import MOLAR_MASS, ug_m3_per_ppb
from ingest.indices.gas_index import nox_index, tvoc_equivalent, voc_index
from ingest.indices.uba import co2_level, tvoc_level

NAN = np.nan


def test_uba_levels_of_co2():
    values = np.array([0, 999.9, 1000, 2000, 2000.1, 5000, NAN])
    assert np.array_equal(co2_level(values), [1, 1, 2, 2, 3, 3, NAN], equal_nan=True)


def test_uba_levels_of_tvoc():
    values = np.array([0, 300, 300.1, 1000, 1001, 3000, 3001, 10_000, 10_001, 25_000, 90_000, NAN])
    assert np.array_equal(tvoc_level(values), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, NAN], equal_nan=True)


@given(st.lists(st.floats(0, 50_000), min_size=2))
def test_uba_levels_rise_with_the_concentration(values):
    assert np.all(np.diff(co2_level(np.sort(values))) >= 0)
    assert np.all(np.diff(tvoc_level(np.sort(values))) >= 0)


# Sensirion gas-index-algorithm 3.2.0, default offset 100.
@pytest.mark.parametrize(("state", "index"), [(0, 100.1), (100, 162), (213, 250), (300, 319), (500, 433)])
def test_voc_index_of_a_state(state, index):
    assert voc_index(state) == pytest.approx(index, abs=0.05 if index == 100.1 else 0.5)


def test_an_index_of_usual_air_is_100_for_voc_and_1_for_nox():
    assert round(float(voc_index(0))) == 100
    assert round(float(nox_index(0))) == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, unique=True))
def test_a_gas_index_rises_with_the_state_and_stays_within_500(states):
    for index_of in (voc_index, nox_index):
        indices = index_of(np.sort(states))
        assert np.all(np.diff(indices) >= 0)
        assert indices.min() >= 0
        assert indices.max() <= 500


# Sensirion "Building Standards" note 1.1 (2023).
@pytest.mark.parametrize(
    ("index", "ethanol", "molhave", "isobutylene"),
    [
        (50, 49, 128, 113),
        (100, 94, 245, 216),
        (150, 145, 378, 333),
        (200, 204, 531, 468),
        (250, 273, 712, 628),
        (300, 358, 934, 823),
        (400, 621, 1620, 1428),
    ],
)
def test_tvoc_equivalents_of_a_voc_index(index, ethanol, molhave, isobutylene):
    assert tvoc_equivalent(index, "ethanol_ppb") == pytest.approx(ethanol, abs=0.5)
    assert tvoc_equivalent(index, "molhave_ug_m3") == pytest.approx(molhave, abs=0.5)
    assert tvoc_equivalent(index, "isobutylene_ug_m3") == pytest.approx(isobutylene, abs=0.5)


@pytest.mark.parametrize(
    ("index", "equivalent", "limit"),
    [(190.4, "molhave_ug_m3", 500), (210.7, "isobutylene_ug_m3", 500), (175.7, "isobutylene_ug_m3", 400)],
    ids=["WELL", "RESET acceptable", "RESET high performance"],
)
def test_the_index_at_which_a_certification_would_stand(index, equivalent, limit):
    assert tvoc_equivalent(index, equivalent) == pytest.approx(limit, abs=0.2)


def test_a_sensor_that_is_starting_has_no_equivalent():
    indices = np.array([0, 0.9, 1, 500, 501, 600, NAN])
    found = np.isnan(tvoc_equivalent(indices, "ethanol_ppb"))
    assert found.tolist() == [True, True, False, False, True, True, True]


def test_an_unknown_equivalent_is_refused():
    with pytest.raises(KeyError, match="toluene"):
        tvoc_equivalent(100, "toluene")


# ug/m3 of 1 ppb at 25 degC and 20 degC (1013.25 hPa), and at 25 degC and 950 hPa.
@pytest.mark.parametrize(
    ("gas", "at_25", "at_20", "at_950"),
    [
        ("hcho", 1.2273, 1.2482, 1.1507),
        ("no2", 1.8804, 1.9125, 1.7630),
        ("co", 1.1449, 1.1644, 1.0734),
        ("o3", 1.9619, 1.9953, 1.8394),
        ("so2", 2.6186, 2.6633, 2.4552),
        ("benzene", 3.1927, 3.2471, 2.9934),
        ("toluene", 3.7661, 3.8304, 3.5310),
        ("isobutylene", 2.2933, 2.3324, 2.1501),
        ("ethanol", 1.8830, 1.9151, 1.7654),
    ],
)
def test_mass_of_one_ppb(gas, at_25, at_20, at_950):
    assert ug_m3_per_ppb(gas) == pytest.approx(at_25, abs=6e-5)
    assert ug_m3_per_ppb(gas, 20) == pytest.approx(at_20, abs=6e-5)
    assert ug_m3_per_ppb(gas, 25, 950) == pytest.approx(at_950, abs=6e-5)


@pytest.mark.parametrize(("temperature", "litres"), [(25, 24.465), (20, 24.055), (0, 22.414)])
def test_molar_volume(temperature, litres):
    assert MOLAR_MASS["no2"] / ug_m3_per_ppb("no2", temperature) == pytest.approx(litres, abs=5e-4)


# Limits of the Korean Act in the other unit.
@pytest.mark.parametrize(
    ("gas", "ug_m3", "ppb", "temperature"),
    [
        ("hcho", 100, 81.5, 25),
        ("hcho", 80, 65.2, 25),
        ("hcho", 100, 80.1, 20),
        ("hcho", 80, 64.1, 20),
        ("no2", 188.0, 100, 25),
        ("no2", 94.0, 50, 25),
        ("no2", 564.1, 300, 25),
        ("co", 11_450, 10_000, 25),
    ],
)
def test_limits_in_both_units(gas, ug_m3, ppb, temperature):
    assert ug_m3 / ug_m3_per_ppb(gas, temperature) == pytest.approx(ppb, rel=7e-4)


@given(st.sampled_from(sorted(MOLAR_MASS)), st.floats(-20, 50), st.floats(800, 1100), st.floats(0.1, 30))
def test_warm_and_thin_air_holds_less_mass(gas, temperature, pressure, change):
    here = ug_m3_per_ppb(gas, temperature, pressure)
    assert ug_m3_per_ppb(gas, temperature + change, pressure) < here
    assert ug_m3_per_ppb(gas, temperature, pressure - change) < here


def test_conversion_goes_by_rows_and_keeps_nan():
    found = ug_m3_per_ppb("hcho", np.array([25, NAN, 20]), np.array([1013.25, 1000, NAN]))
    assert np.array_equal(np.isnan(found), [False, True, True])


def test_a_gas_without_a_molar_mass_is_refused():
    with pytest.raises(ValueError, match=r"'tvoc'; known are .*isobutylene"):
        ug_m3_per_ppb("tvoc")
