"""The write policy against a server that fails in every way: nothing is lost, nothing is blamed wrongly."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fake_influx import CUT_204, LOST_204, PROXY_ERROR, RESET, Answer, FakeInflux, failure
from tests.store.written_lines import TOKEN, lines, refused, stored, writer_to
from venueair.store.influx_writer import DEFAULT_S, InfluxWriter, StoreRetry, Written, retry_after_s
from venueair.store.store import StoreError

pytestmark = pytest.mark.integration
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.fixture
def fake() -> Iterator[FakeInflux]:
    with FakeInflux() as server:
        yield server


@pytest.fixture
def writer(fake) -> Iterator[InfluxWriter]:
    opened = writer_to(fake.url, timeout_s=5)
    yield opened
    opened.close()


def test_lines_and_one_body_are_written_alike_in_milliseconds(fake, writer):
    assert writer.write(lines(3)) == Written(stored=3)
    assert writer.write(b"\n".join(lines(3)) + b"\n") == Written(stored=3)
    assert [request.lines for request in fake.requests] == [tuple(lines(3))] * 2
    assert fake.requests[0].query == {"org": "venue", "bucket": "공기 1", "precision": "ms"}


def test_nothing_to_write_asks_nobody(fake, writer):
    assert writer.write([]) == writer.write(b"\n") == Written()
    assert fake.requests == []


def test_gzipped_lines_arrive_the_same_and_smaller(fake):
    writer_to(fake.url, gzipped=True).write(lines(500))
    assert fake.requests[0].encoding == "gzip"
    assert fake.requests[0].size < sum(map(len, lines(500))) / 3
    assert stored(fake) == list(range(500))


RETRY_AFTER = {
    "one second": ({"Retry-After": "1"}, 1),
    "an hour": ({"Retry-After": "3600"}, 60),
    "a number without end": ({"Retry-After": "9" * 5000}, 60),
    "a date": ({"Retry-After": "Mon, 23 Nov 2026 12:00:07 GMT", "Date": DATE}, 7),
    "a far date": ({"Retry-After": "Tue, 24 Nov 2026 12:00:00 GMT", "Date": DATE}, 60),
    "a date that is past": ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT", "Date": DATE}, DEFAULT_S),
    "a date and no clock to compare": ({"Retry-After": "Mon, 23 Nov 2026 12:00:07 GMT"}, DEFAULT_S),
    "a date of two kinds": ({"Retry-After": "Mon, 23 Nov 2026 12:00:07 -0000", "Date": DATE}, DEFAULT_S),
    "zero": ({"Retry-After": "0"}, DEFAULT_S),
    "negative": ({"Retry-After": "-5"}, DEFAULT_S),
    "garbage": ({"Retry-After": "soon"}, DEFAULT_S),
    "digits of another script": ({"Retry-After": "\u0665"}, DEFAULT_S),
    "nothing": ({}, DEFAULT_S),
}


@pytest.mark.parametrize(("headers", "seconds"), RETRY_AFTER.values(), ids=RETRY_AFTER)
def test_retry_after_is_followed_up_to_a_minute(headers, seconds):
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says_and_holds_nobody_up(fake, writer, status):
    fake.then(failure(status, "busy", "too many writes", Retry_After="3600"))
    before = time.monotonic()
    error = refused(writer, lines(3))
    assert (error.kind, error.after_s) == ("busy", 60)
    assert "too many writes" in str(error)
    assert time.monotonic() - before < 2
    assert len(fake.requests) == 1
    assert writer.write(lines(3)) == Written(stored=3)


FAILING = {
    "408": failure(408, "timeout", "too slow"),
    "500": failure(500, "internal error", "cache-max-memory-size exceeded"),
    "502 of a proxy, not UTF-8": PROXY_ERROR,
    "504 without a word": Answer(504),
    "507": failure(507, "internal error", "no space left on device"),
    "JSON that is no object": Answer(500, b"[1]"),
    "JSON of another shape": Answer(500, b'{"message":{"a":1}}'),
    "JSON deeper than any": Answer(500, b"[" * 100_000),
}


@pytest.mark.parametrize("answer", FAILING.values(), ids=FAILING)
def test_a_failing_server_gets_the_same_lines_again(fake, writer, answer):
    fake.then(answer)
    error = refused(writer, lines(3))
    assert (error.kind, error.after_s) == ("failing", DEFAULT_S)
    assert len(str(error)) < 500
    assert stored(fake) == []
    assert writer.write(lines(3)) == Written(stored=3)


CONFIGURATION = {
    "401": (failure(401, "unauthorized", "unauthorized access"), "token"),
    "403": (failure(403, "forbidden", "insufficient permissions for write"), "permit"),
    "404": (
        failure(404, "not found", 'bucket "공기 1" not found'),
        "bucket '공기 1' of organisation 'venue'",
    ),
    "405": (Answer(405, b"Method Not Allowed"), "address"),
    "redirect": (Answer(302, b"", {"Location": "/login"}), "address"),
    "200 of something else": (Answer(200, b"<html>Welcome</html>"), "address"),
}


@pytest.mark.parametrize(("answer", "hint"), CONFIGURATION.values(), ids=CONFIGURATION)
def test_a_wrong_configuration_keeps_the_lines_and_says_what_to_look_at(fake, writer, answer, hint):
    fake.then(answer)
    error = refused(writer, lines(3))
    assert error.kind == "configuration"
    assert error.after_s >= 30
    assert hint in str(error)
    assert len(fake.requests) == 1
    assert writer.write(lines(3)) == Written(stored=3)
    assert stored(fake) == [0, 1, 2]


def test_a_token_taken_away_and_given_back_loses_nothing(fake, writer):
    fake.token = "another"
    assert refused(writer, lines(3)).kind == "configuration"
    fake.token = TOKEN
    assert writer.write(lines(3)) == Written(stored=3)


@pytest.mark.parametrize("answer", [RESET, LOST_204, CUT_204], ids=["reset", "204 lost", "204 cut"])
def test_after_a_reset_the_same_lines_again_give_the_same_points(fake, writer, answer):
    writer.write(lines(2))
    fake.then(answer)
    error = refused(writer, lines(5))
    assert (error.kind, error.after_s) == ("unreachable", DEFAULT_S)
    assert stored(fake) == (list(range(5)) if answer.stores else [0, 1])
    assert writer.write(lines(5)) == Written(stored=5)
    assert stored(fake) == list(range(5))


def test_a_server_that_hangs_is_left_after_the_timeout(fake):
    writer = writer_to(fake.url, timeout_s=0.2)
    fake.then(Answer(204, stores=True, delay_s=30))
    before = time.monotonic()
    assert refused(writer, lines(3)).kind == "unreachable"
    assert time.monotonic() - before < 2
    assert writer.write(lines(3)) == Written(stored=3)
    assert stored(fake) == [0, 1, 2]


def test_threads_that_write_at_once_get_each_their_own_answer(fake, writer):
    answers = [Answer(204, stores=True, delay_s=0.05)] * 3 + [failure(503, "busy", "later")]
    fake.then(*answers)
    with ThreadPoolExecutor(4) as pool:
        ended = [pool.submit(writer.write, lines(n)) for n in range(1, 5)]
    failed = [n for n, future in enumerate(ended, 1) if future.exception()]
    assert len(failed) == 1
    assert [future.result().stored for n, future in enumerate(ended, 1) if n not in failed] == [
        n for n in range(1, 5) if n not in failed
    ]


def test_a_server_that_is_away_is_unreachable_until_it_is_back():
    with FakeInflux() as gone:
        writer = writer_to(gone.url)
    assert refused(writer, lines(3)).kind == "unreachable"
    with pytest.raises(StoreRetry, match="cannot be reached"):
        writer.check()


def test_a_name_that_cannot_be_resolved_is_unreachable():
    assert refused(writer_to("http://no-such-host.invalid:8086"), lines(1)).kind == "unreachable"


def test_plain_http_behind_an_https_address_is_named(fake):
    writer = writer_to(fake.url.replace("http:", "https:"))
    error = refused(writer, lines(1))
    assert error.kind == "configuration"
    assert "certificate" in str(error)


def test_the_check_needs_a_server_a_bucket_and_a_token_and_stores_nothing(fake, writer):
    writer.check()
    fake.buckets = frozenset(["another"])
    with pytest.raises(StoreRetry, match="has no bucket") as caught:
        writer.check()
    assert caught.value.kind == "configuration"
    assert fake.points == {}


def test_a_token_with_foreign_characters_is_refused_without_being_shown(fake):
    for token in ("abc\n", "토큰-abc"):
        with pytest.raises(StoreError, match="copy it again") as caught:
            InfluxWriter(fake.url, token, "venue", "air")
        assert "abc" not in str(caught.value)


def test_closing_twice_is_harmless(fake, writer):
    writer.write(lines(1))
    writer.close()
    writer.close()


def test_who_does_not_write_to_influxdb_does_not_load_its_client():
    code = "import sys, venueair.store.influx_writer; sys.exit('influxdb_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
