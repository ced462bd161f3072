"""What a store asks in Flux. Pure; flux_answer.py reads what comes back. (InfluxData docs, "Flux".)

Only checked words enter a text: bucket names of letters, digits and `_ . -`, ids, field names, whole numbers.
"""

import json
import re
from collections.abc import Collection
from typing import Final

from venueair.topics import is_id

BUCKET_PATTERN: Final = "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
_BUCKET: Final = re.compile(BUCKET_PATTERN)
_FIELD: Final = re.compile("[a-z][a-z0-9_]{0,63}")
# What InfluxDB can hold, in ms: 1677 to 2262.
OLDEST, LATEST = -9_223_372_036_854, 9_223_372_036_853
MAX_NAMED: Final = 500  # above that many, rows are picked out here: a longer filter is slower than none
_CHAINED: Final = 8  # more conditions in a row are "nested too deep" for InfluxDB 2.7 from some 80 on


class FluxError(ValueError):
    """A word that may not enter a question, or an answer that is none."""


def is_field(name: str) -> bool:
    return _FIELD.fullmatch(name) is not None


def rows(
    bucket: str,
    name: str,
    start: int,
    end: int,
    sources: Collection[str] | None = None,
    fields: Collection[str] | None = None,
) -> str:
    """Points of measurement `name` in [start, end) ms; of `sources` and `fields`, unless they are many.

    Columns of the answer: source (device, zone), _field, _time, _value.
    """
    text = _from(bucket, name, start, end)
    if sources is not None and len(sources) <= MAX_NAMED:
        text += _only(sources)
    if fields is not None and len(fields) <= MAX_NAMED:
        text += _filter(_one_of("_field", [_field(field) for field in fields]))
    return text + _keep("_field", "_time", "_value", "device", "zone")


def anything(bucket: str) -> str:
    """Asked to see whether the bucket may be read; the answer is small."""
    return f'from(bucket: "{_bucket(bucket)}")\n  |> range(start: -1s)\n  |> limit(n: 1)\n'


def last_rows(bucket: str, name: str) -> str:
    """The newest point of every field and place. Same columns as `rows`."""
    text = _from(bucket, name, OLDEST, LATEST) + "  |> last()\n"
    return text + _keep("_field", "_time", "_value", "device", "zone")


def newest(bucket: str, name: str) -> str:
    """One row: the newest _time of all."""
    text = _from(bucket, name, OLDEST, LATEST) + "  |> last()\n" + _keep("_time")
    return text + '  |> group()\n  |> max(column: "_time")\n'


def counts(bucket: str, name: str, sources: Collection[str]) -> str:
    """Number of points of every field and place.

    Columns of the answer: source, _field, _value, and hall and zone, as a source may have moved.
    """
    text = _from(bucket, name, OLDEST, LATEST) + _only(sources)
    return text + "  |> count()\n" + _keep("_field", "_value", "device", "zone", "hall")


def distinct_counts(bucket: str, name: str, source: str) -> str:
    """Number of times in every field of `source`, wherever it stood. Columns: _field, _value."""
    text = _from(bucket, name, OLDEST, LATEST) + _only([source])
    return text + '  |> group(columns: ["_field"])\n  |> unique(column: "_time")\n  |> count()\n'


def _from(bucket: str, name: str, start: int, end: int) -> str:
    return (
        f'from(bucket: "{_bucket(bucket)}")\n'
        f"  |> range(start: {_time(start)}, stop: {_time(end)})\n"
        f'  |> filter(fn: (r) => r._measurement == "{_field(name)}")\n'
    )


def _time(ms: int) -> str:
    return f"time(v: {min(max(int(ms), OLDEST), LATEST) * 1_000_000})"


def _only(sources: Collection[str]) -> str:
    for source in sources:
        if not is_id(source):
            raise FluxError(f"{source!r} is not an id")
    zone = _one_of("zone", sources)
    return _filter(f"{_one_of('device', sources)} or (not exists r.device and {zone})")


def _one_of(column: str, words: Collection[str]) -> str:
    """`words` are checked: none has a character that means something to Flux or in a regular expression."""
    if len(words) > _CHAINED:
        return f"r.{column} =~ /^({'|'.join(sorted(words))})$/"
    return f"({' or '.join(f'r.{column} == {json.dumps(word)}' for word in sorted(words))})"


def _filter(condition: str) -> str:
    return f"  |> filter(fn: (r) => {condition})\n"


def _keep(*columns: str) -> str:
    return f"  |> keep(columns: {json.dumps(columns)})\n"


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise FluxError(f"{name!r} cannot be a bucket here: letters, digits, _ . -, at most 100")
    return name


def _field(name: str) -> str:
    if not is_field(name):
        raise FluxError(f"{name!r} is not a field of ours")
    return name
