"""A sensor on a wire: a Device, its pty and what is wrong with it now. Owned by the simulator's one thread;
`fault` may be set from another.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from firmware_sim.faults import Fault, damage
from firmware_sim.hall import Air
from firmware_sim.pty_link import PtyLink
from firmware_sim.sensors.device import Device

QUIET_S: Final = 0.1  # real: bytes of one request do not lie further apart


class WiredSensor:
    """Powered by its port: unplugging and plugging in again is a new power-on with a new warm-up."""

    def __init__(self, path: Path, new_device: Callable[[random.Random], Device], rng: random.Random) -> None:
        self.link = PtyLink(path)
        self.fault: Fault | None = None
        self._new_device = new_device
        self._rng = rng
        self._device = new_device(rng)
        self._powered_at = 0.0
        self._heard_at = 0.0

    def power_on(self, now: float) -> None:
        """`now` in hall seconds. Raises PortTakenError or OSError when the port cannot be made."""
        self.link.plug()
        self._device = self._new_device(self._rng)
        self._powered_at = now

    def power_off(self) -> None:
        self.link.unplug()

    def turn(self, now: float, air: Air) -> None:
        """Sends what is due at `now` (hall seconds)."""
        if self.fault is Fault.UNPLUG:
            self.link.unplug()
            return
        if not self.link.is_plugged:
            self.power_on(now)
        self._send(self._device.stream(air, now - self._powered_at, self.fault))

    def answer(self, now: float, air: Air) -> None:
        """Reads what came in, and replies at once."""
        chunk = self.link.read()
        if not chunk:
            return
        heard_at = time.monotonic()
        if heard_at - self._heard_at > QUIET_S:
            self._device.forget()
        self._heard_at = heard_at
        self._send(self._device.reply(chunk, air, now - self._powered_at, self.fault))

    def _send(self, frames: list[bytes]) -> None:
        if self.fault is Fault.SILENCE:
            return
        for frame in frames:
            if bytes_on_the_wire := damage(frame, self.fault, self._rng):
                self.link.write(bytes_on_the_wire, self._rng)
