"""What arrives by MQTT: one message, or the wave of messages that one read of the socket brought."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incoming:
    """`mid` and `qos` say how to acknowledge it, on connection `generation` only. `retained`: last known."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int
    generation: int
    dup: bool = False


@dataclass(frozen=True, slots=True)
class Wave:
    """Messages in the order of the wire, as parallel lists of one length.

    `mids` are packet ids, 0 where there is nothing to acknowledge (QoS 0); `arrived` is monotonic seconds.
    """

    topics: list[bytes]
    payloads: list[bytes]
    mids: list[int]
    retained: list[bool]
    dup: list[bool]
    generation: int
    arrived: float

    def __len__(self) -> int:
        return len(self.topics)

    def pick(self, rows: Iterable[int]) -> "Wave":
        """The messages with these numbers, from 0."""
        rows = list(rows)
        return Wave(
            [self.topics[row] for row in rows],
            [self.payloads[row] for row in rows],
            [self.mids[row] for row in rows],
            [self.retained[row] for row in rows],
            [self.dup[row] for row in rows],
            self.generation,
            self.arrived,
        )

    def message(self, row: int) -> Incoming:
        """Raises UnicodeDecodeError for a topic that is not UTF-8."""
        mid = self.mids[row]
        return Incoming(
            self.topics[row].decode(),
            self.payloads[row],
            self.retained[row],
            mid,
            1 if mid else 0,
            self.generation,
            self.dup[row],
        )


Handler = Callable[[Incoming], None]
WaveHandler = Callable[[Wave], None]
