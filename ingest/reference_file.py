"""What a reference instrument measured, as a CSV that was exported from it. Pure.

| column | what                                                                                          |
|--------|-----------------------------------------------------------------------------------------------|
| time   | ISO 8601 (local to `zone` where it has no offset), or seconds or ms since 1970 UTC; of a mean, |
|        | the begin of what it is the mean of                                                           |
| value  | in the unit of the quantity; empty or NaN is missing                                          |

Other columns are passed over. Rows need no order.
"""

import csv
from collections.abc import Iterable
from datetime import datetime, tzinfo
from math import isinf
from typing import Final

import numpy as np

from venueair.block import Float64, Int64

# Other numbers are no times: dates written without dashes, or microseconds.
_SECONDS: Final = (1e9, 1e11)
_MILLISECONDS: Final = (1e12, 1e14)
_COLUMNS: Final = ("time", "value")


class ReferenceFileError(ValueError):
    """The file cannot be used; the message says which line, and what it should be."""


def reference_readings(lines: Iterable[str], zone: tzinfo) -> tuple[Int64, Float64]:
    """(t (n,) ms, value (n,)), in the order of the file. Raises ReferenceFileError."""
    reader = csv.reader(lines)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ReferenceFileError(f"line {reader.line_num} is no CSV: {error}") from error
    if not rows:
        raise ReferenceFileError("is empty; it should begin with time,value")
    header = [cell.strip().lower() for cell in rows[0][1]]
    if not set(_COLUMNS) <= set(header):
        raise ReferenceFileError(
            f"has the columns {', '.join(rows[0][1])}; it should have time,value: rename them"
        )
    time, value = (header.index(name) for name in _COLUMNS)
    t, values = [], []
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise ReferenceFileError(
                f"line {line} has {len(row)} cells, the header {len(header)} (a decimal comma? use a point)"
            )
        try:
            t.append(_time(row[time].strip(), zone))
            values.append(_number(row[value].strip()))
        except ValueError as error:
            raise ReferenceFileError(f"line {line}: {error}") from error
    return np.array(t, dtype=np.int64), np.array(values, dtype=np.float64)


def _time(text: str, zone: tzinfo) -> int:
    try:
        number = float(text)
    except ValueError:
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no time; write it like 2026-11-23T09:00:00+09:00") from None
        return round((when if when.tzinfo else when.replace(tzinfo=zone)).timestamp() * 1000)
    if _SECONDS[0] <= number < _SECONDS[1]:
        return round(number * 1000)
    if _MILLISECONDS[0] <= number < _MILLISECONDS[1]:
        return round(number)
    raise ValueError(f"{text!r} is no time: neither seconds nor milliseconds since 1970")


def _number(text: str) -> float:
    try:
        number = float(text or "nan")
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if isinf(number):
        raise ValueError(f"{text!r} is not finite")
    return number
