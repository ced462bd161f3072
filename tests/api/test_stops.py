"""전체 정지 over the API: who may, what is answered, and that it needs no audit log."""

import pytest

from tests.api.parts import T0

STOP = "/api/v1/halls/hall-a/stop"
RELEASE = f"{STOP}/release"
WHY = {"reason": "연기 신고"}


def test_an_operator_stops_a_hall_and_everybody_sees_who_did(site):
    answer = site.client("operator").post(STOP, json=WHY)
    assert answer.status_code == 202
    row = {"hall": "hall-a", "by": "operator", "reason": "연기 신고", "since": T0}
    units = {"stopped": ["pf1"], "not_stopped": [], "unknown": []}
    assert answer.json() == row | units
    assert site.client("viewer").get("/api/v1/hall-stops").json() == [row | units]


def test_a_release_ends_it_and_a_second_one_is_a_conflict(site):
    client = site.client("operator")
    client.post(STOP, json=WHY)
    assert client.post(RELEASE, json={"reason": "원인 제거"}).status_code == 204
    assert client.get("/api/v1/hall-stops").json() == []
    again = client.post(RELEASE, json=WHY)
    assert again.status_code == 409
    assert "not stopped" in again.json()["detail"]


@pytest.mark.parametrize("path", [STOP, RELEASE])
def test_a_viewer_may_neither_stop_nor_release(site, path):
    assert site.client("viewer").post(path, json=WHY).status_code == 403
    assert site.client(None).post(path, json=WHY).status_code == 401
    assert site.control.stops == {}


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "x", "hall": "b"}])
def test_a_stop_without_a_reason_is_refused(site, body):
    assert site.client("operator").post(STOP, json=body).status_code == 422


def test_an_unknown_hall_is_said(site):
    for path in (STOP, RELEASE):
        answer = site.client("operator").post(path.replace("hall-a", "hall-z"), json=WHY)
        assert answer.status_code == 404
        assert "hall-z" in answer.json()["detail"]


def test_a_stop_needs_no_audit_log_and_a_release_does(site):
    client = site.client("operator")
    with site.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone")
    assert client.post(STOP, json=WHY).status_code == 202
    assert client.post(RELEASE, json=WHY).status_code == 503
    assert list(site.control.stops) == ["hall-a"]


def test_both_are_in_the_audit_log_with_their_reasons(site):
    client = site.client("operator")
    client.post(STOP, json=WHY)
    client.post(RELEASE, json={"reason": "원인 제거"})
    rows = site.client("admin").get("/api/v1/audit").json()["rows"]
    told = [(row["target"], row["slot"], row["reason"], row["status"]) for row in rows if row["answers"]]
    assert told == [
        ("halls/hall-a/stop/release", "safety", "원인 제거", 204),
        ("halls/hall-a/stop", "safety", "연기 신고", 202),
    ]
