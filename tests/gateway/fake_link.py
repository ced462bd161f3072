"""A broker connection with failure switches that the test turns."""

from dataclasses import dataclass

from venueair.messages import Data, Status, decode
from venueair.mqtt_link import Handler, Incoming


@dataclass(frozen=True)
class Sent:
    topic: str
    payload: bytes
    retain: bool


class FakeLink:
    def __init__(self) -> None:
        self.connected = True
        self.generation = 1
        self.refuses = False  # publish says False although it is connected
        self.sent: list[Sent] = []
        self.handlers: dict[str, Handler] = {}
        self.is_stopped = False

    def reconnect(self) -> None:
        self.connected = True
        self.generation += 1

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        if not self.connected or self.refuses:
            return False
        assert qos == 1
        self.sent.append(Sent(topic, payload, retain))
        return True

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None:
        self.handlers[topic_filter] = handler

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self.is_stopped = True

    def arrive(self, topic: str, payload: bytes) -> None:
        self.handlers[topic](Incoming(topic, payload, False, 1, 1, self.generation))

    def data(self) -> list[tuple[str, Data]]:
        """(device, message) of all data sent."""
        return [
            (s.topic.split("/")[3], decode(s.payload, Data)) for s in self.sent if s.topic.endswith("/data")
        ]

    def seqs(self, device: str, *, resent: bool | None = None) -> list[int]:
        """Every seq that was sent for a device, in order; with `resent`, only those of that kind."""
        return [
            data.seq + i
            for name, data in self.data()
            if name == device and resent in (None, data.resent)
            for i in range(len(data.t) if isinstance(data.t, list) else 1)
        ]

    def statuses(self, device: str) -> list[Status]:
        topic = f"venueair/v1/hall/{device}/status"
        assert all(s.retain for s in self.sent if s.topic == topic)
        return [decode(s.payload, Status) for s in self.sent if s.topic == topic]
