"""Messages that have come: decoded at once, so that it is known which cannot wait, and looked at together.

A look at one message costs nearly what a look at hundreds does. So they wait for each other, but not when one
says that a value has passed a limit.
"""

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.decode import Packed, decode_data
from ingest.plain import Device, Plain
from venueair.messages import Data, MessageError
from venueair.mqtt_wave import Wave


@dataclass(slots=True)
class Mail:
    """Messages in order of arrival, as parallel lists; `t` is when each came.

    `taken` are the numbers of those in `plain`, `odd` of the others. `is_urgent`: a limit was
    passed, or may have been.
    """

    topics: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    retained: list[bool] = field(default_factory=list)
    t: list[int] = field(default_factory=list)
    acks: list[tuple[int, list[int]]] = field(default_factory=list)  # (generation, packet ids)
    plain: Plain = field(default_factory=Plain)
    taken: list[int] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    is_urgent: bool = False

    def __len__(self) -> int:
        return len(self.topics)

    @property
    def readings(self) -> int:
        """How many of the plain messages."""
        return self.plain.rows

    def add(self, wave: Wave, t: int, devices: Mapping[bytes, Device], lines: "Lines") -> None:
        first = len(self.topics)
        self.topics += wave.topics
        self.payloads += wave.payloads
        self.retained += wave.retained
        self.t += [t] * len(wave)
        self.acks.append((wave.generation, wave.mids))
        plain, find = self.plain, devices.get
        for n, (topic, payload, is_old) in enumerate(
            zip(wave.topics, wave.payloads, wave.retained, strict=True), first
        ):
            device = find(topic)
            if device is None or is_old:
                self.odd.append(n)
                continue
            try:
                data = decode_data(payload)
            except MessageError:
                self.odd.append(n)
                continue
            if lines and lines.passed(device, data):
                self.is_urgent = True
            boot = data.boot if type(data) is Data else data.head.boot  # type: ignore[union-attr]  # one of the two
            stream = device.streams.get(boot)
            if stream is None or not plain.add(device, stream, data):
                self.odd.append(n)
                self.is_urgent = True  # the first of its stream, most likely: what it says is not known yet
                continue
            self.taken.append(n)


class Lines:
    """Where the state of a rule may change: its limits, for series whose readings it takes as they are."""

    def __init__(self, lines: Mapping[int, Sequence[float]] | None = None) -> None:
        """By series number, ascending."""
        self._lines = lines or {}
        self._side: dict[int, int] = {}  # of how many lines the newest value is beyond

    def __bool__(self) -> bool:
        return bool(self._lines)

    def passed(self, device: Device, data: Data | Packed) -> bool:
        """Is one of these values on another side of a line than the last of its series?"""
        found = False
        for name, column in data.q.items():
            series = device.series.get(name, -1)
            lines = self._lines.get(series)
            if lines is None:
                continue
            for value in (column,) if type(column) is float else _several(column):
                if value is not None and value == value:  # noqa: PLR0124  # NaN is what differs from itself
                    side = bisect(lines, value)
                    found |= self._side.get(series, 0) != side
                    self._side[series] = side
        return found


def _several(column: object) -> Iterable[float | None]:
    return () if column is None else column  # type: ignore[return-value]  # a list or an array
