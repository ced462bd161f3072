"""Real processes that write the audit log: killed at any moment, or two at once, the chain is whole."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.audit import Entry
from api.audit_book import AuditBook, head_file, noted_head, verify_book
from api.ops_db import open_ops_db

pytestmark = pytest.mark.integration

WRITER = """
import sys
from pathlib import Path
from api.audit import Entry
from api.audit_book import AuditBook
from api.ops_db import open_ops_db

book = AuditBook(open_ops_db(Path(sys.argv[1])))
for n in range(int(sys.argv[2])):
    print(book.append(Entry(t=n, who=sys.argv[3], what="asked POST", target="x")), flush=True)
"""


def writer(path, count, who="k1"):
    command = [sys.executable, "-c", WRITER, str(path), str(count), who]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def verdict(engine):
    with engine.connect() as connection:
        return verify_book(connection, noted_head(head_file(Path(engine.url.database))))


@pytest.mark.parametrize("rows", [1, 7, 23])
def test_a_writer_that_is_killed_leaves_a_whole_chain_with_every_row_that_it_told_of(tmp_path, rows):
    path = tmp_path / "ops.sqlite"
    engine = open_ops_db(path)
    process = writer(path, 100_000)
    told = [int(process.stdout.readline()) for _ in range(rows)]
    time.sleep(0.003 * rows)
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait()
    found = verdict(engine)
    assert (found.broken, told) == (None, list(range(1, len(told) + 1)))
    assert found.last.number - len(told) in (0, 1)
    assert AuditBook(engine).append(Entry(0, "k2", "asked POST", "x")) == found.last.number + 1
    assert verdict(engine).broken is None


def test_two_processes_at_once_write_one_chain(tmp_path):
    path = tmp_path / "ops.sqlite"
    engine = open_ops_db(path)
    both = [writer(path, 40, who) for who in ("k1", "k2")]
    numbers = [int(line) for process in both for line in process.stdout]
    assert [process.wait() for process in both] == [0, 0]
    assert sorted(numbers) == list(range(1, 81))
    assert verdict(engine).broken is None
    assert verdict(engine).last.number == 80
