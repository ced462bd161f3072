"""A reading beside the one before and the one after it: spike and rate of change.

The average form of QARTOD's spike test: |x - (before + after) / 2| > limit. It is known when the next reading
is there; a reading beside a gap, or the first, is not tested and keeps its flag.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.quality.limits import Limits
from ingest.quality.runs import Runs
from ingest.quality.start_values import GAP_MS, MINUTE_MS
from ingest.quality.state import Records
from venueair.block import Bool, Int64

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Jumps:
    """spikes, dips, rates: rows of the block; dips are spikes too.

    earlier: indices of runs whose newest reading of before was a spike; earlier_dips: which of them are dips.
    """

    spikes: Int64
    dips: Int64
    rates: Int64
    earlier: Int64
    earlier_dips: Bool


_NO_ROWS: Final = np.empty(0, dtype=np.int64)
_CALM: Final = Jumps(_NO_ROWS, _NO_ROWS, _NO_ROWS, _NO_ROWS, np.empty(0, dtype=np.bool_))


def jumps(rows: Runs, old: Records, limits: Limits) -> Jumps:
    """`old` NEWEST (k,): what was newest before these rows."""
    columns, quantity = limits.columns, limits.quantity[rows.series]
    lowest = np.fmin(np.fmin(rows.low, old["raw"]), old["before"])
    highest = np.fmax(np.fmax(rows.high, old["raw"]), old["before"])
    # No height and no step exceeds the spread; the factor leaves room for rounding.
    lively = highest - lowest > 0.999 * np.minimum(columns.spike, columns.rate)[quantity]
    if not lively.any():
        return _CALM
    runs = np.flatnonzero(lively)
    part, old, quantity = rows.only(lively), old.take(runs), quantity[runs]
    run = np.repeat(np.arange(len(runs)), part.end - part.start)
    quantity = quantity[run]
    raw, head = part.raw, part.start

    before = _shifted(raw, head, old["raw"])
    before_t = _shifted(part.t, head, old["t"])
    earlier = _shifted(before, head, old["before"])
    near = part.t - before_t <= GAP_MS
    were_near = _shifted(near, head, old["t"] - old["before_t"] <= GAP_MS)

    minutes = np.maximum(part.t - before_t, MINUTE_MS) / MINUTE_MS
    fast = near & (np.abs(raw - before) > columns.rate[quantity] * minutes)
    judged = near & were_near
    spike = judged & (np.abs(before - (earlier + raw) / 2) > columns.spike[quantity])
    # Lower than both: a step up or down has its edges half below the mean, and they are no faults.
    dip = spike & (np.minimum(earlier, raw) - before > columns.dip[quantity])

    is_head = np.zeros(len(raw), dtype=np.bool_)
    is_head[head] = True
    again = np.flatnonzero(spike & is_head)
    return Jumps(
        part.row[np.flatnonzero(spike & ~is_head) - 1],
        part.row[np.flatnonzero(dip & ~is_head) - 1],
        part.row[fast],
        runs[run[again]],
        dip[again],
    )


def _shifted(column: NDArray[_T], head: Int64, first: object) -> NDArray[_T]:
    """Each row's predecessor; the rows that begin a run have `first`."""
    result = np.empty_like(column)
    result[1:] = column[:-1]
    result[head] = first
    return result
