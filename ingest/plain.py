"""A wave of plain messages -> columns: one loop over the messages, numpy over their readings. Pure."""

from dataclasses import dataclass, field
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
    """Columns one after the other: of which series and message, how many rows; `t` and `value` of all."""

    series: list[int] = field(default_factory=list)
    message: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    t: list[Any] = field(default_factory=list)
    value: list[Any] = field(default_factory=list)


class Plain:
    """`add` messages, then look at `readings`. What `add` refuses is not plain and changes nothing."""

    def __init__(self) -> None:
        self.devices: list[Device] = []
        self.streams: list[int] = []
        self.vias: list[str | None] = []
        self._first: list[int] = []
        self._count: list[int] = []
        self._last_t: list[int] = []
        self._resent: list[bool] = []
        self._status: list[int] = []
        self._lists = _Columns()
        self._arrays = _Columns()

    def __len__(self) -> int:
        return len(self.devices)

    def add(self, device: Device, stream: int, data: Data | Packed) -> bool:
        head = data if type(data) is Data else data.head  # type: ignore[union-attr]  # one of the two
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
        self.devices.append(device)
        self.streams.append(stream)
        self.vias.append(head.via)
        self._first.append(head.seq)
        self._count.append(count)
        self._last_t.append(last)
        self._resent.append(head.resent)
        self._status.append(STATUS[head.status])
        return True

    def _one(self, device: Device, t: int, q: dict[str, Any]) -> bool:
        into, number = self._lists, len(self.devices)
        try:
            found = [(device.series[name], value) for name, value in q.items() if value is not None]
        except KeyError:
            return False
        for _, value in found:
            if type(value) is not float:
                return False
        for series, value in found:
            into.series.append(series)
            into.message.append(number)
            into.rows.append(1)
            into.t.append(t)
            into.value.append(value)
        return True

    def _many(self, device: Device, t: Any, q: dict[str, Any], count: int, into: _Columns) -> bool:
        for name, column in q.items():
            if name not in device.series or type(column) is not type(t) or len(column) != count:
                return False
        is_list = into is self._lists
        for name, column in q.items():
            into.series.append(device.series[name])
            into.message.append(len(self.devices))
            into.rows.append(count)
            if is_list:
                into.t += t
                into.value += column
            else:
                into.t.append(t)
                into.value.append(column)
        return True

    def readings(self, arrival: Int64) -> "Readings":
        """`arrival` (m,) is when each message came."""
        return Readings.of(
            [self._lists, self._arrays],
            np.array(self._first, dtype=np.int64),
            np.array(self._count, dtype=np.int64),
            arrival - np.array(self._last_t, dtype=np.int64),
            np.array(self._resent, dtype=np.bool_),
            np.array(self._status, dtype=np.uint16),
            np.array([device.late_after for device in self.devices], dtype=np.int64),
            arrival,
        )


@dataclass(frozen=True, slots=True)
class Readings:
    """`block` in order of arrival, without missing values; `message` (n,) says where each is from.

    `first` and `count` (m,) are the rows of each message. `odd` (m,) are the messages that are not plain
    after all: a time or a number that cannot be, or a live row that is late or ahead.
    """

    block: Block
    message: Int64
    first: Int64
    count: Int64
    odd: Bool

    @classmethod
    def of(
        cls,
        columns: list[_Columns],
        first: Int64,
        count: Int64,
        lag: Int64,
        resent: Bool,
        status: Any,
        late_after: Int64,
        arrival: Int64,
    ) -> "Readings":
        rows = [np.array(c.rows, dtype=np.int64) for c in columns]
        series = np.concatenate(
            [np.repeat(np.array(c.series, dtype=np.int32), n) for c, n in zip(columns, rows, strict=True)]
        )
        message = np.concatenate(
            [np.repeat(np.array(c.message, dtype=np.int64), n) for c, n in zip(columns, rows, strict=True)]
        )
        lists, arrays = columns
        t = np.concatenate([np.array(lists.t, dtype=np.int64), *arrays.t])
        value = np.concatenate([np.array(lists.value, dtype=np.float64), *arrays.value])
        odd = (lag < -AHEAD_MS) | (~resent & (lag > late_after))
        impossible = (t < EARLIEST_MS) | (t > arrival[message] + AHEAD_MS) | np.isinf(value)
        odd[message[impossible]] = True
        late = resent[message] | (t < (arrival - late_after)[message])
        block = Block.of(t, series, value)
        block.why[:] = status[message] | np.where(late, np.uint16(Why.LATE), np.uint16(0))
        there = ~np.isnan(value)
        if not there.all():
            block, message = block.where(there), message[there]
        return cls(block, message, first, count, odd)

    def of_messages(self, mask: Bool) -> Block:
        return self.block if mask.all() else self.block.where(mask[self.message])
