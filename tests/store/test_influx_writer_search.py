"""Requests that are halved: every line ends up stored, quarantined or counted, whatever is wrong with it."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_influx import Answer, FakeInflux, failure
from tests.store.written_lines import lines, refused, stored, writer_to
from venueair.store.influx_writer import InfluxWriter, Written

pytestmark = pytest.mark.integration


@pytest.fixture
def fake() -> Iterator[FakeInflux]:
    with FakeInflux() as server:
        yield server


@pytest.fixture
def writer(fake) -> Iterator[InfluxWriter]:
    opened = writer_to(fake.url, timeout_s=5)
    yield opened
    opened.close()


def test_too_large_a_request_is_halved_and_later_ones_stay_below(fake, writer):
    fake.max_body = 3000
    assert writer.write(lines(500)) == Written(stored=500)
    assert stored(fake) == list(range(500))
    too_large = fake.statuses().count(413)
    assert 1 <= too_large <= 5
    assert writer.write(lines(500)) == Written(stored=500)
    assert fake.statuses().count(413) == too_large


def test_a_server_that_takes_not_even_one_line_is_configured_wrongly(fake, writer):
    fake.max_body = 10
    error = refused(writer, lines(4))
    assert error.kind == "configuration"
    assert "raise its limit" in str(error)
    fake.max_body = None
    assert writer.write(lines(4)) == Written(stored=4)


@given(st.integers(2, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
@settings(max_examples=25, deadline=None)
def test_one_bad_line_is_found_in_few_requests(case):
    n, bad = case
    with FakeInflux() as fake:
        written = writer_to(fake.url).write(lines(n, frozenset([bad])))
        assert written.quarantined == [(lines(n, frozenset([bad]))[bad], "invalid number")]
        assert (written.stored, written.refused) == (n - 1, 0)
        assert stored(fake) == [i for i in range(n) if i != bad]
        assert len(fake.requests) <= 2 * math.log2(n) + 1


@pytest.mark.parametrize("bad", [0, 1, 2499, 2500, 4999])
def test_one_bad_line_of_5000_is_found_in_few_requests(fake, writer, bad):
    written = writer.write(lines(5000, frozenset([bad])))
    assert [line for line, _ in written.quarantined] == [lines(5000, frozenset([bad]))[bad]]
    assert len(stored(fake)) == written.stored == 4999
    assert len(fake.requests) <= 2 * math.log2(5000) + 1


@given(
    st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.sampled_from("..bd"), max_size=n)))
)
@settings(max_examples=40, deadline=None)
def test_every_line_is_stored_quarantined_or_counted_whatever_is_bad(case):
    n, kinds = case
    bad = frozenset(i for i, kind in enumerate(kinds) if kind == "b")
    dropped = frozenset(i for i, kind in enumerate(kinds) if kind == "d")
    mixed = [b if i in bad else a for i, (a, b) in enumerate(zip(lines(n), lines(n, bad), strict=True))]
    unkeepable = lines(n, dropped, FakeInflux.unkeepable)
    mixed = [unkeepable[i] if i in dropped else line for i, line in enumerate(mixed)]
    with FakeInflux() as fake:
        written = writer_to(fake.url).write(mixed)
        assert stored(fake) == [i for i in range(n) if i not in bad | dropped]
        assert [line for line, _ in written.quarantined] == [mixed[i] for i in sorted(bad)]
        assert (written.stored, written.refused) == (n - len(bad) - len(dropped), len(dropped))


def test_a_line_that_was_refused_only_once_is_not_quarantined(fake, writer):
    fake.then(failure(400, "invalid", "unable to parse"))
    assert writer.write(lines(6)) == Written(stored=6)
    assert stored(fake) == list(range(6))


@pytest.mark.parametrize("n", [1, 2, 64])
def test_lines_that_are_all_bad_are_all_quarantined(fake, writer, n):
    written = writer.write(lines(n, frozenset(range(n))))
    assert [line for line, _ in written.quarantined] == lines(n, frozenset(range(n)))
    assert (written.stored, written.refused) == (0, 0)


@pytest.mark.parametrize("n", [1, 2, 5000])
def test_a_server_that_refuses_everything_does_not_make_good_lines_bad(fake, writer, n):
    fake.then(*[Answer(400, b"The plain HTTP request was sent to HTTPS port")] * 100)
    error = refused(writer, lines(n))
    assert error.kind == "configuration"
    assert "http or https" in str(error)
    assert "plain HTTP request was sent" in str(error)
    assert len(fake.requests) <= math.log2(n) + 4
    fake.works_again()
    assert writer.write(lines(n)) == Written(stored=n)


def test_a_failure_in_the_middle_of_the_search_keeps_all_lines(fake, writer):
    batch = lines(8, frozenset([5]))
    refuse = failure(400, "invalid", "unable to parse")
    fake.then(refuse, Answer(204, stores=True), failure(503, "busy", "wait"))
    assert refused(writer, batch).kind == "busy"
    written = writer.write(batch)
    assert written.stored == 7
    assert [line for line, _ in written.quarantined] == [batch[5]]
    assert stored(fake) == [0, 1, 2, 3, 4, 6, 7]


def test_a_partial_write_is_counted_with_its_reason_and_not_sent_again(fake, writer):
    written = writer.write(lines(10, frozenset([2, 7]), FakeInflux.unkeepable))
    assert (written.stored, written.refused, written.quarantined) == (8, 2, [])
    assert "field type conflict" in written.reason
    assert fake.statuses() == [422]


@pytest.mark.parametrize("message", ["shard is pending deletion", "dropped=11", "dropped=" + "9" * 5000])
def test_a_partial_write_of_unknown_size_is_counted_whole(fake, writer, message):
    fake.then(failure(422, "unprocessable entity", message))
    written = writer.write(lines(10))
    assert (written.stored, written.refused) == (0, 10)
    assert len(written.reason) <= 300
