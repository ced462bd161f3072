"""Joins what is decided, ordered and known, unit by unit: drives it there, leases it, shows it."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Engine

from api.control.command_book import CommandBook
from api.control.decisions import Decisions
from api.control.fire import Contact, FireContacts
from api.control.fleet import Fleet
from api.control.hall_stops import HallStop, HallStopBook
from api.control.maintenance import MaintenanceBook, MaintenanceLock, maintenance_row
from api.control.orders import check_order, until_ms
from api.control.overrides import Override, OverrideBook
from api.control.priority import Decision
from api.control.purifier_link import PurifierLink
from api.control.smoke import Smoke, no_higher
from api.control.view import hall_stop_row, purifier_view
from api.control.zone_modes import ZoneModeBook
from api.control_port import ControlRefusedError, OrderMode, PurifierView
from venueair.clock import Clock
from venueair.messages import Live, PurifierState
from venueair.settings import Settings

LEASED: Final = frozenset({"automatic", "degraded", "override", "minimum"})


class Steering:
    """Not thread-safe: its owner holds one lock around every call.

    `on_event` gets ("command" | "purifier" | "hall_stops" | "maintenance", row) at every change.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        engine: Engine,
        on_event: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self._site = settings.site
        self._control = settings.control
        self._clock = clock
        self._on_event = on_event
        self.commands = CommandBook(engine)
        self.overrides = OverrideBook(engine)
        self.hall_stops = HallStopBook(engine)
        devices = (*self._site.sensor, *self._site.purifier, settings.gateway.id)
        self.maintenance = MaintenanceBook(engine, devices)
        self.zone_modes = ZoneModeBook(engine, self._site)
        self.decisions = Decisions(self._site, self._control)
        self.smoke = Smoke()
        self.fire = FireContacts(self._control.fire_inputs, self._control.stale_after_s, clock.monotonic())
        self.fleet = Fleet(
            self._site,
            self._control,
            clock,
            self.commands,
            lambda row: on_event("command", row),
        )
        self._leased: dict[str, tuple[str, float]] = {}
        self._shown: dict[str, dict[str, Any]] = {}

    def drive(self, name: str, link: PurifierLink) -> str | None:
        """One step towards what is decided now; the id of a command when that created one."""
        stop = self._hall_stop(name)
        order = stop if stop is not None and stop.is_in_force else self.maintenance.in_force(name)
        command = self.fleet.drive(name, self.decide(name), order or self.overrides.newest(name), link)
        self.show(name)
        return command

    def adopt(self, name: str, state: PurifierState) -> None:
        """Call before `fleet.on_state`. A level that an override gave is not the zone's demand."""
        newest = self.overrides.newest(name)
        is_overridden = newest is not None and newest.has_issued(state.command)
        if self.fleet.units[name].reported is None and not is_overridden:
            self.decisions.adopt(self._site.purifier[name], state, self._clock.monotonic())

    def decide(self, name: str) -> Decision:
        newest = self.overrides.newest(name)
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        unit = self.fleet.units[name]
        stop = self._hall_stop(name)
        purifier = self._site.purifier[name]
        decision = self.decisions.decide(
            purifier,
            unit,
            newest,
            stop,
            now_s,
            now_ms,
            is_advice_only=not self.zone_modes.is_automatic(purifier.zone),
            lock=self.maintenance.newest(name),
        )
        found = self.fire.not_closed(self._hall_of(name), now_s)
        is_start = decision.mode == "run" and not (unit.fan is not None and unit.fan.is_running)
        if found is not None and decision.acts and is_start:
            return Decision("interlock", found[1])
        suspects = self.smoke.suspects(self._site, self._hall_of(name))
        return no_higher(decision, unit.reported, suspects) if suspects else decision

    def _hall_stop(self, name: str) -> HallStop | None:
        """Of the purifier's hall, the newest, also when it is over."""
        return self.hall_stops.newest(self._hall_of(name))

    def _hall_of(self, name: str) -> str:
        return self._site.zone[self._site.purifier[name].zone].hall

    def on_live(self, live: Live, link: PurifierLink) -> None:
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        self.decisions.on_live(live, now_s, now_ms)
        self.fire.on_live(live, now_s, now_ms)
        self.guard(link)

    def guard(self, link: PurifierLink) -> None:
        """Stops the halls whose fire contact is not closed; a person releases them once it is."""
        for hall in self.fire.halls:
            found = self.fire.not_closed(hall, self._clock.monotonic())
            stop = self.hall_stops.newest(hall)
            if found is None or found[0] is not Contact.FIRE or (stop is not None and stop.is_in_force):
                continue
            self.stop_hall(hall, link, by=found[2], reason=found[1])

    def stop_hall(self, hall: str, link: PurifierLink, *, by: str, reason: str) -> None:
        """Every unit of the hall is stopped now, or as soon as it is there. Stopped already: nothing changes.

        Raises KeyError for an unknown hall.
        """
        before = self.hall_stops.newest(self._site.hall[hall].id)
        if before is None or not before.is_in_force:
            self.hall_stops.enter(HallStop(str(uuid.uuid4()), hall, by, reason, self._clock.now_ms()))
        for name in self._units_of(hall):
            self.drive(name, link)
        self._on_event("hall_stops", {"stops": self.hall_stop_rows()})

    def release_hall(self, hall: str, link: PurifierLink, *, by: str, reason: str) -> None:
        """Ends the stop; only what it stopped itself may run again. Raises KeyError for an unknown hall and
        ControlRefusedError for one that is not stopped."""
        found = self.fire.not_closed(hall, self._clock.monotonic())
        if found is not None:
            raise ControlRefusedError(f"{found[1]}: {hall} is released once it is closed again")
        try:
            self.hall_stops.release(self._site.hall[hall].id, by, reason, self._clock.now_ms())
        except KeyError as error:
            if hall not in self._site.hall:
                raise
            raise ControlRefusedError(f"{hall} is not stopped: nothing to release") from error
        for name in self._units_of(hall):
            self.drive(name, link)
        self._on_event("hall_stops", {"stops": self.hall_stop_rows()})

    def hall_stop_rows(self) -> list[dict[str, Any]]:
        """Halls that are stopped now, with the state of each unit."""
        return [
            hall_stop_row(stop, [self.view(name) for name in self._units_of(stop.hall)])
            for stop in self.hall_stops.in_force()
            if stop.hall in self._site.hall
        ]

    def lock(self, lock: MaintenanceLock, link: PurifierLink) -> None:
        """A purifier is stopped now, or as soon as it is there, and no earlier order starts it afterwards.

        Locked already: nothing changes. Raises KeyError for an unknown device.
        """
        self.maintenance.enter(lock)
        override = self.overrides.in_force(lock.device, lock.created)
        if override is not None and override.mode != "stopped":
            self.overrides.end(lock.device, lock.created)
        self._follow_lock(lock.device, link)

    def unlock(self, device: str, link: PurifierLink, *, by: str, reason: str) -> None:
        """Only what the lock stopped itself may run again. Raises as MaintenanceBook.release."""
        self.maintenance.release(device, by, reason, self._clock.now_ms())
        self._follow_lock(device, link)

    def _follow_lock(self, device: str, link: PurifierLink) -> None:
        if device in self.fleet.units:
            self.drive(device, link)
        self._on_event("maintenance", {"devices": self.maintenance_rows()})

    def maintenance_rows(self) -> list[dict[str, Any]]:
        """Devices that are locked now."""
        now_ms = self._clock.now_ms()
        return [maintenance_row(lock, now_ms) for lock in self.maintenance.all_in_force()]

    def _units_of(self, hall: str) -> list[str]:
        return [name for name in self.fleet.units if self._hall_of(name) == hall]

    def order(
        self,
        name: str,
        link: PurifierLink,
        *,
        mode: OrderMode,
        level: int,
        minutes: float,
        by: str,
        reason: str,
        release: bool,
    ) -> str:
        """The id is the command's; the override's when the command must wait. Raises as ControlPort says."""
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        unit = self.fleet.units[name]
        override = self.overrides.in_force(name, now_ms)
        stop = self._hall_stop(name)
        if mode != "stopped" and stop is not None and stop.is_in_force:
            raise ControlRefusedError(
                f"{stop.hall} is stopped by {stop.by} ({stop.reason}): release the hall first"
            )
        lock = self.maintenance.in_force(name)
        if mode != "stopped" and lock is not None:
            raise ControlRefusedError(
                f"{name} is in maintenance (정비 중) by {lock.by} ({lock.reason}): "
                "release it first, when the work at it is done"
            )
        check_order(
            self._site.purifier[name],
            unit,
            override,
            self._control,
            mode=mode,
            level=level,
            minutes=minutes,
            release=release,
            now_s=now_s,
        )
        if mode == "auto":
            id_ = override.id if override is not None else str(uuid.uuid4())
            self.overrides.end(name, now_ms)
        else:
            id_ = str(uuid.uuid4())
            until = until_ms(mode, minutes, now_ms)
            kept = level if mode == "run" else 0
            self.overrides.enter(Override(id_, name, mode, kept, by, reason, now_ms, until))
        self.fleet.units[name] = replace(
            unit,
            failures=0,
            retry_at_s=now_s,
            released_by=by if release and mode != "stopped" else None,
            released_until_s=now_s + self._control.ttl_s,
        )
        return self.drive(name, link) or id_

    def lease(self, name: str, link: PurifierLink) -> None:
        """To units under automatic control, also idle ones; a stopped unit and an advised one get none."""
        unit = self.fleet.units[name]
        is_automatic = self.zone_modes.is_automatic(self._site.purifier[name].zone)
        if unit.session is None or unit.reported is None or unit.reported.mode == "stopped":
            return
        if not is_automatic or self.decide(name).slot not in LEASED:
            return
        session, sent_s = self._leased.get(name, ("", 0.0))
        now_s = self._clock.monotonic()
        if session == unit.session and now_s - sent_s < self._control.renew_s:
            return
        if link.lease(name, unit.session, self._control.lease_s):
            self._leased[name] = (unit.session, now_s)

    def forget_leases(self) -> None:
        """A lease that was sent into a lost connection may not have arrived: the next tick renews all."""
        self._leased.clear()

    def view(self, name: str) -> PurifierView:
        decision = self.decide(name)
        return purifier_view(
            self._site.purifier[name],
            self.fleet.units[name],
            decision,
            self.fleet.waits(name, decision),
            self.overrides.in_force(name, self._clock.now_ms()),
            self.maintenance.in_force(name),
            self._clock,
        )

    def show(self, name: str) -> None:
        """Tells of every change except a countdown in `why`."""
        row = self.view(name).model_dump()
        shown = {key: value for key, value in row.items() if key != "why"}
        if self._shown.get(name) != shown:
            self._shown[name] = shown
            self._on_event("purifier", row)
