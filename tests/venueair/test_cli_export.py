"""`venueair export` from stored readings to a file or a folder."""

import subprocess
import sys

import duckdb
import pytest
from typer.testing import CliRunner

from tests.venueair.colocated import SITE
from venueair.cli import app

HEADER = "time,device,quantity,value,raw,flag"
CSV = "time,pm2_5,co2\n" + "".join(
    f"2026-11-20T{hour:02}:{minute:02}:00Z,{5.1 + minute / 7!r},{700 + hour / 3!r}\n"
    for hour in range(24)
    for minute in range(60)
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A folder whose `data` has a day of dev1, imported."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "history.csv").write_text(CSV, "utf-8")

    def invoke(*words):
        return CliRunner().invoke(app, [*words])

    result = invoke("import", "history.csv", "--device", "dev1")
    assert result.exit_code == 0, result.output
    return invoke


def test_without_settings_all_devices_come_out_and_the_end_says_how_much(run, tmp_path):
    result = run("export", "-o", "out.csv")
    assert result.exit_code == 0, result.output
    assert result.stdout == "2,880 readings in out.csv\n"
    lines = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert lines[:3] == [
        HEADER,
        "2026-11-20T00:00:00.000Z,dev1,co2,700.0,700.0,1",
        "2026-11-20T00:00:00.000Z,dev1,pm2_5,5.1,5.1,1",
    ]
    assert {line.split(",")[1] for line in lines[1:]} == {"dev1"}  # the zone `default` has values too
    assert len(lines) == 1 + 2880


def test_from_to_and_device_narrow_it(run, tmp_path):
    words = ("--from", "2026-11-20T09:00+09:00", "--to", "2026-11-20T00:30", "--device", "dev1")
    result = run("export", *words, "-o", "out.csv")
    assert result.stdout == "60 readings in out.csv\n"
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[-1].startswith("2026-11-20T00:29:00.000Z")


def test_a_period_without_readings_is_a_header(run, tmp_path):
    assert run("export", "--from", "2030-01-01", "-o", "out.csv").exit_code == 0
    assert (tmp_path / "out.csv").read_text("utf-8") == HEADER + "\n"


def test_an_export_that_is_imported_elsewhere_exports_the_same(run, tmp_path):
    run("export", "-o", "first.csv")
    assert run("import", "first.csv", "--device", "dev1", "--data", "other").exit_code == 0
    assert run("export", "-o", "second.csv", "--data", "other").exit_code == 0
    assert (tmp_path / "second.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()


def test_parquet_is_a_folder_by_date_and_venue_of_the_settings(run, tmp_path):
    (tmp_path / "venueair.toml").write_text(SITE, "utf-8")
    assert run("import", "history.csv", "--device", "stage-pm").exit_code == 0
    result = run("export", "--format", "parquet", "-o", "out")
    assert result.exit_code == 0, result.output
    with duckdb.connect() as db:
        rows = db.execute(
            "SELECT venue, device, count(*) FROM 'out/date=2026-11-20/**/*.parquet' GROUP BY ALL ORDER BY 2"
        )
        assert rows.fetchall() == [("default", "dev1", 2880), ("expo", "stage-pm", 2880)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--device", "dev2"], "there are no readings of 'dev2'; there are of dev1"),
        (["--from", "yesterday"], "'yesterday' is no time"),
        (["--from", "2026-11-20", "--to", "2026-11-20"], "--to must be after --from"),
        (["--format", "xlsx"], "--format 'xlsx': csv or parquet"),
        (["--data", "nowhere"], "there are no readings in nowhere"),
        (["--config", "no.toml"], "no.toml"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_leaves_nothing_behind(run, tmp_path, words, says):
    result = run("export", *words, "-o", "out.csv")
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "history.csv"]


@pytest.mark.parametrize(
    ("kind", "out"), [("csv", "no/such/out"), ("parquet", "history.csv"), ("parquet", ".")]
)
def test_a_place_that_cannot_be_written_is_said(run, tmp_path, kind, out):
    result = run("export", "--format", kind, "-o", out)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(f"venueair: {out}")
    assert (tmp_path / "history.csv").read_text("utf-8") == CSV


@pytest.mark.integration
def test_a_store_that_is_in_use_is_said_with_the_process_that_has_it(run, tmp_path):
    script = "import sys, duckdb; db = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    command = [sys.executable, "-c", script, str(tmp_path / "data" / "air.duckdb")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "open\n"
        result = run("export", "-o", "out.csv")
        assert result.exit_code == 2
        assert f"(process {process.pid}): stop the service first" in result.stderr
    finally:
        process.communicate("\n", timeout=20)
