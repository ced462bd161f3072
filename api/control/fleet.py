"""Brings every purifier to what was decided: at most one command under way per unit, each written first."""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from api.control import command as life
from api.control.command import State, Tracked
from api.control.command_book import CommandBook, row_of
from api.control.dispatch import start_wait_s, wait_reason
from api.control.hall_stops import HallStop
from api.control.maintenance import MaintenanceLock
from api.control.overrides import Override
from api.control.priority import LATCHED, Decision
from api.control.purifier_link import PurifierLink
from api.control.unit import (
    Unit,
    is_online,
    is_reported,
    is_running,
    on_command_moved,
    on_command_started,
    on_state,
    on_status,
)
from venueair.clock import Clock
from venueair.messages import Ack, PurifierState
from venueair.rules import ControlSettings
from venueair.site import Site

log = structlog.get_logger(__name__)

Order = Override | HallStop | MaintenanceLock


class Fleet:
    """Not thread-safe: its owner holds one lock around every call."""

    def __init__(
        self,
        site: Site,
        control: ControlSettings,
        clock: Clock,
        book: CommandBook,
        on_command: Callable[[dict[str, Any]], None],
    ) -> None:
        self._site = site
        self._control = control
        self._clock = clock
        self._book = book
        self._on_command = on_command
        self._last_start_s: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self.units: dict[str, Unit] = {purifier.id: Unit() for purifier in site.purifiers}
        starts = book.starts(clock.monotonic(), clock.now_ms())
        for name, unit in self.units.items():
            self.units[name] = replace(unit, starts_before=starts.get(name, ()))
        for tracked in book.resume(clock.monotonic(), clock.now_ms(), control.ttl_s):
            if tracked.purifier in self.units:
                unit = self.units[tracked.purifier]
                self.units[tracked.purifier] = replace(unit, pending=tracked, last=tracked)

    def on_state(self, name: str, state: PurifierState, retained: bool) -> None:
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        pending = self.units[name].pending
        if pending is not None:
            if state.session != pending.session:
                before = self.units[name]
                self._move(name, life.on_reboot(pending, now_ms))
                self.units[name] = replace(
                    self.units[name], failures=before.failures, retry_at_s=before.retry_at_s
                )  # a reboot is no failure of the command
            elif not retained:
                self._move(name, life.on_report(pending, state, now_s, now_ms))
        first = self.units[name].reported is None
        self.units[name] = on_state(self.units[name], state, retained, now_s)
        pending = self.units[name].pending
        if first and pending is not None:  # from before our restart, and may act any moment
            toggles = (pending.mode == "run") != is_running(state)
            resumed = replace(pending, toggles=toggles)
            self.units[name] = on_command_started(self.units[name], resumed, now_s)

    def on_status(self, name: str, is_there: bool) -> None:
        self.units[name] = on_status(self.units[name], is_there, self._clock.monotonic())

    def on_ack(self, name: str, ack: Ack) -> None:
        """Counts what is late, repeated, unknown or of another unit; none of it moves a command."""
        pending = self.units[name].pending
        if pending is not None and pending.id == ack.id:
            moved, wrong = life.on_ack(pending, ack, self._clock.monotonic(), self._clock.now_ms())
            self._move(name, moved)
        else:
            row = self._book.row(ack.id)
            if row is None:
                wrong = "unknown"
            elif row["purifier"] != name:
                wrong = "forged"
            else:
                wrong = "duplicate" if row["state"] == ack.result.upper() else "late"
        if wrong is not None:
            self.counts[f"ack_{wrong}"] += 1
            if wrong in ("unknown", "forged"):
                log.warning("ack for a command that this purifier never got", purifier=name, id=ack.id[:64])

    def drive(self, name: str, decision: Decision, order: Order | None, link: PurifierLink) -> str | None:
        """One step towards `decision`; returns the id of a command that it created.

        `order`: the person's word that is behind it, where one is.
        """
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        unit = self.units[name]
        if unit.pending is not None:
            self._move(name, life.on_time(unit.pending, unit.reported, now_s, now_ms))
        unit = self.units[name]
        reported = unit.reported
        if reported is None or unit.session is None or not is_online(unit, now_s):
            return None
        if not decision.acts or decision.mode is None or decision.level is None:
            if unit.pending is not None:
                self._move(name, life.superseded(unit.pending, now_ms, decision.why))
            return None
        if not link.connected:
            return None
        target = (decision.mode, decision.level)
        if unit.pending is not None:
            if (unit.pending.mode, unit.pending.level) == target:
                self._send(name, unit.pending, link)
                return None
            self._move(name, life.superseded(unit.pending, now_ms, decision.why))
            # What was under way may act until the new command does: the fan still counts as switched.
            self.units[name] = unit = replace(self.units[name], fan=unit.fan)
        elif is_reported(decision, reported):
            return None
        return None if self.waits(name, decision) is not None else self._create(name, decision, order, link)

    def waits(self, name: str, decision: Decision) -> str | None:
        """Why a wanted command is not sent now; None when it may be or none is wanted."""
        now_s = self._clock.monotonic()
        stagger_s = self._control.stagger_s
        wait_s = start_wait_s(self._last_start_s, self._venue(name), now_s, stagger_s)
        return wait_reason(self.units[name], decision, now_s, wait_s)

    def _create(self, name: str, decision: Decision, order: Order | None, link: PurifierLink) -> str:
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        unit = self.units[name]
        assert unit.reported is not None
        assert unit.session is not None
        assert unit.fan is not None
        assert decision.mode is not None
        assert decision.level is not None
        ttl_s = self._control.ttl_s
        id_, issued_by = str(uuid.uuid4()), unit.released_by or "automatic"
        if (decision.slot == "override" or decision.slot in LATCHED) and order is not None:
            issued_by = order.by
            id_ = order.id if self._book.row(order.id) is None else f"{order.id}.{id_[:8]}"
        tracked = Tracked(
            id=id_,
            venue=self._venue(name),
            purifier=name,
            session=unit.session,
            mode=decision.mode,
            level=decision.level,
            release=decision.release,
            reason=decision.why[:200],
            issued_by=issued_by,
            created_ms=now_ms,
            deadline_ms=now_ms + round(ttl_s * 1000),
            deadline_s=now_s + ttl_s,
            history=((State.CREATED.value, now_ms, decision.slot),),
            toggles=(decision.mode == "run") != is_running(unit.reported),
        )
        self._book.insert(tracked)
        if decision.mode == "run" and not unit.fan.is_running:
            self._last_start_s[tracked.venue] = now_s
        self.units[name] = on_command_started(unit, tracked, now_s)
        self._on_command(row_of(tracked))
        self._send(name, tracked, link)
        return id_

    def _send(self, name: str, tracked: Tracked, link: PurifierLink) -> None:
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        if not life.is_send_due(tracked, self._control.ttl_s, now_s):
            return
        if link.send(tracked, tracked.deadline_s - now_s, now_ms):
            self._move(name, life.on_sent(tracked, now_s, now_ms))

    def _move(self, name: str, tracked: Tracked) -> None:
        before = self.units[name].pending
        if before is None or tracked == before:
            return
        if tracked.state is not before.state:
            self._book.update(tracked)
            self._on_command(row_of(tracked))
        self.units[name] = on_command_moved(self.units[name], tracked, self._clock.monotonic())

    def _venue(self, name: str) -> str:
        return self._site.venue_of_zone(self._site.purifier[name].zone)
