"""From MQTT messages to one raw block: decode, drop what is stored already, bury what cannot be read."""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.decode import Rows, RowsError, decode_rows
from ingest.journal import Journal
from ingest.ledger import Ledger, fresh
from ingest.silence import Expected
from venueair.block import Block, Bool, Why
from venueair.messages import Data, MessageError
from venueair.store.store import MarkKey, Marks, Store
from venueair.topics import TopicError, device_topic, is_id, parse

LATE_MS: Final = 120_000
AHEAD_MS: Final = 60_000
_STATUS: Final = {"ok": 0, "warming": Why.WARM_UP, "fault": Why.DEVICE_FAULT}


@dataclass(frozen=True, slots=True)
class Arrival:
    topic: str
    payload: bytes
    retained: bool
    t: int


@dataclass(slots=True)
class Intake:
    """One wave: its rows in order of arrival, the marks to store with them, whom to tell."""

    block: Block
    marks: dict[MarkKey, Marks] = field(default_factory=dict)
    announce: dict[str, set[MarkKey]] = field(default_factory=dict)  # topic -> (device, boot)
    heard: dict[tuple[str, str], int] = field(default_factory=dict)  # (device, quantity) -> arrival


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
        self.ledger = ledger
        self._expected = expected
        self._venue_of = venue_of
        self.rejected: Counter[tuple[str, str]] = Counter()  # (device, reason)
        self.messages: Counter[str] = Counter()
        self.duplicates = 0
        self.late = 0

    def rejected_of(self, devices: Container[str]) -> dict[str, int]:
        """Readings of these devices that were refused, by reason."""
        reasons: Counter[str] = Counter()
        for (device, reason), count in self.rejected.items():
            if device in devices:
                reasons[reason] += count
        return dict(reasons)

    def take(self, arrivals: Iterable[Arrival]) -> Intake:
        intake = Intake(Block.empty())
        blocks = []
        for arrival in arrivals:
            try:
                device, known = self._device(arrival)
                rows = decode_rows(device, arrival.payload, known, arrival.t)
            except RowsError as error:
                self._bury(arrival, error.reason, str(error))
                self._mark(device, error.data, error.last, intake)
            except MessageError as error:
                self._bury(arrival, error.reason, str(error))
            except TopicError as error:
                self._bury(arrival, "topic", str(error))
            else:
                blocks += self._accept(arrival, rows, intake)
        intake.block = Block.concat(blocks)
        return intake

    def _device(self, arrival: Arrival) -> tuple[str, dict[str, Expected]]:
        """The device that the topic names, and the devices that may use such a topic."""
        topic = parse(arrival.topic)
        if topic.device is None:
            raise TopicError(f"{arrival.topic!r} names no device")
        return topic.device, self._expected if self._venue_of.get(topic.device) == topic.venue else {}

    def _mark(self, device: str, data: Data, last: int, intake: Intake) -> None:
        key = (device, data.boot)
        self.ledger.add(*key, [*data.dropped, (data.seq, last)])
        intake.marks[key] = self.ledger.of(*key)
        if data.via is not None and is_id(data.via):
            topic = device_topic(self._venue_of[device], data.via, "committed")
            intake.announce.setdefault(topic, set()).add(key)

    def _accept(self, arrival: Arrival, rows: Rows, intake: Intake) -> list[Block]:
        data = rows.data
        new = fresh(self.ledger.of(rows.device, data.boot), data.seq, len(rows.t))
        self.duplicates += rows.readings(~new)
        if unreal := rows.readings(new & ~rows.kept):
            self.rejected[rows.device, "time"] += unreal
            wrong = rows.t[new & ~rows.kept][0]
            self._journal.bury(
                arrival.t,
                arrival.topic,
                "time",
                f"t {wrong} is before 2020 or over a day ahead",
                arrival.payload,
            )
        if rows.unknown:
            self.rejected[rows.device, "unknown_quantity"] += len(rows.unknown) * int(new.sum())
            self._journal.bury(
                arrival.t, arrival.topic, "unknown_quantity", ", ".join(rows.unknown), arrival.payload
            )
        self._mark(rows.device, data, data.seq + len(rows.t) - 1, intake)
        return self._columns(arrival, rows, new & rows.kept, intake)

    def _columns(self, arrival: Arrival, rows: Rows, keep: Bool, intake: Intake) -> list[Block]:
        late_after = max(LATE_MS, int(3000 * self._expected[rows.device].interval_s))
        old = rows.data.resent or arrival.retained
        late = keep & (old | (rows.t < arrival.t - late_after))
        self.late += rows.readings(late)
        why = np.full(len(rows.t), _STATUS[rows.data.status], dtype=np.uint16)
        why |= np.where(late, Why.LATE, 0).astype(np.uint16)
        ahead = rows.t > arrival.t + AHEAD_MS
        why |= np.where(ahead, Why.CLOCK, 0).astype(np.uint16)
        blocks = []
        for quantity, column in rows.values.items():
            some = keep & ~np.isnan(column)
            if not some.any():
                continue
            if (some & ~late & ~ahead).any():  # what detection leaves out must not pass for news
                intake.heard[rows.device, quantity] = arrival.t
            series = self._store.series(rows.device, quantity)
            block = Block.of(rows.t[some], np.full(int(some.sum()), series), column[some])
            block.why[:] = why[some]
            blocks.append(block)
        return blocks

    def _bury(self, arrival: Arrival, reason: str, detail: str) -> None:
        self.messages[reason] += 1
        self._journal.bury(arrival.t, arrival.topic, reason, detail, arrival.payload)
