"""One wired sensor: opens its port, listens or polls, reopens the port when it vanishes.

Sample times, poll intervals, warm-up and silence are hall time; what concerns the wire itself (reply timeout,
unfinished frames, reopening) is real time.
"""

import contextlib
import threading
import time
from collections import deque
from typing import Any, Final, Literal, Protocol

import structlog

from gateway.frames import Frame, Reject
from gateway.rows import Sample
from gateway.sensors.model import Decoded, Model
from gateway.serial_port import PORT_ERRORS, PortError, open_port
from gateway.warm_up import WarmUp
from venueair.clock import Clock

log = structlog.get_logger(__name__)

UNFINISHED_S: Final = 0.5  # real time without a byte, after which no frame is continued
REOPEN_S: Final = (0.1, 5.0)
State = Literal["online", "offline", "fault"]


class Sink(Protocol):
    """Where a link's results go; called on the link's thread."""

    def sample(self, sample: Sample) -> None: ...

    def state(self, device: str, state: State, detail: str | None) -> None: ...

    def count(self, device: str, reason: str) -> None: ...


class SerialLink:
    def __init__(
        self, device: str, model: Model, port: str, interval_s: float, clock: Clock, sink: Sink
    ) -> None:
        self._device = device
        self._model = model
        self._path = port
        self._interval_s = interval_s
        self._clock = clock
        self._sink = sink
        self._warm_up = WarmUp(model, interval_s)
        self._said: tuple[State, str | None] | None = None
        self._reopen_s = REOPEN_S[0]
        self._reset()

    def _reset(self) -> None:
        """A new connection continues nothing of the old one."""
        self._scanner = self._model.scanner()
        self._arrivals: deque[tuple[int, int]] = deque()  # (offset of a chunk's first byte, t in ms)
        self._received = 0
        self._last_byte = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Returns when `stopping` is set; what was read until then is in the sink."""
        while not stopping.is_set():
            try:
                port = open_port(self._path, self._model.baud)
            except PortError as error:
                self._sink.count(self._device, error.reason)
                self._say("offline", str(error))
                self._wait_to_reopen(stopping)
                continue
            self._reset()
            self._warm_up.opened(self._clock.monotonic())
            try:
                self._attend(port, stopping)
            except PORT_ERRORS as error:
                log.debug("port lost", device=self._device, error=str(error))
                self._sink.count(self._device, "port_lost")
                self._say("offline", f"port {self._path} is gone: check cable and plug")
            finally:
                with contextlib.suppress(*PORT_ERRORS):  # it may be gone already
                    port.close()
                self._take(self._scanner.finish())
            self._wait_to_reopen(stopping)

    def _wait_to_reopen(self, stopping: threading.Event) -> None:
        stopping.wait(self._reopen_s)
        self._reopen_s = min(REOPEN_S[1], 2 * self._reopen_s)

    def _attend(self, port: Any, stopping: threading.Event) -> None:
        due = self._clock.monotonic()
        while not stopping.is_set():
            if self._model.poll is None:
                self._receive(port)
            else:
                self._poll(port, self._model.poll, stopping)
                now = self._clock.monotonic()
                due = max(due + self._interval_s, now)
                self._clock.wait(stopping, due - now)
            if self._warm_up.is_silent(self._clock.monotonic()) and self._said != ("offline", self._silent):
                self._sink.count(self._device, "silent")
                self._say("offline", self._silent)

    @property
    def _silent(self) -> str:
        return (
            f"nothing intelligible comes from port {self._path} for {self._warm_up.silence_s:g} s: check the "
            f"sensor's power and wires, and that it is a {self._model.name}"
        )

    def _poll(self, port: Any, request: bytes, stopping: threading.Event) -> None:
        while port.in_waiting:  # whatever it is, it answers something else
            port.read(port.in_waiting)
            self._sink.count(self._device, "unasked")
        self._take(self._scanner.finish())
        port.write(request)
        deadline = time.monotonic() + self._model.reply_timeout_s
        while time.monotonic() < deadline and not stopping.is_set():
            if self._receive(port):
                return
        if not stopping.is_set():
            self._take(self._scanner.finish())
            self._sink.count(self._device, "no_reply")

    def _receive(self, port: Any) -> bool:
        """True when a frame came that answers the request."""
        chunk = port.read(max(1, port.in_waiting))
        if chunk:
            self._arrivals.append((self._received, self._clock.now_ms()))
            self._received += len(chunk)
            self._last_byte = time.monotonic()
            is_answered = self._take(self._scanner.feed(chunk))
            while len(self._arrivals) > 1 and self._arrivals[1][0] <= self._scanner.pending_start:
                self._arrivals.popleft()
            return is_answered
        if self._scanner.pending and time.monotonic() - self._last_byte >= UNFINISHED_S:
            return self._take(self._scanner.finish())
        return False

    def _take(self, found: list[Frame | Reject]) -> bool:
        is_answered = False
        for part in found:
            if isinstance(part, Reject):
                self._count(part)
                continue
            decoded = self._model.decode(part.data)
            if isinstance(decoded, Decoded) and decoded.kind not in ("data", "exception"):
                self._sink.count(self._device, decoded.kind)  # an echo, say: it proves no sensor
                continue
            is_answered = True
            now = self._clock.monotonic()
            self._reopen_s = REOPEN_S[0]
            self._warm_up.heard(now)
            if isinstance(decoded, Reject):
                self._count(decoded)
                self._say("online", None)
            else:
                self._measured(decoded, self._time_of(part), now)
        return is_answered

    def _measured(self, decoded: Decoded, t: int, now: float) -> None:
        if decoded.fault:
            self._say("fault", f"{self._device} at port {self._path} {decoded.fault}")
        else:
            self._say("online", None)
        if decoded.values:
            status = self._warm_up.status(now, decoded.fault)
            self._sink.sample(Sample(self._device, t, decoded.values, status))
        else:
            self._sink.count(self._device, decoded.kind if decoded.kind == "exception" else "no_measurement")

    def _time_of(self, frame: Frame) -> int:
        return next(t for offset, t in reversed(self._arrivals) if offset <= frame.start)

    def _count(self, reject: Reject) -> None:
        log.debug("rejected", device=self._device, reason=reject.reason, bytes=reject.data.hex(" "))
        self._sink.count(self._device, reject.reason)

    def _say(self, state: State, detail: str | None) -> None:
        if self._said == (state, detail):
            return
        self._said = (state, detail)
        self._sink.state(self._device, state, detail)
