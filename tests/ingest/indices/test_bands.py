import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.indices.bands import Bands, rounded, truncated
from ingest.indices.ratio import ratio

TENTHS = Bands.of(10, ((0, 9.0), (9.1, 35.4)), ((0, 50), (51, 100)))


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        (35.45, 354),
        (35.499999, 354),
        (35.4, 354),
        (35.5, 355),
        (9.05, 90),
        (9.1, 91),
        (0.1 + 0.2, 3),
        (0.1 * 3, 3),
        (1.1 + 2.2, 33),
        ((35.4 + 35.5 + 35.6) / 3, 355),
        (0.0, 0),
    ],
)
def test_tenths_are_cut_off_without_float_error(value, steps):
    assert truncated(value, 10) == steps


def test_a_number_written_with_the_digits_of_the_table_is_its_own_step():
    tenths = np.arange(0, 6000)
    assert np.array_equal(truncated(tenths / 10, 10), tenths)
    hundredths = np.arange(0, 10_000)
    assert np.array_equal(truncated(hundredths / 100, 100), hundredths)
    assert np.array_equal(rounded(hundredths / 100, 100), hundredths)


@given(st.integers(0, 10_000_000))
def test_cutting_off_is_that_of_decimal_arithmetic(ten_thousandths):
    value = ten_thousandths / 10_000
    assert truncated(value, 10) == math.floor(Fraction(ten_thousandths, 10_000) * 10)


@pytest.mark.parametrize(
    ("value", "steps"), [(35.45, 355), (35.44, 354), (0.05, 1), (35.4, 354), (1.005, 10)]
)
def test_tenths_are_rounded_half_up(value, steps):
    assert rounded(value, 10) == steps


@pytest.mark.parametrize(
    ("value", "index"),
    [(0, 0), (9.0, 50), (9.05, 50), (9.1, 51), (35.4, 100), (-0.1, math.nan), (math.nan, math.nan)],
)
def test_an_index_runs_from_end_to_end_of_its_band(value, index):
    assert TENTHS.index(truncated(value, 10)) == pytest.approx(index, nan_ok=True)


def test_above_the_last_band_its_line_goes_on():
    slope = (100 - 51) / (35.4 - 9.1)
    assert TENTHS.index(truncated(70, 10)) == round(51 + slope * (70 - 9.1))


def test_shapes_are_kept():
    for shape in ((), (0,), (3,), (2, 3)):
        assert TENTHS.index(np.zeros(shape)).shape == shape


def test_a_ratio_is_only_taken_where_it_has_a_meaning():
    found = ratio(
        np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.0, np.nan]), where=np.array([True, False, True])
    )
    assert np.array_equal(found, [0.5, np.nan, np.nan], equal_nan=True)
