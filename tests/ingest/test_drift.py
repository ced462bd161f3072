"""Which sensors have drifted over a week, and the alarm that says so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.drift import FEWEST_HOURS, WEEK_MS, check, fresh_air
from ingest.drift_check import DriftCheck
from ingest.equipment import standing
from ingest.journal import Journal
from tests.ingest.small_site import NAME
from venueair.equipment_alarms import DRIFT
from venueair.site import Hall, Sensor, Site, Venue, Zone
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import Rollup, StoreError

HOUR = 3_600_000
NOW = 1_795_446_000_000 // HOUR * HOUR
WEEK = 168


def hours(of: dict[int, list[float]], counts: int = 360) -> Rollup:
    """By series, the means of the hours before NOW; NaN is an hour without readings."""
    rows = [
        (series, NOW - (len(means) - n) * HOUR, mean)
        for series, means in sorted(of.items())
        for n, mean in enumerate(means)
        if not np.isnan(mean)
    ]
    mean = np.array([mean for *_, mean in rows])
    count = np.full(len(rows), counts)
    t, series = np.array([t for _, t, _ in rows]), np.array([s for s, *_ in rows], dtype=np.int32)
    return Rollup(t, series, mean, mean, mean, count)


def days(night: float, day: float, *, off: float = 0.0) -> list[float]:
    """A week of hours: eight of each day are busy."""
    return [(day if 9 <= n % 24 < 17 else night + n % 3) + off for n in range(WEEK)]


def drifted(of: dict[int, list[float]], quantity: str = "pm2_5", outdoor: float = 425.0) -> dict[int, float]:
    return {n: round(off) for n, off in check(hours(of), quantity, outdoor).drifted.items()}


def test_the_one_of_three_that_is_off_at_night_has_drifted():
    assert drifted({1: days(10, 60), 2: days(11, 60), 3: days(10, 60, off=15)}) == {3: 14}
    assert drifted({1: days(10, 60), 2: days(11, 60), 3: days(10, 60, off=-8)}) == {}


def test_what_differs_by_day_alone_has_a_special_place_and_has_not_drifted():
    assert drifted({1: days(10, 60), 2: days(11, 60), 3: days(10, 150)}) == {}


def test_of_two_nobody_knows_which_one_is_wrong():
    found = check(hours({1: days(10, 60), 2: days(60, 60)}), "pm2_5", 425.0)
    assert (found.series, dict(found.drifted)) == (frozenset(), {})


@pytest.mark.parametrize(
    ("night", "expected"),
    [(396, {}), (394, {1: -31}), (500, {}), (525, {}), (526, {1: 101})],
)
def test_the_lowest_hour_of_co2_is_that_of_fresh_air(night, expected):
    assert drifted({1: days(night, 900)}, "co2") == expected


def test_fresh_air_is_that_of_the_venues_own_sensor_where_that_can_be_right():
    assert fresh_air(hours({1: days(450, 480), 2: days(440, 480)})) == 440
    assert fresh_air(hours({1: days(380, 480)})) == 425
    assert fresh_air(hours({1: days(700, 780)})) == 425
    assert fresh_air(hours({1: [450.0] * (FEWEST_HOURS - 1)})) == 425
    assert fresh_air(hours({})) == 425
    assert drifted({1: days(430, 900)}, "co2", 440.0) == {}
    assert drifted({1: days(430, 900)}, "co2", 470.0) == {1: -40}


def test_too_few_hours_or_hours_with_too_few_readings_say_nothing():
    short = {n: days(10 + 40 * (n == 3), 60)[: FEWEST_HOURS - 1] for n in (1, 2, 3)}
    assert check(hours(short), "pm2_5", 425.0).series == frozenset()
    few = hours({1: days(300, 900)})
    thin = np.where(np.arange(len(few.count)) % 24 < 6, 100, few.count)
    lowest = np.where(np.arange(len(few.count)) % 24 < 6, 300.0, 450.0)
    assert check(Rollup(few.t, few.series, lowest, lowest, lowest, thin), "co2", 425.0).drifted == {}


offs = st.lists(st.sampled_from([0.0, 0.0, 3.0, 40.0, -40.0, np.nan]), min_size=3, max_size=7)


@settings(max_examples=60, deadline=None)
@given(offs, st.integers(0, 2**16))
def test_a_majority_that_agrees_has_never_drifted(off, seed):
    rng = np.random.default_rng(seed)
    air = 50 + 20 * rng.random(WEEK)
    of = {n: (air + d + rng.random(WEEK)).tolist() for n, d in enumerate(off)}
    found = check(hours(of), "pm2_5", 425.0)
    true = [n for n, d in enumerate(off) if d in (0.0, 3.0)]
    if 2 * len(true) > sum(not np.isnan(d) for d in off) and len(true) > 1:
        assert not set(true) & found.drifted.keys()
    assert found.drifted.keys() <= found.series


SITE = Site(
    venues=(Venue(id="v", name=NAME),),
    halls=(Hall(id="h", venue="v", name=NAME),),
    zones=(
        Zone(id="hall-a", hall="h", name=NAME, volume_m3=1),
        Zone(id="yard", hall="h", name=NAME, outdoor=True),
    ),
    sensors=(
        *(Sensor(id=f"s{n}", zone="hall-a", model="node") for n in range(3)),
        Sensor(id="out", zone="yard", model="node"),
    ),
)


class Store(DuckDbStore):
    fails = False

    def rollup_range(self, *args):
        if self.fails:
            raise StoreError("away")
        return super().rollup_range(*args)


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "air.duckdb")
    for source in ("s0", "s1", "s2", "out"):
        for quantity in ("co2", "pm2_5"):
            opened.series(source, quantity)
    yield opened
    opened.close()


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "ingest.sqlite")
    yield opened
    opened.close()


def put(store, **of: list[float]) -> None:
    """Hourly means before NOW; s0_co2=[…]."""
    numbered = {store.series(*name.split("_", 1)): means for name, means in of.items()}
    store.write_rollup(3600, hours(numbered))


def look(looker: DriftCheck, journal: Journal, now: int) -> list[tuple[str, int]]:
    edges = looker.look(now)
    journal.record([("v", edge) for edge in edges], {})
    return [(edge.alarm, edge.level) for edge in edges]


def test_once_a_week_a_notice_is_raised_and_taken_back(store, journal):
    put(store, s0_co2=days(450, 900), s1_co2=days(380, 900), out_co2=days(440, 460))
    for n in range(3):
        put(store, **{f"s{n}_pm2_5": days(10, 40, off=20 * (n == 2))})
    looker = DriftCheck(store, journal, SITE)
    assert look(looker, journal, NOW) == [("drift/s1/co2", 1), ("drift/s2/pm2_5", 1)]
    put(store, s1_co2=days(450, 900), s2_pm2_5=days(10, 40))
    assert look(looker, journal, NOW + WEEK_MS - 1) == []
    assert look(DriftCheck(store, journal, SITE), journal, NOW + HOUR) == [
        ("drift/s1/co2", 0),
        ("drift/s2/pm2_5", 0),
    ]


def test_what_cannot_be_judged_any_more_stays_until_it_can_and_goes_with_its_device(store, journal):
    put(store, s1_co2=days(380, 900))
    assert look(DriftCheck(store, journal, SITE), journal, NOW) == [("drift/s1/co2", 1)]
    assert look(DriftCheck(store, journal, SITE), journal, NOW + 2 * WEEK_MS) == []
    stands = {edge.alarm: edge for _, edge in journal.open_alarms()}
    assert {alarm.quantity for alarm in standing(stands, {DRIFT})} == {"co2"}
    without = Site(venues=SITE.venues, halls=SITE.halls, zones=SITE.zones, sensors=SITE.sensors[2:])
    assert look(DriftCheck(store, journal, without), journal, NOW + 2 * WEEK_MS) == [("drift/s1/co2", 0)]


def test_a_store_that_is_away_is_asked_again(store, journal):
    put(store, s1_co2=days(380, 900))
    looker = DriftCheck(store, journal, SITE)
    store.fails = True
    with pytest.raises(StoreError):
        looker.look(NOW)
    store.fails = False
    assert look(looker, journal, NOW + 5000) == [("drift/s1/co2", 1)]
