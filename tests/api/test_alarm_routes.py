"""Alarms from the broker to the list, the acknowledgement and the stream."""

import re

from tests.api.parts import T0, edge
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
