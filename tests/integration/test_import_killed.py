"""SIGKILL at any point of an import, then the same command again: as if nothing had happened."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ingest.journal import Journal
from venueair.store.duckdb_store import DuckDbStore

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
T0 = 1_795_219_200_000  # 2026-11-21T00:00:00Z
MINUTES = 2 * 1440
END = T0 + 10 * 86_400_000
NEVER = ("write", "0", "before")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Two days, three quantities; CO2 is over its limit for four hours a day, so that alarms are found."""
    path = tmp_path_factory.mktemp("import") / "history.csv"
    noise, minute = np.random.default_rng(3).normal(0, 1, MINUTES), np.arange(MINUTES) % 1440
    co2 = np.where((minute > 600) & (minute < 840), 2000, 600) + 5 * noise
    rows = zip((T0 + 60_000 * np.arange(MINUTES)).tolist(), (9 + noise).tolist(), co2.tolist(), strict=True)
    path.write_text("time,pm2_5,co2,temperature\n" + "".join(f"{t},{a!r},{b!r},21\n" for t, a, b in rows))
    return path


def imported(file, data, kill=NEVER):
    command = [sys.executable, "-m", "tests.integration.import_process", *kill]
    words = [*command, str(file), "--device", "dev1", "--data", str(data)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def left_by(data):
    """All that an import leaves: rows, rollups, marks, what is owed, alarms."""
    store, journal = DuckDbStore(data / "air.duckdb"), Journal(data / "ingest.sqlite")
    try:
        names = store.names()
        rows, found = store.range(None, T0, END), []
        columns = (rows.series, rows.t, rows.value, rows.raw, rows.flag, rows.why)
        found.append(
            sorted((*names[s], *rest) for s, *rest in zip(*map(np.ndarray.tolist, columns), strict=True))
        )
        for width in (60, 3600):
            made = store.rollup_range(width, range(len(names)), T0, END)
            columns = (made.series, made.t, made.mean, made.min, made.max, made.count)
            rollups = zip(*map(np.ndarray.tolist, columns), strict=True)
            found.append(sorted((*names[series], *rest) for series, *rest in rollups))
        edges = sorted((venue, edge.id, edge.t, edge.until) for venue, edge in journal.unseen())
        alarms = {edge.alarm for _, edge in journal.unseen()}
        intervals = [i for alarm in sorted(alarms) for i in journal.intervals(alarm, T0, END)]
        return found, store.marks(), store.owed(), edges, intervals
    finally:
        store.close()
        journal.close()


@pytest.fixture(scope="module")
def undisturbed(file, tmp_path_factory):
    data = tmp_path_factory.mktemp("whole")
    done = imported(file, data)
    assert done.returncode == 0, done.stderr
    left = left_by(data)
    assert left[3], "no alarm was found: the test looks at nothing"
    return left


@pytest.mark.parametrize(
    "kill",
    [
        ("write", "1", "before"),
        ("write", "2", "after"),
        ("write", "4", "before"),
        ("write", "6", "after"),
        ("write_rollup", "1", "before"),
        ("write_rollup", "2", "after"),
        ("record", "1", "after"),
        ("settle", "1", "before"),
        ("settle", "2", "after"),
    ],
    ids=" ".join,
)
def test_an_import_that_is_killed_and_begun_again_leaves_the_same(file, undisturbed, tmp_path, kill):
    assert imported(file, tmp_path, kill).returncode == -signal.SIGKILL
    again = imported(file, tmp_path)
    assert again.returncode == 0, again.stderr
    assert left_by(tmp_path) == undisturbed


def test_the_end_of_a_resumed_import_counts_the_whole_file(file, undisturbed, tmp_path):
    imported(file, tmp_path, ("write", "3", "after"))
    lines = [" ".join(line.split()) for line in imported(file, tmp_path).stdout.splitlines()]
    assert f"rows read {MINUTES:,}" in lines
    assert f"readings stored {3 * MINUTES:,}" in lines
    assert "of them before this run 5,994" in lines
