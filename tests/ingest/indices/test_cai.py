import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ingest.indices.cai import BANDS, REQUIRED, c24e, grade, overall, sub_index

NAN = np.nan
ORDER = ("pm10", "pm2_5", "o3", "no2", "co", "so2")
HOURS = [30, 32, 35, 36, 38, 40, 42, 44, 46, 48, 50, 51]  # PM2.5, oldest first
CONCENTRATION = st.floats(0, 800, allow_nan=False)

# Worked examples with the AirKorea tables; gases in ppb where AirKorea prints ppm.
EXAMPLES = [
    pytest.param((85, 40, 60, 40, 0.8, 4), (110, 116, 75, 66, 20, 10), 166, id="two-bad-add-50"),
    pytest.param((60, 30, 50, 35, 0.5, 3), (80, 87, 67, 58, 13, 8), 87, id="none-bad"),
    pytest.param((160, 80, 100, 30, 0.5, 3), (256, 253, 124, 50, 13, 8), 331, id="three-bad-add-75"),
]


@pytest.mark.parametrize(("values", "indices", "combined"), EXAMPLES)
def test_published_examples(values, indices, combined):
    concentrations = dict(zip(ORDER, values, strict=True))
    assert tuple(sub_index(name, value) for name, value in concentrations.items()) == indices
    assert overall(concentrations) == combined


def test_predicted_24_hour_mean():
    assert c24e("pm2_5", np.array(HOURS, dtype=np.float64)) == pytest.approx(38.78125)


def test_below_its_threshold_an_hour_is_never_damped():
    assert c24e("pm2_5", np.full(12, 29.9)) == pytest.approx(29.9)
    assert c24e("pm2_5", np.full(12, 30.0)) == pytest.approx((30 + 22.5) / 2)
    assert c24e("pm10", np.full(12, 69.0)) == pytest.approx(69.0)
    assert c24e("pm10", np.full(12, 70.0)) == pytest.approx((70 + 52.5) / 2)


@pytest.mark.parametrize("newest", [200.0, 25.0])
def test_an_hour_far_from_the_mean_is_not_damped(newest):
    hours = np.array([60.0] * 11 + [newest])
    c12 = hours.mean()
    others = [0.75 * 60.0 if 0.9 <= 60 / c12 <= 1.7 else 60.0] * 3
    assert c24e("pm2_5", hours) == pytest.approx((c12 + (sum(others) + newest) / 4) / 2)


def test_a_quarter_of_the_hours_may_be_missing():
    hours = np.full(12, 20.0)
    hours[[0, 4, 9]] = NAN
    assert c24e("pm2_5", hours) == pytest.approx(20.0)
    hours[5] = NAN
    assert np.isnan(c24e("pm2_5", hours))


def test_two_of_the_newest_four_hours_missing_is_no_value():
    hours = np.full(12, 20.0)
    hours[[9, 11]] = NAN
    assert np.isnan(c24e("pm2_5", hours))


def test_clean_and_missing_hours_are_told_apart():
    assert c24e("pm10", np.zeros(12)) == 0
    assert np.isnan(c24e("pm10", np.full(12, NAN)))


@given(arrays(np.float64, (4, 12), elements=st.floats(0, 600) | st.just(NAN)))
def test_rows_do_not_touch_each_other(rows):
    assert np.array_equal(c24e("pm10", rows), [c24e("pm10", row) for row in rows], equal_nan=True)


def test_another_number_of_hours_or_a_gas_is_refused():
    with pytest.raises(ValueError, match="12 hourly means"):
        c24e("pm10", np.zeros(24))
    with pytest.raises(KeyError, match="o3"):
        c24e("o3", np.zeros(12))


@pytest.mark.parametrize(
    ("pollutant", "last", "first", "top"),
    [
        ("pm10", (30, 80, 150), (31, 81, 151), 600),
        ("pm2_5", (15, 35, 75), (16, 36, 76), 500),
        ("o3", (30, 90, 150), (31, 91, 151), 600),
        ("no2", (30, 60, 200), (31, 61, 201), 2000),
        ("so2", (20, 50, 150), (21, 51, 151), 1000),
        ("co", (2, 9, 15), (2.01, 9.01, 15.01), 50),
    ],
)
def test_bands_meet_without_a_gap(pollutant, last, first, top):
    assert sub_index(pollutant, np.array(last, dtype=np.float64)).tolist() == [50, 100, 250]
    assert sub_index(pollutant, np.array(first, dtype=np.float64)).tolist() == [51, 101, 251]
    assert sub_index(pollutant, top) == sub_index(pollutant, top * 3) == 500


def test_between_two_bands_the_digits_of_the_table_decide():
    assert (sub_index("pm2_5", 35.4), sub_index("pm2_5", 35.5)) == (100, 101)


@pytest.mark.parametrize(
    ("pm10", "pm2_5", "o3", "expected"),
    [(80, 35, 90, 100), (81, 35, 90, 101), (81, 36, 90, 151), (81, 36, 91, 176)],
)
def test_the_addition_starts_with_the_second_bad_pollutant(pm10, pm2_5, o3, expected):
    assert overall({"pm10": pm10, "pm2_5": pm2_5, "o3": o3, "no2": 10}) == expected


def test_the_combined_index_ends_at_500():
    assert overall(dict.fromkeys(REQUIRED, 5000.0)) == 500


@pytest.mark.parametrize("missing", REQUIRED)
def test_without_one_of_the_four_there_is_no_index(missing):
    complete = dict.fromkeys(REQUIRED, 10.0)
    assert overall(complete) > 0
    assert np.isnan(overall(complete | {missing: NAN}))
    with pytest.raises(ValueError, match=f"{missing} not given"):
        overall({name: value for name, value in complete.items() if name != missing})


def test_co_and_so2_may_be_missing():
    complete = dict.fromkeys(REQUIRED, 10.0)
    assert overall(complete | {"co": NAN, "so2": NAN}) == overall(complete)


def test_rows_are_indexed_one_by_one():
    pm10 = np.array([85, 60, NAN, 160.0])
    others = {"pm2_5": np.array([40, 30, 30, 80.0]), "o3": np.array([60, 50, 50, 100.0]), "no2": 40.0}
    assert np.array_equal(overall({"pm10": pm10} | others), [166, 87, NAN, 331], equal_nan=True)


@given(pollutant=st.sampled_from(sorted(BANDS)), values=st.lists(CONCENTRATION, min_size=2, max_size=20))
def test_more_pollution_never_lowers_an_index(pollutant, values):
    assert np.all(np.diff(sub_index(pollutant, np.sort(values))) >= 0)


@given(st.fixed_dictionaries(dict.fromkeys(ORDER, CONCENTRATION)), st.sampled_from(ORDER), st.floats(1, 3))
def test_more_of_one_pollutant_never_lowers_the_combined_index(values, name, factor):
    worse = values | {name: values[name] * factor}
    assert overall(worse) >= overall(values)


@given(st.fixed_dictionaries(dict.fromkeys(REQUIRED, CONCENTRATION | st.just(NAN))))
def test_the_order_of_the_pollutants_does_not_matter(values):
    found = [overall(dict(order)) for order in itertools.permutations(values.items())]
    assert np.array_equal(found, [found[0]] * len(found), equal_nan=True)


def test_grades_are_those_of_airkorea():
    indices = np.array([0, 50, 51, 100, 101, 250, 251, 500, NAN])
    assert np.array_equal(grade(indices), [1, 1, 2, 2, 3, 3, 4, 4, NAN], equal_nan=True)
