"""CO2 below that of the venue's own outdoor sensor, or below the global background where there is none."""

from collections import defaultdict
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.quality import Limits, State, judge
from tests.ingest.small_site import NAME
from venueair.block import Block, Why
from venueair.site import Hall, Sensor, Site, Venue, Zone

T0 = 1_795_392_000_000  # 2026-11-23 00:00 UTC: all windows begin here
MINUTE = 60_000
OUT, IN, OTHER, ELSEWHERE = range(4)
SENSORS = ("out", "in", "other", "elsewhere")  # the last one is in a venue without an outdoor sensor
ZONE_OF = {"out": "yard", "in": "hall-a", "other": "hall-b", "elsewhere": "far"}
SITE = Site(
    venues=(Venue(id="v", name=NAME), Venue(id="w", name=NAME)),
    halls=(Hall(id="h", venue="v", name=NAME), Hall(id="g", venue="w", name=NAME)),
    zones=(
        Zone(id="yard", hall="h", name=NAME, outdoor=True),
        Zone(id="hall-a", hall="h", name=NAME, volume_m3=1),
        Zone(id="hall-b", hall="h", name=NAME, volume_m3=1),
        Zone(id="far", hall="g", name=NAME, volume_m3=1),
    ),
    sensors=tuple(
        Sensor(id=id_, zone=zone, model="node", quantities=("co2",)) for id_, zone in ZONE_OF.items()
    ),
)
LIMITS = Limits.of([(sensor, "co2") for sensor in SENSORS], site=SITE)
Row = tuple[int, int, float]  # sensor, t, ppm


def flagged(rows: list[Row], cuts=()) -> set[tuple[int, int]]:
    state, found = State(), set()
    for start, end in pairwise([0, *sorted(cuts), len(rows)]):
        part = rows[start:end]
        block = Block.of([t for _, t, _ in part], [n for n, *_ in part], [v for *_, v in part]).sorted()
        judged = judge(block, state, LIMITS)
        below = judged.where((judged.why & Why.BELOW_OUTDOOR) != 0)
        found |= set(zip(below.series.tolist(), below.t.tolist(), strict=True))
    return found


def every(minutes: float, sensor: int, values: list[float], start: float = 0) -> list[Row]:
    return [(sensor, T0 + round((start + n * minutes) * MINUTE), v) for n, v in enumerate(values)]


def by_time(*streams: list[Row]) -> list[Row]:
    return sorted((row for stream in streams for row in stream), key=lambda row: (row[1], row[0]))


def wiggle(ppm: float, n: int) -> list[float]:
    return [ppm + k % 3 for k in range(n)]


def test_a_hall_below_its_own_outdoor_air_for_half_an_hour_is_suspect_and_one_without_is_not():
    outside = every(1, OUT, wiggle(480, 300))
    rows = by_time(outside, every(1, IN, wiggle(440, 300)), every(1, ELSEWHERE, wiggle(440, 300)))
    found = flagged(rows)
    assert {sensor for sensor, _ in found} == {IN}
    first = min(t for _, t in found)
    # The first windows outdoors count from the second after them on, and then it has to hold for 30 min.
    assert first == T0 + 60 * MINUTE
    assert len(found) == 300 - 60


def test_lower_than_the_background_is_suspect_everywhere_also_outdoors():
    rows = by_time(*(every(1, sensor, wiggle(380, 61)) for sensor in (OUT, IN, ELSEWHERE)))
    assert {sensor for sensor, _ in flagged(rows)} == {OUT, IN, ELSEWHERE}
    assert min(t for _, t in flagged(rows)) == T0 + 30 * MINUTE
    assert flagged(by_time(every(1, IN, wiggle(396, 61)))) == set()


@pytest.mark.parametrize("outside", [380, 650], ids=["too low itself", "no open air"])
def test_an_outdoor_sensor_that_cannot_be_right_accuses_nobody(outside):
    rows = by_time(every(1, OUT, wiggle(outside, 300)), every(1, IN, wiggle(400, 300)))
    assert {sensor for sensor, _ in flagged(rows)} <= {OUT}


def test_a_hall_that_follows_the_outdoor_air_slowly_is_not_suspect():
    outside = [420 + 20 * n / 60 for n in range(480)]  # 20 ppm more each hour
    inside = [420 + max(0, 20 * (n - 90) / 60) for n in range(480)]
    assert flagged(by_time(every(1, OUT, outside), every(1, IN, inside))) == set()


def test_one_reading_that_is_not_below_starts_the_waiting_anew():
    values = [*wiggle(380, 29), 500.0, *wiggle(380, 29), 500.0]
    assert flagged(every(1, IN, values * 4)) == set()


def test_a_gap_starts_the_waiting_anew():
    rows = every(1, IN, wiggle(380, 20)) + every(1, IN, wiggle(380, 20), start=60)
    assert flagged(rows) == set()
    assert flagged(every(29, IN, wiggle(380, 4))) == {(IN, T0 + n * 29 * MINUTE) for n in (2, 3)}


def test_corrected_values_are_compared_and_not_the_raw_ones():
    block = Block.of([T0 + n * MINUTE for n in range(61)], [IN] * 61, wiggle(380, 61))
    corrected = Block(block.t, block.series, block.raw + 40, block.raw, block.flag, block.why)
    assert not (judge(corrected, State(), LIMITS).why & Why.BELOW_OUTDOOR).any()


def reference(rows: list[Row], doubtful: set[int]) -> set[tuple[int, int]]:
    """Row by row, knowing all rows. `doubtful`: times at which another test speaks against outdoors."""
    windows = defaultdict(list)
    for sensor, t, ppm in rows:
        if sensor == OUT and 395 <= ppm <= 600 and t not in doubtful:
            windows[t // (15 * MINUTE)].append(ppm)
    found = set()
    for sensor in range(4):
        since = before = None
        for _, t, ppm in sorted(row for row in rows if row[0] == sensor):
            k = t // (15 * MINUTE)
            past = [fmean(windows[k - back]) for back in range(2, 14) if k - back in windows]
            outside = 425.0 if sensor in (OUT, ELSEWHERE) else min(past, default=425.0)
            if ppm >= outside - 30:
                since = None
            elif since is None or t - before > 30 * MINUTE:
                since = t
            if since is not None and t - since >= 30 * MINUTE:
                found.add((sensor, t))
            before = t
    return found


stretches = st.lists(
    st.tuples(
        st.sampled_from([390.0, 430.0, 470.0, 520.0, 700.0]),  # outdoors
        st.sampled_from([370.0, 390.0, 396.0, 420.0, 445.0, 480.0, 900.0]),  # inside
        st.sampled_from([5, 20, 45, 90, 240]),  # minutes
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(
    stretches,
    st.sampled_from([1, 5, 10, 31]),
    st.lists(st.integers(0, 3000), max_size=10),
    st.integers(0, 14),
)
@example([(470.0, 430.0, 240), (430.0, 390.0, 90)], 1, list(range(0, 900, 7)), 14)
def test_any_stream_cut_anywhere_with_devices_apart_gives_what_a_plain_loop_gives(script, step, cuts, apart):
    rows, minute = [], 0
    for outside, inside, length in script:
        for at in range(minute, minute + length, step):
            # Steps of a few ppm, so that no test of rate or flat line speaks.
            rows += [(OUT, at, outside + at % 3), (IN, at, inside + at % 3), (OTHER, at, outside - 20)]
            rows.append((ELSEWHERE, at, inside + at % 2))
        minute += length
    # Those outdoors are heard `apart` minutes after the others, but are measured at the same time.
    order = sorted(rows, key=lambda row: (row[1] + apart * (row[0] == OUT), row[0]))
    timed = [(sensor, T0 + at * MINUTE, ppm) for sensor, at, ppm in order]
    expected = reference(timed, _doubtful(timed))
    assert flagged(timed, [min(cut, len(timed)) for cut in cuts]) == expected


def _doubtful(rows: list[Row]) -> set[int]:
    """Of the outdoor sensor, by the other tests; a spike is known too late to count."""
    outdoors = sorted(row for row in rows if row[0] == OUT)
    block = Block.of([t for _, t, _ in outdoors], [0] * len(outdoors), [v for *_, v in outdoors])
    judged = judge(block, State(), Limits.of([("out", "co2")]))
    others = np.uint16(~(Why.SPIKE | Why.BELOW_OUTDOOR) & 0xFFFF)
    return set(judged.t[(judged.why & others) != 0].tolist())
