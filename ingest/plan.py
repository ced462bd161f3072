"""What the stages need to know of each series, signal and rule, as columns made from the settings. Pure.

A signal is what a rule watches: a statistic over a series. Plans grow: a plan made after another keeps its
numbers of signals, ladders and channels, so that the stages' state stays valid when new series appear.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest import derive, outdoor, quality
from ingest.channels import Channels
from ingest.corrections import Corrections
from ingest.derive import Derived
from ingest.outdoor import Outdoor
from ingest.signals import Kind, Windows
from ingest.zone_members import Members
from venueair.block import Bool, Int32
from venueair.corrections import Correction
from venueair.rules import Level
from venueair.rules_in_force import InForce
from venueair.site import Site

Key = tuple[int, str, int]  # series, statistic, window in seconds
AGREEMENT_MS: Final = 3_600_000  # sensors of a zone are compared over half an hour, out and back in
MARGIN_MS: Final = 300_000
GAP_MS: Final = 180_000  # or three intervals, as for silence, where readings come less than once a minute


@dataclass(frozen=True, slots=True)
class Ladder:
    """One alarm: a rule in a scope, which is a zone or, for rules of safety, a device of it."""

    entry: InForce
    signal: int


@dataclass(frozen=True, slots=True)
class Plan:
    limits: quality.Limits
    corrections: Corrections
    members: Members
    derived: Derived
    outdoor: Outdoor
    windows: Windows
    channels: Channels
    ladders: tuple[Ladder, ...]
    keys: tuple[Key, ...]  # by signal
    channel_names: tuple[str, ...]
    readings: Int32 = field(repr=False)  # (series,): the signal that takes the rows as they are, -1 for none
    is_zone: Bool = field(repr=False)  # (series,)
    memory_ms: int  # how far back a reading can matter
    reach_ms: int  # how far ahead

    @classmethod
    def of(
        cls,
        names: Sequence[tuple[str, str]],
        site: Site,
        rules: Sequence[InForce],
        before: "Plan | None" = None,
        corrections: Sequence[Correction] = (),
    ) -> "Plan":
        """`names` (source, quantity) by series number; `before` is the plan that this one goes on from."""
        number = {name: n for n, name in enumerate(names)}
        keys = {key: n for n, key in enumerate(before.keys)} if before else {}
        ladders = {ladder.entry.key: ladder for ladder in before.ladders} if before else {}
        for entry in rules:
            series = number.get((entry.scope, entry.rule.quantity))
            if series is not None and entry.key not in ladders:
                key = (series, entry.rule.statistic, entry.rule.window_s)
                ladders[entry.key] = Ladder(entry, keys.setdefault(key, len(keys)))
        rows = [
            (n, ladder, step, level)
            for n, ladder in enumerate(ladders.values())
            for step, level in ladder.entry.rule.ladder
        ]
        zone_of = [
            number.get((site.sensor[source].zone, quantity), -1) if source in site.sensor else -1
            for source, quantity in names
        ]
        pace = _intervals(names, site)
        open_air = Outdoor.of(names, site, pace)
        is_zone = np.array([source in site.zone for source, _ in names], dtype=np.bool_)
        windows = _windows(list(keys), is_zone, pace)
        longest = max((quality.memory_ms(quantity) for _, quantity in names), default=0)
        longest = max(longest, AGREEMENT_MS) + MARGIN_MS
        minutes = int(windows.minutes.max(initial=0)) * 60_000
        back, ahead = (outdoor.MEMORY_MS, outdoor.REACH_MS) if open_air.stations else (0, 0)
        delays = max((int(1000 * max(lv.on_delay_s, lv.off_delay_s)) for *_, lv in rows), default=0)
        return cls(
            limits=quality.Limits.of(names, site=site),
            corrections=Corrections.of(names, corrections),
            members=Members.of(names, np.array(zone_of, dtype=np.int32)),
            derived=Derived.of(names, site),
            outdoor=open_air,
            windows=windows,
            channels=_channels(rows, [pace[series] for series, *_ in keys]),
            ladders=tuple(ladders.values()),
            keys=tuple(keys),
            channel_names=tuple(f"{ladder.entry.key}/{step}" for _, ladder, step, _ in rows),
            readings=_readings(keys, is_zone),
            is_zone=is_zone,
            memory_ms=max(longest + back, minutes + MARGIN_MS),
            reach_ms=longest + max(minutes, ahead) + delays,
        )

    def lines(self) -> dict[int, list[float]]:
        """By series whose readings a rule takes as they are: the limits, up and down, ascending."""
        series_of = {signal: series for series, signal in enumerate(self.readings.tolist()) if signal >= 0}
        found: dict[int, list[float]] = {}
        columns = (self.channels.signal, self.channels.limit, self.channels.clear_at)
        for signal, *limits in zip(*(column.tolist() for column in columns), strict=True):
            if signal in series_of:
                found.setdefault(series_of[signal], []).extend(limits)
        return {series: sorted(limits) for series, limits in found.items()}


def series_needed(
    names: Sequence[tuple[str, str]], site: Site, rules: Sequence[InForce]
) -> list[tuple[str, str]]:
    """Series of zones that are not there yet: what a rule watches, what a sensor of theirs measures, and what
    follows from these.
    """
    wanted = {(entry.scope, entry.rule.quantity): None for entry in rules if entry.rule.each == "zone"}
    wanted |= {
        (site.sensor[source].zone, quantity): None for source, quantity in names if source in site.sensor
    }
    wanted |= dict.fromkeys(outdoor.needed(names, site))
    wanted |= dict.fromkeys(derive.needed([*names, *wanted], site))
    return list(wanted.keys() - set(names))


def _readings(keys: dict[Key, int], is_zone: Bool) -> Int32:
    signals = np.full(len(is_zone), -1, dtype=np.int32)
    for (series, statistic, _), signal in keys.items():
        if statistic == "reading" and not is_zone[series]:
            signals[series] = signal
    return signals


def _intervals(names: Sequence[tuple[str, str]], site: Site) -> list[float]:
    """Seconds between readings, by series; 0 where the settings say nothing: every model is fast.

    Of a zone it is that of its fastest sensor of the quantity, of a derived one of its fastest sensor, of an
    index an hour.
    """
    pace = [site.sensor[source].interval_s or 0.0 if source in site.sensor else 0.0 for source, _ in names]
    fastest: dict[tuple[str, str], float] = {}
    for (source, quantity), seconds in zip(names, pace, strict=True):
        if source in site.sensor:
            zone = site.sensor[source].zone
            for key in ((zone, quantity), (zone, "")):
                fastest[key] = min(seconds, fastest.get(key, seconds))
    return [
        fastest.get(
            (source, quantity), 3600.0 if quantity in outdoor.INDICES else fastest.get((source, ""), 0.0)
        )
        if source in site.zone
        else seconds
        for (source, quantity), seconds in zip(names, pace, strict=True)
    ]


def _windows(keys: list[Key], is_zone: Bool, pace: list[float]) -> Windows:
    """Signals of plain readings of sensors have no source here."""
    kinds = [_kind(statistic, window_s) for _, statistic, window_s in keys]
    return Windows.of(
        [-1 if key[1] == "reading" and not is_zone[key[0]] else key[0] for key in keys],
        kinds,
        [window_s // 60 for *_, window_s in keys],
        len(pace),
        [pace[series] for series, *_ in keys],
    )


def _kind(statistic: str, window_s: int) -> Kind:
    if statistic == "reading" or (statistic == "mean" and window_s == 60):
        return Kind.VALUE
    return {"mean": Kind.MEAN, "median": Kind.MEDIAN, "max": Kind.MAX, "rise": Kind.RISE}[statistic]


def _channels(rows: list[tuple[int, Ladder, int, Level]], pace: list[float]) -> Channels:
    """`pace`: seconds between readings, by signal."""
    sign = [1.0 if ladder.entry.rule.direction == "above" else -1.0 for _, ladder, *_ in rows]
    return Channels.of(
        signal=[ladder.signal for _, ladder, *_ in rows],
        ladder=[n for n, *_ in rows],
        level=[step for *_, step, _ in rows],
        limit=[level.limit for *_, level in rows],
        clear_at=[level.limit - s * level.deadband for s, (*_, level) in zip(sign, rows, strict=True)],
        above=[s > 0 for s in sign],
        on_ms=[int(level.on_delay_s * 1000) for *_, level in rows],
        off_ms=[int(level.off_delay_s * 1000) for *_, level in rows],
        samples=[level.samples for *_, level in rows],
        gap_ms=[max(GAP_MS, int(3000 * pace[ladder.signal])) for _, ladder, *_ in rows],
    )
