import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rows import Sample
from gateway.spool import Spool
from gateway.spool_file import SpoolError, SpoolFull, newest_time


def sample(device: str = "a", t: int = 1000, **values: float) -> Sample:
    return Sample(device, t, values or {"co2": 700.0}, "ok")


def samples(n: int, device: str = "a") -> list[Sample]:
    return [sample(device, 1000 + i) for i in range(n)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "spool.sqlite"


def test_seq_counts_from_0_per_device_and_starts_again_with_the_boot(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    spool.append([sample("a"), sample("b"), sample("a", 1001)])
    rows = spool.append([sample("a", 1002), sample("b", 1001)])
    assert [(row.device, row.boot, row.seq) for row in rows] == [("a", "boot1", 2), ("b", "boot1", 1)]
    spool.close()
    [row] = Spool(path, 10, "boot2").append([sample("a", 1003)])
    assert (row.boot, row.seq) == ("boot2", 0)


def test_time_is_strictly_increasing_per_device_also_after_prune_and_restart(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    rows = spool.append([sample("a", 500), sample("a", 500), sample("a", 20), sample("b", 7)])
    assert [row.t for row in rows] == [500, 501, 502, 7]
    spool.prune({"a": {"boot1": 9}, "b": {"boot1": 9}})
    assert spool.spooled == 0
    spool.close()
    [row] = Spool(path, 10, "boot2").append([sample("a", 100)])
    assert row.t == 503


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-5, 5)), min_size=1, max_size=30))
def test_any_clock_gives_increasing_times_and_gapless_seq(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool.sqlite", 10, "boot1")
        rows = [spool.append([sample(device, t)])[0] for device, t in steps]
        spool.close()
    for device in "ab":
        mine = [row for row in rows if row.device == device]
        assert [row.seq for row in mine] == list(range(len(mine)))
        assert all(a.t < b.t for a, b in pairwise(mine))


def test_rows_come_back_as_they_were_accepted(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    rows = spool.append(
        [Sample("a", 5, {"pm1": 0.1, "n0_3": 655.35}, "warming"), Sample("a", 6, {"pm1": 1e300}, "fault")]
    )
    spool.close()
    assert Spool(path, 10, "boot2").after(0, 99, 99) == rows


def test_accepted_counts_readings_for_ever_and_spooled_what_is_left(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    spool.append([sample(pm1=1.0, pm10=2.0), sample(co2=3.0)])
    spool.prune({"a": {"boot1": 0}})
    assert (spool.accepted, spool.spooled, spool.dropped) == (3, 1, 0)
    spool.close()
    assert (spool.accepted, spool.spooled) == (3, 1)  # still there for a last look
    again = Spool(path, 10, "boot2")
    again.append([sample()])
    assert (again.accepted, again.spooled) == (4, 2)


def test_prune_forgets_only_what_is_named(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    spool.append([*samples(5, "a"), *samples(5, "b")])
    spool.prune({"a": {"boot1": 2, "other": 99}, "unknown": {"boot1": 99}})
    left = [(row.device, row.seq) for row in spool.after(0, spool.last_id, 99)]
    assert left == [("a", 3), ("a", 4), *(("b", i) for i in range(5))]


def test_rows_are_read_oldest_first_after_a_cursor(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    assert (spool.oldest_id, spool.last_id) == (None, 0)
    ids = [row.id for row in spool.append(samples(10))]
    assert [row.id for row in spool.after(ids[2], ids[7], 3)] == ids[3:6]
    assert (spool.oldest_id, spool.last_id) == (ids[0], ids[9])


def test_ids_are_not_used_again_after_prune_and_restart(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    last = spool.append(samples(3))[-1].id
    spool.prune({"a": {"boot1": 2}})
    spool.close()
    assert Spool(path, 10, "boot2").append([sample()])[0].id == last + 1


def test_above_the_limit_the_oldest_rows_are_dropped_counted_and_declared(path: Path) -> None:
    spool = Spool(path, 0.5, "boot1")
    for _ in range(60):
        spool.append([*samples(100, "a"), *samples(100, "b")])
    kept = spool.after(0, spool.last_id, 99_999)
    assert spool.dropped > 0
    assert spool.accepted == 12_000
    assert spool.accepted == spool.spooled + spool.dropped
    assert len(kept) == spool.spooled
    for device in "ab":
        [(first, last)] = spool.dropped_ranges((device, "boot1"))
        seqs = [row.seq for row in kept if row.device == device]
        assert (first, seqs[0], seqs[-1]) == (0, last + 1, 5999)
    assert path.stat().st_size < 2 * 1024 * 1024
    spool.close()
    again = Spool(path, 0.5, "boot2")
    assert again.dropped_ranges(("a", "boot1")) == [(first, last)]
    again.prune({"a": {"boot1": last}})
    assert again.dropped_ranges(("a", "boot1")) == []


def test_one_row_of_every_boot_stays_to_declare_the_dropped_ones(path: Path) -> None:
    early = Spool(path, 0.5, "early")
    early.append(samples(1500))
    early.close()
    spool = Spool(path, 0.5, "late")
    for _ in range(80):
        spool.append(samples(100))
    oldest = spool.after(0, spool.last_id, 1)
    assert [(row.boot, row.seq) for row in oldest] == [("early", 1499)]
    assert spool.dropped_ranges(("a", "early")) == [(0, 1498)]


def test_wal_stays_bounded_while_rows_come_and_go(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    for i in range(300):
        spool.append(samples(100))
        spool.prune({"a": {"boot1": 100 * i}})
    assert path.with_name(path.name + "-wal").stat().st_size < 10 * 1024 * 1024


def test_newest_time_is_read_without_opening_the_spool(path: Path) -> None:
    assert newest_time(path) is None
    spool = Spool(path, 10, "boot1")
    assert newest_time(path) is None
    spool.append([sample("a", 5000), sample("b", 7000)])
    assert newest_time(path) == 7000
    spool.prune({"b": {"boot1": 0}})
    spool.close()
    assert newest_time(path) == 7000


def test_spool_of_another_version_or_no_spool_at_all_is_refused(path: Path) -> None:
    Spool(path, 10, "boot1").close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(SpoolError, match="version 99"):
        Spool(path, 10, "boot2")
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(SpoolError, match=r"spool\.sqlite cannot be opened"):
        Spool(path, 10, "boot2")


def test_threads_may_append_and_prune_at_once(path: Path) -> None:
    spool = Spool(path, 10, "boot1")

    def work(device: str) -> None:
        for i in range(30):
            spool.append(samples(5, device))
            spool.prune({device: {"boot1": 5 * i}})

    threads = [threading.Thread(target=work, args=(device,)) for device in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.accepted == 450
    assert spool.spooled == len(spool.after(0, spool.last_id, 999)) == 3 * 4


def test_nothing_is_half_accepted_when_the_database_is_full(path: Path) -> None:
    spool = Spool(path, 10, "boot1")
    spool.append(samples(10))
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(SpoolFull, match="make room"):
        spool.append(samples(2000))
    assert (spool.accepted, spool.spooled) == (10, 10)
    assert len(spool.after(0, spool.last_id, 99)) == 10
    spool._db.execute("PRAGMA max_page_count = 1000000")
    assert spool.append([sample(t=9)])[0].seq == 10  # no seq was used up


KILLED = """
import sys
from pathlib import Path
from gateway.rows import Sample
from gateway.spool import Spool
spool = Spool(Path(sys.argv[1]), 10, sys.argv[2])
n = 0
while True:
    spool.append([Sample("a", 1, {"pm1": 1.0, "pm10": 2.0}, "ok")] * 20)
    n += 20
    print(n, flush=True)
"""


@pytest.mark.integration
def test_sigkill_loses_nothing_that_was_accepted(path: Path) -> None:
    promised = 0
    for i in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path), f"boot{i}"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(3 + 5 * i)]
        process.send_signal(signal.SIGKILL)
        rest = [int(line) for line in process.communicate()[0].split("\n") if line.endswith("0")]
        promised += (said + rest)[-1]
        spool = Spool(path, 10, f"check{i}")
        rows = spool.after(0, spool.last_id, 1_000_000)
        assert len(rows) >= promised
        assert spool.accepted == spool.spooled == 2 * len(rows)
        mine = [row.seq for row in rows if row.boot == f"boot{i}"]
        assert mine == list(range(len(mine)))
        assert all(a.t < b.t for a, b in pairwise(rows))
        promised = len(rows)
        spool.close()


FILLED = """
import sys
from pathlib import Path
from gateway.rows import Sample
from gateway.spool import Spool, SpoolFull
spool = Spool(Path(sys.argv[1]) / "spool.sqlite", 1024, "boot1")
reserve = Path(sys.argv[1]) / "spool.sqlite-reserve"
assert reserve.stat().st_size == 4 * 1024 * 1024
t = 0
try:
    while True:
        t += 1
        spool.append([Sample("a", t, {"pm1": 1.0}, "ok")] * 100)
except SpoolFull:
    pass
accepted = spool.accepted
assert len(spool.after(0, spool.last_id, 999999)) == accepted == spool.spooled
spool.prune({"a": {"boot1": accepted - 51}})
assert spool.spooled == 50, spool.spooled
assert not reserve.exists() or reserve.stat().st_size == 4 * 1024 * 1024
assert spool.append([Sample("a", t, {"pm1": 1.0}, "ok")])[0].seq == accepted
print("accepted", accepted)
"""


@pytest.mark.integration
def test_full_disk_refuses_new_rows_and_still_lets_go_of_committed_ones(tmp_path: Path) -> None:
    """A real full disk: a 12 MB tmpfs in a mount namespace of its own."""
    mounted = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        'mount -t tmpfs -o size=12m x "$1" && exec "$2" -c "$3" "$1"',
        "sh",
    ]
    try:
        subprocess.run([*mounted, str(tmp_path), "true", ""], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs unshare and mount in a user namespace")
    result = subprocess.run(
        [*mounted, str(tmp_path), sys.executable, FILLED],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path.cwd(),
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout.split()[-1]) > 1000
