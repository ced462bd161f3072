"""Which rule an alarm, a value and the list of rules are shown with."""

from datetime import date

from api.rows import expected
from api.rulebook import Rulebook
from tests.api.parts import T0, settings
from venueair.rules import Rule

BOOK = Rulebook(settings(), date(2026, 11, 23))


def test_a_value_is_shown_against_the_rule_of_the_site_before_a_built_in_one():
    assert BOOK.of_value("zone-a", "pm2_5").id == "pm"
    assert BOOK.of_value("zone-a", "co2").id == "co2-operating"
    assert BOOK.of_value("zone-a", "temperature").id == "temperature-high"


def test_a_value_is_shown_against_no_rule_of_devices_or_reports():
    assert BOOK.of_value("zone-a", "o3") is None
    assert BOOK.of_value("zone-a", "no2") is None
    assert BOOK.of_value(None, "pm2_5") is None


def test_an_alarm_of_a_zone_that_is_gone_still_has_the_words_of_its_rule():
    assert BOOK.of_alarm("pm", "zone-a").id == "pm"
    assert BOOK.of_alarm("co-peak", "gone").name.en == "CO (peak)"
    assert BOOK.of_alarm("nothing", "zone-a") is None


def test_the_list_of_rules_says_where_each_holds_and_where_its_limits_come_from(site):
    rows = {row["id"]: row for row in site.client().get("/api/v1/rules").json()}
    assert {"pm", "hint", "co2-operating", "pm2_5-screening", "smoke-level"} <= set(rows)
    assert "cai-outdoor" not in rows
    smoke = rows["smoke-level"]
    assert (smoke["zones"], smoke["scopes"], smoke["name_en"]) == (["zone-a"], ["pm1"], "Suspected smoke")
    assert [(level["level"], level["limit"]) for level in smoke["levels"]] == [(3, 499)]
    law = rows["pm2_5-screening"]
    assert (law["family"], law["window_s"], law["is_notice"]) == ("screening", 86_400, True)
    assert (law["source"].split(":")[0], law["edition"], law["confidence"]) == (
        "korea_iaq_act/pm2_5-a-kept",
        "2026-01-01",
        "S",
    )


def test_values_carry_the_limit_that_holds_there(site):
    site.live(("zone-a co2", T0, 900.0, 1), ("zone-a pm2_5", T0, 40.0, 1))
    rows = {row["quantity"]: row for row in site.client().get("/api/v1/values").json()}
    assert (rows["co2"]["limit"], rows["co2"]["is_over_limit"]) == (800, True)
    assert (rows["pm2_5"]["limit"], rows["pm2_5"]["is_over_limit"]) == (50, False)


def test_a_rule_that_is_taken_away_or_is_about_devices_promises_no_value_of_a_zone():
    level = {"limit": 1, "deadband": 0}
    taken = Rule(id="r", off=True, zones=["zone-a"])
    safety = Rule(id="s", quantity="co", each="device", zones=["zone-a"], levels=[level])
    more = settings().model_copy(update={"rule": (taken, safety)})
    assert expected(more) == {"node1 temperature"}
