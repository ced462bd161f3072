"""The control loop: live zone values in, commands and leases out, on one thread.

A restart replays nothing: demand goes on from what the units report, and what they should do is decided anew.
Leases are renewed at the end of a tick that worked, so a loop that fails or hangs lets the units go to their
own presets. Without a connection, or to a unit that is not there, nothing is sent or queued.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import Engine

from api.control.maintenance import MaintenanceLock
from api.control.purifier_link import LinkPort, PurifierLink
from api.control.steering import Steering
from api.control.view import waiting_row, zone_row
from api.control_port import OrderMode, PurifierView
from venueair.clock import Clock
from venueair.messages import Ack, Live, PurifierState
from venueair.settings import Settings
from venueair.site import Zone

log = structlog.get_logger(__name__)

TICK_S: Final = 1.0  # hall time
MAX_HZ: Final = 10.0  # real time: a fast rehearsal does not need more


class Control:
    """Implements api.control_port.ControlPort. The owner of `link` starts and stops it.

    `on_event` gets ("command" | "purifier" | "hall_stops" | "maintenance" | "zone", row) with control's lock
    held: it must return at once.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        link: LinkPort,
        engine: Engine,
        on_event: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self._site = settings.site
        self._clock = clock
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._tick_failures = 0
        self._on_event = on_event
        self._steering = Steering(settings, clock, engine, on_event)
        self._link = PurifierLink(link, self._site, self)

    @property
    def counts(self) -> Counter[str]:
        """What was wrong with messages and acks, by reason, and `tick_failed`."""
        return self._link.counts + self._steering.fleet.counts + Counter(tick_failed=self._tick_failures)

    def start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="control", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Idempotent. Sends nothing: units keep their levels until their leases end."""
        self._stopping.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout=3)

    def _run(self) -> None:
        while not self._clock.wait(self._stopping, max(TICK_S, self._clock.speed / MAX_HZ)):
            try:
                self.tick()
            except Exception:
                self._tick_failures += 1
                log.exception("control failed; units go to their presets when their leases end")

    def tick(self) -> None:
        """One round: age the values, bring every unit to what is decided, renew the leases."""
        with self._lock:
            self._steering.decisions.tick(self._clock.monotonic())
            self._steering.overrides.end_over(self._clock.now_ms())
            self._steering.guard(self._link)
            for name in self._steering.fleet.units:
                self._steering.drive(name, self._link)
            for name in self._steering.fleet.units:
                self._steering.lease(name, self._link)

    def on_live(self, live: Live) -> None:
        """One live message as it arrived; a retained or stored one must not come here."""
        with self._lock:
            self._steering.on_live(live, self._link)

    def on_alarm(self, rule: str, scope: str, *, stands: bool) -> None:
        """Any alarm that was raised, changed or ended."""
        with self._lock:
            self._steering.smoke.on_alarm(rule, scope, stands=stands)

    def on_connected(self) -> None:
        with self._lock:
            self._steering.forget_leases()

    def on_state(self, purifier: str, state: PurifierState, retained: bool) -> None:
        with self._lock:
            self._steering.adopt(purifier, state)
            self._steering.fleet.on_state(purifier, state, retained)
            self._steering.show(purifier)

    def on_status(self, purifier: str, is_there: bool) -> None:
        with self._lock:
            self._steering.fleet.on_status(purifier, is_there)
            self._steering.show(purifier)

    def on_ack(self, purifier: str, ack: Ack) -> None:
        with self._lock:
            self._steering.fleet.on_ack(purifier, ack)
            self._steering.show(purifier)

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
        with self._lock:
            return self._steering.order(
                purifier,
                self._link,
                mode=mode,
                level=level,
                minutes=minutes,
                by=by,
                reason=reason,
                release=release,
            )

    def stop_hall(self, hall: str, *, by: str, reason: str) -> None:
        with self._lock:
            self._steering.stop_hall(hall, self._link, by=by, reason=reason)

    def release_hall(self, hall: str, *, by: str, reason: str) -> None:
        with self._lock:
            self._steering.release_hall(hall, self._link, by=by, reason=reason)

    def hall_stops(self) -> list[dict[str, Any]]:
        with self._lock:
            return self._steering.hall_stop_rows()

    def lock_device(self, device: str, *, by: str, reason: str, until: int | None) -> None:
        with self._lock:
            lock = MaintenanceLock(str(uuid.uuid4()), device, by, reason, self._clock.now_ms(), until)
            self._steering.lock(lock, self._link)
            self._tell_zone_of(device)

    def release_device(self, device: str, *, by: str, reason: str) -> None:
        with self._lock:
            self._steering.unlock(device, self._link, by=by, reason=reason)
            self._tell_zone_of(device)

    def in_maintenance(self, device: str) -> str | None:
        # Without the lock: the alarm book asks, and control may be waiting for it.
        lock = self._steering.maintenance.in_force(device)
        return None if lock is None else f"in maintenance (정비 중) by {lock.by}: {lock.reason}"

    def maintenance(self) -> list[dict[str, Any]]:
        with self._lock:
            return self._steering.maintenance_rows()

    def _tell_zone_of(self, device: str) -> None:
        placed = self._site.purifier.get(device) or self._site.sensor.get(device)
        if placed is not None:
            self._on_event("zone", self._zone_row(self._site.zone[placed.zone]))

    def purifiers(self) -> list[PurifierView]:
        with self._lock:
            return [self._steering.view(name) for name in self._steering.fleet.units]

    def zones(self) -> list[dict[str, Any]]:
        with self._lock:
            return [self._zone_row(zone) for zone in self._site.zones]

    def set_automatic(self, zone: str, *, automatic: bool, by: str, reason: str) -> None:
        with self._lock:
            now_ms = self._clock.now_ms()
            self._steering.zone_modes.enter(zone, automatic, by, reason, now_ms)
            for purifier in self._site.purifiers_in(zone):
                self._steering.drive(purifier.id, self._link)
            self._on_event("zone", self._zone_row(self._site.zone[zone]))

    def _zone_row(self, zone: Zone) -> dict[str, Any]:
        is_automatic = self._steering.zone_modes.is_automatic(zone.id)
        placed = [(each.id, each.zone) for each in self._site.sensors]
        placed += [(each.id, each.zone) for each in self._site.purifiers]
        locked = [device for device, where in placed if where == zone.id and self.in_maintenance(device)]
        demand = self._steering.decisions.demand(zone.id)
        return zone_row(zone, demand, is_automatic=is_automatic, in_maintenance=locked)

    def command(self, id: str) -> dict[str, Any] | None:  # noqa: A002  # the word of ControlPort
        """An order that waits, or needs no command, is a row of the same shape in state WAITING."""
        row = self._steering.commands.row(id)
        if row is not None:
            return row
        found = self._steering.overrides.find(id)
        if found is None or found.purifier not in self._site.purifier:
            return None
        venue = self._site.venue_of_zone(self._site.purifier[found.purifier].zone)
        return waiting_row(found, venue, found.is_active(self._clock.now_ms()))

    def commands(
        self,
        *,
        purifier: str | None,
        state: str | None,
        limit: int,
        after: tuple[int, str] | None = None,
    ) -> list[dict[str, Any]]:
        return self._steering.commands.rows(purifier=purifier, state=state, limit=limit, after=after)
