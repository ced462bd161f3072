"""The pipeline's state after a restart, rebuilt from what is stored."""

from typing import Final

import numpy as np

from ingest import detect, pipeline, quality, zones
from ingest.journal import Channel
from venueair.block import Block, Flag, Why
from venueair.store.store import Store

MEMORY_MS: Final = 1_800_000  # how far back the tests of quality remember over a restart


def warm_state(
    store: Store, plan: pipeline.Plan, channels: dict[str, Channel], now_ms: int
) -> pipeline.State:
    """`channels` by name, as the journal kept them."""
    newest = store.newest()
    if newest is None:
        return pipeline.State.start(plan)
    newest = min(newest, now_ms)  # a row of a clock that runs ahead may be of tomorrow
    rows = store.range(None, newest - MEMORY_MS, newest + 1)
    is_zone = np.isin(rows.series, np.unique(plan.zone_of[plan.zone_of >= 0]))
    readings, values = rows.where(~is_zone), rows.where(is_zone)
    on_time = readings.where((readings.why & (Why.LATE | Why.CLOCK)) == 0)
    _, judged = quality.judge(_as_received(on_time), quality.State.empty(), plan.limits)
    return pipeline.State(judged, _zones(on_time, values, plan), _channels(values, plan, channels))


def _as_received(rows: Block) -> Block:
    fresh = Block.of(rows.t, rows.series, rows.raw)
    fresh.why[:] = rows.why & (Why.WARM_UP | Why.DEVICE_FAULT)
    return fresh


def _zones(readings: Block, values: Block, plan: pipeline.Plan) -> zones.State:
    state = zones.State.empty().grown(len(plan.zone_of))
    np.maximum.at(state.newest, readings.series, readings.t)
    np.maximum.at(state.emitted, values.series, values.t)
    zone = plan.zone_of[readings.series]
    needed = (zone >= 0) & ((readings.flag == Flag.GOOD) | (readings.flag == Flag.SUSPECT))
    needed &= readings.t > state.emitted[zone] - zones.WINDOW_MS
    return zones.State(readings.where(needed), state.newest, state.emitted)


def _channels(values: Block, plan: pipeline.Plan, kept: dict[str, Channel]) -> detect.State:
    state = detect.State.start(len(plan.channels))
    last = np.full(len(plan.zone_of), int(state.last[0]) if len(state.last) else 0)
    np.maximum.at(last, values.series, values.t)
    state.last[:] = last[plan.channels.series]
    for number, name in enumerate(plan.channel_names):
        if name in kept:
            state.on[number], state.since[number] = kept[name]
    return state
