import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ingest.indices.aqi_us import sub_index
from ingest.indices.nowcast import nowcast_pm

NAN = np.nan
# Oldest first. The first is a worked example that the AirNow forum agrees with.
FALLING = [34.9, 43, 50, 64.9, 69.2, 66.2, 53.7, 48.6, 49.2, 35, NAN, 21]
STEADY = [22, 22, 21, 20, 19, 20, 20, 21, 22, 22, 23, 24]
HOURS = arrays(np.float64, 12, elements=st.floats(0, 1000) | st.just(NAN))


def reference(hours):
    """The steps of the EPA document, one by one, newest first."""
    newest_first = list(reversed(hours))
    valid = [c for c in newest_first if not np.isnan(c)]
    if sum(not np.isnan(c) for c in newest_first[:3]) < 2:
        return NAN
    w = 1.0 if max(valid) == 0 else max(1 - (max(valid) - min(valid)) / max(valid), 0.5)
    pairs = [(w**k, c) for k, c in enumerate(newest_first) if not np.isnan(c)]
    return sum(weight * c for weight, c in pairs) / sum(weight for weight, _ in pairs)


@pytest.mark.parametrize(
    ("hours", "value", "aqi"), [(FALLING, 28.409801, 87), (STEADY, 22.0597, 75)], ids=["falling", "steady"]
)
def test_published_examples(hours, value, aqi):
    found = nowcast_pm(np.array(hours))
    assert found == pytest.approx(value, abs=5e-5 if value == 22.0597 else 5e-7)
    assert sub_index("pm2_5", found) == aqi


@pytest.mark.parametrize("missing", [(-1, -2), (-1, -3), (-2, -3), (-1, -2, -3)])
def test_two_of_the_newest_three_hours_are_needed(missing):
    hours = np.array(STEADY, dtype=np.float64)
    hours[list(missing)] = NAN
    assert np.isnan(nowcast_pm(hours))


@pytest.mark.parametrize("missing", [-1, -2, -3])
def test_one_of_the_newest_three_hours_may_be_missing(missing):
    hours = np.array(STEADY, dtype=np.float64)
    hours[missing] = NAN
    assert 19 <= nowcast_pm(hours) <= 24


def test_clean_air_is_zero_and_not_missing():
    assert nowcast_pm(np.zeros(12)) == 0


def test_nothing_measured_is_no_value():
    assert np.isnan(nowcast_pm(np.full(12, NAN)))


@given(HOURS)
def test_it_is_what_the_steps_of_the_document_give(hours):
    assert nowcast_pm(hours) == pytest.approx(reference(hours.tolist()), rel=1e-9, abs=1e-12, nan_ok=True)


@given(arrays(np.float64, (5, 12), elements=st.floats(0, 1000) | st.just(NAN)))
def test_rows_do_not_touch_each_other(rows):
    alone = [nowcast_pm(row) for row in rows]
    assert np.array_equal(nowcast_pm(rows), alone, equal_nan=True)


@given(HOURS)
def test_it_lies_between_the_lowest_and_the_highest_hour(hours):
    found = nowcast_pm(hours)
    if not np.isnan(found):
        assert np.nanmin(hours) * (1 - 1e-9) <= found <= np.nanmax(hours) * (1 + 1e-9)


def test_another_number_of_hours_is_refused():
    for shape in ((), (11,), (12, 11)):
        with pytest.raises(ValueError, match="12 hourly means"):
            nowcast_pm(np.zeros(shape))
