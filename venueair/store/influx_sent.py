"""What was sent of each series: which rows may be on the server already, and which replace another value."""

from typing import Final

import numpy as np

from venueair.block import Block, Bool, Float64, Int64

NEVER: Final = int(np.iinfo(np.int64).min)


def last_of_series(block: Block) -> Bool:
    """(n,) of a block sorted by (series, t): is it the newest row of its series?"""
    return np.append(block.series[1:] != block.series[:-1], True)[: len(block)]


class Sent:
    """By series number; grows, and costs per call what the rows of the block cost. Not thread-safe."""

    def __init__(self) -> None:
        self._tried: Int64 = np.full(64, NEVER)
        self._stored_t: Int64 = np.full(64, NEVER)
        self._stored_value: Float64 = np.full(64, np.nan)

    def add(self, series: int, upto: int) -> None:
        """Rows of this series up to `upto` may be there from an earlier run."""
        if series >= len(self._tried):
            self._tried = np.concatenate([self._tried, np.full(len(self._tried), NEVER)])
            self._stored_t = np.concatenate([self._stored_t, np.full(len(self._stored_t), NEVER)])
            self._stored_value = np.concatenate(
                [self._stored_value, np.full(len(self._stored_value), np.nan)]
            )
        self._tried[series] = upto

    def all_upto(self, t: int) -> None:
        np.maximum(self._tried, t, out=self._tried)

    def try_(self, block: Block) -> Bool:
        """(n,) may it be there? From now on all these rows may. `block` sorted by (series, t)."""
        again = block.t <= self._tried[block.series]
        last = last_of_series(block)
        series = block.series[last]
        self._tried[series] = np.maximum(self._tried[series], block.t[last])
        return again

    def stored(self, block: Block) -> int:
        """How many of these rows replaced one of another value, where that was the newest of its series."""
        same = block.t == self._stored_t[block.series]
        before, value = self._stored_value[block.series[same]], block.value[same]
        collided = int(((before != value) & ~(np.isnan(before) & np.isnan(value))).sum())
        newer = last_of_series(block) & (block.t >= self._stored_t[block.series])
        self._stored_t[block.series[newer]] = block.t[newer]
        self._stored_value[block.series[newer]] = block.value[newer]
        return collided
