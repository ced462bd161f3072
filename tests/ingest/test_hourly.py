"""Means of hours, and the hours that two instruments have in common."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.hourly import DAY_MS, HOUR_MS, Hourly, hourly, hours_late, pair, sums

T0 = 1_790_812_800_000  # 2026-10-01
MINUTE = 60_000


def series(*hours: int, mean: float = 1.0) -> Hourly:
    return Hourly(np.array(hours, dtype=np.int64) * HOUR_MS, np.full(len(hours), mean))


def means(t: list[int], value: list[float]) -> dict[int, float]:
    found = hourly([sums(np.array(t, dtype=np.int64), np.array(value, dtype=np.float64))])
    return dict(zip(found.hour.tolist(), found.mean.tolist(), strict=True))


def test_an_hour_is_the_mean_of_what_began_in_it():
    t = [T0, T0 + 30 * MINUTE, T0 + HOUR_MS - 1, T0 + HOUR_MS, T0 + HOUR_MS + 1, T0 + HOUR_MS + 2]
    assert means(t, [1, 2, 6, 10, 20, 30]) == {T0: 3, T0 + HOUR_MS: 20}


def test_a_missing_value_is_no_reading():
    t = [T0, T0 + 1, T0 + 2, T0 + 3]
    assert means(t, [4, np.nan, 5, 6]) == {T0: 5}
    assert means(t, [np.nan] * 4) == {}
    assert means([], []) == {}


@pytest.mark.parametrize(("count", "is_kept"), [(44, False), (45, True)])
def test_an_hour_with_less_than_three_quarters_of_its_readings_is_missing(count, is_kept):
    whole = [T0 + hour * HOUR_MS + minute * MINUTE for hour in range(3) for minute in range(60)]
    short = [T0 + 3 * HOUR_MS + minute * MINUTE for minute in range(count)]
    assert (T0 + 3 * HOUR_MS in means(whole + short, [1.0] * (180 + count))) is is_kept


def test_values_once_an_hour_are_their_own_means():
    t = [T0 + hour * HOUR_MS for hour in range(5)]
    assert means(t, [3, 1, 4, 1, 5]) == dict(zip(t, [3, 1, 4, 1, 5], strict=True))


@given(
    st.lists(st.tuples(st.integers(0, 8 * HOUR_MS), st.floats(0, 500)), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_neither_order_nor_cuts_at_whole_hours_change_a_mean(rows, chance):
    rows = sorted(rows)
    whole = means([T0 + t for t, _ in rows], [x for _, x in rows])
    parts = []
    for start in range(0, 9 * HOUR_MS, 2 * HOUR_MS):
        part = [row for row in rows if start <= row[0] < start + 2 * HOUR_MS]
        chance.shuffle(part)
        t = np.array([T0 + t for t, _ in part], dtype=np.int64)
        parts.append(sums(t, np.array([x for _, x in part])))
    cut = hourly(parts)
    assert cut.hour.tolist() == list(whole)
    assert cut.mean == pytest.approx(list(whole.values()), rel=1e-12)


def test_pairs_are_hours_in_which_everything_was_measured():
    pairs = pair(
        series(1, 2, 3, 5, 30, mean=10), series(2, 3, 4, 5, 30, mean=7), {"humidity": series(3, 5, 30, 31)}
    )
    assert (pairs.hour // HOUR_MS).tolist() == [3, 5, 30]
    assert pairs.sensor.tolist() == [10, 10, 10]
    assert pairs.reference.tolist() == [7, 7, 7]
    assert pairs.beside["humidity"].tolist() == [1, 1, 1]
    assert (len(pairs), pairs.days, pairs.period) == (3, 2, (3 * HOUR_MS, 31 * HOUR_MS))


@pytest.mark.parametrize("side", ["sensor", "reference", "humidity"])
def test_there_are_no_pairs_where_one_measured_nothing(side):
    sides = dict.fromkeys(("sensor", "reference", "humidity"), series(1, 2)) | {side: series()}
    assert len(pair(sides["sensor"], sides["reference"], {"humidity": sides["humidity"]})) == 0


def test_hours_between_two_times_begin_between_them():
    assert (series(1, 2, 3).between(HOUR_MS + 1, 3 * HOUR_MS).hour // HOUR_MS).tolist() == [2]


@pytest.mark.parametrize("shift", [-9, -1, 0, 9])
def test_a_clock_of_another_zone_shows(shift):
    hours = np.arange(20 * 24, dtype=np.int64) * HOUR_MS
    truth = np.random.default_rng(1).gamma(2, 10, len(hours))
    reference = Hourly(hours + shift * HOUR_MS, truth)
    assert hours_late(Hourly(hours, 1.4 * truth + 3), reference, 100) == shift


def test_nothing_is_said_about_clocks_where_no_shift_agrees_or_pairs_are_few():
    chance = np.random.default_rng(2)
    hours = np.arange(20 * 24, dtype=np.int64) * HOUR_MS
    noise, other = Hourly(hours, chance.random(len(hours))), Hourly(hours, chance.random(len(hours)))
    assert hours_late(noise, other, 100) == 0
    assert hours_late(noise, Hourly(hours + 9 * HOUR_MS, noise.mean), 1000) == 0
    still = Hourly(hours, np.ones(len(hours)))
    assert hours_late(still, still, 100) == 0


def test_a_day_is_a_day_of_utc():
    assert pair(series(23, 24), series(23, 24), {}).days == 2
    assert DAY_MS == 24 * HOUR_MS
