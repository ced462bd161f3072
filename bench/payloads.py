"""The readings of a run as each system likes them: the same devices, values and times, encoded in three ways.

| form    | one message                                                       | who reads it            |
|---------|-------------------------------------------------------------------|-------------------------|
| single  | canonical `data` with scalars, one reading (docs/messages.md)     | all, the same bytes     |
| columns | canonical `data` with lists, 50 rows of one device                | venueair                |
| cbor    | the same as RFC 8746 typed arrays                                 | venueair                |
| rows    | a JSON list of 50 objects {"t": …, "pm2_5": …}                    | the peers               |

Times begin now and stay within 30 s, distinct per device: nothing is late, nothing overwrites. (A row as old
as the connection may be in the store already, so ours would write all of its fields.)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from venueair.messages import Data, encode_cbor

Form = Literal["single", "columns", "cbor", "rows"]
Message = tuple[bytes, bytes]  # topic, payload

VENUE: Final = "bench"
QUANTITY: Final = "pm2_5"
DEVICES: Final = 1000
ROWS: Final = 50
SPAN_MS: Final = 30_000
PROBE: Final = "probe"
LAST: Final = "last"


def device(number: int) -> str:
    return f"d-{number:04d}"


def topic(name: str) -> bytes:
    return f"venueair/v1/{VENUE}/{name}/data".encode()


def value(number: int) -> float:
    """Noise with one decimal, 8.0 to 12.9 ug/m3: what a quiet hall looks like; the same in every run."""
    return (80 + (number * 2_654_435_761 >> 16) % 50) / 10  # Knuth's multiplicative hash


@dataclass(frozen=True, slots=True)
class Plan:
    """`readings` of `form` that begin at `start_ms`; `boot` is that of every device in this run."""

    form: Form
    readings: int
    start_ms: int
    boot: str

    @property
    def rows(self) -> int:
        """Rows in a message."""
        return 1 if self.form == "single" else ROWS

    def messages(self) -> Iterator[Message]:
        """Round by round, each device one message; readings of a device follow each other in time."""
        topics = [topic(device(number)) for number in range(DEVICES)]
        count = self.readings // self.rows
        rounds = -(-count // DEVICES)
        step = SPAN_MS / (rounds * self.rows)
        if step < 1:
            raise ValueError(
                f"{self.readings} readings do not fit into {SPAN_MS} ms: more devices are needed"
            )
        encode = ENCODE[self.form]
        for nth in range(rounds):
            first = nth * self.rows
            t = [self.start_ms + int((first + row) * step) for row in range(self.rows)]
            for number in range(min(DEVICES, count - nth * DEVICES)):
                values = [value(number + first + row) for row in range(self.rows)]
                yield topics[number], encode(self.boot, first, t, values)

    def one(self, name: str, nth: int) -> Message:
        """A message of one row from another device, in this form: to warm up, and to see the end."""
        t = [self.start_ms + nth]
        return topic(name), ENCODE[self.form](self.boot, nth, t, [value(nth)])


def _single(boot: str, seq: int, t: list[int], values: list[float]) -> bytes:
    return b'{"v":1,"boot":"%b","seq":%d,"t":%d,"q":{"pm2_5":%.1f}}' % (boot.encode(), seq, t[0], values[0])


def _columns(boot: str, seq: int, t: list[int], values: list[float]) -> bytes:
    return orjson.dumps({"v": 1, "boot": boot, "seq": seq, "t": t, "q": {QUANTITY: values}})


def _cbor(boot: str, seq: int, t: list[int], values: list[float]) -> bytes:
    return encode_cbor(Data(boot=boot, seq=seq, t=t, q={QUANTITY: [*values]}))


def _rows(_boot: str, _seq: int, t: list[int], values: list[float]) -> bytes:
    return orjson.dumps([{"t": at, QUANTITY: v} for at, v in zip(t, values, strict=True)])


Encode = Callable[[str, int, list[int], list[float]], bytes]
ENCODE: Final[dict[Form, Encode]] = {"single": _single, "columns": _columns, "cbor": _cbor, "rows": _rows}
