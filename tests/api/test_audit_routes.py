"""Changing requests in the audit log, and what happens when they cannot be written there."""

import re
from pathlib import Path

import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from api.audit_book import head_file
from tests.api.parts import T0
from venueair.cli import app as venueair

ORDER = {"mode": "run", "level": 2, "minutes": 30, "reason": "개장"}
PATH = "/api/v1/purifiers/pf1/commands"


def rows(site, **params):
    answer = site.client("admin").get("/api/v1/audit", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def break_audit(site):
    with site.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone")


def key_id(site, role):
    with site.engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT id FROM api_keys WHERE role = '{role}'").scalar_one()


def test_an_order_is_written_before_and_after_with_the_id_of_who_asked(site):
    site.client("operator").post(PATH, json=ORDER)
    answered, asked = rows(site)
    assert (asked["number"], asked["what"], asked["target"], asked["status"]) == (
        1,
        "asked POST",
        "purifiers/pf1/commands",
        None,
    )
    assert (answered["what"], answered["status"], answered["answers"]) == ("answered POST", 202, 1)
    assert (answered["command"], answered["slot"], answered["reason"]) == ("c1", "override", "개장")
    assert answered["before"] == {"mode": None, "level": None}
    assert answered["after"] == {"mode": "run", "level": 2, "minutes": 30.0, "release": False}
    for row in (asked, answered):
        assert (row["who"], row["t"], row["remote"]) == (key_id(site, "operator"), T0, "testclient")


@pytest.mark.parametrize(
    ("role", "path", "body", "status"),
    [
        ("viewer", PATH, ORDER, 403),
        ("operator", PATH, ORDER | {"level": -1}, 422),
        ("operator", "/api/v1/purifiers/none/commands", ORDER, 404),
        ("operator", "/api/v1/nothing", {}, 404),
        ("operator", "/api/v1/commands", {}, 405),
        ("operator", "/api/v1/alarms/none/ack", {"comment": "c"}, 404),
    ],
)
def test_what_was_refused_is_written_with_its_status(site, role, path, body, status):
    assert site.client(role).post(path, json=body).status_code == status
    answered, asked = rows(site)
    assert (answered["status"], answered["answers"]) == (status, asked["number"])
    assert (answered["who"], answered["target"]) == (key_id(site, role), path.removeprefix("/api/v1/"))
    assert answered["command"] is None


def test_a_request_that_breaks_the_service_is_written_as_500(site):
    def broken(*_, **__):
        raise RuntimeError("a bug")

    site.control.order = broken
    assert site.client("operator").post(PATH, json=ORDER).status_code == 500
    assert [row["status"] for row in rows(site)] == [500, None]


def test_reading_writes_nothing_and_neither_does_a_stranger(site):
    site.client().get("/api/v1/purifiers")
    assert site.client(None).post(PATH, json=ORDER).status_code == 401
    assert rows(site) == []


def test_no_key_body_query_or_name_is_written(site):
    client = site.client("operator")
    client.post(f"{PATH}?token=s3cret", json=ORDER | {"password": "hunter2"})
    client.post(PATH, json=ORDER)
    text = str(rows(site))
    for secret in ("s3cret", "hunter2", site.keys["operator"], "'operator'"):
        assert secret not in text


def test_without_an_audit_log_nothing_is_done_but_a_stop(site):
    break_audit(site)
    client = site.client("operator")
    for body in (ORDER, ORDER | {"mode": "auto"}, ORDER | {"mode": ["stopped"]}):
        answer = client.post(PATH, json=body)
        assert answer.status_code == 503, body
        assert "audit log" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "5"
    assert client.post(PATH, content=b"not JSON").status_code == 503
    assert client.post("/api/v1/alarms/none/ack", json={"mode": "stopped"}).status_code == 503
    assert site.control.orders == []
    assert client.post(PATH, json=ORDER | {"mode": "stopped"}).status_code == 202
    assert [order["mode"] for order in site.control.orders] == ["stopped"]
    assert site.service.audit.counts["failed"] >= 7


def test_on_a_full_disk_an_order_is_refused_and_a_stop_goes_through(site):
    @event.listens_for(site.engine, "connect")
    def _full(connection, _record):
        connection.execute("PRAGMA max_page_count = 1")  # SQLite makes it the pages that there are

    site.engine.dispose()
    client, codes = site.client("operator"), []
    for n in range(60):  # until the pages that are there are full
        order = ORDER | {"reason": f"{n} " + "x" * 190}
        codes.append(client.post(PATH, json=order, headers={"Idempotency-Key": f"k{n}"}).status_code)
        if codes[-1] == 503:
            break
    assert set(codes) == {202, 503}
    assert len(site.control.orders) <= len(codes)
    stop = ORDER | {"mode": "stopped", "reason": "x" * 200}
    assert client.post(PATH, json=stop, headers={"Idempotency-Key": "stop"}).status_code == 202
    assert site.control.orders[-1]["mode"] == "stopped"


def test_a_purifier_is_shown_without_an_audit_log(site):
    break_audit(site)
    assert site.client().get("/api/v1/purifiers/pf1").status_code == 200


def test_without_a_right_a_stop_is_refused_with_and_without_an_audit_log(site):
    stop = ORDER | {"mode": "stopped"}
    assert site.client("viewer").post(PATH, json=stop).status_code == 403
    break_audit(site)
    assert site.client("viewer").post(PATH, json=stop).status_code == 403
    assert site.control.orders == []


def test_pages_go_on_from_the_last_row_whatever_comes_meanwhile(site):
    client, admin = site.client("operator"), site.client("admin")
    for _ in range(3):
        client.post(PATH, json=ORDER)
    seen, following = [], "/api/v1/audit?limit=2&target=purifiers/pf1"
    while following:
        answer = admin.get(following)
        seen += [row["number"] for row in answer.json()["rows"]]
        client.post(PATH, json=ORDER)
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        assert (answer.json()["next"] is None) == (link is None)
        following = link and link[1]
    assert seen == [6, 5, 4, 3, 2, 1]
    assert rows(site, who="nobody") == []
    assert rows(site, to=T0) == []
    assert len(rows(site, **{"from": T0, "to": T0 + 1})) == 12


def test_what_is_no_page_is_refused(site):
    for query in ["limit=0", "limit=501", "after=x", "after=decisions-1", "from=x", "to=-1"]:
        answer = site.client("admin").get(f"/api/v1/audit?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), (
            query
        )


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_administrators_read_the_audit_log(site, role):
    assert site.client(role).get("/api/v1/audit").status_code == 403


CONFIG = """
data = "{data}"
[gateway]
venue = "expo"
[[venue]]
id = "expo"
name = {{ ko = "엑스포", en = "Expo" }}
"""


@pytest.fixture
def verify(site, tmp_path):
    """`venueair audit verify` over the database of `site`: (exit code, what it said)."""
    site.client("operator").post(PATH, json=ORDER)
    (tmp_path / "ops.sqlite").symlink_to(site.engine.url.database)
    config = tmp_path / "venueair.toml"
    config.write_text(CONFIG.format(data=tmp_path))

    def run(*more):
        result = CliRunner().invoke(venueair, ["audit", "verify", "--config", str(config), *more])
        return result.exit_code, result.output

    return run


def test_the_command_says_that_all_is_well_and_what_to_note(verify, site):
    code, said = verify()
    assert (code, said.startswith("2 rows, none changed or missing.")) == (0, True)
    noted = said.split()[-1]
    assert noted == site.client("admin").get("/api/v1/audit").json()["head"]
    site.client("operator").post(PATH, json=ORDER)
    assert verify("--expect", noted)[0] == 0


def test_the_command_names_the_first_broken_row_and_ends_with_1(verify, site):
    with site.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("UPDATE audit SET who = 'somebody' WHERE number = 2")
    code, said = verify()
    assert (code, said.startswith("row 2: it was changed")) == (1, True)


def test_the_command_misses_a_head_that_is_gone_or_not_as_it_was_noted(verify, site):
    wrong = f"2:{'0' * 64}"
    code, said = verify("--expect", wrong)
    assert (code, said.startswith("row 2: it is not the row whose hash was noted")) == (1, True)
    file = head_file(Path(site.engine.url.database))
    file.write_text("spoilt")
    code, said = verify()
    assert (code, "cannot be read" in said) == (1, True)
    file.unlink()
    code, said = verify()
    assert (code, "is gone" in said) == (1, True)


def test_the_command_ends_with_2_for_what_it_cannot_read(verify, tmp_path):
    assert verify("--expect", "nonsense")[0] == 2
    (tmp_path / "ops.sqlite").unlink()
    code, said = verify()
    assert (code, "there is no" in said) == (2, True)
