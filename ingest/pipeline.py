"""The order of the stages: correct, judge, take zone values, derive, take statistics, detect.

Pure but for `state`. All goes by event time: the same rows give the same results however they were cut.
"""

from dataclasses import dataclass

import numpy as np

from ingest import corrections, detection, outdoor, quality, window_statistics, zone_values
from ingest.derive import derive
from ingest.detection import Edge
from ingest.journal import Channel
from ingest.news import News
from ingest.plan import Plan
from venueair.block import Block, Flag, Int64, Why
from venueair.store.store import Period

_HISTORY = Why.LATE | Why.CLOCK


class State:
    """What the stages remember; changes in place."""

    def __init__(self) -> None:
        self.corrections = corrections.State()
        self.quality = quality.State()
        self.zones = zone_values.State()
        self.news = News()
        self.outdoor = outdoor.State()
        self.windows = window_statistics.State()
        self.detection = detection.State()


@dataclass(frozen=True, slots=True)
class Result:
    """Rows to store: what came in with its flags, earlier rows that were flagged anew, zone values.

    `changed` are the channels to keep over a restart. `late` are rows that came out of order: what is derived
    around them has to be recomputed.
    """

    rows: Block
    zone_values: Block
    edges: list[Edge]
    changed: Int64
    late: Block


def judge(block: Block, state: State, plan: Plan) -> Block:
    """One block of raw readings, corrected and flagged; sorted, with earlier rows that were flagged anew."""
    corrected = corrections.correct(block.last_of_each(), plan.corrections, state.corrections)
    return quality.judge(corrected, state.quality, plan.limits)


def run(block: Block, by_arrival: Block, state: State, plan: Plan) -> Result:
    """One block of raw readings through all stages.

    `by_arrival` are rows of wrong clocks at the time when they came: they are detected, not stored.
    """
    judged = judge(block, state, plan)
    is_live = (judged.why & _HISTORY) == 0
    live = judged if is_live.all() else judged.where(is_live)
    if len(by_arrival):
        live = Block.concat([live, judge(by_arrival, state, plan)]).last_of_each()
    live = quality.without_spikes(live)
    zoned = zone_values.zone_values(live, state.zones, plan.members)
    told = state.news.told(live, zoned.values, state.zones.said, plan.members.zone_of)
    derived = derive(told, plan.derived) if len(told) else told
    derived = Block.concat([derived, outdoor.advance(zoned.values, state.outdoor, plan.outdoor)])
    values = Block.concat([zoned.values, derived]).sorted() if len(derived) else zoned.values
    windowed = Block.empty()
    if len(values) or len(zoned.sensor_means):
        windowed = window_statistics.advance(values, zoned.sensor_means, state.windows, plan.windows)
    readings = _readings(live, plan)
    signals = Block.concat([readings, windowed]).sorted() if len(readings) else windowed
    edges, changed = detection.detect(signals, state.detection, plan.channels)
    late = live.where(zoned.passed) if zoned.passed.any() else Block.empty()
    if live is not judged:
        late = Block.concat([judged.where(~is_live & ((judged.why & Why.CLOCK) == 0)), late])
    rows = Block.concat([judged, zoned.reflagged]) if len(zoned.reflagged) else judged
    return Result(rows, Block.concat([told, derived]), edges, changed, late)


def channels(state: State, plan: Plan, which: Int64) -> dict[str, Channel]:
    """What a restart needs to know of these channels, by name."""
    columns = state.detection.columns.take(which)
    found = zip(columns.on.tolist(), columns.since.tolist(), columns.count.tolist(), strict=True)
    return dict(zip((plan.channel_names[c] for c in which.tolist()), found, strict=True))


def owed(late: Block, names: list[tuple[str, str]], plan: Plan) -> list[Period]:
    """Per device from the first to the last of its late rows, and of all that are compared with these."""
    found: dict[str, Period] = {}
    if not len(late):
        return []
    order = np.argsort(late.series, kind="stable")
    series, t = late.series[order], late.t[order]
    starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    first, last = np.minimum.reduceat(t, starts), np.maximum.reduceat(t, starts)
    for number, low, high in zip(series[starts].tolist(), first.tolist(), last.tolist(), strict=True):
        for source in {names[n][0] for n in (number, *plan.limits.compared_with(number))}:
            have = found.get(source, Period(source, low, high + 1))
            found[source] = Period(source, min(have.start, low), max(have.end, high + 1))
    return list(found.values())


def _readings(live: Block, plan: Plan) -> Block:
    """Rows that a rule takes as they are, with the signal's number as series; flags 1 and 3 only."""
    signal = plan.readings[live.series]
    watched = (signal >= 0) & ((live.flag == Flag.GOOD) | (live.flag == Flag.SUSPECT))
    if not watched.any():
        return Block.empty()
    rows = live.where(watched)
    return Block(rows.t, signal[watched], rows.value, rows.raw, rows.flag, rows.why)
