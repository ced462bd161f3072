"""Cursors: every row once whatever comes and goes, and nothing but a cursor of this list is taken."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.control.command import State, Tracked
from api.control.command_book import CommandBook
from api.paging import Cursor, link
from tests.api.parts import T0

NUMBERED, NAMED = Cursor("audit"), Cursor("commands", has_id=True)
numbers = st.integers(0, 10**15 - 1)
ids = st.text("abc-/.:~0", min_size=1, max_size=60)


@given(numbers, ids)
def test_a_cursor_comes_back_as_the_key_it_was_made_of(number, id_):
    for cursor, key in ((NUMBERED, (number, "")), (NAMED, (number, id_))):
        assert re.search(cursor.pattern, cursor.of(key))
        assert cursor.key(cursor.of(key)) == key


def test_no_cursor_is_no_key():
    assert NAMED.key(None) is None


LISTS = {
    "audit": "audit",
    "decisions": "decisions",
    "commands": "commands",
    "alarms": "alarms",
    "dead-letters": "letters",
}
WRONG = [
    "",
    "x",
    "가",
    "1",
    "-1",
    "other-1",
    "{0}",
    "{0}-",
    "{0}-x",
    "{0}--1",
    "{0}-1.0",
    "{0}-1 ",
    "{0}-1-가",
]


def test_what_is_no_cursor_of_a_list_is_refused_there(site):
    client = site.client("admin")
    for path, kind in LISTS.items():
        for cursor in [*WRONG, "{0}-" + "9" * 16]:
            answer = client.get(f"/api/v1/{path}", params={"after": cursor.format(kind)})
            assert answer.status_code == 422, (path, cursor)
            assert answer.json()["errors"][0]["where"] == "query.after"


@pytest.mark.parametrize("path", LISTS)
def test_any_text_of_the_published_pattern_is_a_page(site, path):
    (after,) = (
        parameter["schema"]["anyOf"][0]["pattern"]
        for parameter in site.app.openapi()["paths"][f"/api/v1/{path}"]["get"]["parameters"]
        if parameter["name"] == "after"
    )

    @settings(max_examples=30)
    @given(st.from_regex(after))
    def check(cursor):
        answer = client.get(f"/api/v1/{path}", params={"after": cursor.rstrip("\n")})
        assert answer.status_code == 200, (cursor, answer.text)

    client = site.client("admin")
    check()


@given(st.text(max_size=60))
def test_any_text_is_a_key_or_refused(text):
    try:
        key = NUMBERED.key(text)
    except ValueError:
        return
    assert key is not None


@given(st.integers(1, 5), st.integers(0, 12))
def test_a_page_has_a_next_one_only_when_there_is_more(limit, count):
    page = NUMBERED.page(list(range(count))[: limit + 1], limit, lambda n: (n, ""))
    assert page.rows == list(range(min(limit, count)))
    assert (page.following is not None) == (count > limit)
    if page.following:
        assert NUMBERED.key(page.following) == (limit - 1, "")


def test_a_link_repeats_what_was_asked_and_nothing_that_was_not():
    assert link("/api/v1/commands", {"state": "SENT", "purifier": None, "limit": 2}, "abc") == {
        "Link": '</api/v1/commands?state=SENT&limit=2&after=abc>; rel="next"'
    }
    assert link("/api/v1/commands", {"limit": 2}, None) == {}


class BookControl:
    """What the route of commands asks of control, over a real book of commands."""

    def __init__(self, engine):
        self.book = CommandBook(engine)

    def add(self, n, created):
        self.book.insert(
            Tracked(f"c{n}", "expo", "pf1", "s", "run", 1, False, "r", "automatic", created, created, 0.0)
        )

    def commands(self, **asked):
        return self.book.rows(**asked)


def test_commands_are_paged_also_among_those_of_the_same_millisecond(site):
    site.service.control = control = BookControl(site.engine)
    for n in range(7):
        control.add(n, T0 + n // 3)
    seen, following = [], "/api/v1/commands?limit=2&state=CREATED"
    while following:
        answer = site.client().get(following)
        seen += [row["id"] for row in answer.json()]
        control.add(f"later{len(seen)}", T0 + 100)
        found = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        following = found and found[1]
    assert seen == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]
    assert site.client().get("/api/v1/commands?after=x").status_code == 422
    assert {row["state"] for row in control.commands(purifier=None, state=None, limit=9)} == {State.CREATED}
