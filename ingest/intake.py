"""From MQTT messages to one raw block: drop what is stored already, bury what cannot be read.

Plain messages become columns at once; what is not plain (the first of a stream, out of sequence, rows
dropped, names or shapes that are not ours) is looked at message by message.
"""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.clocks import AHEAD_MS, LATE_MS, Clocks
from ingest.decode import Packed, Rows, RowsError, decode_data, rows_of
from ingest.journal import Journal
from ingest.ledger import Ledger, fresh
from ingest.mail import Lines, Mail
from ingest.plain import STATUS, Device
from ingest.silence import Expected
from venueair.block import Block, Bool, Float64, Int32, Int64, Why
from venueair.messages import Data, MessageError
from venueair.mqtt_wave import Wave
from venueair.quantities import QUANTITIES
from venueair.store.store import Store
from venueair.topics import TopicError, device_topic, is_id, parse


@dataclass(slots=True)
class Intake:
    """One mail: its rows in order of arrival, and whom to tell when they are stored."""

    block: Block
    by_arrival: Block  # the rows of wrong clocks again, at the time they came: for detection only
    streams: set[int] = field(default_factory=set)  # of the ledger, whose marks go with these rows
    announce: dict[str, set[int]] = field(default_factory=dict)  # topic -> streams
    blocks: list[Block] = field(default_factory=list)
    shifted: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Letter:
    topic: bytes
    payload: bytes
    retained: bool
    t: int


class Receiver:
    """`rejected` counts readings by reason, `messages` the messages that could not be read at all.

    `venue_of` says of each device of `expected` whose topics it may use: brokers vouch for the whole topic.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        ledger: Ledger,
        expected: dict[str, Expected],
        venue_of: dict[str, str],
    ) -> None:
        self._store = store
        self._journal = journal
        self._expected = expected
        self._devices = {
            device_topic(venue_of[name], name, "data").encode(): Device(
                name, venue_of[name], max(LATE_MS, int(3000 * what.interval_s))
            )
            for name, what in expected.items()
        }
        self.ledger = ledger
        self.clocks = Clocks()
        self._topics: dict[tuple[str, str], str] = {}  # (venue, via) -> where its marks go, "" if no id
        self.heard: Int64 = np.zeros(64, dtype=np.int64)  # by series: when the last live reading arrived
        self.rejected: Counter[tuple[str, str]] = Counter()  # (device, reason)
        self.messages: Counter[str] = Counter()
        self.duplicates = 0
        self.late = 0

    def forget(self, ledger: Ledger) -> None:
        """Starts anew from the marks of the store."""
        self.ledger = ledger
        for device in self._devices.values():
            device.streams.clear()

    def number(self) -> None:
        """Gives every series that the settings name its number, so that no first reading waits for that."""
        for device in self._devices.values():
            for quantity in self._expected[device.id].quantities:
                device.series.setdefault(quantity, self._store.series(device.id, quantity))

    def rejected_of(self, devices: Container[str]) -> dict[str, int]:
        """Readings of these devices that were refused, by reason."""
        reasons: Counter[str] = Counter()
        for (device, reason), count in self.rejected.items():
            if device in devices:
                reasons[reason] += count
        return dict(reasons)

    def read(self, mail: Mail, wave: Wave, t: int, lines: Lines = Lines()) -> None:  # noqa: B008  # it has no lines
        """Adds what came at `t`. Another thread may be in `take` meanwhile, with an earlier mail."""
        mail.add(wave, t, self._devices, lines)

    def take(self, mail: Mail) -> Intake:
        intake = Intake(Block.empty(), Block.empty())
        odd = mail.odd + self._plain(mail, intake)
        for n in odd:
            self._carefully(mail, n, intake)
        intake.block = Block.concat(intake.blocks)
        intake.by_arrival = Block.concat(intake.shifted)
        return intake

    def _plain(self, mail: Mail, intake: Intake) -> list[int]:
        """Enters what is in sequence; returns the messages to be looked at one by one."""
        plain, taken = mail.plain, mail.taken
        if not taken:
            return []
        at = np.array(mail.t, dtype=np.int64)[taken]
        readings = plain.readings(at)
        streams = readings.stream
        if suspected := self.clocks.suspected:
            readings.odd[[self.ledger.keys[stream][0] in suspected for stream in streams.tolist()]] = True
        good = ~readings.odd
        # One that is odd breaks the sequence of its stream: what follows it is looked at after it.
        good &= ~np.isin(streams, streams[readings.odd]) if readings.odd.any() else True
        some = np.flatnonzero(good)
        good[some] = self.ledger.follow(streams[some], readings.first[some], readings.count[some])
        block = readings.of_messages(good)
        live = (block.why & Why.LATE) == 0
        self.late += len(block) - int(live.sum())
        arrived = at[readings.message if good.all() else readings.message[good[readings.message]]]
        self._hear(block.series[live], arrived[live])
        intake.blocks.append(block)
        intake.streams.update(streams[good].tolist())
        for n, device, via in plain.via:
            if good[n]:
                self._tell(device, via, int(streams[n]), intake)
        return [taken[n] for n in np.flatnonzero(~good).tolist()]

    def _tell(self, device: Device, via: str, stream: int, intake: Intake) -> None:
        topic = self._topics.get((device.venue, via))
        if topic is None:
            topic = device_topic(device.venue, via, "committed") if is_id(via) else ""
            self._topics[device.venue, via] = topic
        if topic:
            intake.announce.setdefault(topic, set()).add(stream)

    def _hear(self, series: Int32, arrived: Int64) -> None:
        if len(series):
            most = int(series.max())
            while most >= len(self.heard):
                self.heard = np.concatenate([self.heard, np.zeros_like(self.heard)])
            self.heard[series] = arrived

    def _carefully(self, mail: Mail, n: int, intake: Intake) -> None:
        letter = _Letter(mail.topics[n], mail.payloads[n], mail.retained[n], mail.t[n])
        device = self._devices.get(letter.topic)
        data: Data | Packed | None = None
        try:
            data = decode_data(letter.payload)
            if device is None:
                raise _stranger(letter.topic.decode(errors="replace"))
            rows = rows_of(data, letter.t)
        except RowsError as error:
            self._bury(letter, error.reason, str(error))
            if device is not None and data is not None:
                self._mark(device, data, error.rows, intake)
        except MessageError as error:
            self._bury(letter, error.reason, str(error))
        else:
            self._accept(letter, device, data, rows, intake)

    def _mark(self, device: Device, data: Data | Packed, rows: int, intake: Intake) -> None:
        head = data if isinstance(data, Data) else data.head
        self.ledger.add(device.id, head.boot, [*head.dropped, (head.seq, head.seq + rows - 1)], head.via)
        stream = device.streams[head.boot] = self.ledger.stream(device.id, head.boot)
        intake.streams.add(stream)
        if head.via is not None:
            self._tell(device, head.via, stream, intake)

    def _accept(
        self, letter: _Letter, device: Device, data: Data | Packed, rows: Rows, intake: Intake
    ) -> None:
        head = data if isinstance(data, Data) else data.head
        new = fresh(self.ledger.of(device.id, head.boot), head.seq, len(rows.t))
        known = {name: column for name, column in rows.values.items() if name in QUANTITIES}
        self.duplicates += _readings(known, ~new)
        if unreal := _readings(known, new & ~rows.kept):
            self.rejected[device.id, "time"] += unreal
            wrong = rows.t[new & ~rows.kept][0]
            self._dead(letter, "time", f"t {wrong} is before 2020 or over a day ahead")
        if unknown := sorted(rows.values.keys() - known.keys()):
            self.rejected[device.id, "unknown_quantity"] += len(unknown) * int(new.sum())
            self._dead(letter, "unknown_quantity", ", ".join(unknown))
        self._mark(device, data, len(rows.t), intake)
        old = head.resent or letter.retained
        shift = None if old else self.clocks.shift(device.id, int(rows.t[-1]), letter.t, device.late_after)
        late = new & (old | (rows.t < letter.t - device.late_after)) & (shift is None)
        wrong_clock = (rows.t > letter.t + AHEAD_MS) | (shift is not None)
        why = np.full(len(rows.t), STATUS[head.status], dtype=np.uint16)
        for name, column in known.items():
            there = new & ~np.isnan(column)
            if not there.any():
                continue
            series = device.series.get(name)
            if series is None:
                series = device.series[name] = self._store.series(device.id, name)
            self.late += int((there & rows.kept & late).sum())
            marks = np.where(late, Why.LATE, 0) | np.where(wrong_clock, Why.CLOCK, 0)
            intake.blocks.append(_block(rows.t, series, column, why | marks, there & rows.kept))
            if shift is not None:
                intake.shifted.append(_block(rows.t + shift, series, column, why, there))
            if (there & ~late).any():  # what detection leaves out must not pass for news
                self._hear(np.array([series], dtype=np.int32), np.array([letter.t]))

    def _bury(self, letter: _Letter, reason: str, detail: str) -> None:
        self.messages[reason] += 1
        self._dead(letter, reason, detail)

    def _dead(self, letter: _Letter, reason: str, detail: str) -> None:
        topic = letter.topic.decode(errors="replace")
        self._journal.bury(letter.t, topic, reason, detail, letter.payload)


def _stranger(topic: str) -> MessageError:
    try:
        device = parse(topic).device
    except TopicError as error:
        return MessageError("topic", str(error))
    if device is None:
        return MessageError("topic", f"{topic!r} names no device")
    return MessageError("unknown_device", f"device {device!r} of this venue is not in venueair.toml")


def _readings(columns: dict[str, Float64], mask: Bool) -> int:
    return sum(int((~np.isnan(column) & mask).sum()) for column in columns.values())


def _block(t: Int64, series: int, column: Float64, why: Any, keep: Bool) -> Block:
    block = Block.of(t[keep], np.full(int(keep.sum()), series), column[keep])
    block.why[:] = why[keep]
    return block
