"""Threshold detection with ladder, deadband, on- and off-delay in event time. Pure but for its state.

A channel turns on when its values have been beyond its limit for `on_ms` and at least `samples` times in a
row, off when they have been back beyond `clear_at` for `off_ms`. Any value that is not starts the waiting
anew, and so does a gap of more than `gap_ms`: silence neither raises nor clears. Rows at or before what a
signal has seen are ignored. Only channels that are crossed, wait or stand are stepped; a call costs by its
rows, never by the number of channels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from ingest.channel_steps import Columns, Turn, Work, step_all
from ingest.channels import Channels, Signals
from ingest.ragged import distinct, spread, starts_of
from venueair.block import Block, Bool, Float64, Int64

__all__ = ["Channels", "Edge", "Interval", "State", "detect", "intervals"]

_NEVER: Final = -(2**62)
_NOBODY_WATCHES: Final = 2**62  # so that no row is newer


@dataclass(frozen=True, slots=True)
class Edge:
    """The level of one ladder changed at `t`; `level` 0 is cleared, `value` and `limit` are what crossed."""

    ladder: int
    t: int
    level: int
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A ladder stood from `start` until `end` (ms; None: it still stands); `peak` is its highest level."""

    ladder: int
    start: int
    end: int | None
    peak: int


class State:
    """How channels and signals are; changes in place.

    Channels may become more: those that were there must keep their numbers. `last` (signals,) is the ms of
    the newest row of each.
    """

    def __init__(self) -> None:
        self.channels: Channels | None = None
        self.signals = Signals.none()
        self.columns = Columns.start(0)
        self.last = np.zeros(0, dtype=np.int64)
        # Outside these a row is looked at; of a signal with a busy channel every row is.
        self.low, self.high = self.signals.low, self.signals.high
        self.levels = np.zeros(0, dtype=np.int64)  # of ladders, a bit for each that stands

    @classmethod
    def of(cls, channels: Channels, on: Bool, since: Int64, count: Int64, last: Int64) -> "State":
        """As it was kept: `on`, `since` and `count` (channels,), `last` (signals,)."""
        state = cls()
        state.columns = Columns(on.copy(), since.copy(), count.copy())
        state.last = last.copy()
        state.fit(channels)
        np.bitwise_or.at(state.levels, channels.ladder[on], 1 << channels.level[on] - 1)
        return state

    def fit(self, channels: Channels) -> None:
        if channels is self.channels:
            return
        self.channels = channels
        self.signals = Signals.of(channels)
        self.columns = self.columns.grown(len(channels))
        self.last = np.append(self.last, np.full(len(self.signals) - len(self.last), _NEVER))
        ladders = int(channels.ladder.max(initial=-1)) + 1
        self.levels = np.append(self.levels, np.zeros(ladders - len(self.levels), dtype=np.int64))
        self.low, self.high = self.signals.low.copy(), self.signals.high.copy()
        self.watch(np.arange(len(self.signals)))

    def watch(self, signals: Int64) -> None:
        """Opens or closes the bounds of signals whose channels may have changed."""
        owner, channel = self.signals.channels_of(signals)
        busy = np.zeros(len(signals), dtype=np.bool_)
        busy[owner[self.columns.is_busy(channel)]] = True
        self.low[signals] = np.where(busy, np.inf, self.signals.low[signals])
        self.high[signals] = np.where(busy, -np.inf, self.signals.high[signals])


def detect(block: Block, state: State, channels: Channels) -> tuple[list[Edge], Int64]:
    """(edges by (t, ladder), the channels whose columns have changed, ascending).

    `block`: values of flag 1 or 3; its series are numbers of signals, each signal's rows together and by t.
    """
    state.fit(channels)
    block, start, signal, before = _newer(block, state)
    count = np.diff(np.append(start, len(block)))
    state.last[signal] = block.t[start + count - 1]
    low, high = np.repeat(state.low[signal], count), np.repeat(state.high[signal], count)
    beyond = np.flatnonzero(~((block.value >= low) & (block.value <= high)))
    if not len(beyond):
        return [], np.zeros(0, dtype=np.int64)
    hot = distinct(np.searchsorted(start, beyond, "right") - 1)
    owner, channel = state.signals.channels_of(signal[hot])
    work = Work(channel, start[hot][owner], count[hot][owner], before[hot][owner])
    at, row = spread(start[hot], count[hot])
    work = work.take(_stirred(channel, owner, block.value[row], starts_of(at), state, channels))
    columns = state.columns.take(work.channel)
    turns = step_all(work, block, state.columns, channels)
    changed = work.channel[~columns.equals(state.columns.take(work.channel))]
    state.watch(signal[hot])
    return _edges(turns, state, channels), np.sort(changed)


def _newer(block: Block, state: State) -> tuple[Block, Int64, Int64, Int64]:
    """(rows that are newer than their signal, where each signal begins, the signal, its newest t before)."""
    start = starts_of(block.series)
    signal = block.series[start].astype(np.int64)
    known = signal < len(state.last)
    before = np.full(len(signal), _NOBODY_WATCHES)
    before[known] = state.last[signal[known]]
    newer = np.ones(len(block), dtype=np.bool_)
    newer[1:] = block.t[1:] > block.t[:-1]
    newer[start] = block.t[start] > before
    if newer.all():
        return block, start, signal, before
    return _newer(_only_newer(block, start, before), state)


def _only_newer(block: Block, start: Int64, before: Int64) -> Block:
    """Without rows at or before what was seen; of rows with equal (series, t) the first stays."""
    count = np.diff(np.append(start, len(block)))
    again = np.zeros(len(block), dtype=np.bool_)
    again[1:] = (block.t[1:] <= block.t[:-1]) & (block.series[1:] == block.series[:-1])
    return block.where(~again & (block.t > np.repeat(before, count)))


def _stirred(
    channel: Int64, owner: Int64, value: Float64, start: Int64, state: State, channels: Channels
) -> Int64:
    """Which of `channel` wait, stand or are crossed; values of signal owner[i] begin at start[owner[i]]."""
    highest, lowest = np.fmax.reduceat(value, start)[owner], np.fmin.reduceat(value, start)[owner]
    limit = channels.limit[channel]
    crossed = np.where(channels.above[channel], highest > limit, lowest < limit)
    return np.flatnonzero(crossed | state.columns.is_busy(channel))


def _edges(turns: list[Turn], state: State, channels: Channels) -> list[Edge]:
    """Turns are rare: a plain loop. Several levels of a ladder that turn at one time are one edge."""
    edges = []
    rows = sorted((t, int(channels.ladder[c]), c, value) for t, c, value in turns)
    for (t, ladder), group in groupby(rows, key=lambda row: row[:2]):
        levels = before = int(state.levels[ladder])
        for _, _, c, value in group:
            levels ^= 1 << int(channels.level[c]) - 1
            limit, crossed = float(channels.limit[c]), value
        state.levels[ladder] = levels
        if levels.bit_length() != before.bit_length():
            edges.append(Edge(ladder, t, levels.bit_length(), crossed, limit))
    return edges


def intervals(edges: Iterable[Edge]) -> list[Interval]:
    """From raise to clear of each ladder, by (start, ladder); a clear without a raise says nothing."""
    found: list[Interval] = []
    standing: dict[int, tuple[int, int]] = {}
    for edge in sorted(edges, key=lambda edge: edge.t):
        start, peak = standing.get(edge.ladder, (edge.t, 0))
        if edge.level:
            standing[edge.ladder] = (start, max(peak, edge.level))
        elif edge.ladder in standing:
            del standing[edge.ladder]
            found.append(Interval(edge.ladder, start, edge.t, peak))
    found += [Interval(ladder, start, None, peak) for ladder, (start, peak) in standing.items()]
    return sorted(found, key=lambda interval: (interval.start, interval.ladder))
