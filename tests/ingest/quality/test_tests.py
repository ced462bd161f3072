"""Each test at its start values: what it finds, what it spares, and that no flag hides an emergency."""

import time
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.quality import Limits, State, judge, without_spikes
from ingest.quality.start_values import MINUTE_MS, START
from tests.ingest.quality.streams import T0, by_time, judged, series
from venueair.block import Block, Flag, Why
from venueair.quantities import QUANTITIES


def alone(quantity: str, values: list[float], every_s: float = 60) -> list[tuple[int, Why]]:
    """(flag, why) of each value of a device that measures nothing else."""
    rows = Block.of([T0 + int(n * every_s * 1000) for n in range(len(values))], [0] * len(values), values)
    block = judge(rows, State(), Limits.of([("a", quantity)]))
    return [(int(flag), Why(why)) for flag, why in zip(block.flag.tolist(), block.why.tolist(), strict=True)]


def found(quantity: str, values: list[float], why: Why, every_s: float = 60) -> list[int]:
    return [n for n, (_, reasons) in enumerate(alone(quantity, values, every_s)) if why & reasons]


def middle(quantity: str) -> float:
    low, high = QUANTITIES[quantity].suspect
    return (low + high) / 2


def having(field: str) -> list[str]:
    return [quantity for quantity, start in START.items() if getattr(start, field) is not None]


@pytest.mark.parametrize("name", QUANTITIES)
def test_ranges_include_their_ends_and_only_below_the_sensors_range_is_a_failure(name):
    quantity = QUANTITIES[name]
    (low, high), (hard_low, hard_high) = quantity.suspect, quantity.hard
    assert [flag for flag, _ in alone(name, [low, high], every_s=3600)] == [Flag.GOOD] * 2
    outside = [(hard_low, Why.SUSPECT_RANGE)] if hard_low < low else []
    outside += [(hard_high, Why.SUSPECT_RANGE)] if high < hard_high < inf else []
    outside += [(np.nextafter(hard_high, inf), Why.OVER_RANGE)] if hard_high < inf else []
    for value, why in outside:
        assert alone(name, [value]) == [(Flag.SUSPECT, why)]
    assert alone(name, [np.nextafter(hard_low, -inf)]) == [(Flag.FAIL, Why.GROSS_RANGE)]
    assert alone(name, [nan]) == [(Flag.MISSING, Why(0))]


def test_a_reading_half_a_step_from_its_neighbours_is_a_spike_by_qartods_average_form():
    assert found("co2", [600, 900, 610], Why.SPIKE) == [1]  # 900 - 605 = 295 > 150
    assert found("co2", [600, 755, 610], Why.SPIKE) == []  # exactly 150
    assert found("co2", [600, 755.5, 610], Why.SPIKE) == [1]


@pytest.mark.parametrize("quantity", having("spike"))
def test_a_spike_up_is_suspect_however_high_and_a_dip_beyond_the_second_limit_fails(quantity):
    suspect, fail = START[quantity].spike
    x = middle(quantity)
    assert suspect < fail
    assert found(quantity, [x, x + suspect, x], Why.SPIKE) == []
    for height in (1.01 * suspect, 1.01 * fail):
        flag, why = alone(quantity, [x, x + height, x])[1]
        assert flag == Flag.SUSPECT
        assert why & Why.SPIKE
    assert alone(quantity, [x, x - 0.99 * fail, x])[1][0] == Flag.SUSPECT
    assert alone(quantity, [x, x - 1.01 * fail, x])[1][0] == Flag.FAIL


def test_the_last_reading_before_a_jump_is_no_failure():
    flags = [flag for flag, _ in alone("pm2_5", [20, 20, 500, 500, 20, 20])]
    assert Flag.FAIL not in flags


def test_beside_a_gap_nothing_is_a_spike_and_the_flag_stays_good():
    assert [flag for flag, _ in alone("co2", [600, 900, 610], every_s=181)] == [Flag.GOOD] * 3


@pytest.mark.parametrize("quantity", having("rate"))
def test_a_change_faster_than_the_rate_is_suspect_up_and_down(quantity):
    rate, x = START[quantity].rate, middle(quantity)
    assert found(quantity, [x, x + 1.01 * rate], Why.RATE) == [1]
    assert found(quantity, [x, x - 1.01 * rate], Why.RATE) == [1]
    assert found(quantity, [x, x + 2 * 0.99 * rate], Why.RATE, every_s=120) == []
    # Noise from second to second is no rate: less than a minute counts as one.
    assert found(quantity, [x, x + 0.99 * rate], Why.RATE, every_s=1) == []


@pytest.mark.parametrize("quantity", having("flat"))
def test_a_line_that_stays_within_the_tolerance_is_flat_after_two_half_windows(quantity):
    tolerance, window_ms = START[quantity].flat
    x, every_s = middle(quantity), window_ms / 8 / 1000
    still = [x, x + 0.9 * tolerance] * 8
    assert found(quantity, still, Why.FLAT_LINE, every_s) == list(range(8, 16))
    moving = [x, x + 1.1 * tolerance] * 8
    assert found(quantity, moving, Why.FLAT_LINE, every_s) == []
    assert found(quantity, [*still[:12], x + 2 * tolerance, x], Why.FLAT_LINE, every_s) == [8, 9, 10, 11, 13]
    assert found(quantity, still, Why.FLAT_LINE, window_ms / 1000) == []  # too few readings to say


@pytest.mark.parametrize("quantity", having("rest"))
def test_the_value_at_which_air_or_sensor_rests_is_never_flat(quantity):
    start = START[quantity]
    every_s = start.flat[1] / 8 / 1000
    assert found(quantity, [start.rest] * 30, Why.FLAT_LINE, every_s) == []


@pytest.mark.parametrize("quantity", having("floor"))
def test_ten_minutes_on_the_floor_are_suspect_and_not_stuck(quantity):
    floor = START[quantity].floor
    verdicts = alone(quantity, [floor] * 60, every_s=60)
    assert verdicts == [(Flag.GOOD, Why(0))] * 10 + [(Flag.SUSPECT, Why.FLOOR)] * 50
    assert found(quantity, [floor + 0.5] * 60, Why.FLOOR) == []
    assert found(quantity, [floor] * 4 + [floor + 1] + [floor] * 12, Why.FLOOR) == [15, 16]


@pytest.mark.parametrize(
    ("why", "flag"),
    [(Why.WARM_UP, Flag.FAIL), (Why.DEVICE_FAULT, Flag.SUSPECT), (Why.CLOCK, Flag.SUSPECT), (Why.LATE, 1)],
    ids=["warming", "faulty", "clock", "late"],
)
def test_what_the_device_said_of_itself_decides_the_flag(why, flag):
    assert judged([[("a", "co2", T0, 700.0, int(why))]]) == {("a", "co2", T0): (flag, why)}


def at_once(**values: float) -> dict[str, tuple[int, Why]]:
    verdicts = judged([[("a", q, T0, value, 0) for q, value in values.items()]])
    return {quantity: (flag, Why(why)) for (_, quantity, _), (flag, why) in verdicts.items()}


GOOD = (Flag.GOOD, Why(0))
ORDER = (Flag.SUSPECT, Why.ORDER)
NO_AIR = (Flag.SUSPECT, Why.SUSPECT_RANGE)


def test_pm_sizes_out_of_order_are_suspect_both():
    assert at_once(pm1=12.5, pm2_5=12, pm10=20) == {"pm1": GOOD, "pm2_5": GOOD, "pm10": GOOD}
    assert at_once(pm1=12.6, pm2_5=12, pm10=20) == {"pm1": ORDER, "pm2_5": ORDER, "pm10": GOOD}
    assert at_once(pm2_5=30, pm10=20) == {"pm2_5": ORDER, "pm10": ORDER}


def test_a_failed_size_accuses_no_other():
    assert at_once(pm1=8, pm2_5=-3, pm10=20)["pm1"] == GOOD


def test_sizes_of_other_times_or_devices_are_not_compared():
    readings = [("a", "pm2_5", T0, 30.0, 0), ("a", "pm10", T0 + 1, 20.0, 0), ("b", "pm10", T0, 20.0, 0)]
    assert set(judged([readings]).values()) == {GOOD}


def test_air_that_cannot_be_is_suspect_in_temperature_and_humidity():
    assert at_once(temperature=40, humidity=70) == {"temperature": GOOD, "humidity": GOOD}  # dew point 33.6
    assert at_once(temperature=45, humidity=70) == {"temperature": NO_AIR, "humidity": NO_AIR}  # 38.3
    assert at_once(temperature=22, humidity=0) == {"temperature": NO_AIR, "humidity": NO_AIR}
    assert at_once(dew_point=23, temperature=22) == {"dew_point": NO_AIR, "temperature": NO_AIR}


def test_pm_in_humid_air_is_suspect_until_the_humidity_is_ten_minutes_old():
    readings = by_time(series("humidity", [85, 85.1], every_s=60), series("pm2_5", [12] * 14, every_s=60))
    humid = [t for (_, q, t), (_, why) in judged([readings]).items() if q == "pm2_5" and why == Why.HUMID]
    assert [(t - T0) // MINUTE_MS for t in humid] == list(range(1, 12))


@pytest.mark.parametrize(("voc", "low", "high"), [("voc_index", 100, 200), ("tvoc", 120, 620)])
def test_hcho_is_suspect_for_half_an_hour_after_a_step_of_voc(voc, low, high):
    def marked(top: float) -> list[int]:
        readings = by_time(
            series(voc, [low] * 6 + [top] * 60, every_s=60),
            series("hcho", [20 + n % 3 for n in range(66)], every_s=60),
        )
        verdicts = judged([readings]).items()
        return [(t - T0) // MINUTE_MS for (_, _, t), (_, why) in verdicts if why & Why.INTERFERENCE]

    # The step stands out at minutes 6 to 14: until a whole window has passed without the low readings.
    assert marked(high) == list(range(6, 14 + 31))
    assert marked(high - 1) == []


def test_a_spike_that_the_next_block_shows_comes_out_again_before_its_rows():
    state = State()
    first = judge(Block.of([T0, T0 + 1000], [0, 0], [600, 900]), state, Limits.of([("a", "co2")]))
    second = judge(Block.of([T0 + 2000], [0], [610]), state, Limits.of([("a", "co2")]))
    assert first.flag.tolist() == [1, 3]  # 300 in less than a minute is fast
    assert second.t.tolist() == [T0 + 1000, T0 + 2000]
    assert second.why.tolist() == [Why.SPIKE | Why.RATE, Why.RATE]
    assert second.raw.tolist() == [900, 610]


def test_the_corrected_value_is_carried_along_and_not_judged():
    raw = Block.of([T0, T0 + 1000], [0, 0], [600, 900])
    block = Block(raw.t, raw.series, raw.raw * 1000, raw.raw, raw.flag, raw.why)
    limits, state = Limits.of([("a", "co2")]), State()
    assert judge(block, state, limits).value.tolist() == [600_000, 900_000]
    again = judge(Block.of([T0 + 2000], [0], [610]), state, limits)
    assert again.value.tolist() == [900_000, 610]


def test_without_spikes_a_block_says_only_what_was_known_at_once():
    rows = Block.of([T0, T0 + 1000, T0 + 2000], [0] * 3, [1000, 650, 1000])
    block = judge(rows, State(), Limits.of([("a", "pressure")]))
    assert block.flag[1] == Flag.FAIL
    plain = without_spikes(block)
    assert not (plain.why & Why.SPIKE).any()
    assert plain.flag.tolist() == [1, 3, 3]
    assert block.flag[1] == Flag.FAIL


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(START)),
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
    st.sampled_from([1, 30, 60, 900, 5400]),
)
def test_a_rise_is_never_a_failure(quantity, rises, every_s):
    low, high = QUANTITIES[quantity].hard
    values = np.cumsum([low, *(rise * (high - low) / 5 for rise in rises)]).tolist()
    assert all(flag in (Flag.GOOD, Flag.SUSPECT) for flag, _ in alone(quantity, values, every_s))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(START)),
    st.lists(st.floats(0, 1.5, width=32), min_size=3, max_size=40),
    st.sampled_from([1, 30, 60, 900]),
)
def test_a_reading_fails_only_below_the_sensors_range_or_as_a_dip(quantity, parts, every_s):
    low, high = QUANTITIES[quantity].hard
    values = [low + part * (high - low) for part in parts]
    for n, (flag, why) in enumerate(alone(quantity, values, every_s)):
        if flag == Flag.FAIL:
            assert why & Why.SPIKE
            assert values[n] < min(values[n - 1], values[n + 1])


def test_a_row_of_a_series_that_was_not_there_yet_finds_room():
    state, readings = State(), series("co2", [600, 900], every_s=1)
    few = Limits.of([("a", "co2")])
    judge(Block.of([t for _, _, t, _, _ in readings], [0, 0], [600, 900]), state, few)
    more = Limits.of([("a", "co2"), *((f"d{n}", "pm2_5") for n in range(5000))])
    block = judge(Block.of([T0 + 2000, T0], [0, 5000], [610, 12]), state, more)
    assert block.series.tolist() == [0, 0, 5000]
    assert block.why[0] & Why.SPIKE


def test_a_million_rows_take_seconds_at_most():
    names = [(f"d{n}", q) for n in range(100) for q in ("pm1", "pm2_5", "co2", "temperature", "humidity")]
    limits, state, rng = Limits.of(names), State(), np.random.default_rng(4)
    s = np.repeat(np.arange(500), 40)
    base = np.tile([8.0, 12.0, 700.0, 22.0, 50.0], 100)[s]
    began = time.process_time()
    for n in range(50):
        t = T0 + n * 40_000 + np.tile(np.arange(40) * 1000, 500)
        judge(Block.of(t, s, base + rng.standard_normal(len(s))), state, limits)
    assert time.process_time() - began < 3  # a row-by-row loop takes ten times as long
