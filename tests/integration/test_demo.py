"""The rehearsal: half an hour of hall time in a minute, and what it has to show."""

import sqlite3

import duckdb
import pytest

from tests.demo_process import DemoProcess

pytestmark = pytest.mark.integration
KEYS = {
    "accepted",
    "stored",
    "duplicates",
    "spooled",
    "rejected",
    "alarms",
    "commands",
    "zones",
    "wall_seconds",
    "ok",
}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    demo = DemoProcess(tmp_path_factory.mktemp("rehearsal"), "--seconds", "1800", "--speed", "30")
    assert demo.process.wait(150) == 0, demo.log()
    return demo


@pytest.fixture(scope="module")
def events(rehearsal):
    """Hall seconds since the story began, of the alarm edges and commands."""
    store = duckdb.connect(str(rehearsal.data / "air.duckdb"), read_only=True)
    tables = [
        n for (n,) in store.execute("SELECT table_name FROM duckdb_tables()").fetchall() if "readings" in n
    ]
    start = min(store.execute(f"SELECT min(t) FROM {table}").fetchone()[0] for table in tables)
    store.close()
    ops = sqlite3.connect(rehearsal.data / "ops.sqlite")
    edges = ops.execute(
        "SELECT alarm, (t - ?) / 1000.0, level FROM alarm_edges ORDER BY t", [start]
    ).fetchall()
    commands = ops.execute(
        "SELECT purifier, mode, level, (created - ?) / 1000.0, reason, state FROM commands ORDER BY created",
        [start],
    ).fetchall()
    ops.close()
    return edges, commands


def test_summary_has_exactly_its_keys_and_its_counts_agree(rehearsal):
    summary = rehearsal.summary()
    assert set(summary) == KEYS
    assert summary["ok"] is True
    assert summary["accepted"] == summary["stored"] + summary["spooled"]
    assert summary["accepted"] > 40_000
    assert summary["duplicates"] == 0
    assert summary["rejected"] == {}
    assert 55 < summary["wall_seconds"] < 90


def test_dust_alarm_of_the_hall_is_raised_once_and_clears(events):
    edges, _ = events
    dust = [(t, level) for alarm, t, level in edges if alarm == "pm2_5-operating/hall-a"]
    assert [level for _, level in dust] == [1, 0]
    assert dust[0][0] == pytest.approx(425, abs=25)
    assert dust[1][0] == pytest.approx(1400, abs=120)


def test_crowd_and_cooking_make_the_values_rise(rehearsal):
    zones = rehearsal.summary()["zones"]
    assert zones["hall-a"]["pm2_5"]["peak"] == pytest.approx(85, abs=6)
    assert zones["hall-a"]["pm2_5"]["limit"] == 50
    assert zones["hall-a"]["pm2_5"]["final"] < 25
    assert zones["seminar"]["co2"]["peak"] > 1000
    assert zones["seminar"]["pm2_5"]["peak"] < 25


def test_purifiers_of_the_hall_are_commanded_level_by_level_and_acknowledge(rehearsal, events):
    _, commands = events
    up = [(level, t) for purifier, _, level, t, _, _ in commands if purifier == "hall-a-p1"]
    assert [level for level, _ in up[:3]] == [1, 2, 3]
    assert up[0][1] == pytest.approx(320, abs=35)
    assert {state for *_, state in commands} == {"APPLIED"}
    assert rehearsal.summary()["commands"] == {"APPLIED": len(commands)}


def test_no_purifier_is_started_for_co2(events):
    _, commands = events
    assert not [row for row in commands if row[0] == "seminar-p1" and row[1] == "run"]
    assert not [row for row in commands if "co2" in row[4].lower()]
