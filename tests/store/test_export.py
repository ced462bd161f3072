"""What is stored comes out bit for bit, in order of time, whole or not at all."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.history.files import HistoryFile
from ingest.history.wide import Reading
from ingest.rollup import rollup
from venueair.block import Block, Flag
from venueair.store import export
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.store import StoreError

T0 = 1_795_435_200_000  # 2026-11-23T12:00:00Z
HOUR = 3_600_000
END = T0 + 1000 * HOUR
NAMES = [("dev1", "pm2_5"), ("dev1", "co2"), ("dev2", "pm2_5")]


class Watched(DuckDbStore):
    """Notes how many rows each `range` gives; the one with number `fails_at` fails."""

    fails_at = 0

    def __init__(self, path):
        super().__init__(path)
        self.sizes = []

    def range(self, series, start, end):
        found = super().range(series, start, end)
        self.sizes.append(len(found))
        if len(self.sizes) == self.fails_at:
            raise StoreError("the disk is gone")
        return found


@pytest.fixture
def store(tmp_path):
    store = Watched(tmp_path / "air.duckdb")
    for name in [*NAMES, ("hall-a", "pm2_5")]:
        store.series(*name)
    yield store
    store.close()


def block(t, series, raw, value=None, flag=Flag.GOOD):
    rows = Block.of(t, series, raw)
    flags = np.where(np.isnan(rows.raw), Flag.MISSING, flag).astype(np.uint8)
    return Block(
        rows.t,
        rows.series,
        rows.raw if value is None else np.array(value, dtype=float),
        rows.raw,
        flags,
        rows.why,
    )


def lines(store, names=NAMES, start=0, end=END):
    return b"".join(export.rows_as_csv(store, names, start, end)).decode().splitlines()


def test_a_row_is_time_device_quantity_value_raw_and_flag_in_order_of_time_and_name(store):
    store.write(block([T0 + 1000, T0, T0, T0], [0, 0, 2, 3], [5.25, 5, 7, 9], value=[5.25, 4.5, 7, 9]), {})
    store.write(block([T0], [1], [90_000], flag=Flag.FAIL), {})
    assert lines(store) == [
        "time,device,quantity,value,raw,flag",
        "2026-11-23T12:00:00.000Z,dev1,co2,90000.0,90000.0,4",
        "2026-11-23T12:00:00.000Z,dev1,pm2_5,4.5,5.0,1",
        "2026-11-23T12:00:00.000Z,dev2,pm2_5,7.0,7.0,1",
        "2026-11-23T12:00:01.000Z,dev1,pm2_5,5.25,5.25,1",
    ]


def test_the_period_begins_with_its_start_and_ends_before_its_end(store):
    store.write(block([T0 - 1, T0, T0 + 1, T0 + 2], [0] * 4, [1, 2, 3, 4]), {})
    found = lines(store, start=T0, end=T0 + 2)
    assert [line.split(",")[3] for line in found[1:]] == ["2.0", "3.0"]
    assert lines(store, start=T0 + 3) == lines(store, names=[]) == [found[0]]


def test_a_missing_reading_has_no_row_and_a_correction_that_gives_no_number_an_empty_cell(store):
    store.write(block([T0, T0 + 1], [0, 0], [np.nan, 5], value=[np.nan, np.nan]), {})
    assert lines(store)[1:] == ["2026-11-23T12:00:00.001Z,dev1,pm2_5,,5.0,1"]


doubles = st.floats(allow_nan=False, allow_infinity=False)
AWKWARD = [-0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e16, 123456789.123456789]


def bits(values):
    return [struct.pack("d", value) for value in values]


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(doubles, doubles), max_size=30))
def test_every_value_comes_back_bit_for_bit_and_an_import_reads_the_same(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("bits")
    rows += [(value, raw) for value, raw in zip(AWKWARD, reversed(AWKWARD), strict=True)]
    store = DuckDbStore(folder / "air.duckdb")
    number = store.series("dev1", "co2")
    t = T0 + 7 * np.arange(len(rows))
    value, raw = zip(*rows, strict=True)
    store.write(block(t, np.full(len(t), number), raw, value=value), {})
    out = folder / "out.csv"
    assert export.export_csv(store, [("dev1", "co2")], 0, END, out, lambda *_: None) == len(rows)
    store.close()
    cells = [line.split(",") for line in out.read_text().splitlines()[1:]]
    assert bits(float(row[3]) for row in cells) == bits(value)
    assert bits(float(row[4]) for row in cells) == bits(raw)
    with HistoryFile(out, Reading("dev1")) as file:
        file.read_all(END)
        (chunk,) = file.chunks(1000)
    assert chunk.t.tolist() == t.tolist()
    assert bits(chunk.values["co2"].tolist()) == bits(raw)


def filled(store, *, rollups):
    """A week of three series; rollups of `rollups` of it."""
    t = np.tile(T0 + 60_000 * np.arange(7 * 1440), 3)
    rows = block(t, np.repeat([0, 1, 2], 7 * 1440), np.random.default_rng(1).normal(20, 5, len(t)))
    store.write(rows, {})
    some = rows.where(rows.t < T0 + rollups * 7 * 24 * HOUR)
    if len(some):
        store.write_rollup(3600, rollup(some, 3600))
    return len(t)


@pytest.mark.parametrize("rollups", [0, 0.4, 1])
def test_how_it_is_cut_does_not_show(store, monkeypatch, rollups):
    filled(store, rollups=rollups)
    start, end = T0 + 20_000, T0 + 6 * 24 * HOUR + 12_345
    whole = lines(store, start=start, end=end)
    assert len(whole) == 1 + 3 * (6 * 1440)
    monkeypatch.setattr(export, "MANY_ROWS", 500)
    monkeypatch.setattr(export, "_MANY_BUCKETS", 30)
    monkeypatch.setattr(export, "_LINES", 77)
    assert lines(store, start=start, end=end) == whole


def test_no_more_is_read_in_one_go_than_the_rollups_foretell(store, monkeypatch):
    filled(store, rollups=1)
    monkeypatch.setattr(export, "MANY_ROWS", 1000)
    store.sizes.clear()
    lines(store)
    assert sum(store.sizes) == 3 * 7 * 1440
    assert max(store.sizes) < 1000 + 3 * 60


def test_a_piece_is_given_before_the_next_is_read(store, monkeypatch):
    filled(store, rollups=1)
    monkeypatch.setattr(export, "MANY_ROWS", 1000)
    pieces = export.rows_as_csv(store, NAMES, T0, END)
    assert next(pieces) == export.HEADER
    store.sizes.clear()
    next(pieces)
    assert len(store.sizes) == 1


def test_progress_tells_rows_and_time_and_ends_with_all(store, tmp_path, monkeypatch):
    count = filled(store, rollups=1)
    monkeypatch.setattr(export, "MANY_ROWS", 5000)
    told = []
    assert (
        export.export_csv(store, NAMES, T0, END, tmp_path / "o.csv", lambda *now: told.append(now)) == count
    )
    assert told == sorted(told)
    assert len(told) > 3
    assert told[-1] == (count, END)


def test_an_export_that_fails_leaves_the_file_that_was_there(store, tmp_path, monkeypatch):
    filled(store, rollups=1)
    monkeypatch.setattr(export, "MANY_ROWS", 5000)
    out = tmp_path / "out.csv"
    out.write_text("of last week")
    store.fails_at = len(store.sizes) + 3
    with pytest.raises(StoreError):
        export.export_csv(store, NAMES, 0, END, out, lambda *_: None)
    assert out.read_text() == "of last week"
    assert sorted(path.name for path in tmp_path.iterdir() if "duckdb" not in path.name) == ["out.csv"]
