"""InfluxStore on a server that fails as told: what is kept when the answer is lost, bad or late.

The server here speaks no Flux, so this is also a process with `write_only` set. It keeps fields as InfluxDB
does: what a later write of a point leaves out stays.
"""

import threading

import numpy as np
import pytest

from tests.fake_influx import CUT_204, LOST_204, PROXY_ERROR, RESET, Answer, FakeInflux, failure
from tests.waiting import wait_until
from venueair.block import Block, Flag, Why
from venueair.site import Site
from venueair.store.influx_server import Server
from venueair.store.influx_store import POST_ROWS, InfluxStore
from venueair.store.influx_writer import StoreRetry
from venueair.store.store import Marks, Period, Rollup, StoreError

T0 = 4_000_000_000_000  # 2096: later than the clock, from which a new store's rows can be new
MARKS = {("d1", "b1"): Marks(1)}
PERIOD = Period("d1", T0, T0 + 1)


@pytest.fixture
def fake():
    with FakeInflux() as fake:
        yield fake


@pytest.fixture
def open_store(fake, tmp_path):
    opened = []

    def open_() -> InfluxStore:
        server = Server(fake.url, "venue", "air", "token", speaks_flux=False)
        opened.append(InfluxStore(server, Site(), tmp_path / "books.sqlite"))
        opened[-1].connect()
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store) -> InfluxStore:
    return open_store()


def good(t: list[int], series: list[int], value: list[float]) -> Block:
    block = Block.of(t, series, value)
    block.flag[:] = Flag.GOOD
    return block


def fields_of(fake: FakeInflux, t: int = T0, measurement: bytes = b"air") -> dict[bytes, bytes]:
    return fake.points[(measurement, b"device=d1", b"%d" % t)]


@pytest.mark.parametrize("answer", [RESET, LOST_204, CUT_204, PROXY_ERROR, failure(503, "busy", "later")])
def test_marks_and_periods_wait_for_the_204(fake, store, answer):
    a = store.series("d1", "co2")
    block = good([T0], [a], [700.0])
    fake.then(answer)
    with pytest.raises(StoreRetry):
        store.write(block, MARKS, [PERIOD])
    assert (store.marks(), store.owed()) == ({}, [])
    assert store.write(block, MARKS, [PERIOD]) == 0
    assert (store.marks(), store.owed()) == (MARKS, [PERIOD])
    assert list(fake.points) == [(b"air", b"device=d1", b"%d" % T0)]


def test_a_flag_of_a_write_whose_answer_was_lost_does_not_stay(fake, store):
    a = store.series("d1", "co2")
    block = good([T0], [a], [700.0])
    block.flag[0], block.why[0] = Flag.SUSPECT, Why.SPIKE
    fake.then(LOST_204)
    with pytest.raises(StoreRetry):
        store.write(block, MARKS)
    assert fields_of(fake) == {b"co2": b"700.0", b"co2_flag": b"3.0", b"co2_why": b"8.0"}
    store.write(good([T0], [a], [700.0]), MARKS)
    assert fields_of(fake) == {
        b"co2": b"700.0",
        b"co2_raw": b"700.0",
        b"co2_flag": b"1.0",
        b"co2_why": b"0.0",
    }


def test_a_flag_that_a_killed_process_wrote_does_not_stay(fake, open_store):
    store = open_store()
    a = store.series("d1", "co2")
    block = good([T0], [a], [700.0])
    block.flag[0] = Flag.SUSPECT
    store.write(block, {})
    store.close()  # what the books hold is there from before the write; SIGKILL would leave no less
    store = open_store()
    store.write(good([T0, T0 + 3_600_000], [a, a], [700.0, 701.0]), {})
    assert fields_of(fake)[b"co2_flag"] == b"1.0"
    assert fields_of(fake, T0 + 3_600_000) == {b"co2": b"701.0"}


def test_a_request_in_the_middle_of_a_large_write_fails_and_all_of_it_is_written_again(fake, store):
    a = store.series("d1", "co2")
    n = POST_ROWS * 2 + 1
    block = good(list(range(T0, T0 + n)), [a] * n, [1.0] * n)
    fake.requests.clear()
    fake.then(failure(500, "internal error", "shard"), failure(500, "internal error", "shard"))
    for _ in range(2):
        with pytest.raises(StoreRetry):
            store.write(block, MARKS)
    assert store.write(block, MARKS) == 0
    assert len(fake.points) == n
    assert sorted(len(r.lines) for r in fake.requests if r.status == 204) == [1, POST_ROWS, POST_ROWS]


def test_two_requests_are_in_flight_while_all_goes_well_and_one_after_an_error(fake, store):
    a = store.series("d1", "co2")
    n = POST_ROWS * 3
    block = good(list(range(T0, T0 + n)), [a] * n, [1.0] * n)
    slow = Answer(204, stores=True, delay_s=0.3)
    fake.then(slow, slow, failure(500, "internal error", "shard"))
    with pytest.raises(StoreRetry):
        store.write(block, MARKS)
    assert fake.most_in_flight == 2
    assert store.marks() == {}
    fake.most_in_flight = 0
    fake.then(*[Answer(500, delay_s=0.3)] * 2)
    for _ in range(2):
        asked = len(fake.requests)
        with pytest.raises(StoreRetry):
            store.write(block, MARKS)
        assert len(fake.requests) == asked + 1
    assert fake.most_in_flight == 1
    store.write(block, MARKS)
    assert (len(fake.points), store.marks()) == (n, MARKS)


def test_a_series_is_named_and_marks_are_read_while_the_server_hangs(fake, store):
    a = store.series("d1", "co2")
    asked = len(fake.requests)
    fake.then(Answer(204, stores=True, delay_s=1.5))
    writing = threading.Thread(target=store.write, args=(good([T0], [a], [1.0]), MARKS), daemon=True)
    writing.start()
    wait_until(lambda: len(fake.requests) > asked)
    assert [store.series("d1", "co2"), store.series("d2", "co2")] == [a, a + 1]
    assert (store.marks(), store.names()) == ({}, [("d1", "co2"), ("d2", "co2")])
    assert store.health().ok
    assert writing.is_alive()
    writing.join(10)
    assert store.marks() == MARKS


def test_series_that_a_killed_process_had_only_named_are_named_again(fake, open_store, tmp_path):
    first = open_store()
    first.write(good([T0], [first.series("d1", "co2")], [1.0]), {})
    first.series("d2", "co2")
    for file in tmp_path.glob("books.sqlite*"):
        (tmp_path / "copy").mkdir(exist_ok=True)
        (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    server = Server(fake.url, "venue", "air", "token", speaks_flux=False)
    second = InfluxStore(server, Site(), tmp_path / "copy" / "books.sqlite")
    assert second.names() == [("d1", "co2")]
    assert second.series("d3", "co2") == 1
    second.close()


def test_a_line_that_the_server_cannot_read_is_kept_aside_and_counted(fake, store):
    fake.unparsable = b"device=d1 "
    a, b = store.series("d1", "co2"), store.series("d2", "co2")
    store.write(good([T0, T0], [a, b], [1.0, 2.0]), MARKS)
    assert store.marks() == MARKS
    assert [key[1] for key in fake.points] == [b"device=d2"]
    ((reason, line),) = store.dead_letters()
    assert (reason, line) == ("invalid number", b"air,device=d1 co2=1.0 %d" % T0)
    assert store.health().facts["quarantined"] == 1


def test_points_that_the_server_drops_are_counted_and_stop_nothing(fake, store):
    fake.unkeepable = b"device=d1 "
    a, b = store.series("d1", "co2"), store.series("d2", "co2")
    store.write(good([T0, T0], [a, b], [1.0, 2.0]), MARKS)
    assert (store.marks(), store.health().facts["refused"]) == (MARKS, 1)


def test_without_answers_there_is_no_history_and_nothing_fails(fake, store):
    a = store.series("d1", "co2")
    store.write(good([T0], [a], [1.0]), MARKS)
    one = np.array([1.0])
    store.write_rollup(
        3600, Rollup(np.array([T0]), np.array([a], dtype=np.int32), one, one, one, np.array([9]))
    )
    assert fields_of(fake, measurement=b"air_1h") == {
        b"co2_mean": b"1.0",
        b"co2_min": b"1.0",
        b"co2_max": b"1.0",
        b"co2_count": b"9.0",
    }
    assert (store.newest(), store.rollup_end(60), store.takes_from(T0), store.count(["d1"])) == (
        None,
        None,
        None,
        (0, 0),
    )
    assert (len(store.range(None, 0, T0 + 1)), len(store.rollup_range(60, [a], 0, T0 + 1))) == (0, 0)
    assert [request.query["bucket"] for request in fake.requests if request.lines] == ["air", "air_1h"]


def test_what_a_new_store_finds_there_from_before_is_not_taken_for_new(fake, store):
    a = store.series("d1", "co2")
    store.write(good([1_700_000_000_000], [a], [1.0]), {})
    assert len(fields_of(fake, 1_700_000_000_000)) == 4


def test_a_process_that_only_reads_says_so(fake):
    store = InfluxStore(Server(fake.url, "venue", "air", "", "token", speaks_flux=False), Site(), None)
    store.connect()
    with pytest.raises(StoreError, match="only reads"):
        store.write(Block.empty(), MARKS)
    store.close()


def test_a_wrong_token_is_said_at_the_start(fake, tmp_path):
    fake.token = "another"
    store = InfluxStore(Server(fake.url, "venue", "air", "token", speaks_flux=False), Site(), tmp_path / "b")
    with pytest.raises(StoreRetry, match="does not know the token") as caught:
        store.connect()
    assert caught.value.kind == "configuration"
    store.close()


def test_a_server_that_is_not_there_is_unreachable_and_health_says_it(tmp_path):
    with FakeInflux() as gone:
        url = gone.url
    store = InfluxStore(Server(url, "venue", "air", "token"), Site(), tmp_path / "b")
    with pytest.raises(StoreRetry, match="cannot be reached") as caught:
        store.connect()
    assert caught.value.kind == "unreachable"
    assert not store.health().ok
    store.close()


def test_a_server_that_takes_writes_only_is_named_as_one(fake, tmp_path):
    store = InfluxStore(Server(fake.url, "venue", "air", "token"), Site(), tmp_path / "b")
    with pytest.raises(StoreRetry, match="write_only") as caught:
        store.connect()
    assert caught.value.kind == "configuration"
    store.close()
