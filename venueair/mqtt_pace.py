"""How often a socket is read: at once while it is quiet, in steps under load."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pacing:
    """Read at once up to `eager_per_s` messages a second and `burst` together, above that `apart_s` apart.

    Meanwhile packets pile up, and broker and reader need one call for many instead of one each. A message
    then takes up to twice `apart_s`: brokers hold back small packets while one is on its way.
    """

    eager_per_s: float = 1_000.0
    burst: float = 32.0
    apart_s: float = 0.0002


class Pace:
    """When to read next. Times are monotonic seconds."""

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._read_at = 0.0
        self._excess = 0.0

    def wait_s(self, now: float) -> float:
        is_busy = self._left(now) > self._pacing.burst
        return max(0.0, self._read_at + self._pacing.apart_s - now) if is_busy else 0.0

    def took(self, messages: int, now: float) -> None:
        self._excess = min(2 * self._pacing.burst, self._left(now) + messages)
        self._read_at = now

    def _left(self, now: float) -> float:
        return max(0.0, self._excess - (now - self._read_at) * self._pacing.eager_per_s)
