"""Wall and monotonic time as an object: services read it, rehearsals speed it up, tests move it.

Everything that means *time in the hall* (sample times, ages, delays, ttl, lease) asks a Clock. Timeouts of
sockets, retries and batching are about machines and use real time.
"""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    @property
    def speed(self) -> float:
        """Hall seconds per real second."""

    def now_ms(self) -> int:
        """Wall time, ms since 1970 UTC. May jump."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean something."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Sleeps `seconds` of hall time or until `event` is set; True when it is set."""


class SystemClock:
    speed = 1.0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class RehearsalClock:
    """Starts at `start_ms` and runs `speed` times as fast as the machine's monotonic clock."""

    def __init__(self, start_ms: int, speed: float) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._start_ms = start_ms
        self._origin = time.monotonic()

    def now_ms(self) -> int:
        return self._start_ms + int(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return (time.monotonic() - self._origin) * self.speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self.speed)


class ManualClock:
    """Moves only when told to; for tests and for replaying a day in seconds."""

    speed = 1.0

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = start_ms
        self._monotonic = 0.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic(self) -> float:
        return self._monotonic

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.advance(seconds)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds
        self._now_ms += round(seconds * 1000)

    def jump_wall(self, seconds: float) -> None:
        """Moves the wall clock alone, as NTP or a person would."""
        self._now_ms += round(seconds * 1000)
