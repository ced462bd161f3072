"""The payload of a `data` message -> its fields; numbers in columns become arrays at once. Pure.

JSON goes through msgspec as a whole. In CBOR with typed arrays the arrays are taken as they are and only the
other fields go through msgspec.
"""

import io
from dataclasses import dataclass
from typing import Any, Final, Literal

import cbor2
import msgspec
import numpy as np

from venueair.block import Bool, Float64, Int64
from venueair.messages import MAX_BYTES, MAX_ROWS, TYPED_ARRAYS, Boot, Data, Message, MessageError, Whole

EARLIEST_MS: Final = 1_577_836_800_000  # 2020-01-01: no device of ours measured before
LATEST_AHEAD_MS: Final = 86_400_000
_DTYPES: Final = {tag: np.dtype(name) for tag, name in TYPED_ARRAYS.items()}
_json: Final = msgspec.json.Decoder(Data).decode


class _Head(Message):
    """Data without its columns."""

    boot: Boot
    seq: Whole
    via: str | None = None
    status: Literal["ok", "warming", "fault"] = "ok"
    resent: bool = False
    dropped: list[tuple[Whole, Whole]] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Packed:
    """Data whose columns came as typed arrays; NaN is a missing value."""

    head: _Head
    t: Int64
    q: dict[str, Float64]


def decode_data(payload: bytes) -> Data | Packed:
    """Raises MessageError: oversize, malformed, invalid."""
    if len(payload) > MAX_BYTES:
        raise MessageError("oversize", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    try:
        if payload[:1] == b"{":
            return _json(payload)
        return _cbor(payload)
    except msgspec.ValidationError as error:
        raise MessageError("invalid", str(error)) from error
    except (ValueError, RecursionError, msgspec.DecodeError, cbor2.CBORError) as error:
        raise MessageError("malformed", f"neither JSON nor CBOR: {error}") from error


def _cbor(payload: bytes) -> Data | Packed:
    if not payload:
        raise ValueError("the payload is empty")
    stream = io.BytesIO(payload)
    fields = cbor2.CBORDecoder(stream, max_depth=8, allow_duplicate_keys=False).decode()
    if rest := len(payload) - stream.tell():  # loads() would drop it in silence
        raise ValueError(f"{rest} bytes follow the end of the message")
    if type(fields) is not dict:
        return msgspec.convert(_plain(fields), Data)
    t, q = _array(fields.get("t")), fields.get("q")
    if t is None or t.dtype.kind != "i" or type(q) is not dict:
        return msgspec.convert(_plain(fields), Data)
    columns = {}
    for name, value in q.items():
        column = _array(value)
        if column is None or type(name) is not str:
            return msgspec.convert(_plain(fields), Data)
        columns[name] = column if column.dtype == np.float64 else column.astype(np.float64)
    del fields["t"], fields["q"]
    return Packed(msgspec.convert(fields, _Head), t.astype(np.int64, copy=False), columns)


def _array(value: Any) -> Any:
    """A typed array as numpy has it; None for what is none. Raises ValueError."""
    if type(value) is not cbor2.CBORTag:
        return None
    dtype = _DTYPES.get(value.tag)
    if dtype is None or type(value.value) is not bytes:
        raise ValueError(f"CBOR tag {value.tag} is not one of {sorted(TYPED_ARRAYS)}")
    return np.frombuffer(value.value, dtype)


def _plain(value: Any) -> Any:
    """Typed arrays among other forms: as lists, so that msgspec can judge the whole."""
    if isinstance(value, cbor2.CBORTag):
        column = _array(value).tolist()
        return [None if x != x else x for x in column]  # noqa: PLR0124  # NaN is what differs from itself
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Rows:
    """n rows of one message, looked at one by one; NaN is a missing value.

    `kept` (n,) are the rows whose time can be.
    """

    t: Int64
    values: dict[str, Float64]
    kept: Bool


class RowsError(MessageError):
    """The message can be read, its columns cannot; `rows` are known by number and can be given up."""

    def __init__(self, reason: str, detail: str, rows: int) -> None:
        super().__init__(reason, detail)
        self.rows = rows


def rows_of(data: Data | Packed, arrival_ms: int) -> Rows:
    """Raises RowsError: shape, not_finite."""
    is_list = not isinstance(data.t, int)
    t = np.atleast_1d(np.asarray(data.t, dtype=np.int64))
    if not 0 < len(t) <= MAX_ROWS:
        raise RowsError("shape", f"{len(t)} rows; 1 to {MAX_ROWS} are read", max(len(t), 1))
    values = {}
    for name, column in data.q.items():
        if isinstance(column, list | np.ndarray) != is_list:
            raise RowsError("shape", f"{name} is a list where t is none, or the other way round", len(t))
        values[name] = np.atleast_1d(np.asarray(column, dtype=np.float64))
        if len(values[name]) != len(t):
            raise RowsError("shape", f"{name} has {len(values[name])} values for {len(t)} times", len(t))
        if np.isinf(values[name]).any():
            raise RowsError("not_finite", f"{name} has an infinite value", len(t))
    return Rows(t, values, (t >= EARLIEST_MS) & (t <= arrival_ms + LATEST_AHEAD_MS))
