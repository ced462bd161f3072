"""When a device's readings may be trusted: not while it warms up, not while it reports a fault."""

from typing import Final

from gateway.rows import RowStatus
from gateway.sensors.model import Model

SILENCE_S: Final = 60.0  # hall time; as long without a frame means that the device had no power


class WarmUp:
    """Times are hall seconds of a monotonic clock."""

    def __init__(self, model: Model, interval_s: float) -> None:
        self._warm_up_s = model.warm_up_s
        self.silence_s = max(SILENCE_S, 3 * interval_s)
        self._warm_at = 0.0
        self._heard = 0.0

    def opened(self, now: float) -> None:
        self._warm_at = now + self._warm_up_s
        self._heard = now

    def heard(self, now: float) -> None:
        if self.is_silent(now):
            self._warm_at = now + self._warm_up_s
        self._heard = now

    def is_silent(self, now: float) -> bool:
        return now - self._heard >= self.silence_s

    def status(self, now: float, fault: str | None) -> RowStatus:
        if fault:
            return "fault"
        return "warming" if now < self._warm_at else "ok"
