"""The pipeline once more, reading by reading and without numpy: what the vectorised one is held against."""

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from ingest import detect
from ingest.quality import FLAT_MS, GAP_MS, SPIKE
from ingest.zones import GRACE_MS, STEP_MS, WINDOW_MS
from venueair.block import Flag, Why
from venueair.quantities import QUANTITIES
from venueair.rules import Rule

Key = tuple[str, str]  # source, quantity


@dataclass
class Row:
    t: int
    value: float
    flag: int
    why: int
    run_start: int


@dataclass
class Channel:
    on: bool = False
    since: int | None = None
    last: int | None = None


@dataclass
class Reference:
    zone_of: dict[str, str]  # device -> zone
    rules: list[Rule]
    rows: dict[Key, list[Row]] = field(default_factory=dict)
    newest: dict[Key, int] = field(default_factory=dict)
    said: dict[Key, int] = field(default_factory=dict)  # newest step of each zone
    zone_values: list[tuple[str, str, int, float, int]] = field(default_factory=list)
    channels: dict[tuple[str, str, int], Channel] = field(default_factory=dict)
    edges: list[tuple[int, str, str, int]] = field(default_factory=list)  # t, rule, zone, level

    def take(self, device: str, quantity: str, t: int, value: float, why: int) -> None:
        key, zone = (device, quantity), (self.zone_of[device], quantity)
        self._judge(key, t, value, why)
        self.newest[key] = t
        self._zone(zone)

    def flags(self) -> dict[tuple[Key, int], tuple[int, int]]:
        return {(key, row.t): (row.flag, row.why) for key, rows in self.rows.items() for row in rows}

    def _judge(self, key: Key, t: int, value: float, why: int) -> None:
        quantity = QUANTITIES[key[1]]
        flag = Flag.SUSPECT if why & Why.DEVICE_FAULT else Flag.GOOD
        if value > quantity.hard[1]:
            flag, why = Flag.SUSPECT, why | Why.OVER_RANGE
        elif value < quantity.hard[0]:
            flag, why = Flag.FAIL, why | Why.GROSS_RANGE
        elif not quantity.suspect[0] <= value <= quantity.suspect[1]:
            flag, why = Flag.SUSPECT, why | Why.SUSPECT_RANGE
        row = Row(t, value, Flag.FAIL if why & Why.WARM_UP else flag, why, t)
        self.rows.setdefault(key, []).append(row)
        sequence = [r for r in self.rows[key] if r.flag != Flag.FAIL][-3:]
        if row is not sequence[-1] if sequence else True:
            return
        if len(sequence) > 1 and value == sequence[-2].value and t - sequence[-2].t <= GAP_MS:
            row.run_start = sequence[-2].run_start
        zero_is_legal = key[1].startswith("pm") and value == 0
        if t - row.run_start >= FLAT_MS.get(key[1], float("inf")) and not zero_is_legal:
            row.flag, row.why = Flag.SUSPECT, row.why | Why.FLAT_LINE
        if len(sequence) == 3 and all(b.t - a.t <= GAP_MS for a, b in pairwise(sequence)):
            before, here, after = sequence
            if abs(here.value - (before.value + after.value) / 2) > SPIKE.get(key[1], float("inf")):
                here.flag, here.why = Flag.SUSPECT, here.why | Why.SPIKE

    def _zone(self, zone: Key) -> None:
        sensors = [key for key in self.newest if (self.zone_of[key[0]], key[1]) == zone]
        times = [self.newest[key] for key in sensors]
        until = (max(min(times), max(times) - GRACE_MS) - 1) // STEP_MS * STEP_MS
        first = min(row.t for key in sensors for row in self.rows[key])
        start = self.said.get(zone, first - STEP_MS) // STEP_MS * STEP_MS + STEP_MS
        for t in range(start, until + 1, STEP_MS):
            windows = [self._window(key, t) for key in sensors]
            windows = [window for window in windows if window]
            if not windows:
                continue
            value = median(sum(row.value for row in window) / len(window) for window in windows)
            good = any(row.why & ~Why.SPIKE == 0 for window in windows for row in window)
            self.zone_values.append((*zone, t, value, Flag.GOOD if good else Flag.SUSPECT))
            self._detect(zone, t, value)
        self.said[zone] = max(self.said.get(zone, until), until)

    def _window(self, key: Key, t: int) -> list[Row]:
        return [row for row in self.rows[key] if t - WINDOW_MS < row.t <= t and row.flag != Flag.FAIL]

    def _detect(self, zone: Key, t: int, value: float) -> None:
        for rule in self.rules:
            if rule.quantity != zone[1] or not rule.covers(zone[0]):
                continue
            before = self._level(rule, zone[0])
            for n, level in enumerate(rule.levels, start=1):
                channel = self.channels.setdefault((rule.id, zone[0], n), Channel())
                wants = value < level.limit - level.deadband if channel.on else value > level.limit
                if not wants or (channel.last is not None and t - channel.last > detect.GAP_MS):
                    channel.since = None
                if wants and channel.since is None:
                    channel.since = t
                delay = level.off_delay_s if channel.on else level.on_delay_s
                if wants and t - channel.since >= delay * 1000:
                    channel.on, channel.since = not channel.on, None
                channel.last = t
            after = self._level(rule, zone[0])
            if after != before:
                self.edges.append((t, rule.id, zone[0], after))

    def _level(self, rule: Rule, zone: str) -> int:
        standing = (
            n for n in range(1, len(rule.levels) + 1) if (c := self.channels.get((rule.id, zone, n))) and c.on
        )
        return max(standing, default=0)
