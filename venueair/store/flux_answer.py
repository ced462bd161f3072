"""What comes back from flux.py's questions, as columns. Pure. (InfluxData docs, "Annotated CSV".)"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from venueair.block import Block, Flag, Float64, Int32, Int64
from venueair.store.flux import FluxError
from venueair.store.line_protocol import FLAG, NO_RAW, NO_VALUE, RAW, STATISTICS, WHY
from venueair.store.store import Rollup

Table = dict[str, list[str]]
Number = Callable[[str, str], int]  # of a series, by source and quantity; -1: leave it out
READING: Final = ("", RAW, FLAG, WHY)
ROLLUP: Final = tuple(f"_{name}" for name in STATISTICS)


def columns(answer: str) -> list[dict[str, list[str]]]:
    """Tables with one header each: name -> texts. Raises FluxError when the server tells of an error."""
    found = []
    for part in answer.replace("\r\n", "\n").split("\n\n"):
        lines = part.strip("\n")
        if not lines:
            continue
        header = lines.partition("\n")[0].split(",")
        if "error" in header:
            raise FluxError(lines.partition("\n")[2].strip(", \n"))
        # No word of ours needs quotes, and the csv module takes five times as long.
        cells = lines.replace("\n", ",").split(",")
        width = len(header)
        if len(cells) % width:
            raise FluxError(f"a table of {width} columns has {len(cells)} cells")
        found.append({name: cells[width + n :: width] for n, name in enumerate(header)})
    return found


def sources(table: dict[str, list[str]]) -> list[str]:
    """A row without a device is of the zone itself."""
    nothing = [""] * len(table["_field"])
    devices, zones = table.get("device", nothing), table.get("zone", nothing)
    return [device or zone for device, zone in zip(devices, zones, strict=True)]


def times(texts: list[str]) -> Int64:
    """RFC 3339 in UTC -> (n,) ms."""
    return np.array([text[:-1] for text in texts], dtype="datetime64[ms]").astype(np.int64)


def numbers(texts: list[str]) -> Float64:
    return np.array(texts, dtype=np.float64)


def block(tables: list[Table], number: Number) -> Block:
    """Readings sorted by (series, t); what stands by default was not written."""
    series, t, (value, raw, flag, why) = _points(tables, READING, number)
    raw = np.where(np.isnan(raw), value, raw)
    bits = np.nan_to_num(why, nan=0.0).astype(np.int64)
    value[(bits & NO_VALUE) > 0] = np.nan
    raw[(bits & NO_RAW) > 0] = np.nan
    flags = np.nan_to_num(flag, nan=float(Flag.GOOD)).astype(np.uint8)
    return Block(t, series, value, raw, flags, (bits & 0xFFFF).astype(np.uint16))


def rollup(tables: list[Table], number: Number) -> Rollup:
    series, t, (mean, low, high, count) = _points(tables, ROLLUP, number)
    return Rollup(t, series, mean, low, high, np.nan_to_num(count).astype(np.int64))


def counts(tables: list[Table]) -> list[tuple[str, str, int]]:
    """flux.counts -> (source, quantity, how many have a value), once for each place it stood at."""
    return [
        (source, field, int(n))
        for table in tables
        for source, field, n in zip(sources(table), table["_field"], table["_value"], strict=True)
        if _split(field, READING)[1] == 0
    ]


def distinct_counts(tables: list[Table]) -> list[int]:
    """flux.distinct_counts -> how many times have a value, by quantity."""
    return [
        int(n)
        for table in tables
        for field, n in zip(table["_field"], table["_value"], strict=True)
        if _split(field, READING)[1] == 0
    ]


def _points(
    tables: list[Table], endings: Sequence[str], number: Number
) -> tuple[Int32, Int64, list[Float64]]:
    """Points joined to rows: series (n,), t (n,), and one column (n,) an ending, NaN where there is none."""
    known: dict[tuple[str, str], int] = {}
    codes: list[int] = []
    for table in tables:
        for key in zip(sources(table), table["_field"], strict=True):
            code = known.get(key)
            if code is None:
                quantity, kind = _split(key[1], endings)
                code = known[key] = number(key[0], quantity) * len(endings) + kind
            codes.append(code)
    code_of = np.array(codes, dtype=np.int64)
    t = np.concatenate([times(table["_time"]) for table in tables] or [np.zeros(0, dtype=np.int64)])
    x = np.concatenate([numbers(table["_value"]) for table in tables] or [np.zeros(0)])
    order = np.lexsort((t, code_of // len(endings)))
    order = order[code_of[order] >= 0]
    series, kinds = np.divmod(code_of[order], len(endings))
    t, x = t[order], x[order]
    first = np.append(True, (series[1:] != series[:-1]) | (t[1:] != t[:-1]))[: len(t)]
    row = np.cumsum(first) - 1
    columns = []
    for n in range(len(endings)):
        column = np.full(int(first.sum()), np.nan)
        column[row[kinds == n]] = x[kinds == n]
        columns.append(column)
    return series[first].astype(np.int32), t[first], columns


def _split(field: str, endings: Sequence[str]) -> tuple[str, int]:
    """Field -> quantity, and which ending it has."""
    for kind, ending in enumerate(endings):
        if ending and field.endswith(ending):
            return field.removesuffix(ending), kind
    if "" not in endings:
        raise FluxError(f"{field!r} is not a field of ours")
    return field, endings.index("")
