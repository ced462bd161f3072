"""A wave of plain messages -> columns: one loop over the messages, numpy over their readings. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import numpy as np

from ingest.clocks import AHEAD_MS, LATE_MS
from ingest.decode import EARLIEST_MS, Packed
from venueair.block import Block, Bool, Int64, Why
from venueair.messages import MAX_ROWS, Data

STATUS: Final = {"ok": 0, "warming": int(Why.WARM_UP), "fault": int(Why.DEVICE_FAULT)}


@dataclass(slots=True)
class Device:
    """What the messages of one device need, looked up once."""

    id: str
    venue: str
    late_after: int = LATE_MS
    series: dict[str, int] = field(default_factory=dict)  # quantity -> number
    streams: dict[str, int] = field(default_factory=dict)  # boot -> number in the ledger


@dataclass(slots=True)
class _Columns:
    """Columns one after the other: (series, message, rows) of each; `t` and `value` of all."""

    heads: list[tuple[int, int, int]] = field(default_factory=list)
    t: list[Any] = field(default_factory=list)
    value: list[Any] = field(default_factory=list)


class Plain:
    """`add` messages, then look at `readings`. What `add` refuses is not plain and changes nothing.

    `via` has (message, device, gateway) of those that came by one; `rows` is how many readings there are.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.via: list[tuple[int, Device, str]] = []
        self._messages: list[tuple[int, int, int, int, int, bool, int]] = []
        self._lists = _Columns()
        self._arrays = _Columns()

    def add(self, device: Device, stream: int, data: Data | Packed) -> bool:
        head: Any = data if type(data) is Data else data.head  # type: ignore[union-attr]  # one of the two
        if head.dropped:
            return False
        t = data.t
        if type(t) is int:
            count, last = 1, t
            taken = self._one(device, t, data.q)
        else:
            count = len(t)  # type: ignore[arg-type]  # a list or an array
            if not 0 < count <= MAX_ROWS:
                return False
            last = int(t[-1])  # type: ignore[index]
            taken = self._many(device, t, data.q, count, self._lists if type(t) is list else self._arrays)
        if not taken:
            return False
        self.rows += count * len(data.q)
        if head.via is not None:
            self.via.append((len(self._messages), device, head.via))
        self._messages.append(
            (stream, head.seq, count, last, device.late_after, head.resent, STATUS[head.status])
        )
        return True

    def _one(self, device: Device, t: int, q: dict[str, Any]) -> bool:
        into, number, series = self._lists, len(self._messages), device.series
        for name, value in q.items():
            if value is not None and (type(value) is not float or name not in series):
                return False
        for name, value in q.items():
            if value is not None:
                into.heads.append((series[name], number, 1))
                into.t.append(t)
                into.value.append(value)
        return True

    def _many(self, device: Device, t: Any, q: dict[str, Any], count: int, into: _Columns) -> bool:
        series, kind, number = device.series, type(t), len(self._messages)
        for name, column in q.items():
            if name not in series or type(column) is not kind or len(column) != count:
                return False
        is_list = kind is list
        for name, column in q.items():
            into.heads.append((series[name], number, count))
            if is_list:
                into.t += t
                into.value += column
            else:
                into.t.append(t)
                into.value.append(column)
        return True

    def readings(self, arrival: Int64) -> "Readings":
        """`arrival` (m,) is when each message came."""
        stream, first, count, last_t, late_after, resent, status = _table(self._messages, 7)
        return Readings.of(
            [self._lists, self._arrays],
            stream,
            first,
            count,
            arrival - last_t,
            resent != 0,
            status.astype(np.uint16),
            late_after,
            arrival,
        )


def _table(rows: Sequence[tuple[int, ...]], width: int) -> Int64:
    """(width, n): the columns of n rows."""
    flat = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=width * len(rows))
    return flat.reshape(-1, width).T


@dataclass(frozen=True, slots=True)
class Readings:
    """`block` in order of arrival, without missing values; `message` (n,) says where each is from.

    `stream`, `first` and `count` (m,) are the rows of each message. `odd` (m,) are the messages that are not
    plain after all: a time or a number that cannot be, or a live row that is late or ahead.
    """

    block: Block
    message: Int64
    stream: Int64
    first: Int64
    count: Int64
    odd: Bool

    @classmethod
    def of(
        cls,
        columns: list[_Columns],
        stream: Int64,
        first: Int64,
        count: Int64,
        lag: Int64,
        resent: Bool,
        status: Any,
        late_after: Int64,
        arrival: Int64,
    ) -> "Readings":
        series, of, rows = _table([head for c in columns for head in c.heads], 3)
        message = np.repeat(of, rows)
        lists, arrays = columns
        t = np.concatenate([np.array(lists.t, dtype=np.int64), *arrays.t])
        value = np.concatenate([np.array(lists.value, dtype=np.float64), *arrays.value])
        odd = (lag < -AHEAD_MS) | (~resent & (lag > late_after))
        impossible = (t < EARLIEST_MS) | (t > arrival[message] + AHEAD_MS) | np.isinf(value)
        odd[message[impossible]] = True
        late = resent[message] | (t < (arrival - late_after)[message])
        block = Block.of(t, np.repeat(series, rows), value)
        block.why[:] = status[message] | np.where(late, np.uint16(Why.LATE), np.uint16(0))
        there = ~np.isnan(value)
        if not there.all():
            block, message = block.where(there), message[there]
        return cls(block, message, stream, first, count, odd)

    def of_messages(self, mask: Bool) -> Block:
        return self.block if mask.all() else self.block.where(mask[self.message])
