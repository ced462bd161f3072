"""Which values of a zone are worth storing: a sensor has spoken since the last one, or a minute is full.

A zone whose sensors measure once a minute has a value every 5 s all the same, for detection; twelve times the
rows for nothing in the store. Pure but for its state.
"""

from typing import Final

import numpy as np

from ingest.zone_sums import STEP_MS
from venueair.block import Block, Int64

_MINUTE_MS: Final = 60_000
_STEP_BITS: Final = 31


class News:
    """Steps of zones with readings in them that have not been said yet; changes in place."""

    def __init__(self) -> None:
        self._waiting: Int64 = np.zeros(0, dtype=np.int64)  # series of the zone << 31 | step, ascending

    def told(self, live: Block, values: Block, said: Int64, zone_of: Int64) -> Block:
        """The rows of `values` (of zones) to store. `said`: the newest step, by zone series."""
        zone = zone_of[live.series].astype(np.int64)
        keys = zone << _STEP_BITS | -(-live.t // STEP_MS)
        keys = keys[(zone >= 0) & np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
        waiting = np.union1d(self._waiting, keys) if len(keys) else self._waiting
        wanted = values.series.astype(np.int64) << _STEP_BITS | values.t // STEP_MS
        at = np.minimum(np.searchsorted(waiting, wanted), len(waiting) - 1)
        fresh = waiting[at] == wanted if len(waiting) else np.zeros(len(wanted), dtype=np.bool_)
        self._waiting = waiting[(waiting & (1 << _STEP_BITS) - 1) > said[waiting >> _STEP_BITS]]
        return values.where(fresh | (values.t % _MINUTE_MS == 0))
