"""Stored readings -> a folder of Parquet, date=YYYY-MM-DD/venue=ID/, as DuckDB, Spark and pandas read it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from venueair.store.export import Names, Progress, windows
from venueair.store.store import Store

_COPY: Final = """
COPY (
  SELECT CAST(make_timestamp_ms(t) AS TIMESTAMPTZ) AS time, device, quantity, value, raw, flag,
         strftime(make_timestamp_ms(t), '%Y-%m-%d') AS date, venue
  FROM readings JOIN series USING (series) ORDER BY t, device, quantity
) TO {folder} (
  FORMAT parquet, PARTITION_BY (date, venue), OVERWRITE_OR_IGNORE, FILENAME_PATTERN 'part{n:05d}_{{i}}'
)
"""


class FolderError(Exception):
    """The folder cannot be written; the message says why."""


def export_parquet(
    store: Store,
    names: Names,
    start: int,
    end: int,
    folder: Path,
    venue_of: Callable[[str], str],
    progress: Progress,
) -> int:
    """How many rows. `folder` is there when all of it is. Columns are those of export.py; dates are of UTC.

    Raises StoreError, and FolderError also where there is something: two exports would be read as one.
    """
    place = folder.resolve()
    rows, draft = 0, place.with_name(f".{place.name}.part")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FolderError(f"{folder} is there already; an export makes a new folder")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with duckdb.connect(config={"memory_limit": "1GB"}) as db:
            db.execute("SET TimeZone = 'UTC'")  # what a timestamp without a zone is taken for
            for n, (block, stop) in enumerate(windows(store, names, start, end)):
                if len(block):
                    columns = ("t", "series", "value", "raw", "flag")
                    db.register("readings", {name: getattr(block, name) for name in columns})
                    db.register("series", _series(store.names(), venue_of))
                    db.execute(_COPY.format(folder=_text(draft), n=n))
                rows += len(block)
                progress(rows, stop)
        if place.exists():
            place.rmdir()
        draft.rename(place)
    except (OSError, duckdb.Error) as error:
        raise FolderError(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return rows


def _series(names: Names, venue_of: Callable[[str], str]) -> dict[str, object]:
    return {
        "series": np.arange(len(names), dtype=np.int32),
        "device": np.array([source for source, _ in names], dtype=object),
        "quantity": np.array([quantity for _, quantity in names], dtype=object),
        "venue": np.array([venue_of(source) for source, _ in names], dtype=object),
    }


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
