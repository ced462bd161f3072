"""What the gateway knows of a sensor model: its commands, its frames and what they mean."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from gateway.frames import Layout, Reject, Scanner

Kind = Literal["data", "acknowledgement", "echo", "exception", "other"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One intact frame. Only "data" can have `values`: canonical quantities in their units, never NaN.

    `native` has every field of the frame, with the unit in its name. `fault` is what the device says is wrong
    with it; the values beside it are kept as they were sent.
    """

    kind: Kind
    values: dict[str, float] = field(default_factory=dict)
    native: dict[str, int | float | str] = field(default_factory=dict)
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """All lines are 8N1. `poll` is the usual request, None for a model that sends by itself.

    `layout` and `read` get the request that is outstanding: the replies of some protocols mean nothing
    without it. They raise ValueError for a request that the model cannot be sent.
    """

    name: str
    vendor: str
    baud: int
    quantities: tuple[str, ...]
    interval_s: float
    warm_up_s: float
    poll: bytes | None
    reply_timeout_s: float
    layout: Callable[[bytes], Layout]
    read: Callable[[bytes, bytes], Decoded | Reject]

    def scanner(self, request: bytes | None = None) -> Scanner:
        return Scanner(self.layout(self._asked(request)))

    def decode(self, frame: bytes, request: bytes | None = None) -> Decoded | Reject:
        """A Reject for an intact frame that is no measurement (booting, all zero)."""
        return self.read(frame, self._asked(request))

    def _asked(self, request: bytes | None) -> bytes:
        return request if request is not None else self.poll or b""
