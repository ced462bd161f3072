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
from math import isfinite
from typing import Final

import numpy as np
import orjson

from venueair.block import Block, Bool, Flag, Int32
from venueair.store.store import Rollup, Width

READINGS: Final = "air"
ROLLUPS: Final[dict[Width, str]] = {60: "air_1m", 3600: "air_1h"}
RAW, FLAG, WHY = "_raw", "_flag", "_why"
STATISTICS: Final = ("mean", "min", "max", "count")
NO_VALUE: Final = 1 << 17  # the value field of this point is an older row's: read NaN
NO_RAW: Final = 1 << 16

_STATISTICS: Final = tuple(f"_{name}".encode() for name in STATISTICS)
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
    value, raw, flag, why = block.value, block.raw, block.flag, block.why
    plain = ~again & (value == raw) & (flag == Flag.GOOD) & (why == 0) & np.isfinite(value)
    text = _plain(block.t[plain], value[plain], lines[plain], heads, fields) if plain.any() else b""
    if plain.all():
        return text
    rest = ~plain
    columns = (c[rest].tolist() for c in (lines, block.t, value, raw, flag, why, again))
    rows = (_row(heads[n], fields[n], *row) for n, *row in zip(*columns, strict=True))
    return text + b"".join(rows)


def rollups(rollup: Rollup, lines: Int32, heads: Sequence[bytes], fields: Sequence[bytes]) -> bytes:
    """As `readings`; a bucket is always written whole."""
    columns = [lines.tolist(), *(getattr(rollup, name).tolist() for name in ("t", *STATISTICS))]
    rows = []
    for n, t, *numbers in zip(*columns, strict=True):
        pairs = [(fields[n] + name, float(x)) for name, x in zip(_STATISTICS, numbers, strict=True)]
        rows.append(_line(heads[n], pairs, t))
    return b"".join(rows)


def _plain(
    t: np.ndarray, value: np.ndarray, lines: Int32, heads: Sequence[bytes], fields: Sequence[bytes]
) -> bytes:
    starts = {n: heads[n] + fields[n] + b"=" for n in np.unique(lines).tolist()}
    parts = [b""] * (3 * len(t))
    parts[0::3] = map(starts.__getitem__, lines.tolist())
    parts[1::3] = _numbers(value, b" ")
    parts[2::3] = _numbers(t, b"\n")
    return b"".join(parts)


def _numbers(column: np.ndarray, end: bytes) -> list[bytes]:
    """Each number as the shortest text that reads back the same, with `end` behind it."""
    text = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)
    return (text[1:-1].replace(b",", end + b",") + end).split(b",")


def _row(
    head: bytes, field: bytes, t: int, value: float, raw: float, flag: int, why: int, again: bool
) -> bytes:
    has_value, has_raw = isfinite(value), isfinite(raw)
    if not has_value and again:
        why |= NO_VALUE
    if not has_raw and (has_value or again):
        why |= NO_RAW
    pairs = []
    if has_value:
        pairs.append((field, value))
    if has_raw and (again or raw != value):
        pairs.append((field + b"_raw", raw))
    if again or flag != Flag.GOOD or not pairs:
        pairs.append((field + b"_flag", float(flag)))
    if again or why:
        pairs.append((field + b"_why", float(why)))
    return _line(head, pairs, t)


def _line(head: bytes, pairs: Sequence[tuple[bytes, float]], t: int) -> bytes:
    return head + b",".join([b"%b=%r" % pair for pair in pairs]) + b" %d\n" % t


def _checked(text: str) -> str:
    """A backslash or a line break cannot be escaped without doubt. Raises ValueError."""
    if not text or "\\" in text or not text.isprintable():
        raise ValueError(f"{text!r} cannot be a name in line protocol")
    return text
