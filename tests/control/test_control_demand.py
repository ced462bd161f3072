import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.control.demand import DemandState, Sample, adopt, safe_level, step
from venueair.rules import ControlSettings, Target

TARGET = Target(zone="hall-a", quantity="pm2_5", up_above=35, down_below=25)
CONTROL = ControlSettings()


def run(values, *, state=None, start_s=0, every_s=10, target=TARGET):
    """Levels after each value; None is a message that never came."""
    state = state or DemandState(lost_s=0.0)
    levels = []
    for i, value in enumerate(values):
        now_s = start_s + i * every_s
        value_of, flag = value if isinstance(value, tuple) else (value, 1)
        sample = None if value is None else Sample(now_s * 1000, value_of, flag, 0.0)
        state = step(state, sample, now_s, target, CONTROL, 3)
        levels.append(state.level)
    return state, levels


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        pytest.param([40] * 20, [0] * 6 + [1] * 6 + [2] * 6 + [3] * 2, id="one level per 60 s above"),
        pytest.param([40] * 40, [0] * 6 + [1] * 6 + [2] * 6 + [3] * 22, id="never above the top"),
        pytest.param([40] * 5 + [35] + [40] * 6, [0] * 12, id="at the limit is not above it: starts over"),
        pytest.param([30] * 40, [0] * 40, id="between the limits nothing happens"),
        pytest.param([40] * 7 + [20] * 31, [0] * 6 + [1] * 31 + [0], id="down after 300 s below"),
        pytest.param(
            [40] * 7 + [20] * 29 + [25] + [20] * 29,
            [0] * 6 + [1] * 60,
            id="a touch of the limit restarts down",
        ),
        pytest.param([math.inf] * 7, [0] * 6 + [1], id="over range counts as high"),
    ],
)
def test_level_follows_the_value_with_delays(values, levels):
    assert run(values)[1] == levels


def test_the_reason_names_value_limit_and_levels():
    state, _ = run([41.3] * 7)
    assert state.why == "hall-a pm2_5 41.3 > 35 for 60 s: level 0 -> 1"
    state, _ = run([22] * 31, state=state, start_s=100)
    assert state.why == "hall-a pm2_5 22.0 < 25 for 300 s: level 1 -> 0"


@pytest.mark.parametrize("bad", [(None, 9), (math.nan, 1), (50.0, 4), (50.0, 2), (10.0, 9)])
def test_unusable_values_hold_and_then_degrade_to_the_middle_level(bad):
    state, levels = run([40] * 7 + [bad] * 30)
    assert levels[-1] == 1
    assert not state.degraded
    state, levels = run([bad], state=state, start_s=370)
    assert state.degraded
    assert levels == [2]
    assert "degraded" in state.why


def test_suspect_values_count():
    assert run([(40.0, 3)] * 7)[1][-1] == 1


def test_silence_is_held_for_its_time_and_then_degraded():
    state, _ = run([40] * 7)  # the last one at 60 s
    quiet = step(state, None, 60 + 120 + 299, TARGET, CONTROL, 3)
    assert (quiet.level, quiet.degraded) == (1, False)
    lost = step(quiet, None, 60 + 120 + 301, TARGET, CONTROL, 3)
    assert (lost.level, lost.degraded) == (2, True)


def test_no_value_ever_degrades_after_the_hold_time_only():
    assert not run([None] * 30)[0].degraded
    assert run([None] * 31)[0].degraded


def test_degraded_ends_with_the_first_fresh_value_and_goes_on_from_the_safe_level():
    state, _ = run([None] * 31)
    state = step(state, Sample(400_000, 10.0, 1, 0.0), 400, TARGET, CONTROL, 3)
    assert (state.degraded, state.level) == (False, 2)
    assert run([10] * 31, state=state, start_s=410)[1][-1] == 1


def test_a_gap_restarts_the_delays():
    state, _ = run([40] * 6)  # 50 s above
    assert run([40], state=state, start_s=50 + 121)[1] == [0]
    assert run([40], state=state, start_s=60)[1] == [1]


def test_a_value_that_is_not_newer_changes_nothing():
    state, _ = run([40] * 6)
    for t_ms in (50_000, 20_000):
        assert step(state, Sample(t_ms, 20.0, 1, 0.0), 55, TARGET, CONTROL, 3) == state


@pytest.mark.parametrize("age_s", [121.0, 86400.0, -61.0])
def test_an_old_or_future_value_is_not_current(age_s):
    state = DemandState(lost_s=0.0)
    assert step(state, Sample(1_000_000, 90.0, 1, age_s), 10, TARGET, CONTROL, 3) == state


def test_a_clock_set_back_blinds_control_for_no_longer_than_a_stale_value():
    state, _ = run([30] * 12)  # newest at 110 s
    back = 0
    for now_s in range(111, 400):
        t_ms = (now_s - 3600) * 1000
        state = step(state, Sample(t_ms, 40.0, 1, 0.0), now_s, TARGET, CONTROL, 3)
        back += state.level == 0
    assert state.level > 0
    assert back <= 120 + 60 + 1


def test_a_restart_goes_on_from_the_reported_level():
    assert adopt(DemandState(lost_s=0.0), 2, 3).level == 2
    assert adopt(DemandState(lost_s=0.0, level=3), 2, 3).level == 3
    assert adopt(DemandState(lost_s=0.0), 7, 3).level == 3


@pytest.mark.parametrize(("top", "level"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_the_safe_level_is_the_middle_one(top, level):
    assert safe_level(top) == level


@pytest.mark.parametrize("quantity", ["co2", "hcho", "tvoc", "co", "temperature"])
def test_a_target_that_no_purifier_reaches_is_refused(quantity):
    with pytest.raises(ValidationError, match=f"cannot remove {quantity}.*fresh air"):
        Target(zone="hall-a", quantity=quantity, up_above=1000, down_below=800)


VALUE = st.floats(0, 100)


@given(st.lists(st.tuples(VALUE, VALUE, st.integers(1, 130)), max_size=80))
def test_worse_air_never_gives_a_lower_level(rows):
    clean = dirty = DemandState(lost_s=0.0)
    now_s = 0
    for a, b, dt_s in rows:
        now_s += dt_s
        clean = step(clean, Sample(now_s * 1000, min(a, b), 1, 0.0), now_s, TARGET, CONTROL, 3)
        dirty = step(dirty, Sample(now_s * 1000, max(a, b), 1, 0.0), now_s, TARGET, CONTROL, 3)
        assert dirty.level >= clean.level


@given(
    st.lists(st.tuples(VALUE | st.none() | st.just(math.nan), st.sampled_from([1, 2, 3, 4, 9])), max_size=60)
)
def test_missing_data_never_lowers_the_level_before_the_hold_time(rows):
    state = DemandState(lost_s=None, level=2)
    for i, (value, flag) in enumerate(rows):
        usable = value is not None and not math.isnan(value) and flag in (1, 3)
        after = step(state, Sample(i * 5000, value, flag, 0.0), i * 5.0, TARGET, CONTROL, 3)
        assert usable or after.level >= state.level or after.degraded
        assert abs(after.level - state.level) <= 1 or after.degraded
        state = after
