"""When there are more alarms than people can look at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.alarm_flood import Flood, flood

MINUTE = 60_000


def every(gap_s, count, start=0):
    return [start + n * gap_s * 1000 for n in range(count)]


@pytest.mark.parametrize(
    ("raised", "now", "expected"),
    [
        pytest.param([], 0, Flood(0, None), id="nothing"),
        pytest.param(every(30, 9), 5 * MINUTE, Flood(9, None), id="nine in ten minutes"),
        pytest.param(every(30, 10), 5 * MINUTE, Flood(10, 9 * 30_000), id="ten begin a flood"),
        pytest.param(every(67, 10), 11 * MINUTE, Flood(9, None), id="ten in more than ten minutes"),
        pytest.param(every(30, 10), 11.5 * MINUTE, Flood(6, 9 * 30_000), id="it goes on above four"),
        pytest.param(every(30, 10), 12 * MINUTE, Flood(5, 9 * 30_000), id="five are not fewer"),
        pytest.param(every(30, 10), 12.5 * MINUTE, Flood(4, None), id="four end it"),
        pytest.param(
            every(30, 10) + every(1, 10, 30 * MINUTE), 31 * MINUTE, Flood(10, 30 * MINUTE + 9000), id="again"
        ),
        pytest.param(every(30, 10), 2 * MINUTE, Flood(5, None), id="what is not yet does not count"),
    ],
)
def test_flood_table(raised, now, expected):
    assert flood(raised, now) == expected


@given(st.lists(st.integers(0, 5_000_000), max_size=60), st.integers(0, 6_000_000))
def test_a_flood_is_between_its_bounds(raised, now):
    found = flood(sorted(raised), now)
    assert found.new == sum(now - 600_000 < t <= now for t in raised)
    assert found.since is not None or found.new < 10
    assert found.since is None or found.new >= 5
