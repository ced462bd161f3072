from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.publisher import RESEND_S, WINDOW, Publisher
from gateway.rows import Sample
from gateway.spool import Spool
from gateway.spool_file import SpoolFull
from tests.gateway.fake_link import FakeLink
from venueair.messages import Status


class Bench:
    """A publisher between a real spool and a fake link, with a clock that the test moves."""

    def __init__(self, path: Path, boot: str = "boot1", max_mb: float = 50) -> None:
        self.now = 1000.0
        self.link = FakeLink()
        self.spool = Spool(path, max_mb, boot)
        self.publisher = Publisher(self.link, self.spool, "hall", "gw1", lambda: self.now)

    def read(self, n: int, device: str = "a") -> None:
        self.publisher.add(self.spool.append([Sample(device, 1, {"co2": 500.0}, "ok")] * n))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10) + 1):
            self.now += 0.1001
            self.publisher.step()

    def commit(self, upto: int, device: str = "a", boot: str = "boot1") -> None:
        self.publisher.committed({device: {boot: upto}})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


@pytest.fixture
def bench(path: Path) -> Iterator[Bench]:
    bench = Bench(path)
    bench.run(0.1)
    yield bench
    bench.spool.close()


def test_live_rows_go_once_and_are_forgotten_only_when_committed(bench: Bench) -> None:
    bench.read(3)
    bench.run(1)
    assert bench.link.seqs("a") == [0, 1, 2]
    assert bench.link.data()[0][1].via == "gw1"
    assert bench.spool.spooled == 3
    bench.commit(1)
    bench.run(0.1)
    assert bench.spool.spooled == 1
    bench.commit(2)
    bench.run(100)
    assert bench.spool.spooled == 0
    assert bench.link.seqs("a") == [0, 1, 2]


def test_waves_are_at_most_ten_a_second(bench: Bench) -> None:
    for _ in range(100):
        bench.read(1)
        bench.now += 0.01
        bench.publisher.step()
    assert len(bench.link.data()) <= 10
    bench.run(0.1)
    assert bench.link.seqs("a") == list(range(100))


def test_uncommitted_rows_are_sent_again_after_30_s_and_marked(bench: Bench) -> None:
    bench.read(5)
    bench.run(1)
    bench.commit(1)
    bench.run(RESEND_S - 2)
    assert bench.link.seqs("a", resent=True) == []
    bench.run(2)
    assert bench.link.seqs("a", resent=True) == [2, 3, 4]


def test_rows_of_an_unheard_broker_are_not_repeated_without_end(bench: Bench) -> None:
    bench.read(5)
    bench.run(600)
    passes = len(bench.link.seqs("a", resent=True)) / 5
    assert 4 <= passes <= 7  # at 30, 60, 120 s and then each 120 s


def test_rows_read_without_a_connection_follow_as_backlog_after_live_ones(bench: Bench) -> None:
    bench.link.connected = False
    bench.read(1000)
    bench.run(60)
    assert bench.link.data() == []
    bench.link.reconnect()
    bench.run(0)
    bench.read(2)
    bench.run(2)
    assert bench.link.seqs("a", resent=False) == [1000, 1001]
    assert bench.link.seqs("a", resent=True) == list(range(1000))
    live = [data.resent for _, data in bench.link.data()].index(False)
    assert live < len(bench.link.data()) - 1  # live rows did not wait for the backlog's end


def test_what_the_lost_connection_carried_is_sent_again_at_once(bench: Bench) -> None:
    bench.read(3)
    bench.run(0.2)
    bench.link.reconnect()
    bench.run(0.2)
    assert bench.link.seqs("a") == [0, 1, 2, 0, 1, 2]
    assert bench.link.seqs("a", resent=True) == [0, 1, 2]


def test_rows_of_an_earlier_run_keep_their_boot_and_seq(path: Path) -> None:
    early = Bench(path, "early")
    early.link.connected = False
    early.read(4)
    early.spool.close()
    bench = Bench(path, "late")
    bench.run(0.3)
    [(_, data)] = bench.link.data()
    assert (data.boot, data.seq, len(data.t), data.resent) == ("early", 0, 4, True)
    bench.commit(3, boot="early")
    bench.run(0.1)
    assert bench.spool.spooled == 0


def test_refused_publish_loses_nothing(bench: Bench) -> None:
    bench.link.refuses = True
    bench.read(3)
    bench.run(1)
    bench.link.refuses = False
    bench.run(RESEND_S + 1)
    assert bench.link.seqs("a") == [0, 1, 2]


def test_rows_accepted_in_a_short_loss_of_the_same_connection_are_sent(bench: Bench) -> None:
    bench.link.connected = False
    bench.read(2)
    bench.link.connected = True
    bench.run(1)
    assert bench.link.seqs("a") == [0, 1]


def test_long_backlog_is_sent_window_by_window_as_it_is_committed(path: Path) -> None:
    bench = Bench(path)
    bench.link.connected = False
    bench.read(WINDOW + 5000)
    bench.link.connected = True
    bench.run(5)
    assert len(bench.link.seqs("a")) == WINDOW
    bench.run(20)
    assert len(bench.link.seqs("a")) == WINDOW
    bench.commit(WINDOW - 1)
    bench.run(5)
    assert bench.link.seqs("a") == list(range(WINDOW + 5000))


def test_dropped_rows_are_declared_until_committed(path: Path) -> None:
    bench = Bench(path, max_mb=0.3)
    bench.run(0.1)
    bench.link.connected = False
    for _ in range(60):
        bench.read(100)
    [(first, last)] = bench.spool.dropped_ranges(("a", "boot1"))
    bench.link.reconnect()
    bench.run(3)
    assert bench.link.data()[0][1].dropped == [(first, last)]
    assert bench.link.seqs("a") == list(range(last + 1, 6000))
    bench.commit(last)
    bench.read(1)
    bench.run(0.3)
    assert bench.link.data()[-1][1].dropped == []


def test_status_is_said_at_each_connection_and_change_only(bench: Bench) -> None:
    online, gone = Status(state="online", boot="b"), Status(state="offline", detail="port is gone")
    bench.publisher.set_status("a", online)
    bench.publisher.set_status("a", online)
    bench.run(1)
    assert bench.link.statuses("a") == [online]
    bench.link.reconnect()
    bench.run(1)
    assert bench.link.statuses("a") == [online, online]
    bench.link.connected = False
    bench.publisher.set_status("a", gone)
    bench.run(1)
    bench.link.reconnect()
    bench.run(1)
    assert bench.link.statuses("a") == [online, online, gone]


def test_disk_that_is_too_full_to_prune_does_not_stop_the_sending(path: Path) -> None:
    class FullSpool(Spool):
        is_full = True

        def prune(self, upto: dict[str, dict[str, int]]) -> None:
            if self.is_full:
                raise SpoolFull("no room")
            super().prune(upto)

    bench = Bench(path)
    bench.spool = FullSpool(path.with_name("full"), 10, "boot1")
    bench.publisher = Publisher(bench.link, bench.spool, "hall", "gw1", lambda: bench.now)
    bench.run(0.1)
    bench.read(2)
    bench.commit(1)
    bench.run(1)
    assert bench.link.seqs("a") == [0, 1]
    bench.spool.is_full = False
    bench.run(2)
    assert bench.spool.spooled == 0
