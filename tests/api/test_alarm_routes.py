"""Alarms from the broker to the list, the acknowledgement and the stream."""

import re

import pytest

from tests.api.parts import T0, edge, latching, replace_edge
from venueair.messages import AlarmSeen, decode


def test_alarms_are_seen_listed_acknowledged_and_cleared(site):
    site.edge(edge(T0, 1))
    site.edge(edge(T0, 1))
    sent = [decode(p, AlarmSeen).ids for t, p, _ in site.link.sent if t.endswith("alarm_seen")]
    assert sent == [[f"pm/zone-a/{T0}/1"]] * 2
    (row,) = site.client().get("/api/v1/alarms").json()
    assert (row["level_ko"], row["level_en"], row["is_notice"], row["action_en"]) == (
        "주의",
        "notice",
        False,
        "ventilate",
    )
    path = f"/api/v1/alarms/{row['id']}/ack"
    assert site.client("viewer").post(path, json={}).status_code == 403
    site.clock.advance(5)
    acked = site.client("operator").post(path, json={"comment": "door opened"}).json()
    assert (acked["acknowledged"], acked["acknowledged_by"], acked["comment"]) == (
        T0 + 5000,
        "operator",
        "door opened",
    )
    assert acked["state"] == "open"
    again = site.client("admin").post(path.replace("/zone-a", "%2Fzone-a"), json={"comment": "me"}).json()
    assert again["acknowledged_by"] == "operator"
    site.edge(edge(T0 + 9000, 0))
    assert site.client().get("/api/v1/alarms").json() == []
    (row,) = site.client().get("/api/v1/alarms?state=all").json()
    assert (row["state"], row["cleared"]) == ("cleared", T0 + 9000)
    told = [data["state"] for event, data in site.events if event == "alarm"]
    assert told == ["open", "open", "open", "cleared"]
    assert site.client("operator").post("/api/v1/alarms/none/ack", json={}).status_code == 404


def test_pages_of_alarms_are_linked(site):
    for n in range(3):
        site.edge(edge(T0 + n, 1, f"pm/z{n}"))
    first = site.client().get("/api/v1/alarms?limit=2")
    following = re.fullmatch(r'<(.*)>; rel="next"', first.headers["link"])[1]
    second = site.client().get(following)
    assert [row["scope"] for row in first.json() + second.json()] == ["z2", "z1", "z0"]
    assert "link" not in second.headers
    assert site.client().get("/api/v1/alarms?after=x").status_code == 422


def test_an_alarm_without_an_action_or_rule_is_a_notice(site):
    site.edge(edge(T0, 1, "hint/zone-a"))
    site.edge(edge(T0, 1, "gone/zone-a"))
    assert [row["is_notice"] for row in site.client().get("/api/v1/alarms").json()] == [True, True]


def test_a_silent_sensor_is_an_alarm_that_says_what_to_do(site):
    site.edge(edge(T0, 1, "silence/pm1", value=None))
    (row,) = site.client().get("/api/v1/alarms").json()
    assert not row["is_notice"]
    assert row["name_ko"].startswith("데이터 없음")
    assert "cable" in row["action_en"]


def test_a_latched_alarm_is_open_until_an_operator_resets_it(site):
    site.edge(latching(edge(T0, 3, "co-peak/pm1")))
    (row,) = site.client().get("/api/v1/alarms").json()
    assert (row["name_en"], row["priority"], row["condition"]) == ("CO (peak)", "high", "unacknowledged")
    path = f"/api/v1/alarms/{row['id']}/reset"
    refused = site.client("operator").post(path)
    assert (refused.status_code, "still there" in refused.json()["detail"]) == (409, True)
    site.edge(latching(edge(T0 + 1000, 0, "co-peak/pm1")))
    (row,) = site.client().get("/api/v1/alarms").json()
    assert (row["state"], row["condition"], row["level"]) == ("open", "latched_unacknowledged", 0)
    assert site.client("viewer").post(path).status_code == 403
    site.clock.advance(5)
    row = site.client("operator").post(path).json()
    assert (row["state"], row["reset"], row["reset_by"]) == ("cleared", T0 + 5000, "operator")
    assert site.client().get("/api/v1/alarms").json() == []
    assert site.client("operator").post("/api/v1/alarms/none/reset").status_code == 404
    told = [data["state"] for event, data in site.events if event == "alarm"]
    assert told == ["open", "open", "cleared"]


def test_an_alarm_that_does_not_latch_cannot_be_reset(site):
    site.edge(edge(T0, 1))
    answer = site.client("operator").post(f"/api/v1/alarms/pm/zone-a/{T0}/1/reset")
    assert (answer.status_code, "does not latch" in answer.json()["detail"]) == (409, True)


def test_what_chatters_stays_open_and_its_end_is_told_once_by_the_next_live_values(site):
    for n in range(5):
        site.edge(edge(T0 + n * 10_000, (n + 1) % 2))
    site.edge(edge(T0 + 50_000, 0))
    site.clock.advance(50)
    (row,) = site.client().get("/api/v1/alarms").json()
    assert (row["is_chattering"], row["turns"], row["level"], row["level_en"]) == (True, 6, 0, "notice")
    site.live(("zone-a pm2_5", T0, 10.0, 1))
    site.events.clear()
    site.clock.advance(600)
    for _ in range(2):
        site.live(("zone-a pm2_5", T0, 10.0, 1))
    told = [(data["state"], data["is_chattering"]) for event, data in site.events if event == "alarm"]
    assert told == [("cleared", False)]
    assert site.client().get("/api/v1/alarms").json() == []
    assert len(site.client().get("/api/v1/alarms?state=attention").json()) == 1


def test_what_late_data_show_is_in_the_book_and_called_out_to_nobody(site):
    site.edge(replace_edge(edge(T0 - 9000, 2), historical=True, until=T0 - 1000))
    assert [event for event, _ in site.events if event == "alarm"] == []
    (row,) = site.client().get("/api/v1/alarms?state=all").json()
    assert (row["historical"], row["condition"], row["cleared"]) == (True, "normal", T0 - 1000)


def test_a_screening_result_is_a_notice(site):
    site.edge(replace_edge(edge(T0, 1, "co2-screening/zone-a"), family="screening", source="the law"))
    (row,) = site.client().get("/api/v1/alarms?family=screening").json()
    assert (row["is_notice"], row["source"]) == (True, "the law")
    assert site.client().get("/api/v1/alarms?family=operating").json() == []
    assert site.client().get("/api/v1/alarms/load").json()["open"] == 0


def test_a_flood_is_told_in_the_list_in_its_load_and_in_the_metrics(site):
    for n in range(9):
        site.edge(edge(T0 + n, 1, f"pm/z{n}"))
    site.clock.advance(1)
    assert site.client().get("/api/v1/alarms").headers["alarm-flood"] == "false"
    site.edge(edge(T0 + 9, 1, "pm/z9"))
    assert site.client().get("/api/v1/alarms").headers["alarm-flood"] == "true"
    load = site.client().get("/api/v1/alarms/load").json()
    assert (load["open"], load["new_10_min"], load["is_flood"]) == (10, 10, True)
    assert load["flood_since"] == T0 + 9
    assert "venueair_api_alarm_flood 1.0" in site.client().get("/metrics").text
    site.clock.advance(601)
    assert site.client().get("/api/v1/alarms").headers["alarm-flood"] == "false"


def loads(site) -> list[tuple[int, bool]]:
    return [(row["new_10_min"], row["is_flood"]) for event, row in site.events if event == "alarm_load"]


def test_pages_are_told_of_a_flood_and_of_its_end_with_the_next_live_values(site):
    def live() -> None:
        site.live(("zone-a pm2_5", T0, 10.0, 1))

    live()
    live()
    assert loads(site) == [(0, False)]
    for n in range(10):
        site.edge(edge(T0 + n, 1, f"pm/z{n}"))
    site.clock.advance(1)
    live()
    live()
    assert loads(site)[1:] == [(10, True)]
    site.clock.advance(601)
    live()
    live()
    assert loads(site)[2:] == [(0, False)]


def test_an_acknowledgement_and_a_reset_change_the_load_that_pages_show(site):
    site.edge(latching(edge(T0, 3, "co-peak/pm1")))
    site.edge(latching(edge(T0 + 1000, 0, "co-peak/pm1")))
    path = f"/api/v1/alarms/co-peak/pm1/{T0}/3"
    site.clock.advance(2)
    seen = []
    for step in ("", "/ack", "/reset"):
        if step:
            site.client("operator").post(path + step, json={})
        site.live(("zone-a pm2_5", T0, 10.0, 1))
        (load,) = [row for event, row in site.events if event == "alarm_load"][len(seen) :]
        seen.append((load["unacknowledged"], load["latched"]))
    assert seen == [(1, 1), (0, 1), (0, 0)]


def test_while_there_is_no_alarm_the_book_is_not_asked_how_many_there_are(site):
    site.live(("zone-a pm2_5", T0, 10.0, 1))
    asked = []
    site.service.alarms.flood = asked.append
    site.live(("zone-a pm2_5", T0 + 1, 10.0, 1))
    assert asked == []


def test_a_gateway_that_is_away_and_a_stuck_sensor_say_what_to_do(site):
    site.edge(replace_edge(edge(T0, 1, "silence-gateway/gw1", value=None), quantity="*"))
    site.edge(edge(T0 + 1, 1, "fault-flat-line/pm1", value=None))
    stuck, away = site.client().get("/api/v1/alarms").json()
    assert (away["name_en"], away["priority"]) == ("gateway is away · everything", "high")
    assert stuck["name_en"] == "value does not change · PM2.5"
    assert not stuck["is_notice"]


def test_links_to_the_next_page_keep_what_was_asked(site):
    for n in range(2):
        site.edge(edge(T0 + n, 1, f"pm/z{n}"))
    link = site.client().get("/api/v1/alarms?limit=1&family=operating&state=attention").headers["link"]
    assert "family=operating" in link
    assert "state=attention" in link


@pytest.mark.parametrize("step", ["ack", "reset"])
def test_what_is_only_posted_to_says_so(site, step):
    answer = site.client().get(f"/api/v1/alarms/pm/zone-a/1/1/{step}")
    assert answer.status_code in (404, 405)
    put = site.client().put(f"/api/v1/alarms/pm/zone-a/1/1/{step}")
    assert put.status_code == 405
    assert "POST" in put.headers["Allow"]
