"""Watches what is not air: silent devices and gateways, faults, wrong clocks, alarms whose rule is gone."""

import time
from collections.abc import Collection

from ingest.equipment import ALL, equipment_edges, orphans
from ingest.faults import RULES as FAULT_RULES
from ingest.faults import Doubts, faulty
from ingest.intake import Receiver
from ingest.journal import Channel, Journal
from ingest.silence import RULES as SILENCE_RULES
from ingest.silence import Expected, Way, silent
from venueair.block import Block, Why
from venueair.clock import Clock
from venueair.messages import AlarmEdge, Status
from venueair.settings import Settings


class Watch:
    """Enters alarm edges into the journal. Not thread-safe but for `connected` and `status`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        journal: Journal,
        receiver: Receiver,
        expected: dict[str, Expected],
    ) -> None:
        self._site = settings.site
        self._clock = clock
        self._journal = journal
        self._receiver = receiver
        self._expected = expected
        self._via = {s.id: settings.gateway.id for s in settings.sensor if s.port is not None}
        self._gateways: dict[str, Way] = {}
        self._gateway_venue = {settings.gateway.id: settings.gateway.venue}
        self._started = clock.now_ms()
        self._own = Way(is_up=False, since_ms=self._started)
        self._doubts = Doubts()
        self._next = 0.0

    def connected(self) -> None:
        """Our own connection to the broker is (again) there."""
        self._own = Way(is_up=True, since_ms=self._clock.now_ms())

    def status(self, device: str, status: Status) -> None:
        """What a device or gateway says of itself, or its last will."""
        if device in self._gateway_venue:
            is_up, known = status.state != "offline", self._gateways.get(device)
            if known is None or known.is_up != is_up:
                self._gateways[device] = Way(is_up, self._clock.now_ms())
        if device in self._expected:
            self._receiver.clocks.says(device, clock_ok=status.clock_ok)

    def seen(self, rows: Block) -> None:
        """Sensor rows with their flags."""
        self._doubts.update(rows)

    def look(
        self, names: list[tuple[str, str]], rules: Collection[str], *, connected: bool
    ) -> list[AlarmEdge]:
        """About once a second; `rules`: the keys of all rules in force. Returns what it entered."""
        if time.monotonic() < self._next:
            return []
        self._next = time.monotonic() + min(1.0, 5.0 / self._clock.speed)
        now = self._clock.now_ms()
        if self._own.is_up and not connected:
            self._own = Way(is_up=False, since_ms=now)
        stands = {edge.alarm: edge for _, edge in self._journal.open_alarms()}
        heard = {name: t for name, t in zip(names, self._receiver.heard.tolist(), strict=False) if t}
        quiet = silent(
            self._expected,
            heard,
            self._started,
            now,
            open_alarms=stands,
            via=self._via,
            gateways=self._gateways,
            own=self._own,
        )
        doubt = dict(self._doubts.of(names))
        for device, since in self._receiver.clocks.wrong.items():
            doubt[device, ALL] = {Why.CLOCK: since}
        ill = faulty(doubt, self._expected, heard, now, stands)
        edges = equipment_edges(quiet, SILENCE_RULES, stands, now)
        edges += equipment_edges(ill, FAULT_RULES, stands, now)
        edges += orphans(stands, rules, now)
        self.record(edges, {})
        return edges

    def record(self, edges: list[AlarmEdge], channels: dict[str, Channel]) -> None:
        """Edges and the channels that changed, in one transaction."""
        if edges or channels:
            self._journal.record([(self._venue_of(edge), edge) for edge in edges], channels)

    def _venue_of(self, edge: AlarmEdge) -> str:
        if edge.scope in self._gateway_venue:
            return self._gateway_venue[edge.scope]
        sensor = self._site.sensor.get(edge.scope)
        zone = sensor.zone if sensor else edge.scope
        if zone in self._site.zone:
            return self._site.venue_of_zone(zone)
        # It is no longer in the settings: its alarm ends in the venue where it was raised.
        return next(venue for venue, opened in self._journal.open_alarms() if opened.alarm == edge.alarm)
