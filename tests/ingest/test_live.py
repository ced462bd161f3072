import numpy as np
import pytest

from ingest.live import Latest
from venueair.block import Block, Flag, Why
from venueair.messages import encode

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
