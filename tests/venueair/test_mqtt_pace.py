"""Reads come at once while it is quiet and in steps under load."""

import pytest

from venueair.mqtt_pace import Pace, Pacing

PACING = Pacing()


def reads(gap_s: float, messages: int, seconds: float) -> list[float]:
    """Waits before the reads of messages that come in groups at an even pace."""
    pace, now, waits = Pace(PACING), 100.0, []
    while now < 100.0 + seconds:
        waits.append(pace.wait_s(now))
        now += waits[-1]
        pace.took(messages, now)
        now += gap_s
    return waits


def test_a_low_rate_is_read_at_once_and_so_is_a_small_burst():
    assert set(reads(1 / (0.9 * PACING.eager_per_s), 1, 2.0)) == {0.0}
    assert set(reads(0.0, 1, 0.0)) <= {0.0}
    pace = Pace(PACING)
    for n in range(int(PACING.burst)):
        assert pace.wait_s(100.0) == 0, n
        pace.took(1, 100.0)


def test_under_load_reads_are_2_ms_apart_and_after_it_at_once_again():
    waits = reads(0.0001, 40, 1.0)
    assert waits[0] == 0
    assert waits[2:] == pytest.approx([PACING.apart_s - 0.0001] * (len(waits) - 2))
    pace = Pace(PACING)
    for _ in range(1000):
        pace.took(1000, 100.0)
    assert pace.wait_s(100.0) == pytest.approx(PACING.apart_s)
    later = 100.0 + 2 * PACING.burst / PACING.eager_per_s
    pace.took(1, later)
    assert pace.wait_s(later) == 0


def test_many_reads_of_one_message_are_load_too():
    waits = reads(1 / (10 * PACING.eager_per_s), 1, 1.0)
    assert sum(wait == 0 for wait in waits) < 1.1 * PACING.eager_per_s
    assert waits.count(0.0) < len(waits)


def test_a_slow_handler_is_not_slowed_further():
    assert set(reads(0.003, 40, 1.0)) == {0.0}
