"""The stage: `value` from `raw`. Pure but for `state`, which changes in place."""

from functools import partial
from typing import Final

import numpy as np

from ingest.corrections.beside import Nearby, State
from ingest.corrections.kinds import KINDS
from ingest.corrections.plan import CORRECTED, Corrections, Step
from venueair.block import Block, Float64

_NO_ROWS: Final = np.empty(0, dtype=np.int64)
_FORMULAS: Final = [kind.corrected for kind in KINDS.values()]


def correct(block: Block, corrections: Corrections, state: State) -> Block:
    """`block` sorted by (series, t), one row per key; returned as it is where nothing is to be corrected.

    Where a reading that a correction needs is missing or too old, value stays raw, whatever else is
    configured for it, and the row is counted as uncorrected. A missing value stays NaN. No value leaves what
    its quantity can be, and above its sensor's range it is at least raw: "more than" must not become less.
    """
    role = corrections.role[block.series if corrections.steps else _NO_ROWS]
    if not role.any():
        return block
    state.fit(len(corrections))
    nearby = Nearby(block, role & np.uint8(~CORRECTED & 0xFF), state)
    at = np.flatnonzero(role & CORRECTED)
    value = block.value
    if len(at):
        rows = block.take(at)
        new = rows.raw
        for step in corrections.steps:
            new = _stepped(step, new, rows, nearby)
        lost = np.isnan(new) & ~np.isnan(rows.raw)
        if lost.any():
            new = np.where(lost, rows.raw, new)
            np.add.at(state.uncorrected, rows.series[lost], 1)
        value = value.copy()
        value[at] = new
    nearby.remember()
    return Block(block.t, block.series, value, block.raw, block.flag, block.why)


def _stepped(step: Step, x: Float64, rows: Block, nearby: Nearby) -> Float64:
    """`x` is what the steps before made of the n `rows`."""
    entry = step.at(rows.series.astype(np.int64), rows.t)
    new = x.copy()
    for kind in step.kinds:
        mine = np.flatnonzero((entry >= 0) & (step.kind[entry] == kind))
        if not len(mine):
            continue
        which, of_kind = entry[mine], rows.take(mine)
        beside = partial(nearby.reading, of_kind, step.others[which])
        y = _FORMULAS[kind](x[mine], step.parameters[which], beside)
        y = np.clip(y, step.low[which], step.high[which])
        new[mine] = np.where(of_kind.raw > step.over[which], np.maximum(y, of_kind.raw), y)
    return new
