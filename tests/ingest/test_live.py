import numpy as np
import pytest

from ingest.left_out import NAMED_AT_MOST
from ingest.live import LINES_PER_MESSAGE, Latest, in_parts
from venueair.block import Block, Flag, Why
from venueair.messages import MAX_BYTES, LeftOut, Live, encode

T0 = 1_795_447_500_000
NAMES = [("pm-1", "pm2_5"), ("pm-1", "pm10"), ("stage", "pm2_5"), ("node", "temperature")]
SOURCES = {"pm-1", "stage"}


def rows(*found: tuple[int, int, float], why: int = 0) -> Block:
    block = Block.of([T0 + t for t, *_ in found], [s for _, s, _ in found], [v for *_, v in found])
    block.flag[:] = np.where(np.isnan(block.value), Flag.MISSING, Flag.GOOD)
    block.why[:] = why
    return block


def told(latest: Latest, *, full: bool = False):
    live = latest.tell(NAMES, SOURCES, full=full)
    return live and dict(zip(live.series, zip(live.t, live.value, strict=True), strict=True))


def test_the_newest_value_of_each_series_is_told_once():
    latest = Latest()
    latest.update(rows((0, 0, 1.0), (5, 0, 2.0), (3, 2, 9.0)))
    assert told(latest) == {"pm-1 pm2_5": (T0 + 5, 2.0), "stage pm2_5": (T0 + 3, 9.0)}
    assert told(latest) is None


def test_an_older_row_never_replaces_a_newer_one():
    latest = Latest()
    latest.update(rows((10, 0, 1.0)))
    latest.update(rows((5, 0, 99.0)))
    assert told(latest) == {"pm-1 pm2_5": (T0 + 10, 1.0)}


def test_a_row_flagged_anew_replaces_itself():
    latest = Latest()
    latest.update(rows((10, 0, 1.0)))
    told(latest)
    again = rows((10, 0, 1.0))
    again.flag[:] = Flag.SUSPECT
    latest.update(again)
    live = latest.tell(NAMES, SOURCES, full=False)
    assert live is not None
    assert live.flag == [Flag.SUSPECT]


@pytest.mark.parametrize("why", [Why.LATE, Why.CLOCK, Why.LATE | Why.SPIKE])
def test_late_rows_and_rows_of_wrong_clocks_are_history(why):
    latest = Latest()
    latest.update(rows((10, 0, 1.0), why=why))
    assert told(latest) is None
    assert told(latest, full=True) == {}


def test_full_tells_everything_also_what_did_not_change():
    latest = Latest()
    latest.update(rows((0, 0, 1.0), (0, 1, 2.0)))
    told(latest)
    latest.update(rows((1, 1, 3.0)))
    assert told(latest, full=True) == {"pm-1 pm2_5": (T0, 1.0), "pm-1 pm10": (T0 + 1, 3.0)}
    assert told(latest) is None


def test_each_venue_hears_of_its_own_sources_only():
    latest = Latest()
    latest.update(rows((0, 0, 1.0), (0, 3, 21.0)))
    assert told(latest) == {"pm-1 pm2_5": (T0, 1.0)}
    other = latest.tell(NAMES, {"node"}, full=False)
    assert other is not None
    assert other.series == ["node temperature"]


def test_a_missing_value_is_told_as_null():
    latest = Latest()
    latest.update(rows((0, 0, np.nan)))
    live = latest.tell(NAMES, SOURCES, full=False)
    assert live is not None
    assert live.value == [None]
    assert b"null" in encode(live)


def test_nothing_heard_is_nothing_told():
    assert told(Latest()) is None
    latest = Latest()
    latest.update(Block.empty())
    assert told(latest, full=True) == {}


def test_what_a_zone_leaves_out_goes_with_its_value_and_with_no_other():
    aside = [LeftOut(device="pm-1", why=["flat_line"], since=T0)]
    latest = Latest()
    latest.update(rows((0, 0, 1.0), (0, 2, 2.0)))
    live = latest.tell(NAMES, SOURCES, {"stage pm2_5": aside, "stage co2": aside}, full=False)
    assert live is not None
    assert live.left_out == {"stage pm2_5": aside}
    latest.update(rows((1, 0, 1.0)))
    live = latest.tell(NAMES, SOURCES, {"stage pm2_5": aside}, full=False)
    assert live is not None
    assert live.left_out == {}


def long_live(zones: int, sensors: int) -> Live:
    """With the longest names that there are."""
    series = [f"{n:0>64} rebreathed_fraction" for n in range(zones)]
    why = ["cross_sensor", "interference", "below_outdoor", "device_fault"]
    return Live(
        series=series,
        t=[T0] * zones,
        value=[-1.2345678901234567e-100] * zones,
        flag=[1] * zones,
        full=True,
        left_out={
            name: [LeftOut(device=f"{n:0>64}", why=why, since=T0) for n in range(sensors)] for name in series
        }
        if sensors
        else {},
    )


@pytest.mark.parametrize(
    ("zones", "sensors"),
    [(0, 0), (1, 0), (500, 0), (501, 0), (1200, 0), (700, 1), (90, 20), (3, NAMED_AT_MOST)],
)
def test_long_news_come_in_messages_that_fit_and_lose_nothing(zones, sensors):
    whole = long_live(zones, sensors)
    parts = list(in_parts(whole))
    assert all(len(encode(part)) <= MAX_BYTES for part in parts)
    for column in ("series", "t", "value", "flag"):
        assert [x for part in parts for x in getattr(part, column)] == getattr(whole, column)
    assert {k: v for part in parts for k, v in part.left_out.items()} == whole.left_out
    assert all(part.left_out.keys() <= set(part.series) for part in parts)
    assert all(part.full for part in parts)
    assert len(parts) <= 1 + 1.1 * zones * (2 + 2 * sensors if sensors else 1) / LINES_PER_MESSAGE
