"""The door into the audit log on its own: strangers cannot fill it, and nothing unknown is noted."""

from types import SimpleNamespace

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import Response

from api.audit_book import AuditBook
from api.audited import Audited, check_audited, note
from api.ops_db import open_ops_db
from venueair.clock import ManualClock


class Known:
    """Middleware that knows the caller by a header, as the door does."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            names = dict(scope["headers"])
            who = names.get(b"x-who")
            scope.setdefault("state", {})["principal"] = who and SimpleNamespace(key_id=who.decode())
        await self.app(scope, receive, send)


@pytest.fixture
def book(tmp_path):
    return AuditBook(open_ops_db(tmp_path / "ops.sqlite"))


@pytest.fixture
def client(book):
    app = FastAPI(dependencies=[Depends(check_audited)])

    @app.post("/session/{status}")
    @app.delete("/session/{status}")
    def session(status: int, request: Request):
        note(request, after={"user": "u1"})
        return Response(status_code=status)

    @app.post("/wrong")
    def wrong(request: Request):
        note(request, password="hunter2")

    app.add_middleware(Audited, book=book, clock=ManualClock())
    app.add_middleware(Known)
    return TestClient(app, raise_server_exceptions=False)


def whats(book):
    return [(row.entry.who, row.entry.what, row.entry.status) for row in book.page(limit=99)][::-1]


def test_a_login_and_a_wrong_one_are_written_and_what_is_held_off_is_not(client, book):
    for status in (200, 401, 403, 404, 413, 422, 429):
        client.post(f"/session/{status}")
    client.post("/nothing")
    client.post("/wrong")
    assert whats(book) == [("nobody", "answered POST", status) for status in (200, 401, 403)]
    assert book.page(limit=1)[0].entry.after == {"user": "u1"}


def test_whoever_is_known_is_written_with_every_status(client, book):
    for status in (204, 429):
        client.delete(f"/session/{status}", headers={"x-who": "u1"})
    assert whats(book) == [
        ("u1", "asked DELETE", None),
        ("u1", "answered DELETE", 204),
        ("u1", "asked DELETE", None),
        ("u1", "answered DELETE", 429),
    ]


def test_a_note_of_anything_but_what_the_log_has_is_a_mistake_of_the_route(client, book):
    assert client.post("/wrong", headers={"x-who": "u1"}).status_code == 500
    assert "hunter2" not in str(book.page(limit=9))


def test_people_can_log_in_while_the_log_cannot_be_written(client, book):
    with book._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    assert client.post("/session/200").status_code == 200
    assert client.post("/session/200", headers={"x-who": "u1"}).status_code == 503


def test_a_long_address_is_cut(client, book):
    client.post("/" + "x" * 3000, headers={"x-who": "u1"})
    assert len(book.page(limit=1)[0].entry.target) == 200
