"""정비 중 over the API: who may, what is answered, where it is seen."""

import pytest

from tests.api.parts import T0

LOCK = "/api/v1/devices/pm1/maintenance"
RELEASE = f"{LOCK}/release"
WHY = {"reason": "필터 교체"}


def test_an_operator_locks_a_device_and_everybody_sees_who_did(site):
    answer = site.client("operator").post(LOCK, json=WHY | {"until": T0 + 1})
    assert answer.status_code == 202
    row = {"device": "pm1", "by": "operator", "reason": "필터 교체", "since": T0}
    row |= {"until": T0 + 1, "is_overdue": False}
    assert answer.json() == row
    devices = {each["id"]: each for each in site.client().get("/api/v1/devices").json()}
    assert devices["pm1"]["maintenance"] == row
    assert devices["pf1"]["maintenance"] is None
    assert site.client().get("/api/v1/zones").json()[0]["in_maintenance"] == ["pm1"]


def test_a_release_ends_it_and_a_second_one_is_a_conflict(site):
    client = site.client("operator")
    client.post(LOCK, json=WHY)
    assert client.post(RELEASE, json={"reason": "교체 완료"}).status_code == 204
    again = client.post(RELEASE, json=WHY)
    assert again.status_code == 409
    assert "not in maintenance" in again.json()["detail"]


@pytest.mark.parametrize("path", [LOCK, RELEASE])
def test_a_viewer_may_neither_lock_nor_release(site, path):
    assert site.client("viewer").post(path, json=WHY).status_code == 403
    assert site.client(None).post(path, json=WHY).status_code == 401
    assert site.control.maintenance() == []


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, WHY | {"until": T0}, WHY | {"until": T0 * 2}, WHY | {"for": 1}]
)
def test_what_is_not_said_clearly_is_refused(site, body):
    assert site.client("operator").post(LOCK, json=body).status_code == 422
    assert site.control.maintenance() == []


def test_an_unknown_device_is_said(site):
    for path in (LOCK, RELEASE):
        answer = site.client("operator").post(path.replace("pm1", "attic"), json=WHY)
        assert answer.status_code == 404
        assert "attic" in answer.json()["detail"]


def test_a_lock_needs_no_audit_log_and_a_release_does(site):
    client = site.client("operator")
    with site.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone")
    assert client.post(LOCK, json=WHY).status_code == 202
    assert client.post(RELEASE, json=WHY).status_code == 503
    assert len(site.control.maintenance()) == 1
