"""Imported rows end as live ones: corrected, flagged, once; a second run goes on where the first ended."""

import numpy as np
import pytest

from ingest.history import run
from ingest.history.columns import HistoryError
from ingest.history.files import HistoryFile
from ingest.history.wide import Reading
from ingest.recompute import settle_all
from tests.ingest.history.reading import LATEST, T0
from tests.ingest.test_recompute import settings_in, twice
from venueair.block import Flag, Why
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import StoreError

MINUTE = 60_000
ROWS = 1440


class Failing(DuckDbStore):
    """Its write number `fails_at` fails. `takes_from` says `oldest`."""

    fails_at, writes, oldest = -1, 0, None

    def write(self, block, marks, owed=()):
        self.writes += 1
        if self.writes == self.fails_at:
            raise StoreError("the disk is full")
        return super().write(block, marks, owed)

    def takes_from(self, now):
        return self.oldest


@pytest.fixture
def opened(tmp_path):
    stores = []

    def new(name="one"):
        (tmp_path / name).mkdir()
        stores.append(Failing(tmp_path / name / "air.duckdb"))
        return stores[-1]

    yield new
    for store in stores:
        store.close()


@pytest.fixture
def history(tmp_path):
    """A day of two quantities, a minute apart, with a spike at row 700 and a fault in co2."""
    path = tmp_path / "history.csv"
    noise = np.random.default_rng(7).normal(0, 1.5, ROWS)
    pm, co2 = 20 + noise, 600 + 10 * noise
    pm[700], co2[50] = 900.0, 90_000.0
    rows = [
        f"{T0 - (ROWS - n) * MINUTE},{a!r},{b!r}\n"
        for n, (a, b) in enumerate(zip(pm.tolist(), co2.tolist(), strict=True))
    ]
    path.write_text("time,pm2_5,co2\n" + "".join(rows))
    return path


def imported(path, store, settings, *, settles=True, drop_old=False):
    with HistoryFile(path, Reading("a1")) as file:
        file.read_all(LATEST)
        oldest = run.oldest_taken(file, store, T0, drop_old=drop_old)
        report = run.write_history(file, store, settings, "a1", oldest, lambda *_: None)
        if settles:
            settle_all(store, settings, T0, lambda *_: None)
            run.forget(file, store, "a1")
        return report


def all_of(store):
    """Rows and rollups by (source, quantity), without how the store numbers its series."""
    names, found = store.names(), []
    rows = store.range(None, 0, LATEST)
    columns = (rows.series, rows.t, rows.value, rows.raw, rows.flag, rows.why)
    found.append(sorted(zip(*(column.tolist() for column in columns), strict=True)))
    for width in (60, 3600):
        made = store.rollup_range(width, range(len(names)), 0, LATEST)
        columns = (made.series, made.t, made.mean, made.min, made.max, made.count)
        found.append(sorted(zip(*(column.tolist() for column in columns), strict=True)))
    return [[(*names[series], *rest) for series, *rest in part] for part in found]


def test_imported_rows_are_flagged_and_counted_by_reason(opened, history, tmp_path):
    store = opened()
    report = imported(history, store, settings_in(tmp_path / "one"))
    assert (report.read, report.stored, report.resumed, report.repeated) == (ROWS, 2 * ROWS, 0, 0)
    assert report.flagged["SPIKE"] >= 1
    assert report.flagged["GROSS_RANGE"] + report.flagged["OVER_RANGE"] == 1
    rows = store.range([store.series("a1", "pm2_5")], 0, LATEST)
    assert rows.raw[700] == 900.0
    assert rows.why[700] & Why.SPIKE
    assert (rows.flag[:600] == Flag.GOOD).all()


def test_what_the_report_counts_is_what_the_store_has(opened, history, tmp_path):
    store = opened()
    report = imported(history, store, settings_in(tmp_path / "one"))
    numbers = [store.series("a1", quantity) for quantity in ("pm2_5", "co2")]
    rows = store.range(numbers, 0, LATEST)
    stored = {why.name: int(np.count_nonzero(rows.why & why)) for why in Why}
    assert {name: n for name, n in stored.items() if n} == dict(report.flagged)
    assert len(rows) == report.stored


def test_imported_rows_are_corrected_and_so_are_zone_values_and_rollups(opened, history, tmp_path):
    store = opened()
    imported(history, store, settings_in(tmp_path / "one", twice("a1")))
    rows = store.range([store.series("a1", "pm2_5")], 0, LATEST)
    assert (rows.value == 2 * rows.raw).all()
    zone = store.range([store.series("hall-a", "pm2_5")], 0, LATEST)
    assert 38 < np.median(zone.value) < 42
    hours = store.rollup_range(3600, [store.series("a1", "pm2_5")], 0, LATEST)
    assert len(hours) >= 24
    assert 38 < np.median(hours.mean) < 42
    assert store.owed() == []


@pytest.mark.parametrize("fails_at", [1, 2, 3, 5], ids=lambda n: f"at write {n}")
def test_an_import_that_was_cut_off_ends_like_one_that_was_not(
    opened, history, tmp_path, monkeypatch, fails_at
):
    monkeypatch.setattr(run, "READINGS", 2 * 300)  # five pieces
    whole, cut = opened("whole"), opened("cut")
    expected = imported(history, whole, settings_in(tmp_path / "whole"))
    cut.fails_at = fails_at
    with pytest.raises(StoreError, match="disk is full"):
        imported(history, cut, settings_in(tmp_path / "cut"))
    again = imported(history, cut, settings_in(tmp_path / "cut"))
    assert again.resumed == (fails_at - 1) * 600
    assert (again.stored, again.flagged) == (expected.stored, expected.flagged)
    assert all_of(cut) == all_of(whole)


def test_a_finished_import_can_be_done_again_and_changes_nothing(opened, history, tmp_path):
    store = opened()
    imported(history, store, settings_in(tmp_path / "one"))
    before = all_of(store)
    again = imported(history, store, settings_in(tmp_path / "one"))
    assert (again.resumed, again.replaced) == (0, 0)
    assert all_of(store) == before


def test_the_pieces_do_not_show_in_what_is_stored(opened, history, tmp_path, monkeypatch):
    whole, parts = opened("whole"), opened("parts")
    imported(history, whole, settings_in(tmp_path / "whole"))
    monkeypatch.setattr(run, "READINGS", 2 * 701)  # the spike is the last row of its piece
    report = imported(history, parts, settings_in(tmp_path / "parts"))
    assert report.flagged["SPIKE"] >= 1
    assert all_of(parts) == all_of(whole)


def test_a_store_that_refuses_old_rows_asks_for_drop_old_and_then_counts_them(opened, history, tmp_path):
    store = opened()
    store.oldest = T0 - 720 * MINUTE
    settings = settings_in(tmp_path / "one")
    with pytest.raises(HistoryError, match=f"{2 * 720} readings are older than 2026-11-23.*--drop-old"):
        imported(history, store, settings)
    assert store.newest() is None
    report = imported(history, store, settings, drop_old=True)
    assert (report.stored, report.outside_retention) == (2 * 720, 2 * 720)
    numbers = [store.series("a1", "pm2_5"), store.series("a1", "co2")]
    assert store.range(numbers, 0, LATEST).t.min() == store.oldest


def test_a_reading_of_another_value_is_replaced_and_counted(opened, tmp_path):
    store, path = opened(), tmp_path / "small.csv"
    path.write_text(f"time,co2\n{T0},700\n{T0 + MINUTE},701\n")
    imported(path, store, settings_in(tmp_path / "one"))
    path.write_text(f"time,co2\n{T0},700\n{T0 + MINUTE},705\n")
    assert imported(path, store, settings_in(tmp_path / "one")).replaced == 1
    assert store.range([store.series("a1", "co2")], 0, LATEST).value.tolist() == [700.0, 705.0]
