"""`venueair import` from the command line to stored readings."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.venueair.colocated import SITE
from venueair.cli import app
from venueair.store.duckdb_store import DuckDbStore

VENUEAIR = Path(sys.executable).with_name("venueair")
CSV = (
    "time,pm2_5,co2\n2026-11-20T12:00:00Z,5.5,700\n2026-11-20T12:01:00Z,,701\n2026-11-20T12:02:00Z,oops,702\n"
)
SEVENTY_YEARS = 70 * 365 * 86_400_000


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "history.csv").write_text(CSV, "utf-8")
    return lambda *words: CliRunner().invoke(app, ["import", *words])


def stored(folder, device="dev1"):
    store = DuckDbStore(folder / "air.duckdb")
    try:
        numbers = {n: name for n, name in enumerate(store.names()) if name[0] == device}
        rows = store.range(list(numbers), 0, SEVENTY_YEARS)
        return {numbers[n][1]: rows.raw[rows.series == n].tolist() for n in numbers}, store.owed()
    finally:
        store.close()


def test_without_settings_the_device_is_made_and_the_end_says_what_came_of_it(run, tmp_path):
    result = run("history.csv", "--device", "dev1")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[:4] == ["rows read 3", "readings stored 4", "rejected not_a_number 1", "rejected 1"]
    assert stored(tmp_path / "data") == ({"pm2_5": [5.5], "co2": [700.0, 701.0, 702.0]}, [])


def test_data_names_the_folder(run, tmp_path):
    assert run("history.csv", "--device", "dev1", "--data", "elsewhere").exit_code == 0
    assert stored(tmp_path / "elsewhere")[0]["pm2_5"] == [5.5]
    assert not (tmp_path / "data").exists()


def test_with_settings_the_device_is_theirs_and_data_still_names_the_folder(run, tmp_path):
    (tmp_path / "venueair.toml").write_text(SITE, "utf-8")
    result = run("history.csv", "--device", "dev1")
    assert result.exit_code == 2
    assert "the settings have no sensor 'dev1'; they have " in result.stderr
    assert "stage-pm" in result.stderr
    assert run("history.csv", "--device", "stage-pm").exit_code == 0
    assert stored(tmp_path / "data", "stage-pm")[0]["pm2_5"] == [5.5]
    assert run("history.csv", "--device", "stage-pm", "--data", "elsewhere").exit_code == 0
    assert stored(tmp_path / "elsewhere", "stage-pm")[0]["pm2_5"] == [5.5]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.csv", "--device", "dev1"], "nowhere.csv is not there"),
        (["history.csv", "--device", "Dev 1"], "--device 'Dev 1': use a-z"),
        (["history.csv", "--device", "dev1", "--map", "pm2_5=pm2_5:ppm"], "pm2_5 is kept in ug/m3"),
        (["history.csv", "--device", "dev1", "--tz", "Mars"], "--tz 'Mars' is no time zone"),
        (["history.csv", "--device", "dev1", "--config", "no.toml"], "no.toml"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_leaves_nothing_behind(run, tmp_path, words, says):
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_a_header_alone_is_no_mistake(run, tmp_path):
    (tmp_path / "empty.csv").write_text("time,pm2_5\n", "utf-8")
    result = run("empty.csv", "--device", "dev1")
    assert result.exit_code == 0, result.output
    assert "readings stored" in result.stdout


def test_it_says_when_the_service_will_thin_what_was_imported(run, tmp_path):
    assert "raw_days" not in run("history.csv", "--device", "dev1").stdout
    (tmp_path / "old.csv").write_text("time,co2\n2001-01-01T00:00:00Z,700\n", "utf-8")
    assert "older than raw_days = 90" in run("old.csv", "--device", "dev1").stdout


def test_what_a_map_and_an_ignore_say_is_read(run, tmp_path):
    (tmp_path / "theirs.csv").write_text("Zeit,Temp,Tuer\n2026-11-20 21:00,68,zu\n", "utf-8")
    words = ("--map", "Zeit=time", "--map", "Temp=temperature:degF", "--ignore", "Tuer", "--tz", "Asia/Seoul")
    result = run("theirs.csv", "--device", "dev1", *words)
    assert result.exit_code == 0, result.output
    assert stored(tmp_path / "data")[0] == {"temperature": [20.0]}


@pytest.mark.integration
def test_a_store_that_is_in_use_is_said_with_the_process_that_has_it(run, tmp_path):
    holder = f"""
from pathlib import Path
from venueair.store.duckdb_store import DuckDbStore
store = DuckDbStore(Path({str(tmp_path)!r}) / "data" / "air.duckdb")
print("open", flush=True)
input()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "open\n"
        result = run("history.csv", "--device", "dev1")
        assert result.exit_code == 2
        assert f"(process {process.pid}): stop the service first" in result.stderr
    finally:
        process.communicate("\n", timeout=20)


@pytest.mark.integration
def test_the_result_goes_to_stdout_and_the_progress_to_stderr(run, tmp_path):
    done = subprocess.run(
        [VENUEAIR, "import", "history.csv", "--device", "dev1"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "storing" in done.stderr
    assert "storing" not in done.stdout
