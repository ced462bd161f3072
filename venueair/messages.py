"""Every message on the wire; docs/messages.md shows each with an example that the tests decode.

Decoding is strict: a wrong type, a missing field, NaN, 1e400 or an oversize payload is a MessageError with a
short `reason` for counting and a sentence for people. Fields that are not ours are ignored, so that firmware
can add its own.
"""

import io
import math
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, TypeVar

import cbor2
import msgspec
import numpy as np

MAX_BYTES: Final = 64 * 1024
MAX_ROWS: Final = 2000

Whole = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Millis = Annotated[int, msgspec.Meta(gt=-(2**53), lt=2**53)]
Number = float | None
# Marks are kept and announced by boot: a long one would fill the store and the announcement.
Boot = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class MessageError(ValueError):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Message(msgspec.Struct, kw_only=True, tag_field="v", tag=1, gc=False):
    """Every message says `"v": 1`; another number is refused. None holds itself: no gc."""


class Data(Message, omit_defaults=True):
    """Rows of one device. Scalars are one row; lists are rows with consecutive `seq`, starting at `seq`.

    `status` says how the device was when it measured: "warming" and "fault" readings are flagged, not lost.
    """

    boot: Boot
    seq: Whole
    t: Millis | list[Millis]
    q: dict[str, Number | list[Number]]
    via: str | None = None
    status: Literal["ok", "warming", "fault"] = "ok"
    resent: bool = False
    dropped: list[tuple[Whole, Whole]] = []


class Status(Message, omit_defaults=True):
    """Retained, and the last will. `detail` is a sentence for the technician."""

    state: Literal["online", "offline", "fault"]
    boot: str | None = None
    model: str | None = None
    firmware: str | None = None
    interval_s: float | None = None
    clock_ok: bool = True
    detail: str | None = None


class Committed(Message):
    """device -> boot -> n: every seq <= n is stored, dead-lettered or declared dropped; changes only."""

    upto: dict[str, dict[str, Whole]]


class AlarmEdge(Message, omit_defaults=True):
    """One change of one alarm; `level` is the new level (0 = cleared), `value` what crossed, in its unit.

    `historical`: found only later, over from `t` to `until`; it enters the book closed and raises nothing.
    `source` says where the limit comes from; `reason` why it ended, where the air is not the reason.
    """

    id: str
    alarm: str
    rule: str
    scope: str
    quantity: str
    t: Millis
    level: int
    value: Number
    limit: Number
    family: Literal["operating", "screening"] = "operating"
    latching: bool = False
    historical: bool = False
    until: Millis | None = None
    source: str | None = None
    reason: str | None = None


class AlarmSeen(Message):
    ids: list[str]


class OpenAlarms(Message, omit_defaults=True):
    """The last edge of every alarm that stands open, so that ingest and api agree after any restart.

    A long list comes as `parts` messages with one `t`, when it was made.
    """

    alarms: list[AlarmEdge]
    t: Millis = 0
    part: Annotated[int, msgspec.Meta(ge=1)] = 1
    parts: Annotated[int, msgspec.Meta(ge=1)] = 1


class LeftOut(msgspec.Struct, kw_only=True, gc=False):
    """A sensor that its zone's value leaves out, since when, and why: names of Why in small letters.

    With `disagrees` among them it is in the value: of two that differ nobody knows which one is wrong.
    """

    device: str
    why: list[str]
    since: Millis


class Live(Message, omit_defaults=True):
    """What changed, as columns. `series` is "source quantity"; `full` says that all of them are told.

    `left_out`: of the zones' series here, whose value leaves sensors out; all others leave out none.
    """

    series: list[str]
    t: list[Millis]
    value: list[Number]
    flag: list[int]
    full: bool = False
    left_out: dict[str, list[LeftOut]] = {}


class Command(Message):
    """Acts only when `session` is the nonce the unit reports now and `ttl_s` have not passed since
    it arrived.

    `t` is when it was given: a unit with a clock also refuses what is older than `ttl_s`.
    mode "run" with level >= 1 blows, "idle" is level 0 under automatic control, "stopped" latches until a
    command with `release` true.
    """

    id: str
    session: str
    ttl_s: float
    mode: Literal["run", "idle", "stopped"]
    level: int
    t: Millis
    release: bool = False
    reason: str = ""


class Lease(Message):
    """Renews the control lease; when it runs out, a unit under automatic control goes to its preset."""

    session: str
    lease_s: float


class Ack(Message, omit_defaults=True):
    id: str
    result: Literal["accepted", "rejected", "applied"]
    reason: str | None = None


class PurifierState(Message, omit_defaults=True):
    """Reported by the unit, retained. `session` is new at each connection; `source` is who set the state."""

    session: str
    mode: Literal["run", "idle", "stopped"]
    level: int
    source: Literal["remote", "local", "auto", "lease_lost"]
    t: Millis
    rpm: float | None = None
    filter_pct: float | None = None
    fault: str | None = None
    command: str | None = None


M = TypeVar("M", bound=Message)
_encoder: Final = msgspec.json.Encoder()
_OPEN_HEAD: Final = 128  # bytes of an OpenAlarms around its alarms, at most
# RFC 8746 typed arrays that we write and read: little- and big-endian 64-bit integers and floats, float32.
TYPED_ARRAYS: Final = {71: "<u8", 75: ">i8", 79: "<i8", 82: ">f8", 85: "<f4", 86: "<f8"}


def encode(message: Message) -> bytes:
    payload = _encoder.encode(message)
    if len(payload) > MAX_BYTES:
        raise MessageError("oversize", f"{len(payload)} bytes; at most {MAX_BYTES} can be sent")
    return payload


def open_parts(alarms: Iterable[AlarmEdge], t: int) -> list[OpenAlarms]:
    """The list of open alarms in messages that fit MAX_BYTES; an empty list is one message too."""
    parts: list[list[AlarmEdge]] = [[]]
    size = _OPEN_HEAD
    for edge in alarms:
        more = len(_encoder.encode(edge)) + 1
        if parts[-1] and size + more > MAX_BYTES:
            parts.append([])
            size = _OPEN_HEAD
        parts[-1].append(edge)
        size += more
    return [
        OpenAlarms(alarms=part, t=t, part=nth, parts=len(parts)) for nth, part in enumerate(parts, start=1)
    ]


def encode_cbor(data: Data) -> bytes:
    """Data with its lists as typed arrays; a missing value is NaN. What the gateway sends for batches."""
    fields = msgspec.to_builtins(data)
    if isinstance(data.t, list):
        fields["t"] = cbor2.CBORTag(79, np.asarray(data.t, dtype="<i8").tobytes())
        fields["q"] = {
            name: cbor2.CBORTag(86, np.asarray(column, dtype="<f8").tobytes())
            for name, column in data.q.items()
        }
    payload = cbor2.dumps(fields)
    if len(payload) > MAX_BYTES:
        raise MessageError("oversize", f"{len(payload)} bytes; at most {MAX_BYTES} can be sent")
    return payload


def decode(payload: bytes, kind: type[M]) -> M:
    """JSON (first byte `{`) or CBOR (any other) -> message.

    Raises MessageError with reason oversize, malformed or invalid.
    """
    if len(payload) > MAX_BYTES:
        raise MessageError("oversize", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    try:
        if payload[:1] == b"{":
            return msgspec.json.decode(payload, type=kind)
        return msgspec.convert(_read_cbor(payload), type=kind)
    except msgspec.ValidationError as error:
        raise MessageError("invalid", str(error)) from error
    except (ValueError, RecursionError, msgspec.DecodeError, cbor2.CBORError) as error:
        raise MessageError("malformed", f"neither JSON nor CBOR: {error}") from error


def _read_cbor(payload: bytes) -> Any:
    if not payload:
        raise ValueError("the payload is empty")
    stream = io.BytesIO(payload)
    decoder = cbor2.CBORDecoder(stream, tag_hook=_typed_array, max_depth=8, allow_duplicate_keys=False)
    value = decoder.decode()
    if rest := len(payload) - stream.tell():  # loads() would drop it in silence
        raise ValueError(f"{rest} bytes follow the end of the message")
    return value


def _typed_array(tag: cbor2.CBORTag, _immutable: bool) -> Any:
    dtype = TYPED_ARRAYS.get(tag.tag)
    if dtype is None or not isinstance(tag.value, bytes):
        raise ValueError(f"CBOR tag {tag.tag} is not one of {sorted(TYPED_ARRAYS)}")
    column = np.frombuffer(tag.value, dtype=dtype)
    if column.dtype.kind != "f":
        return column.tolist()
    return [None if math.isnan(value) else value for value in column.tolist()]
