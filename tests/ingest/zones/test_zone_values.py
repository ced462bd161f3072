"""What the value of a zone must not do: follow one bad sensor, hide an emergency, count a reading twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.zone_members import ACCURACY, Members
from ingest.zone_outliers import DISAGREES
from ingest.zone_values import State, Zoned, zone_values
from venueair.block import Block, Flag, Why
from venueair.quantities import QUANTITIES

T0 = 1_795_447_500_000
ZONE = 9
HALF_HOUR = 361  # steps until a finding is a verdict


def members(sensors: int, quantity: str = "co2") -> Members:
    zone_of = np.array([ZONE] * sensors + [-1] * (10 - sensors), dtype=np.int32)
    return Members.of([("any", quantity)] * 10, zone_of)


class Zone:
    """Sensors that speak together every 5 s, one call each time; `said` is what came last."""

    def __init__(self, sensors: int, quantity: str = "co2") -> None:
        self.members, self.state, self.t = members(sensors, quantity), State(), T0
        self.said: list[Zoned] = []

    def take(self, t, series, values, why=None, flag=Flag.GOOD) -> Zoned:
        block = Block.of(t, series, values)
        block.flag[:] = flag
        if why is not None:
            block.why[:] = why
            block.flag[np.array(why) > 0] = Flag.SUSPECT
        self.said.append(zone_values(block.sorted(), self.state, self.members))
        return self.said[-1]

    def long(self, values, steps: int) -> "Zone":
        """The same as `speak`, in one call."""
        t = self.t + 5000 * np.arange(1, steps + 1)
        self.t = int(t[-1])
        self.take(np.tile(t, len(values)), np.repeat(range(len(values)), steps), np.repeat(values, steps))
        return self

    def speak(self, values, steps: int = 1, why=None) -> "Zone":
        for _ in range(steps):
            self.t += 5000
            self.take([self.t] * len(values), range(len(values)), values, why)
        return self

    @property
    def value(self) -> float:
        return self._last().value[-1]

    @property
    def flag(self) -> int:
        return self._last().flag[-1]

    def _last(self) -> Block:
        return next(zoned.values for zoned in reversed(self.said) if len(zoned.values))

    def anew(self) -> Block:
        return Block.concat([zoned.reflagged for zoned in self.said])


@pytest.mark.parametrize("lie", [0.0, 300.0, 40_000.0, 1e300], ids=["zero", "low", "high", "absurd"])
@pytest.mark.parametrize("steps", [13, 2 * HALF_HOUR], ids=["at once", "for an hour"])
def test_one_bad_sensor_of_three_neither_hides_nor_invents_a_problem(lie, steps):
    assert 1900 <= Zone(3).long([1900.0, 1950.0, lie], steps).value <= 1950
    assert 500 <= Zone(3).long([lie, 500.0, 550.0], steps).value <= 550


levels = st.sampled_from([0.0, 300.0, 500.0, 560.0, 610.0, 700.0, 1200.0, 5000.0])


@settings(max_examples=25, deadline=None)
@given(
    st.integers(3, 5),
    st.lists(
        st.tuples(levels, st.floats(0, 300), levels, st.sampled_from([1, 12, HALF_HOUR, 500]), st.randoms()),
        min_size=1,
        max_size=5,
    ),
)
def test_a_liar_never_moves_the_value_beyond_the_others_by_more_than_an_accuracy(sensors, story):
    zone, bounds, t, rows = Zone(sensors), [], T0, []
    for level, gradient, lie, steps, random in story:
        honest = [level + random.uniform(0, gradient) for _ in range(sensors - 1)]
        values = [*honest, lie]
        for _ in range(steps):
            t += 5000
            rows += [(t, n, value) for n, value in enumerate(values)]
            bounds.append((t, min(honest), max(honest)))
    values = zone.take(*zip(*rows, strict=True)).values
    for t, value in zip(values.t.tolist(), values.value.tolist(), strict=True):
        window = [bound for bound in bounds if t - 60_000 < bound[0] <= t]
        low, high = min(low for _, low, _ in window), max(high for *_, high in window)
        assert low - 50 - 0.05 * high - 1e-5 <= value <= high + 50 + 0.05 * high + 1e-5


def test_a_stuck_sensor_stays_aside_while_another_is_well():
    zone = Zone(2).speak([400.0, 1200.0], 13, why=[Why.FLAT_LINE, 0])
    assert (zone.value, zone.flag) == (1200.0, Flag.GOOD)
    assert zone.state.left_out == {0: Why.FLAT_LINE}
    zone.speak([1150.0, 1200.0], 14)
    assert zone.value == 1175.0
    assert zone.state.left_out == {}


def test_when_something_speaks_against_all_they_are_used_and_marked():
    zone = Zone(2, "pm2_5").speak([40.0, 60.0], 13, why=[Why.HUMID, Why.HUMID])
    assert (zone.value, zone.flag) == (50.0, Flag.SUSPECT)
    assert zone.state.left_out == {}


@pytest.mark.parametrize("why", [Why.OVER_RANGE, Why.SUSPECT_RANGE, Why.RATE, Why.SPIKE | Why.RATE])
def test_what_smoke_reads_like_is_not_left_out(why):
    zone = Zone(2, "pm2_5").speak([1000.0, 20.0], 13, why=[why, 0])
    assert zone.value == 510.0
    assert zone.state.left_out == {}


def test_values_are_suspect_when_all_their_rows_are():
    assert Zone(1).speak([6000.0], 13, why=[Why.SUSPECT_RANGE]).flag == Flag.SUSPECT
    assert Zone(2).speak([6000.0, 6000.0], 13, why=[Why.SUSPECT_RANGE, 0]).flag == Flag.GOOD
    assert Zone(1).speak([600.0], 13, why=[Why.SPIKE]).flag == Flag.GOOD  # known one reading later only


def test_who_deviates_for_half_an_hour_is_named_and_comes_back_after_half_an_hour():
    zone = Zone(3).long([600.0, 610.0, 1500.0], HALF_HOUR)
    assert zone.state.left_out == {}
    zone.speak([600.0, 610.0, 1500.0], 2)
    assert zone.state.left_out == {2: Why.CROSS_SENSOR}
    assert zone.value == 605.0
    zone.long([600.0, 610.0, 600.0], HALF_HOUR + 5)
    assert zone.state.left_out == {2: Why.CROSS_SENSOR}
    zone.speak([600.0, 610.0, 600.0], 10)
    assert zone.state.left_out == {}


def test_who_deviates_now_and_then_is_not_left_out():
    zone = Zone(3)
    for _ in range(3):
        zone.long([600.0, 610.0, 1500.0], 300).speak([600.0, 610.0, 605.0], 13)
    assert zone.state.left_out == {}
    assert len(zone.anew()) == 0


def test_of_two_that_disagree_nobody_knows_who_is_wrong():
    zone = Zone(2).long([600.0, 1500.0], HALF_HOUR)
    assert (zone.value, zone.flag) == (1050.0, Flag.GOOD)
    zone.speak([600.0, 1500.0], 2)
    assert (zone.value, zone.flag) == (1050.0, Flag.SUSPECT)
    assert zone.state.left_out == {0: DISAGREES, 1: DISAGREES}
    assert len(zone.anew()) == 0


def test_when_one_of_three_falls_silent_the_verdict_on_another_stands():
    zone = Zone(3).long([600.0, 610.0, 1500.0], HALF_HOUR + 2)
    for _ in range(HALF_HOUR + 30):
        zone.t += 5000
        zone.take([zone.t, zone.t], [0, 2], [600.0, 1500.0])
    assert zone.value == 600.0
    assert zone.state.left_out == {2: Why.CROSS_SENSOR}


def test_rows_of_who_is_out_are_flagged_anew_from_the_step_on_at_which_it_is():
    zone = Zone(3).long([600.0, 610.0, 1500.0], HALF_HOUR + 20)
    anew = zone.anew()
    assert anew.t.tolist() == [T0 + 5000 * n for n in range(HALF_HOUR, HALF_HOUR + 20)]
    assert set(anew.series.tolist()) == {2}
    assert set(anew.flag.tolist()) == {Flag.SUSPECT}
    assert set(anew.why.tolist()) == {Why.CROSS_SENSOR}
    assert set(anew.value.tolist()) == {1500.0}


def test_a_row_flagged_as_a_spike_later_keeps_both_marks():
    zone = Zone(3).long([600.0, 610.0, 1500.0], HALF_HOUR + 5)
    at = zone.t
    again = zone.take([at], [2], [1500.0], why=[Why.SPIKE])
    assert not again.passed.any()
    zone.speak([600.0, 610.0, 1500.0])
    marks = [int(why) for t, why in zip(zone.anew().t, zone.anew().why, strict=True) if t == at]
    assert marks == [Why.CROSS_SENSOR | Why.SPIKE]
    said = zone.take([at], [2], [1500.0], why=[Why.SPIKE])  # and once more when its step is said
    assert said.reflagged.why.tolist() == [Why.CROSS_SENSOR | Why.SPIKE]


def test_a_row_that_comes_again_as_a_spike_is_not_counted_twice():
    zone, plain = Zone(1), Zone(1)
    for z in (zone, plain):
        z.take([T0 + 1000, T0 + 2000], [0, 0], [600.0, 900.0])
    again = zone.take([T0 + 2000], [0], [900.0], why=[Why.SPIKE])
    assert not again.passed.any()
    for z in (zone, plain):
        z.take([T0 + 5001], [0], [600.0])
    assert zone.value == plain.value == 750.0


def test_a_dip_counts_although_it_fails_later():
    """Whether its failing is known before the step is said depends on how rows come."""
    zone = Zone(1)
    block = Block.of([T0 + 1000, T0 + 2000, T0 + 5001], [0, 0, 0], [600.0, 0.0, 600.0])
    block.flag[:] = [Flag.GOOD, Flag.FAIL, Flag.GOOD]
    block.why[1] = Why.SPIKE
    assert zone_values(block, zone.state, zone.members).values.value.tolist() == [300.0]


def test_rows_that_fail_or_miss_enter_no_value():
    zone = Zone(1)
    zone.take([T0 + 1000], [0], [600.0], flag=Flag.FAIL)
    zone.take([T0 + 2000], [0], [float("nan")], flag=Flag.MISSING)
    assert len(zone.take([T0 + 90_000], [0], [600.0]).values) == 0
    assert len(zone.take([T0 + 95_001], [0], [600.0]).values) == 2


def test_a_sensor_that_lags_is_not_waited_for_and_what_it_sends_later_is_passed():
    zone = Zone(2)
    zone.take([T0 + 1000, T0 + 1000], [0, 1], [600.0, 700.0])
    said = zone.take([T0 + 30_000], [0], [600.0])
    assert said.values.t.tolist() == [T0 + 5000, T0 + 10_000]
    late = zone.take([T0 + 9000, T0 + 12_000], [1, 1], [700.0, 700.0])
    assert late.passed.tolist() == [True, False]


def test_sensors_without_a_zone_are_left_alone():
    zone = Zone(1)
    said = zone.take([T0, T0], [0, 5], [600.0, 700.0])
    assert not said.passed.any()
    assert len(zone.take([T0 + 60_000], [5], [700.0]).values) == 0


def test_a_mean_of_equal_readings_is_that_reading():
    assert Zone(1, "temperature").speak([21.3], 15).value == 21.3


def test_sensor_means_are_at_the_steps_of_their_zone():
    zone = Zone(2).speak([600.0, 700.0], 5)
    means = Block.concat([zoned.sensor_means for zoned in zone.said])
    steps = Block.concat([zoned.values for zoned in zone.said]).t.tolist()
    assert sorted(zip(means.t.tolist(), means.series.tolist(), means.value.tolist(), strict=True)) == [
        (t, n, value) for t in steps for n, value in ((0, 600.0), (1, 700.0))
    ]


def test_series_that_come_later_find_room():
    zone = Zone(1).speak([600.0], 3)
    more = Members.of(
        [("any", "co2")] * 500, np.append(zone.members.zone_of, np.full(490, ZONE)).astype(np.int32)
    )
    zone.members = more
    zone.t += 5000
    zone.take([zone.t, zone.t], [0, 499], [600.0, 800.0])
    zone.t += 5001
    assert zone.take([zone.t, zone.t], [0, 499], [600.0, 800.0]).values.value[-1] == 700.0


def test_quantities_with_an_accuracy_are_known_ones():
    assert set(ACCURACY) <= set(QUANTITIES)
