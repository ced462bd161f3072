"""What the API asks of control, and what it gets: the seam between the routes and the control loop."""

from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

OrderMode = Literal["run", "idle", "stopped", "auto"]


class ControlRefusedError(Exception):
    """Control will not do this now; the message tells an operator why and what would help."""


class OverrideView(BaseModel):
    """A person's word over automation; `until` is ms UTC, None: until it is released."""

    model_config = ConfigDict(frozen=True)

    by: str
    reason: str
    until: int | None = None
    since: int | None = None


class MaintenanceView(BaseModel):
    """정비 중: who works on a device, and why. Times are ms UTC; `until`, the expected end, ends nothing."""

    model_config = ConfigDict(frozen=True)

    device: str
    by: str
    reason: str
    since: int
    until: int | None = None
    is_overdue: bool = False


class LastCommand(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    state: str
    reason: str


class PurifierView(BaseModel):
    """One unit as reported and as desired. Times are ms UTC; `levels` are fan speeds as fractions.

    What was never reported is None, never a guess; `slot` names who decides now, `why` says it in words.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    zone: str
    online: bool
    session: str | None = None
    mode: str | None = None
    level: int | None = None
    levels: list[float]
    source: str | None = None
    reported_at: int | None = None
    rpm: float | None = None
    filter_pct: float | None = None
    fault: str | None = None
    desired_mode: str | None = None
    desired_level: int | None = None
    slot: str
    why: str
    override: OverrideView | None = None
    maintenance: MaintenanceView | None = None
    last_command: LastCommand | None = None
    cadr_m3h: float


class ControlPort(Protocol):
    """Implemented by api.control; every method may be called from any thread."""

    def purifiers(self) -> list[PurifierView]: ...

    def order(
        self,
        purifier: str,
        *,
        mode: OrderMode,
        level: int,
        minutes: float,
        by: str,
        reason: str,
        release: bool,
    ) -> str:
        """Enters an operator's order; returns the id of its command or override.

        `auto` ends the override; `release` also ends a latched stop. Raises KeyError for an unknown
        purifier and ControlRefusedError when it cannot be done now.
        """

    def set_automatic(self, zone: str, *, automatic: bool, by: str, reason: str) -> None:
        """From now on control acts in this zone, or only advises. Raises KeyError for an unknown zone."""

    def stop_hall(self, hall: str, *, by: str, reason: str) -> None:
        """Stops every unit of a hall until somebody releases it; repeated, it changes nothing.

        Raises KeyError for an unknown hall.
        """

    def release_hall(self, hall: str, *, by: str, reason: str) -> None:
        """Raises KeyError for an unknown hall and ControlRefusedError for one that is not stopped."""

    def hall_stops(self) -> list[dict[str, Any]]:
        """One row a stopped hall: hall, by, reason, since, and units stopped, not_stopped, unknown."""

    def lock_device(self, device: str, *, by: str, reason: str, until: int | None) -> None:
        """정비 중: takes a device out of service until somebody releases it; a purifier stands still.

        `until` (ms UTC) is when the work should be done. Repeated, it changes nothing. Raises KeyError for an
        unknown device.
        """

    def release_device(self, device: str, *, by: str, reason: str) -> None:
        """Raises KeyError for an unknown device and ControlRefusedError for one that is not locked."""

    def in_maintenance(self, device: str) -> str | None:
        """Who works on it and why, in words; None: nobody. From any thread, without waiting."""

    def maintenance(self) -> list[dict[str, Any]]:
        """One row a locked device, as MaintenanceView."""

    def command(self, id: str) -> dict[str, Any] | None: ...  # noqa: A002  # the word of the route

    def commands(
        self,
        *,
        purifier: str | None,
        state: str | None,
        limit: int,
        after: tuple[int, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Newest first; `after` is (created, id) of the last row of the page before."""

    def zones(self) -> list[dict[str, Any]]:
        """One row a zone: zone, automatic, degraded, demand level, why."""
