import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.indices.aqi_us import BANDS, overall, sub_index

CONCENTRATION = st.floats(0, 3000, allow_nan=False)


# EPA-454/B-24-002: the 2024 breaks.
@pytest.mark.parametrize(
    ("pollutant", "concentration", "index"),
    [
        ("pm2_5", 9.0, 50),
        ("pm2_5", 12.0, 56),
        ("pm2_5", 35.0, 99),
        ("pm2_5", 35.9, 102),
        ("pm2_5", 55.4, 150),
        ("pm2_5", 90, 175),
        ("pm2_5", 150, 225),
        ("pm2_5", 225.4, 300),
        ("pm10", 75, 61),
        ("pm10", 154, 100),
        ("co", 8.4, 90),
        ("no2", 80, 79),
        ("o3_8h", 78, 126),  # 125.5 exactly: half goes up
    ],
)
def test_published_examples(pollutant, concentration, index):
    assert sub_index(pollutant, concentration) == index


def test_the_overall_index_is_that_of_the_worst_pollutant():
    assert overall({"pm2_5": 35.9, "co": 8.4, "o3_8h": 78}) == 126


# Every break of the table: a concentration at the end of a band, and one step further.
@pytest.mark.parametrize(
    ("pollutant", "last", "first"),
    [
        ("pm2_5", [9.0, 35.4, 55.4, 125.4, 225.4], [9.1, 35.5, 55.5, 125.5, 225.5]),
        ("pm10", [54, 154, 254, 354, 424], [55, 155, 255, 355, 425]),
        ("co", [4.4, 9.4, 12.4, 15.4, 30.4], [4.5, 9.5, 12.5, 15.5, 30.5]),
        ("no2", [53, 100, 360, 649, 1249], [54, 101, 361, 650, 1250]),
        ("o3_8h", [54, 70, 85, 105], [55, 71, 86, 106]),
    ],
)
def test_bands_meet_without_a_gap(pollutant, last, first):
    assert sub_index(pollutant, np.array(last)).tolist() == [50, 100, 150, 200, 300][: len(last)]
    assert sub_index(pollutant, np.array(first)).tolist() == [51, 101, 151, 201, 301][: len(first)]


@pytest.mark.parametrize(
    ("pollutant", "concentration"), [("pm10", 604), ("co", 50.4), ("no2", 2049), ("o3_1h", 604)]
)
def test_the_tables_end_at_500(pollutant, concentration):
    assert sub_index(pollutant, concentration) == 500
    assert sub_index(pollutant, concentration * 1.2) > 500


def test_concentrations_are_truncated_and_not_rounded():
    assert sub_index("pm2_5", 35.49) == sub_index("pm2_5", 35.4) == 100
    assert sub_index("pm2_5", 35.45) == 100
    assert sub_index("pm10", 154.99) == 100
    assert sub_index("no2", 100.9) == 100


def test_one_hour_ozone_counts_from_125_ppb_and_eight_hour_ozone_ends_at_300():
    assert np.isnan(sub_index("o3_1h", 124))
    assert [sub_index("o3_1h", ppb) for ppb in (125, 164, 165, 404, 405)] == [101, 150, 151, 300, 301]
    assert sub_index("o3_8h", 200) == sub_index("o3_8h", 350) == 300
    assert overall({"o3_8h": 210, "o3_1h": 420}) == sub_index("o3_1h", 420) > 300
    assert overall({"o3_8h": 40, "o3_1h": 60}) == sub_index("o3_8h", 40)


@given(pollutant=st.sampled_from(sorted(BANDS)), values=st.lists(CONCENTRATION, min_size=2, max_size=20))
def test_more_pollution_never_lowers_the_index(pollutant, values):
    indices = sub_index(pollutant, np.sort(values))
    assert np.all(np.diff(indices[~np.isnan(indices)]) >= 0)


@pytest.mark.parametrize("pollutant", BANDS)
def test_one_step_of_the_table_never_jumps_further_than_its_steepest_band(pollutant):
    bands = BANDS[pollutant]
    every_step = np.arange(bands.low[0], bands.high[-1] + 1) / bands.steps_per_unit
    slopes = (bands.index_high - bands.index_low) / (bands.high - bands.low)
    jumps = np.diff(sub_index(pollutant, every_step))
    assert jumps.min() >= 0
    assert jumps.max() <= np.ceil(max(slopes.max(), 1)) + 1


@given(st.dictionaries(st.sampled_from(sorted(BANDS)), CONCENTRATION | st.just(np.nan), min_size=1))
def test_the_order_of_the_pollutants_does_not_matter(concentrations):
    found = [
        overall(dict(order)) for order in itertools.islice(itertools.permutations(concentrations.items()), 24)
    ]
    assert np.array_equal(found, [found[0]] * len(found), equal_nan=True)


@given(st.dictionaries(st.sampled_from(sorted(BANDS)), CONCENTRATION, min_size=1))
def test_a_missing_pollutant_changes_nothing(concentrations):
    missing = {name: np.nan for name in BANDS if name not in concentrations}
    assert np.array_equal(overall(concentrations | missing), overall(concentrations), equal_nan=True)


def test_no_value_gives_no_index():
    assert np.isnan(sub_index("pm2_5", np.nan))
    assert np.isnan(sub_index("pm2_5", -1.0))
    assert np.isnan(overall({"pm2_5": np.nan, "pm10": np.nan}))
    with pytest.raises(ValueError, match="pm2_5"):
        overall({})


def test_columns_are_indexed_row_by_row():
    pm2_5 = np.array([9.0, np.nan, 225.4])
    pm10 = np.array([154.0, 54.0, np.nan])
    assert overall({"pm2_5": pm2_5, "pm10": pm10}).tolist() == [100, 50, 300]
    assert overall({"pm2_5": pm2_5, "pm10": 54.0}).tolist() == [50, 50, 300]
    assert sub_index("pm2_5", np.array([])).shape == (0,)


def test_input_stays_as_it_was():
    values = np.array([35.45, np.nan])
    sub_index("pm2_5", values)
    assert np.array_equal(values, [35.45, np.nan], equal_nan=True)
