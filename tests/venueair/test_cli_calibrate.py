"""`venueair calibrate` on a store of a month, from the command line to corrected readings."""

import os
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gateway.sensors import MODELS
from ingest.corrections import Corrections, State, correct
from tests.venueair.colocated import (
    DAYS,
    END,
    GAIN,
    HUMIDITY,
    OFFSET,
    RAW,
    RH,
    SITE,
    STEP,
    T0,
    TRUTH,
    T,
    fill,
    rows,
    write_reference,
)
from venueair.block import Block, Flag, Why
from venueair.cli import app
from venueair.settings import load
from venueair.starting import open_store
from venueair.store.duckdb_store import DuckDbStore

pytest_plugins = ["tests.integration.influxdb"]

BASE = ("--device", "stage-pm", "--quantity", "pm2_5")
VENUEAIR = Path(sys.executable).with_name("venueair")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "venueair.toml").write_text(SITE, "utf-8")
    write_reference(tmp_path / "grimm.csv")
    store = DuckDbStore(tmp_path / "data" / "air.duckdb")
    fill(store)
    store.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def calibrate(folder):
    runner = CliRunner()
    return lambda *more, reference="grimm.csv": runner.invoke(
        app, ["calibrate", *BASE, "--reference", reference, *more]
    )


def entry(result) -> dict:
    assert result.exit_code == 0, result.stderr
    (row,) = tomllib.loads(result.stdout)["correction"]
    return row


def in_store(folder) -> DuckDbStore:
    return DuckDbStore(folder / "data" / "air.duckdb")


def test_the_line_of_a_sensor_is_printed_as_a_correction_and_explained(calibrate, folder):
    result = calibrate("--with", "humidity")
    row = entry(result)
    assert (row["offset"], row["gain"], row["humidity"]) == pytest.approx((OFFSET, GAIN, HUMIDITY), rel=1e-4)
    assert (row["kind"], row["version"], row["reference"]) == ("calibration", 1, "grimm.csv")
    assert (row["n"], row["r2"]) == (DAYS * 24, 1)
    assert row["rmse"] == pytest.approx(0, abs=1e-9)
    assert row["range"] == pytest.approx([RAW.min(), RAW.max()], rel=1e-6)
    assert [int(t.timestamp() * 1000) for t in (row["from"], *row["period"])] == [T0, T0, END]
    for said in (
        "stage-pm has 576 hours, grimm.csv 576, both 576.",
        "576 hours of 24 days, 2026-10-01 00:00 to 2026-10-25 00:00 UTC",
        "4 days held out",
        "corrected = -2.5 + 0.62 x stage-pm - 0.08 x humidity",
        "IT HELPS: on days held out the error is",
        "corrected reaches all",
    ):
        assert said in result.stderr
    assert "CAUTION" not in result.stderr
    assert not (folder / "calibrations.toml").exists()


def test_another_device_is_a_reference_by_its_corrected_values(calibrate):
    result = calibrate("--with", "humidity", reference="stage-ref")
    assert entry(result)["gain"] == pytest.approx(GAIN, rel=1e-4)
    assert entry(result)["reference"] == "stage-ref"
    assert "CAUTION: no --from. This is right only if both stood side by side all the time." in result.stderr
    assert "CAUTION" not in calibrate("--from", "2026-10-01", reference="stage-ref").stderr


def test_a_period_bounds_what_is_fitted(calibrate):
    row = entry(calibrate("--from", "2026-10-03", "--to", "2026-10-18T09:00+09:00"))
    assert row["n"] == 15 * 24
    assert [f"{t:%m-%d %H}" for t in row["period"]] == ["10-03 00", "10-18 00"]


def test_readings_that_measured_nothing_are_left_out(calibrate, folder):
    store = in_store(folder)
    bad = rows(store, "stage-pm", "pm2_5", RAW * 0 + 999)
    bad.flag[:] = np.where(np.arange(len(T)) % 4, Flag.SUSPECT, Flag.FAIL)
    reasons = [Why.GROSS_RANGE, Why.FLAT_LINE, Why.CLOCK, Why.OVER_RANGE | Why.HUMID]
    bad.why[:] = np.resize(np.array(reasons, dtype=np.uint16), len(T))
    third = bad.where(T < T0 + (END - T0) // 3)
    store.write(third, {})
    store.close()
    result = calibrate("--with", "humidity")
    assert entry(result)["gain"] == pytest.approx(GAIN, rel=1e-4)
    assert entry(result)["n"] == DAYS * 24 * 2 / 3
    assert f"{len(third)} readings are left out: failed, stuck, over range" in result.stderr


def test_a_reference_in_another_time_zone_is_noticed_and_named_with_tz(calibrate, folder):
    write_reference(folder / "seoul.csv", late_h=9)
    result = calibrate(reference="seoul.csv")
    assert "with the times of seoul.csv 9 h earlier. Is its clock right?" in result.stderr
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the sensor does not follow the reference" in result.stderr
    right = calibrate("--with", "humidity", "--tz", "Asia/Seoul", reference="seoul.csv")
    assert entry(right)["gain"] == pytest.approx(GAIN, rel=1e-4)


def test_what_would_not_help_is_neither_printed_nor_saved(calibrate, folder):
    store = in_store(folder)
    store.write(rows(store, "stage-pm", "pm2_5", TRUTH + np.random.default_rng(3).normal(0, 5, len(T))), {})
    store.close()
    result = calibrate("--save")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "NOT NEEDED: on days held out the error is" in result.stderr
    assert not (folder / "calibrations.toml").exists()


def test_a_saved_calibration_corrects_readings_and_says_how_to_correct_the_past(calibrate, folder):
    result = calibrate("--with", "humidity", "--save")
    assert f"Saved in {Path('calibrations.toml')} as version 1." in result.stderr
    settings = load(folder / "venueair.toml", MODELS)
    names = [("stage-pm", "humidity"), ("stage-pm", "pm2_5")]
    block = Block.concat([Block.of(T, np.zeros(len(T)), RH), Block.of(T, np.ones(len(T)), RAW)])
    found = correct(block, Corrections.of(names, settings.correction), State())
    assert found.value[found.series == 1] == pytest.approx(TRUTH, rel=1e-4)

    again = result.stderr.split("venueair recompute ")[1].splitlines()[0].split()
    assert again[:2] == ["--from", "2026-10-01T00:00:00Z"]
    assert again[4:] == ["--device", "stage-pm", "--config", "venueair.toml"]
    day = ["recompute", "--from", "2026-10-02", "--to", "2026-10-03", *again[4:]]
    assert CliRunner().invoke(app, day).exit_code == 0
    store = in_store(folder)
    series = [store.names().index(("stage-pm", "pm2_5"))]
    stored = store.range(series, T0, T0 + 2 * 86_400_000)
    store.close()
    one_day = 86_400_000 // STEP
    assert stored.value[one_day:] == pytest.approx(TRUTH[one_day : 2 * one_day], rel=1e-4)
    untouched = one_day * 3 // 4  # settling begins somewhat earlier: windows reach back
    assert stored.value[:untouched].tolist() == [7.0] * untouched
    assert stored.raw.tolist() == RAW[: 2 * one_day].tolist()


def test_a_second_one_is_saved_only_in_place_of_the_first(calibrate, folder):
    calibrate("--save")
    before = (folder / "calibrations.toml").read_text()
    refused = calibrate("--with", "humidity", "--save", "--from", "2026-10-05")
    assert refused.exit_code == 2
    assert "venueair: not saved: pm2_5 of stage-pm is corrected at that time already" in refused.stderr
    assert (folder / "calibrations.toml").read_text() == before
    replaced = calibrate("--with", "humidity", "--save", "--replace", "--from", "2026-10-05")
    assert replaced.exit_code == 0
    assert "It takes the place of calibration version 1." in replaced.stderr
    first, second = load(folder / "venueair.toml", MODELS).correction
    assert (first.version, second.version) == (1, 2)
    assert first.until == second.since


def test_the_folder_of_the_data_can_be_named_and_needs_no_settings(calibrate, folder):
    (folder / "data").rename(folder / "copy")
    named = calibrate("--data", "copy")
    (folder / "venueair.toml").unlink()
    assert entry(calibrate("--data", "copy")) == entry(named)
    refused = calibrate("--data", "copy", "--save")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--save writes beside the settings" in refused.stderr


@pytest.mark.parametrize(
    ("more", "reference", "said"),
    [
        (
            ("--quantity", "co2"),
            "grimm.csv",
            "the store has no co2 of stage-pm; it has humidity, pm2_5 of it",
        ),
        (("--quantity", "voc_index"), "grimm.csv", "'voc_index' cannot be calibrated; these can: co, co2,"),
        (("--quantity", "pm25"), "grimm.csv", "'pm25' cannot be calibrated"),
        (("--device", "stage-pn"), "grimm.csv", "it has pm2_5 of stage-pm, stage-ref"),
        ((), "stage-pm", "--reference is the device itself"),
        ((), "nobody", "the store has no pm2_5 of nobody; it has pm2_5 of stage-pm, stage-ref"),
        ((), "none.csv", "--reference none.csv cannot be read"),
        ((), "venueair.toml", "--reference venueair.toml has the columns"),
        ((), "empty.csv", "--reference empty.csv has no value"),
        (("--with", "pressure"), "grimm.csv", "--with takes humidity and temperature, not pressure"),
        (("--quantity", "humidity", "--with", "humidity"), "grimm.csv", "is what is to be calibrated"),
        (("--with", "temperature"), "grimm.csv", "the store has no temperature of stage-pm"),
        (("--tz", "Seoul"), "grimm.csv", "there is no time zone 'Seoul'"),
        (("--from", "soon"), "grimm.csv", "'soon' is no time"),
        (("--from", "2027-01-01"), "grimm.csv", "before it begins at 2027-01-01T00:00:00Z"),
        (("--to", "2026-10-03"), "grimm.csv", "only 48 hours have readings of sensor and reference"),
        (("--data", "none"), "grimm.csv", "there are no readings in none"),
        (("--config", "none.toml"), "grimm.csv", "none.toml has 1 mistake"),
        (("--replace",), "grimm.csv", "--replace goes with --save"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_a_sentence(calibrate, folder, more, reference, said):
    (folder / "empty.csv").write_text("time,value\n2026-10-01,\n")
    result = calibrate(*more, reference=reference)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (folder / "none").exists()


@pytest.mark.integration
def test_as_a_process_it_names_who_holds_the_store_and_works_when_that_has_ended(folder):
    command = [VENUEAIR, "calibrate", *BASE, "--reference", "grimm.csv", "--save"]
    store = in_store(folder)
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    store.close()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert (
        f"air.duckdb is in use by {os.path.realpath(sys.executable)} (process {os.getpid()})"
        in refused.stderr
    )
    assert "stop the service first" in refused.stderr
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (folder / "calibrations.toml").read_text() == done.stdout


@pytest.mark.integration
def test_readings_of_influxdb_are_calibrated_while_ingest_runs(folder, calibrate, influxd):
    influx = f"""
[store]
kind = "influxdb"
url = "{influxd.url}"
org = "{influxd.org}"
bucket = "colocated"
token_file = "token"
raw_days = 36500
"""
    (folder / "token").write_text(influxd.token)
    (folder / "token").chmod(0o600)
    (folder / "venueair.toml").write_text(SITE + influx, "utf-8")
    store = open_store(load(folder / "venueair.toml", MODELS), writes=True, stopping=threading.Event())
    fill(store)
    expected = entry(calibrate("--with", "humidity"))
    store.close()
    assert expected["gain"] == pytest.approx(GAIN, rel=1e-4)
    assert expected["n"] == DAYS * 24
