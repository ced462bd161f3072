"""Ages, staleness and flags: missing, old or doubtful is never good."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.live import Latest, LiveValues, quality_word, stale_bound_s
from api.readiness import silence
from tests.api.parts import T0
from venueair.messages import Live, Status


def one(series, t, value, flag=1):
    return Live(series=[series], t=[t], value=[value], flag=[flag])


def test_the_newest_value_wins_and_an_older_one_changes_nothing():
    values = LiveValues()
    assert values.update(one("a co2", T0, 700.0), T0) == [0]
    assert values.update(one("a co2", T0 - 1, 800.0), T0) == []
    assert values.latest()["a co2"].value == 700.0


def test_the_same_again_is_no_news_and_a_new_flag_for_the_same_time_is():
    values = LiveValues()
    values.update(one("a co2", T0, 700.0), T0)
    assert values.update(one("a co2", T0, 700.0), T0) == []
    assert values.update(one("a co2", T0, 700.0, 3), T0) == [0]


def test_a_time_in_the_future_does_not_keep_out_what_comes_after():
    values = LiveValues()
    values.update(one("a co2", T0 + 10**12, 700.0), T0)
    assert values.latest()["a co2"].is_stale(T0, 60)
    assert values.update(one("a co2", T0 + 1000, 701.0), T0) == [0]


@pytest.mark.parametrize("value", [None, nan, inf])
def test_what_is_no_number_is_missing_whatever_its_flag_says(value):
    values = LiveValues()
    values.update(one("a co2", T0, value, 1), T0)
    latest = values.latest()["a co2"]
    assert quality_word(latest.flag) == "missing"
    assert not latest.is_good(T0, 60)


def test_columns_of_unequal_length_are_refused_whole():
    values = LiveValues()
    with pytest.raises(ValueError, match="unequal"):
        values.update(Live(series=["a co2"], t=[T0, T0], value=[1.0], flag=[1]), T0)
    assert values.latest() == {}


@given(
    st.integers(-(10**7), 10**7),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.integers(0, 255),
    st.booleans(),
    st.floats(60, 1000),
)
def test_only_fresh_flagged_good_numbers_that_were_not_retained_are_good(
    age_ms, value, flag, retained, bound
):
    latest = Latest(T0 - age_ms, value, flag, retained)
    fresh = not retained and -60_000 <= age_ms <= bound * 1000
    assert latest.is_good(T0, bound) == (fresh and flag == 1 and value is not None)


def test_the_bound_follows_the_interval_and_the_speed_of_a_rehearsal():
    assert [stale_bound_s(*x) for x in ((None, 1), (1, 1), (60, 1), (1, 30))] == [60, 60, 180, 90]


@pytest.mark.parametrize(
    ("spoke", "news", "fastest", "ok"),
    [
        (None, None, 1, False),
        (0.5, 0.5, 1, True),
        (4.5, 4.5, None, False),
        (1, 6, 1, False),
        (1, 6, 60, True),
        (1, 6, None, True),
    ],
    ids=["never", "flowing", "ingest-dead", "sensors-silent", "slow-sensors", "unknown-interval"],
)
def test_silence_is_told_from_slowness(spoke, news, fastest, ok):
    assert (silence(spoke, news, fastest) == "") == ok


def rows(site):
    found = site.client().get("/api/v1/values").json()
    return {f"{row['source']} {row['quantity']}": row for row in found}


def test_values_carry_unit_limit_age_and_names(site):
    site.live(("zone-a pm2_5", T0 - 2000, 61.0, 1), ("pm1 pm2_5", T0, 3.0, 3))
    zone = rows(site)["zone-a pm2_5"]
    assert (zone["age_s"], zone["limit"], zone["unit"], zone["kind"]) == (2.0, 50, "ug/m3", "zone")
    assert (zone["is_good"], zone["is_over_limit"], zone["hall"]) == (True, True, "hall-a")
    device = rows(site)["pm1 pm2_5"]
    assert (device["quality"], device["is_good"], device["kind"]) == ("suspect", False, "device")


def test_what_is_promised_and_absent_is_shown_as_missing(site):
    row = rows(site)["node1 temperature"]
    assert (row["value"], row["quality"], row["stale"], row["is_good"]) == (None, "missing", True, False)


def test_a_value_grows_stale_with_the_clock_alone(site):
    site.live(("zone-a pm2_5", T0, 10.0, 1))
    site.clock.advance(59)
    assert rows(site)["zone-a pm2_5"]["is_good"]
    site.clock.advance(2)
    assert rows(site)["zone-a pm2_5"]["stale"]
    assert not rows(site)["zone-a pm2_5"]["is_good"]


def test_a_retained_live_message_is_last_known_and_never_reaches_control(site):
    site.live(("zone-a pm2_5", T0, 10.0, 1), retained=True)
    row = rows(site)["zone-a pm2_5"]
    assert (row["value"], row["stale"], row["is_good"]) == (10.0, True, False)
    assert site.lives == []
    site.live(("zone-a pm2_5", T0, 10.0, 1))
    assert rows(site)["zone-a pm2_5"]["is_good"]
    assert len(site.lives) == 1


def test_an_index_of_an_hour_is_current_until_the_next_can_be_there(site):
    site.live(("zone-a cai", T0 - 5_400_000, 40.0, 1), ("zone-b cai", T0 - 5_401_000, 40.0, 1))
    assert rows(site)["zone-a cai"]["is_good"]
    assert not rows(site)["zone-b cai"]["is_good"]


def test_the_interval_that_a_device_reports_widens_its_bound(site):
    site.live(("pm1 pm2_5", T0, 10.0, 1))
    site.status("pm1", Status(state="online", interval_s=100))
    assert rows(site)["pm1 pm2_5"]["stale_after_s"] == 300
