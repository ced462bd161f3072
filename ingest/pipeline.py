"""The order of the stages: judge, take zone values, detect. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest import detect, quality, zones
from venueair.block import Block, Int32, Why
from venueair.rules import Rule
from venueair.site import Site


@dataclass(frozen=True, slots=True)
class Plan:
    """What the stages need to know of each series and rule, as columns."""

    limits: quality.Limits
    zone_of: Int32
    channels: detect.Channels
    ladders: tuple[tuple[Rule, str], ...]  # (rule, zone) by ladder number
    channel_names: tuple[str, ...]  # the same over restarts and changed settings

    @classmethod
    def of(cls, names: Sequence[tuple[str, str]], site: Site, rules: Sequence[Rule]) -> "Plan":
        """`names` (source, quantity) by series number holds every zone's series that a rule watches."""
        number = {name: n for n, name in enumerate(names)}
        zone_of = [
            number.get((site.sensor[source].zone, quantity), -1) if source in site.sensor else -1
            for source, quantity in names
        ]
        ladders = tuple((rule, zone.id) for rule in rules for zone in site.zones if rule.covers(zone.id))
        rows = [
            (number[zone, rule.quantity], n, k + 1, level)
            for n, (rule, zone) in enumerate(ladders)
            for k, level in enumerate(rule.levels)
        ]
        channels = detect.Channels(
            series=np.array([series for series, *_ in rows], dtype=np.int64),
            ladder=np.array([ladder for _, ladder, *_ in rows], dtype=np.int64),
            level=np.array([nth for *_, nth, _ in rows], dtype=np.int64),
            limit=np.array([level.limit for *_, level in rows], dtype=np.float64),
            clear_below=np.array([level.limit - level.deadband for *_, level in rows], dtype=np.float64),
            on_ms=np.array([level.on_delay_s * 1000 for *_, level in rows], dtype=np.int64),
            off_ms=np.array([level.off_delay_s * 1000 for *_, level in rows], dtype=np.int64),
        )
        limits = quality.Limits.of([quantity for _, quantity in names])
        channel_names = tuple(f"{ladders[n][0].id}/{ladders[n][1]}/{level}" for _, n, level, _ in rows)
        return cls(limits, np.array(zone_of, dtype=np.int32), channels, ladders, channel_names)


@dataclass(frozen=True, slots=True)
class State:
    quality: quality.State
    zones: zones.State
    detect: detect.State

    @classmethod
    def start(cls, plan: Plan) -> "State":
        return cls(quality.State.empty(), zones.State.empty(), detect.State.start(len(plan.channels)))


@dataclass(frozen=True, slots=True)
class Result:
    """Rows to store: what came in with its flags, earlier rows that were flagged anew, zone values."""

    rows: Block
    zone_values: Block
    edges: list[detect.Edge]


def run(block: Block, state: State, plan: Plan) -> tuple[Result, State]:
    """One block of sensor readings through all stages."""
    block = block.last_of_each()
    judged, quality_state = quality.judge(block, state.quality, plan.limits)
    live = judged.where((judged.why & (Why.LATE | Why.CLOCK)) == 0)
    values, zone_state = zones.zone_values(live, state.zones, plan.zone_of)
    edges, detect_state = detect.detect(values, state.detect, plan.channels)
    return Result(judged, values, edges), State(quality_state, zone_state, detect_state)
