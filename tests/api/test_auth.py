"""Deny by default: a walk over every route that exists, and over some that do not."""

import hashlib
import re

import pytest
from fastapi import APIRouter
from sqlalchemy import select

from api.auth import create_key, find_key, is_open, revoke_key
from api.tables.keys import api_keys
from tests.api.parts import T0

FILL = {
    "alarm_id": "pm/zone-a/1/1",
    "purifier": "pf1",
    "command_id": "c1",
    "hall": "hall-a",
    "zone": "zone-a",
    "device": "pm1",
}


def addresses(app):
    """(method, path, least role) of every operation in the OpenAPI document."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), re.sub(r"\{(\w+)(:path)?\}", lambda m: FILL[m[1]], path)


def call(client, method, path):
    body = {"json": {}} if method == "POST" else {}
    return client.request(method, path, **body)


def test_every_route_without_a_key_answers_401_except_the_open_list(site):
    client, walked = site.client(None), 0
    for method, path in addresses(site.app):
        answer = call(client, method, path)
        assert (answer.status_code == 401) == (not is_open(path)), (method, path, answer.status_code)
        walked += 1
    assert walked >= 18


@pytest.mark.parametrize("path", ["/redoc", "/api/v1/nothing", "/statics", "/healthz/", "//", "/METRICS"])
def test_unknown_addresses_answer_401_without_a_key_and_404_with_one(site, path):
    assert site.client(None).get(f"http://testserver{path}").status_code == 401
    answer = site.client().get(f"http://testserver{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic abc"}, {"X-API-Key": "vk_x"}]
)
def test_a_wrong_key_is_a_problem_with_the_way_to_do_it(site, headers):
    answer = site.client(None).get("/api/v1/site", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["status"] == 401


def test_both_headers_carry_a_key(site):
    key = site.keys["viewer"]
    for headers in ({"X-API-Key": key}, {"Authorization": f"bearer {key}"}):
        assert site.client(None).get("/api/v1/halls", headers=headers).status_code == 200


def test_viewers_may_read_everything_but_dead_letters_and_change_nothing(site):
    for method, path in addresses(site.app):
        if path.endswith("/stream"):
            continue
        answer = call(site.client("viewer"), method, path)
        is_closed = method in {"POST", "PUT"} or path in ("/api/v1/dead-letters", "/api/v1/audit")
        assert (answer.status_code == 403) == is_closed, (method, path, answer.text)


@pytest.mark.parametrize("role", ["operator", "admin"])
def test_operators_and_admins_may_act(site, role):
    order = {"mode": "run", "level": 1, "reason": "show"}
    assert site.client(role).post("/api/v1/purifiers/pf1/commands", json=order).status_code == 202


def test_a_new_route_without_a_declared_role_is_closed_to_everybody(site):
    router = APIRouter()

    @router.get("/api/v1/new")
    def new():
        return "secret"

    site.app.include_router(router)
    assert site.client(None).get("/api/v1/new").status_code == 401
    answer = site.client("admin").get("/api/v1/new")
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_only_the_hash_of_a_key_is_kept_and_a_key_has_256_bits(site):
    key = create_key(site.engine, "grafana", "viewer", T0)
    assert re.fullmatch(r"vk_[\w-]{43}", key)
    with site.engine.connect() as connection:
        rows = connection.execute(select(api_keys).where(api_keys.c.name == "grafana")).mappings().all()
    assert rows[0]["sha256"] == hashlib.sha256(key.encode()).hexdigest()
    assert key not in str([dict(row) for row in rows])


def test_a_revoked_key_opens_nothing_at_once(site):
    client = site.client("viewer")
    assert client.get("/api/v1/site").status_code == 200
    assert revoke_key(site.engine, "viewer", T0) == 1
    assert client.get("/api/v1/site").status_code == 401
    assert find_key(site.engine, site.keys["viewer"]) is None
    assert revoke_key(site.engine, "viewer", T0) == 0


def test_an_unknown_role_makes_no_key(site):
    with pytest.raises(ValueError, match="viewer, operator, admin"):
        create_key(site.engine, "x", "root", T0)


def test_a_broken_database_lets_nobody_in(site):
    client = site.client()
    with site.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE api_keys")
    answer = client.get("/api/v1/site")
    assert answer.status_code == 503
    assert "api_keys" not in answer.text
