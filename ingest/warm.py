"""The pipeline's state after a restart: stored rows of the time that it remembers run through it again."""

import numpy as np

from ingest import detection, pipeline
from ingest.channel_steps import NOT_WAITING
from ingest.journal import Channel
from ingest.plan import Plan
from venueair.block import Block, Why
from venueair.store.store import Store

SLICE_MS = 3_600_000
_KEPT = Why.WARM_UP | Why.DEVICE_FAULT | Why.CLOCK


def replayed(stored: Block) -> Block:
    """Stored rows as they had been received; that they were late is over."""
    rows = Block.of(stored.t, stored.series, stored.raw)
    rows.why[:] = stored.why & _KEPT
    return rows


def warm_state(store: Store, plan: Plan, channels: dict[str, Channel], now_ms: int) -> pipeline.State:
    """`channels` by name, as the journal kept them: what stands or waits is theirs to say."""
    state = pipeline.State()
    newest = store.newest()
    if newest is None:
        return state
    newest = min(newest, now_ms)  # a row of a clock that runs ahead may be of tomorrow
    devices = np.flatnonzero(~plan.is_zone).tolist()
    for start in range(newest - plan.memory_ms, newest + 1, SLICE_MS):
        rows = store.range(devices, start, min(start + SLICE_MS, newest + 1))
        pipeline.run(replayed(rows), Block.empty(), state, plan)
    state.detection.fit(plan.channels)
    columns, last = state.detection.columns, state.detection.last
    for number, name in enumerate(plan.channel_names):
        kept = channels.get(name, (False, NOT_WAITING, 0))
        columns.on[number], columns.since[number], columns.count[number] = kept
    state.detection = detection.State.of(plan.channels, columns.on, columns.since, columns.count, last)
    return state
