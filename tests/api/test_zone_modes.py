"""Automatic control is turned on and off by operators, and everybody sees which it is."""

import pytest

PATH = "/api/v1/zones/zone-a/automatic"
OFF = {"automatic": False, "reason": "리허설"}


def test_an_operator_turns_it_off_and_on_again(site):
    client = site.client("operator")
    answer = client.put(PATH, json=OFF)
    assert answer.status_code == 200
    assert (answer.json()["zone"], answer.json()["automatic"]) == ("zone-a", False)
    assert [row["automatic"] for row in site.client("viewer").get("/api/v1/zones").json()] == [False]
    assert client.put(PATH, json=OFF | {"automatic": True}).json()["automatic"] is True


def test_a_viewer_may_not(site):
    assert site.client("viewer").put(PATH, json=OFF).status_code == 403
    assert site.client(None).put(PATH, json=OFF).status_code == 401
    assert site.control.automatic


@pytest.mark.parametrize("body", [{}, {"automatic": True}, {"automatic": "maybe", "reason": "x"}])
def test_what_is_not_said_clearly_is_refused(site, body):
    assert site.client("operator").put(PATH, json=body).status_code == 422


def test_an_unknown_zone_is_said(site):
    answer = site.client("operator").put(PATH.replace("zone-a", "attic"), json=OFF)
    assert answer.status_code == 404
    assert "attic" in answer.json()["detail"]


def test_it_is_in_the_audit_log_with_what_it_was_before(site):
    site.client("operator").put(PATH, json=OFF)
    row = site.client("admin").get("/api/v1/audit").json()["rows"][0]
    assert (row["target"], row["reason"]) == ("zones/zone-a/automatic", "리허설")
    assert (row["before"], row["after"]) == (True, False)
