"""A folder of Parquet by date and venue, as other tools read it; whole or not at all."""

import duckdb
import numpy as np
import pytest

from tests.ingest.history.reading import read
from tests.store.test_export import END, NAMES, T0, Watched, bits, block
from venueair.block import Flag
from venueair.store import export
from venueair.store.export_parquet import FolderError, export_parquet
from venueair.store.store import StoreError

DAY = 86_400_000
MIDNIGHT = T0 + DAY // 2
VENUES = {"dev1": "expo", "dev2": "it's"}


@pytest.fixture
def store(tmp_path):
    store = Watched(tmp_path / "air.duckdb")
    for name in NAMES:
        store.series(*name)
    yield store
    store.close()


def exported(store, folder, start=0, end=END):
    return export_parquet(store, NAMES, start, end, folder, VENUES.__getitem__, lambda *_: None)


def seen(folder, sql):
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(f"CREATE VIEW air AS FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true)")
        return db.execute(sql).fetchall()


def test_other_tools_find_columns_types_and_partitions(store, tmp_path):
    store.write(block([MIDNIGHT - 1, MIDNIGHT], [0, 2], [5, 7], value=[4.5, 7], flag=Flag.SUSPECT), {})
    assert exported(store, tmp_path / "out") == 2
    assert seen(tmp_path / "out", "SELECT column_name, column_type FROM (DESCRIBE air)") == [
        ("time", "TIMESTAMP WITH TIME ZONE"),
        ("device", "VARCHAR"),
        ("quantity", "VARCHAR"),
        ("value", "DOUBLE"),
        ("raw", "DOUBLE"),
        ("flag", "UTINYINT"),
        ("date", "DATE"),
        ("venue", "VARCHAR"),
    ]
    texts = (
        "SELECT * REPLACE (CAST(time AS VARCHAR) AS time, CAST(date AS VARCHAR) AS date) FROM air ORDER BY 1"
    )
    assert seen(tmp_path / "out", texts) == [
        ("2026-11-23 23:59:59.999+00", "dev1", "pm2_5", 4.5, 5.0, 3, "2026-11-23", "expo"),
        ("2026-11-24 00:00:00+00", "dev2", "pm2_5", 7.0, 7.0, 3, "2026-11-24", "it's"),
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "date=2026-11-23",
        "date=2026-11-24",
    ]


def test_every_value_comes_back_bit_for_bit_and_an_import_reads_the_same(store, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_MANY_BUCKETS", 3)  # an hour at a time
    values = np.random.default_rng(5).integers(0, 2**63, 2000).view(np.float64)
    values = np.append(values[np.isfinite(values)], [-0.0, 5e-324, 1.7976931348623157e308])
    t = T0 + 40_000 * np.arange(len(values))
    store.write(block(t, np.zeros(len(t)), values, value=values[::-1]), {})
    assert exported(store, tmp_path / "out", T0) == len(values)
    rows = seen(tmp_path / "out", "SELECT value, raw, epoch_ms(time) FROM air ORDER BY time")
    assert bits(row[0] for row in rows) == bits(values[::-1])
    assert bits(row[1] for row in rows) == bits(values)
    assert [row[2] for row in rows] == t.tolist()
    found = read(tmp_path / "out", None, chunk=500, tz="Asia/Seoul").rows["pm2_5"]
    assert [moment for moment, _ in found] == (t - T0).tolist()
    assert bits(value for _, value in found) == bits(values)


def test_a_folder_that_has_something_in_it_is_left_alone(store, tmp_path):
    store.write(block([T0], [0], [5]), {})
    exported(store, tmp_path / "out")
    before = sorted((tmp_path / "out").rglob("*"))
    with pytest.raises(FolderError, match="is there already"):
        exported(store, tmp_path / "out")
    assert sorted((tmp_path / "out").rglob("*")) == before
    (tmp_path / "new").mkdir()
    assert exported(store, tmp_path / "new") == 1


def test_an_export_that_fails_leaves_no_folder(store, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_MANY_BUCKETS", 3)
    store.write(block(T0 + DAY * np.arange(5), np.zeros(5), np.arange(5.0)), {})
    store.fails_at = len(store.sizes) + 40
    with pytest.raises(StoreError):
        exported(store, tmp_path / "out", T0)
    assert [path.name for path in tmp_path.iterdir() if "duckdb" not in path.name] == []
