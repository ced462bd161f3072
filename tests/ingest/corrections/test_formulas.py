"""Values computed from the published formulas, by hand or by other programs."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.corrections import airgradient, co2_pressure, epa_pm2_5
from ingest.corrections.kappa_koehler import growth

EPA = {  # x: corrected at 30, 50 and 80 %RH
    5: (5.78, 4.06, 1.47),
    10: (8.40, 6.68, 4.09),
    20: (13.64, 11.92, 9.33),
    30: (18.88, 17.16, 14.57),
    40: (29.36, 27.64, 25.05),
    50: (42.46, 40.74, 38.15),
    100: (81.76, 80.04, 77.45),
    210: (168.22, 166.50, 163.91),
    230: (193.74, 192.70, 191.15),
    260: (242.12, 242.12, 242.12),
    300: (289.53, 289.53, 289.53),
}
CRILLEY = {  # kappa: at 40, 50, 60, 70, 75, 80, 85, 90 %RH
    0.4: (1.162, 1.242, 1.364, 1.566, 1.727, 1.970, 2.374, 3.182),
    0.2: (1.081, 1.121, 1.182, 1.283, 1.364, 1.485, 1.687, 2.091),
}
DIAMETERS = (1.082, 1.119, 1.170, 1.246, 1.301, 1.375, 1.484, 1.663)  # kappa 0.4, the same humidities
HUMIDITIES = np.array([40.0, 50.0, 60.0, 70.0, 75.0, 80.0, 85.0, 90.0])
humidities = st.floats(0, 100)


def epa(x: float, humidity: float) -> float:
    return float(epa_pm2_5.corrected(np.array([x]), np.array([humidity]))[0])


@pytest.mark.parametrize("x", EPA)
def test_the_epa_form_gives_its_values(x):
    assert [epa(x, rh) for rh in (30, 50, 80)] == pytest.approx(EPA[x], abs=0.0051)


@given(st.sampled_from([30, 50, 210, 260]), humidities)
def test_the_epa_form_has_no_step_at_its_knots(knot, humidity):
    assert epa(np.nextafter(knot, 0), humidity) == pytest.approx(epa(knot, humidity), abs=1e-9)
    assert epa(np.nextafter(knot, 999), humidity) == pytest.approx(epa(knot, humidity), abs=1e-9)


@given(humidities, st.floats(0, 1000), st.floats(0, 100))
def test_more_dust_never_reads_as_less_by_the_epa_form(humidity, x, more):
    assert epa(x + more, humidity) >= epa(x, humidity) - 1e-9


def test_the_epa_form_is_never_negative_and_keeps_what_is_missing():
    assert epa(0, 100) == 0
    assert epa(10, 130) == epa(10, 100)
    assert np.isnan([epa(np.nan, 50), epa(10, np.nan), epa(300, np.nan)]).all()


@pytest.mark.parametrize("kappa", CRILLEY)
def test_humid_air_makes_particles_heavier_as_in_crilley(kappa):
    assert growth(HUMIDITIES, kappa) == pytest.approx(CRILLEY[kappa], abs=0.0006)


def test_the_mass_form_follows_from_the_growth_in_diameter():
    assert np.cbrt(1 + 1.65 * (growth(HUMIDITIES, 0.4) - 1)) == pytest.approx(DIAMETERS, abs=0.0006)


@given(humidities, st.floats(0.01, 1.5))
def test_growth_is_never_below_1_and_stops_at_95_percent(humidity, kappa):
    assert 1 <= growth(humidity, kappa) <= growth(95.0, kappa)
    assert growth(0.0, kappa) == 1
    assert np.isnan(growth(np.nan, kappa))


@pytest.mark.parametrize(
    ("pressure", "ideal", "senseair"),
    [(1005, 1.0082, 1.0132), (980, 1.0339, 1.0532), (950, 1.0666, 1.1012), (900, 1.1258, 1.1812)],
)
def test_thin_air_hides_co2_by_the_two_makers_models(pressure, ideal, senseair):
    assert co2_pressure.ideal(pressure) == pytest.approx(ideal, abs=5e-5)
    assert co2_pressure.senseair(pressure) == pytest.approx(senseair, abs=5e-5)


@pytest.mark.parametrize("model", [co2_pressure.ideal, co2_pressure.senseair])
def test_nothing_is_to_be_corrected_at_the_reference(model):
    assert model(1013.25) == model(940.0, 940.0) == 1
    assert np.isnan(model(np.nan))


@pytest.mark.parametrize(("metres", "hpa"), [(38, 1008.69), (100, 1001.29), (500, 954.61), (1000, 898.75)])
def test_pressure_falls_with_altitude(metres, hpa):
    assert co2_pressure.pressure_at(metres) == pytest.approx(hpa, abs=0.005)


@pytest.mark.parametrize(
    ("factor", "n0_3", "x", "wanted"),
    [
        (0.02838, 5.0, 3.0, 14.19),  # 500 in 0.1 L
        (0.03525, 8.0, 3.0, 28.2),
        (0.02896, 10.0, 3.0, 28.96),
        (0.02838, 12.0, 40.0, 40.0),  # 34.06 is not below 31
        (0.02838, 12.0, 3.0, 3.0),
        (0.02838, 0.0, 3.0, 0.0),
        (0.02838, np.nan, 3.0, np.nan),
        (0.02838, 5.0, np.nan, np.nan),
    ],
)
def test_a_lot_that_reads_low_is_read_by_its_counts_below_31(factor, n0_3, x, wanted):
    found = airgradient.lot(np.array([x]), np.array([n0_3]), np.array([factor]))
    assert found[0] == pytest.approx(wanted, nan_ok=True)


def test_an_outdoor_pms5003t_gives_its_documented_temperature_and_humidity():
    temperature = airgradient.outdoor_temperature(np.array([-5.0, 9.9, 10.0, 30.0, np.nan]))
    assert temperature == pytest.approx([-13.373, 6.3993, 6.697, 30.317, np.nan], nan_ok=True)
    humidity = airgradient.outdoor_humidity(np.array([0.0, 40.0, 80.0, np.nan]))
    assert humidity == pytest.approx([7.34, 57.7, 100, np.nan], nan_ok=True)
    assert all(warm > cold for cold, warm in pairwise(temperature[:4]))
