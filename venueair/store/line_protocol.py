r"""Columns -> InfluxDB line protocol. Pure. (InfluxData docs: "Line protocol", Syntax, Special characters.)

| rows     | measurement        | fields of quantity q, all floats                                         |
|----------|--------------------|--------------------------------------------------------------------------|
| readings | `air`              | `q`; `q_raw` where it differs; `q_flag` where not 1; `q_why` where not 0 |
| rollups  | `air_1m`, `air_1h` | `q_mean`, `q_min`, `q_max`, `q_count`                                    |

Tags: venue, hall, zone, device; values of a zone itself have no device. Times are ms. One line a row.

The server keeps the fields of a point that a later write leaves out. So a row that may be there already says
all of its fields (`again`), and what it lacks now stands in two bits of `q_why` above the 16 of Why.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import orjson

from venueair.block import Block, Bool, Flag, Float64, Int32, Int64
from venueair.store.store import Rollup, Width

READINGS: Final = "air"
ROLLUPS: Final[dict[Width, str]] = {60: "air_1m", 3600: "air_1h"}
RAW, FLAG, WHY = "_raw", "_flag", "_why"
STATISTICS: Final = ("mean", "min", "max", "count")
NO_VALUE: Final = 1 << 17  # the value field of this point is an older row's: read NaN
NO_RAW: Final = 1 << 16

_ENDINGS: Final = (b"", b"_raw", b"_flag", b"_why")
_IN_MEASUREMENT: Final = str.maketrans({",": r"\,", " ": r"\ "})
_IN_TAGS: Final = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\="})


def measurement(name: str) -> str:
    return _checked(name).translate(_IN_MEASUREMENT)


def tag(text: str) -> str:
    """Key or value of a tag, or the key of a field."""
    return _checked(text).translate(_IN_TAGS)


def head(name: str, tags: Iterable[tuple[str, str]]) -> bytes:
    """What a line begins with, up to its first field."""
    parts = [measurement(name), *(f"{tag(key)}={tag(value)}" for key, value in tags)]
    return (",".join(parts) + " ").encode()


def readings(
    block: Block, lines: Int32, heads: Sequence[bytes], fields: Sequence[bytes], again: Bool
) -> bytes:
    """Row i begins with `heads[lines[i]]` and has field `fields[lines[i]]`; `again[i]`: it may be there.

    Infinite numbers cannot be written: they are left out as NaN is. Empty when there is nothing to write.
    """
    has_value, has_raw = np.isfinite(block.value), np.isfinite(block.raw)
    why = block.why.astype(np.int64)
    why |= np.where(~has_value & again, NO_VALUE, 0) | np.where(~has_raw & (has_value | again), NO_RAW, 0)
    says_raw = has_raw & (again | (block.raw != block.value))
    says = (
        has_value,
        says_raw,
        again | (block.flag != Flag.GOOD) | ~(has_value | says_raw),
        again | (why != 0),
    )
    columns = (block.value, block.raw, block.flag, why)
    pattern = sum(column.astype(np.uint8) << n for n, column in enumerate(says))
    texts = []
    for said in np.unique(pattern).tolist():
        rows = np.flatnonzero(pattern == said)
        some = [n for n in range(len(says)) if said >> n & 1]
        pairs = [(_ENDINGS[n], columns[n][rows].astype(np.float64)) for n in some]
        texts.append(_lines(block.t[rows], pairs, lines[rows], heads, fields))
    return b"".join(texts)


def rollups(rollup: Rollup, lines: Int32, heads: Sequence[bytes], fields: Sequence[bytes]) -> bytes:
    """As `readings`; a bucket is always written whole."""
    pairs = [(b"_" + name.encode(), getattr(rollup, name).astype(np.float64)) for name in STATISTICS]
    return _lines(rollup.t, pairs, lines, heads, fields)


def _lines(
    t: Int64,
    pairs: Sequence[tuple[bytes, Float64]],
    lines: Int32,
    heads: Sequence[bytes],
    fields: Sequence[bytes],
) -> bytes:
    """Lines that all say the same fields: `pairs` are their endings and values."""
    width = 2 * len(pairs) + 1
    parts = [b""] * (width * len(t))
    numbers = lines.tolist()
    for n, (ending, column) in enumerate(pairs):
        starts = {k: (b"," if n else heads[k]) + fields[k] + ending + b"=" for k in np.unique(lines).tolist()}
        parts[2 * n :: width] = map(starts.__getitem__, numbers)
        parts[2 * n + 1 :: width] = _numbers(column, b" " if n == len(pairs) - 1 else b"")
    parts[width - 1 :: width] = _numbers(t, b"\n")
    return b"".join(parts)


def _numbers(column: np.ndarray, end: bytes) -> list[bytes]:
    """Each number as the shortest text that reads back the same, with `end` behind it."""
    text = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)
    return (text[1:-1].replace(b",", end + b",") + end).split(b",")


def _checked(text: str) -> str:
    """A backslash or a line break cannot be escaped without doubt. Raises ValueError."""
    if not text or "\\" in text or not text.isprintable():
        raise ValueError(f"{text!r} cannot be a name in line protocol")
    return text
