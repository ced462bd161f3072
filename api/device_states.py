"""What every device last said about itself, from its retained `status`."""

import threading
from collections.abc import Mapping

from venueair.messages import Status
from venueair.settings import Settings
from venueair.site import NODE_MODEL


class DeviceStates:
    """May be used from any thread. A device that never said anything is `unknown`, not offline."""

    def __init__(self) -> None:
        self._status: dict[str, Status] = {}
        self._lock = threading.Lock()

    def update(self, device: str, status: Status) -> None:
        with self._lock:
            self._status[device] = status

    def all(self) -> Mapping[str, Status]:
        with self._lock:
            return dict(self._status)

    def state(self, device: str) -> str:
        with self._lock:
            status = self._status.get(device)
        return status.state if status else "unknown"


def intervals(settings: Settings, states: Mapping[str, Status]) -> dict[str, float | None]:
    """Seconds between samples by source; a zone has that of its slowest device, None is unknown."""
    found: dict[str, float | None] = {}
    for sensor in settings.sensor:
        status = states.get(sensor.id)
        found[sensor.id] = (status.interval_s if status else None) or sensor.interval_s
    for zone in settings.zone:
        known = [found[s.id] for s in settings.sensor if s.zone == zone.id]
        found[zone.id] = max((k for k in known if k is not None), default=None)
    return found


def kind_of(model: str, port: str | None) -> str:
    return "node" if port is None or model == NODE_MODEL else "sensor"
