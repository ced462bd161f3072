"""Rollups of a minute and of an hour: mean, min, max, count of readings with flag 1 or 3. Pure."""

import numpy as np

from venueair.block import Block, Flag
from venueair.store.store import Rollup, Width


def rollup(block: Block, width: Width) -> Rollup:
    """Buckets [t, t + width) UTC of `block` (sorted, whole buckets); a bucket without readings is absent."""
    rows = block.where((block.flag == Flag.GOOD) | (block.flag == Flag.SUSPECT))
    bucket = rows.t - rows.t % (width * 1000)
    new = np.append(True, (bucket[1:] != bucket[:-1]) | (rows.series[1:] != rows.series[:-1]))[: len(rows)]
    starts = np.flatnonzero(new)
    if not len(starts):
        nothing = np.zeros(0)
        return Rollup(
            np.zeros(0, dtype=np.int64),
            np.zeros(0, dtype=np.int32),
            nothing,
            nothing,
            nothing,
            np.zeros(0, dtype=np.int64),
        )
    count = np.diff(np.append(starts, len(rows)))
    return Rollup(
        bucket[starts],
        rows.series[starts],
        np.add.reduceat(rows.value, starts) / count,
        np.minimum.reduceat(rows.value, starts),
        np.maximum.reduceat(rows.value, starts),
        count,
    )
