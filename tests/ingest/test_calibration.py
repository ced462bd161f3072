"""The fit of a sensor to a reference, against lines that are known and against other programs' figures."""

import statistics
from dataclasses import astuple, replace
from math import isnan, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.calibration import CalibrationError, Fit, Score, fit, score
from ingest.hourly import HOUR_MS, Pairs

DAYS = 20
HOURS = np.arange(DAYS * 24, dtype=np.int64) * HOUR_MS
CHANCE = np.random.default_rng(20_261_124)
TRUTH = CHANCE.gamma(2, 12, len(HOURS))
HUMIDITY = 45 + 15 * np.sin(np.arange(len(HOURS)) / 3.9) + CHANCE.normal(0, 3, len(HOURS))
TEMPERATURE = 20 + 4 * np.sin(np.arange(len(HOURS)) / 10)
NOISE = CHANCE.normal(0, 2, len(HOURS))


def pairs_of(sensor, reference=TRUTH, hours=HOURS, **beside) -> Pairs:
    return Pairs(hours, np.asarray(sensor), np.asarray(reference), beside)


def near(wanted: Score) -> Any:
    return pytest.approx(astuple(wanted), rel=1e-7, abs=1e-9)


def line_of(found: Fit) -> list[float]:
    return [found.offset, found.gain, *found.factors.values()]


@pytest.mark.parametrize("share", [0, 0.2, 0.5])
def test_an_exact_line_is_found_and_holds_on_unseen_days(share):
    found = fit(pairs_of((TRUTH - 3.5) / 0.6), share)
    assert line_of(found) == pytest.approx([3.5, 0.6], rel=1e-9)
    assert found.fitted.rmse == pytest.approx(0, abs=1e-9)
    assert (found.fitted.slope, found.fitted.r2) == pytest.approx((1, 1))
    assert (found.held_out is None) is (share == 0)
    if found.held_out:
        assert found.held_out.days == DAYS * share
        assert found.held_out.corrected.n == 24 * DAYS * share
        assert found.held_out.corrected.rmse == pytest.approx(0, abs=1e-9)
        assert found.held_out.found.rmse > 5


def test_factors_of_humidity_and_temperature_are_found():
    sensor = (TRUTH - 2 + 0.3 * HUMIDITY - 0.8 * TEMPERATURE) / 1.7
    found = fit(pairs_of(sensor, humidity=HUMIDITY, temperature=TEMPERATURE), 0.2)
    assert list(found.factors) == ["humidity", "temperature"]
    assert line_of(found) == pytest.approx([2, 1.7, -0.3, 0.8], rel=1e-9)
    without = fit(pairs_of(sensor), 0.2)
    assert without.fitted.rmse > 1
    assert without.factors == {}


def test_the_line_is_that_of_other_programs():
    sensor = TRUTH * 1.5 + 4 + NOISE
    found = fit(pairs_of(sensor), 0.2)
    theirs = statistics.linear_regression(sensor.tolist(), TRUTH.tolist())
    assert line_of(found) == pytest.approx([theirs.intercept, theirs.slope], rel=1e-9)
    assert line_of(found) == pytest.approx(np.polynomial.Polynomial.fit(sensor, TRUTH, 1).convert().coef)


def test_scores_are_those_of_other_programs():
    sensor = TRUTH * 1.5 + 4 + NOISE
    found = score(sensor, TRUTH)
    theirs = statistics.linear_regression(TRUTH.tolist(), sensor.tolist())
    assert (found.slope, found.intercept) == pytest.approx((theirs.slope, theirs.intercept))
    assert found.r2 == pytest.approx(statistics.correlation(sensor.tolist(), TRUTH.tolist()) ** 2)
    assert found.rmse == pytest.approx(sqrt(statistics.fmean((sensor - TRUTH) ** 2)))
    assert found.nrmse == pytest.approx(found.rmse / statistics.fmean(TRUTH))
    assert found.n == len(TRUTH)


def test_a_score_by_hand():
    found = score(np.array([3.0, 5.0, 10.0]), np.array([1.0, 2.0, 3.0]))
    assert (found.slope, found.intercept) == pytest.approx((3.5, -1))
    assert found.r2 == pytest.approx(7**2 / (26 * 2))
    assert found.rmse == pytest.approx(sqrt((4 + 9 + 49) / 3))
    assert found.nrmse == pytest.approx(sqrt(62 / 3) / 2)


@pytest.mark.parametrize(
    ("value", "reference", "slope_is_known"),
    [([5.0, 5.0, 5.0], [1.0, 2.0, 3.0], True), ([1.0, 2.0, 3.0], [0.1, 0.1, 0.1], False)],
    ids=["the sensor rests", "the reference rests"],
)
def test_what_cannot_be_known_of_a_column_that_rests_is_nan(value, reference, slope_is_known):
    found = score(np.array(value), np.array(reference))
    assert isnan(found.r2)
    assert isnan(found.slope) is not slope_is_known
    assert found.rmse > 0


def test_held_out_days_are_whole_spread_evenly_and_not_fitted():
    unseen = (HOURS // (24 * HOUR_MS)) % 5 == 4  # every fifth day
    sensor = np.where(unseen, TRUTH * 3 + 40, TRUTH * 2)
    found = fit(pairs_of(sensor), 0.2).held_out
    assert found is not None
    assert found.days == DAYS / 5
    assert found.corrected.n == unseen.sum()
    assert found.found == score(sensor[unseen], TRUTH[unseen])
    # Fitted on the others alone the line is exactly 0.5 x.
    assert astuple(found.corrected) == near(score(sensor[unseen] * 0.5, TRUTH[unseen]))


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (
            pairs_of(TRUTH[:99], TRUTH[:99], HOURS[:99]),
            r"only 99 hours .* sensor and reference; at least 100",
        ),
        (
            pairs_of(TRUTH[:7], TRUTH[:7], HOURS[:7], humidity=HUMIDITY[:7]),
            "only 7 hours have readings of sensor and reference and humidity",
        ),
        (pairs_of([], [], HOURS[:0]), "only 0 hours"),
        (pairs_of(np.full(len(TRUTH), 0.1)), "the sensor did not change"),
        (pairs_of(TRUTH, np.full(len(TRUTH), 0.1)), "the reference did not change"),
        (pairs_of(TRUTH * 2, humidity=np.full(len(TRUTH), 0.3)), "humidity did not change"),
        (pairs_of(TRUTH * 2, humidity=5 - TRUTH / 3), "the sensor, humidity moved together all the time"),
        (pairs_of(NOISE * 50), r"does not follow the reference: a gain of .* is not between 0\.1 and 10"),
        (pairs_of(200 - TRUTH), "a gain of -1 is not between"),
        (pairs_of(TRUTH * 11), "a gain of 0.0909 is not between"),
        (pairs_of(TRUTH / 11), "a gain of 11 is not between"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_gives_no_line_is_refused_with_its_reason(pairs, said):
    with pytest.raises(CalibrationError, match=said):
        fit(pairs, 0.2)


def test_a_hundred_pairs_are_enough():
    assert fit(pairs_of(TRUTH[:100] * 2, TRUTH[:100], HOURS[:100]), 0.2).gain == pytest.approx(0.5)


amounts = st.floats(-30, 30)
scales = st.floats(0.5, 2)


@given(scales, amounts)
def test_a_reference_that_is_scaled_and_shifted_moves_the_line_with_it(scale, shift):
    pairs = pairs_of(TRUTH * 1.5 + 4 + NOISE, humidity=HUMIDITY)
    before = fit(pairs, 0.2)
    after = fit(replace(pairs, reference=TRUTH * scale + shift), 0.2)
    assert after.offset == pytest.approx(before.offset * scale + shift, abs=1e-6)
    assert after.gain == pytest.approx(before.gain * scale)
    assert after.factors["humidity"] == pytest.approx(before.factors["humidity"] * scale)
    assert after.fitted.r2 == pytest.approx(before.fitted.r2)
    assert after.fitted.rmse == pytest.approx(before.fitted.rmse * scale)


@given(scales, amounts)
def test_a_sensor_that_is_scaled_and_shifted_is_corrected_to_the_same(scale, shift):
    sensor = TRUTH * 1.5 + 4 + NOISE
    before, after = fit(pairs_of(sensor), 0.2), fit(pairs_of(sensor * scale + shift), 0.2)
    assert after.gain == pytest.approx(before.gain / scale)
    assert after.offset == pytest.approx(before.offset - shift * before.gain / scale, abs=1e-6)
    assert astuple(after.fitted) == near(before.fitted)
    assert astuple(after.held_out.corrected) == near(before.held_out.corrected)


@given(st.permutations(range(DAYS)))
def test_only_which_days_are_held_out_depends_on_their_order(order):
    """The line and its score on all pairs are the same for the same hours of air in another order."""
    rows = np.concatenate([np.arange(24) + 24 * day for day in order])
    sensor = TRUTH * 1.5 + 4 + NOISE
    before, after = fit(pairs_of(sensor), 0.2), fit(pairs_of(sensor[rows], TRUTH[rows]), 0.2)
    assert line_of(after) == pytest.approx(line_of(before))
    assert astuple(after.fitted) == near(before.fitted)


@given(st.floats(0, 0.5), st.integers(5, DAYS))
def test_as_many_days_are_held_out_as_were_asked_for(share, days):
    n = days * 24
    found = fit(pairs_of(TRUTH[:n] * 2, TRUTH[:n], HOURS[:n]), share).held_out
    assert (found.days if found else 0) == int(days * share + 1e-9)
