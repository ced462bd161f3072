"""What a wired sensor is to the rest of the simulator."""

from typing import Protocol

from firmware_sim.faults import Fault
from firmware_sim.hall import Air


class Device(Protocol):
    """`age_s` is hall time since power-on; power-on itself is a new Device.

    Only HEADER_IN_PAYLOAD, ERROR_CODE and STUCK_VALUE mean something here.
    """

    def stream(self, air: Air, age_s: float, fault: Fault | None) -> list[bytes]:
        """Frames that the sensor sends unasked, up to now."""

    def reply(self, chunk: bytes, air: Air, age_s: float, fault: Fault | None) -> list[bytes]:
        """Replies to what came in; `chunk` may be any part of requests."""

    def forget(self) -> None:
        """The line was quiet: an unfinished request is given up."""
