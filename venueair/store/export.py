"""Stored readings -> CSV, piece by piece: memory does not grow with the period.

| column   | CSV                                             | Parquet (export_parquet.py) |
|----------|-------------------------------------------------|-----------------------------|
| time     | UTC, ISO 8601 with ms: 2026-11-23T12:00:00.000Z | timestamp in us, UTC        |
| device   | the source: a device, or a zone                 | string                      |
| quantity | docs/quantities.md                              | string                      |
| value    | corrected; the shortest digits of the double    | double                      |
| raw      | as the sensor said it                           | double                      |
| flag     | QARTOD: 1 good, 2, 3 suspect, 4 fail            | unsigned integer of 8 bits  |

In order of time, device and quantity. A missing reading has no row.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, cast

import numpy as np
import orjson

from venueair.block import Block, Float64, Int64
from venueair.store.store import Store

HEADER: Final = b"time,device,quantity,value,raw,flag\n"
HOUR_MS: Final = 3_600_000
MANY_ROWS: Final = 500_000  # what is read in one go, as far as rollups foretell it
_MANY_BUCKETS: Final = 100_000  # of an hour and a series: what is foretold in one go
_LINES: Final = 20_000  # of one piece of text

Names = Sequence[tuple[str, str]]  # (source, quantity)
Progress = Callable[[int, int], None]  # rows so far, and the time up to which they are


def rows_as_csv(store: Store, names: Names, start: int, end: int) -> Iterator[bytes]:
    """The header, then pieces of whole lines; [start, end) in ms. Raises StoreError between pieces."""
    yield HEADER
    for block, _ in windows(store, names, start, end):
        yield from _lines(block, store.names())


def export_csv(store: Store, names: Names, start: int, end: int, path: Path, progress: Progress) -> int:
    """How many rows. `path` is there when all of it is. Raises StoreError, OSError."""
    path = path.resolve()
    rows, draft = 0, path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as file:
            file.write(HEADER)
            for block, upto in windows(store, names, start, end):
                file.writelines(_lines(block, store.names()))
                rows += len(block)
                progress(rows, upto)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def windows(store: Store, names: Names, start: int, end: int) -> Iterator[tuple[Block, int]]:
    """Rows of [start, end) in order of (t, name), and the time up to which they are. Raises StoreError."""
    known, wanted = store.names(), set(names)
    series = sorted((n for n, name in enumerate(known) if name in wanted), key=known.__getitem__)
    place = np.zeros(len(known), dtype=np.int64)
    place[series] = np.arange(len(series))
    span = HOUR_MS * max(1, _MANY_BUCKETS // max(1, len(series)))
    while series and start < end:
        stop = min(start - start % HOUR_MS + span, end)
        for first, upto in _pieces(store, series, start, stop):
            block = store.range(series, first, upto)
            block = block.where(~np.isnan(block.raw))
            yield block.take(np.lexsort((place[block.series], block.t))), upto
        start = stop


def _pieces(store: Store, series: list[int], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Periods of whole hours, of about MANY_ROWS each. Rollups may lack rows: then one is longer."""
    hours = store.rollup_range(3600, series, start - start % HOUR_MS, end)
    ends = np.unique(np.append(np.minimum(hours.t + HOUR_MS, end), end))
    rows = np.bincount(np.searchsorted(ends, hours.t, side="right"), hours.count, minlength=len(ends))
    begun = 0.0
    for upto, count in zip(ends.tolist(), np.cumsum(rows).tolist(), strict=True):
        if count >= begun + MANY_ROWS or upto == end:
            yield start, upto
            start, begun = upto, count


def _lines(block: Block, names: Names) -> Iterator[bytes]:
    """Pieces of whole lines, in the order of `block`."""
    sources = np.array([f",{source},{quantity}," for source, quantity in names], dtype=object)
    flags = np.array([f",{flag}\n" for flag in range(256)], dtype=object)
    for first in range(0, len(block), _LINES):
        rows = block.take(np.arange(first, min(first + _LINES, len(block))))
        raw = _digits(rows.raw)
        is_same = np.array_equal(rows.value.view(np.int64), rows.raw.view(np.int64))
        value = raw if is_same else _digits(rows.value)
        columns = zip(
            _times(rows.t), sources[rows.series].tolist(), value, raw, flags[rows.flag].tolist(), strict=True
        )
        yield "".join([f"{t}{source}{v},{r}{flag}" for t, source, v, r, flag in columns]).encode()


def _times(t: Int64) -> list[str]:
    """Rows of one sample share the text: most of the work is in making it."""
    moments, which = np.unique(t, return_inverse=True)
    texts = np.datetime_as_string(moments.astype("datetime64[ms]"), unit="ms", timezone="UTC")
    return cast("list[str]", texts.astype(object)[which].tolist())


def _digits(values: Float64) -> list[str]:
    """The shortest that read back as the same double; none for NaN."""
    text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return text[1:-1].replace("null", "").split(",")
