"""Sensors that a zone's value leaves out: in the values, in the stream, and gone when they are well again."""

import pytest

from api.left_out import DISAGREES, REASONS
from ingest.zone_sums import AGAINST
from tests.api.parts import T0
from venueair.block import Why
from venueair.messages import LeftOut

SERIES = "zone-a pm2_5"


def aside(*why: str, device: str = "pm1") -> LeftOut:
    return LeftOut(device=device, why=list(why), since=T0 - 60_000)


def told(site, t: int, *found: LeftOut) -> None:
    site.live(
        (SERIES, t, 12.0, 1), ("pm1 pm2_5", t, 12.0, 3), left_out={SERIES: list(found)} if found else {}
    )


def row(site, source: str = "zone-a"):
    return next(r for r in site.client().get("/api/v1/values").json() if r["source"] == source)


def test_a_value_names_who_is_left_out_why_and_since_when(site):
    told(site, T0, aside("flat_line", "humid"))
    assert row(site)["left_out"] == [
        {
            "device": "pm1",
            "reasons": ["flat_line", "humid"],
            "reason_ko": "값이 변하지 않음, 습도가 너무 높음",
            "reason_en": "its value does not change, the air is too humid for it",
            "since": T0 - 60_000,
        }
    ]
    assert row(site)["at_odds"] == row(site, "pm1")["left_out"] == []


def test_two_that_differ_are_in_the_value_and_named_as_such(site):
    told(site, T0, aside(DISAGREES, device="pm1"), aside(DISAGREES, device="pm2"))
    assert row(site)["left_out"] == []
    assert [found["device"] for found in row(site)["at_odds"]] == ["pm1", "pm2"]


def test_who_is_left_out_for_another_reason_too_is_left_out(site):
    told(site, T0, aside(DISAGREES, "flat_line"))
    assert [found["device"] for found in row(site)["left_out"]] == ["pm1"]
    assert row(site)["at_odds"] == []


def test_who_is_well_again_is_gone_with_the_next_value(site):
    told(site, T0, aside("flat_line"))
    told(site, T0 + 5000)
    assert row(site)["left_out"] == []


def test_the_same_value_told_again_without_it_is_news(site):
    told(site, T0, aside("flat_line"))
    told(site, T0)
    assert row(site)["left_out"] == []
    assert site.events[-1][1]["series"] == [SERIES]


def test_an_older_message_changes_nothing(site):
    told(site, T0)
    told(site, T0 - 5000, aside("flat_line"))
    assert row(site)["left_out"] == []


def test_the_stream_tells_it_with_the_value(site):
    told(site, T0, aside("cross_sensor"))
    name, event = next(found for found in site.events if found[0] == "values")
    assert name == "values"
    assert [found["device"] for found in event["left_out"][SERIES]] == ["pm1"]
    assert event["at_odds"] == {SERIES: []}


def test_a_reason_that_is_new_to_us_stands_for_itself(site):
    told(site, T0, aside("haunted"))
    assert row(site)["left_out"][0]["reason_ko"] == "haunted"


def test_every_reason_for_staying_aside_has_words_in_both_languages():
    assert {str(why.name).lower() for why in Why if why & AGAINST} | {DISAGREES} == set(REASONS)


@pytest.mark.parametrize("name", REASONS)
def test_words_differ_by_language(name):
    assert REASONS[name].ko != REASONS[name].en
