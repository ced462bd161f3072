"""What detection watches for: channels, one per level of a rule in one place, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from ingest.ragged import spread
from venueair.block import Bool, Float64, Int64


@dataclass(frozen=True, slots=True)
class Channels:
    """Columns by channel; the levels of one ladder follow each other, lowest first, on one signal.

    signal, ladder  numbers from 0 on
    level           1, 2, 3
    limit, clear_at in the signal's unit: on beyond `limit`, off when back beyond `clear_at`
    above           beyond means higher; False: lower
    on_ms, off_ms   how long it must stay beyond
    samples         how many values in a row must be beyond `limit`, at least 1
    gap_ms          values further apart are not in a row
    """

    signal: Int64
    ladder: Int64
    level: Int64
    limit: Float64
    clear_at: Float64
    above: Bool
    on_ms: Int64
    off_ms: Int64
    samples: Int64
    gap_ms: Int64

    @classmethod
    def of(
        cls,
        *,
        signal: Sequence[int],
        ladder: Sequence[int],
        level: Sequence[int],
        limit: Sequence[float],
        clear_at: Sequence[float],
        above: Sequence[bool],
        on_ms: Sequence[int],
        off_ms: Sequence[int],
        samples: Sequence[int],
        gap_ms: Sequence[int],
    ) -> Self:
        whole = (
            np.array(column, dtype=np.int64)
            for column in (signal, ladder, level, on_ms, off_ms, samples, gap_ms)
        )
        signals, ladders, levels, on, off, number, gap = whole
        limits, ends = (np.array(column, dtype=np.float64) for column in (limit, clear_at))
        return cls(
            signals, ladders, levels, limits, ends, np.array(above, dtype=np.bool_), on, off, number, gap
        )

    def __len__(self) -> int:
        return len(self.signal)


@dataclass(frozen=True, slots=True)
class Signals:
    """By signal s: its channels are channels[first[s]:first[s + 1]]; a value in [low, high] crosses none."""

    channels: Int64
    first: Int64
    low: Float64
    high: Float64

    @classmethod
    def none(cls) -> Self:
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, np.zeros(1, dtype=np.int64), np.zeros(0), np.zeros(0))

    @classmethod
    def of(cls, channels: Channels) -> Self:
        size = int(channels.signal.max(initial=-1)) + 1
        order = np.argsort(channels.signal, kind="stable")
        first = np.searchsorted(channels.signal[order], np.arange(size + 1))
        low, high = np.full(size, -np.inf), np.full(size, np.inf)
        above = channels.above
        np.minimum.at(high, channels.signal[above], channels.limit[above])
        np.maximum.at(low, channels.signal[~above], channels.limit[~above])
        return cls(order, first, low, high)

    def __len__(self) -> int:
        return len(self.low)

    def channels_of(self, signals: Int64) -> tuple[Int64, Int64]:
        """(index into `signals`, channel) of all channels of these signals."""
        first = self.first[signals]
        owner, place = spread(first, self.first[signals + 1] - first)
        return owner, self.channels[place]
