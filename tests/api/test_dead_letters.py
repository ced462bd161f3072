"""What ingest could not take, from its journal to an administrator's page."""

import re

import pytest

from ingest.journal import Journal
from tests.api.parts import T0
from venueair.whole import dead_letters_of

TOPIC = "venueair/v1/expo/pm1/data"
PATH = "/api/v1/dead-letters"


def test_an_administrator_sees_the_newest_first_and_others_nothing(site):
    site.letters.bury(TOPIC, "malformed", b"{")
    site.letters.bury(TOPIC, "unknown_device", b"")
    rows = site.client("admin").get(PATH).json()
    assert [row["reason"] for row in rows] == ["unknown_device", "malformed"]
    assert rows[1] == {
        "id": 1,
        "t": T0 + 1,
        "topic": TOPIC,
        "reason": "malformed",
        "detail": "says why",
        "payload": "{",
    }
    for role in ("viewer", "operator"):
        assert site.client(role).get(PATH).status_code == 403


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ('{"q": "미세먼지"}'.encode(), '{"q": "미세먼지"}'),
        (b"\xff\x00{\x1b[31m", "\\xff\x00{\x1b[31m"),
        ("가".encode()[:2], "\\xea\\xb0"),
        (b"x" * 3000, "x" * 1024),
    ],
    ids=["text", "bytes", "cut in a letter", "long"],
)
def test_a_payload_is_text_whatever_its_bytes(site, payload, shown):
    site.letters.bury(TOPIC, "malformed", payload)
    (row,) = site.client("admin").get(PATH).json()
    assert row["payload"] == shown


def test_a_topic_as_long_as_mqtt_allows_is_cut(site):
    site.letters.bury("venueair/v1/expo/" + "x" * 65_000, "topic", b"")
    (row,) = site.client("admin").get(PATH).json()
    assert len(row["topic"]) == 200


def test_pages_are_linked_and_what_comes_meanwhile_moves_none(site):
    for n in range(5):
        site.letters.bury(TOPIC, f"reason-{n}", b"")
    seen, following = [], f"{PATH}?limit=2"
    while following:
        answer = site.client("admin").get(following)
        seen += [row["id"] for row in answer.json()]
        site.letters.bury(TOPIC, "later", b"")
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        following = link and link[1]
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "after=x", "after=-1", "after=9223372036854775808"]
)
def test_what_is_no_page_is_refused(site, query):
    assert site.client("admin").get(f"{PATH}?{query}").status_code == 422


def test_apart_from_ingest_the_answer_says_where_they_are(site):
    site.service.dead_letters = None
    answer = site.client("admin").get(PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "ingest.sqlite" in answer.json()["detail"]


def test_a_file_of_ingest_that_cannot_be_read_is_said(site, tmp_path):
    journal = Journal(tmp_path / "ingest.sqlite")
    site.service.dead_letters = dead_letters_of(journal)
    assert site.client("admin").get(PATH).json() == []
    journal.close()
    answer = site.client("admin").get(PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "ingest.sqlite cannot be read" in answer.json()["detail"]


def test_the_journal_gives_pages_of_what_it_has_buried(tmp_path):
    journal = Journal(tmp_path / "ingest.sqlite")
    for n in range(3):
        journal.bury(T0 + n, TOPIC, "malformed", "why", b"%d" % n)
    first = journal.newest_dead_letters(None, 2)
    assert [(id_, t - T0, payload) for id_, t, *_, payload in first] == [(3, 2, b"2"), (2, 1, b"1")]
    assert [id_ for id_, *_ in journal.newest_dead_letters(first[-1][0], 2)] == [1]
    assert journal.newest_dead_letters(1, 2) == []
    journal.close()
