"""Threshold detection with ladder, deadband, on- and off-delay in event time. Pure, vectorised.

A channel is one level of one rule in one zone. It turns on when its values were above `limit` for `on_ms`,
off when they were below `limit - deadband` for `off_ms`; a gap of more than GAP_MS starts the waiting anew,
so that silence neither raises nor clears. Channels that neither cross, wait nor stand are not stepped at all.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from venueair.block import Block, Bool, Float64, Int32, Int64

GAP_MS: Final = 180_000
_NEVER: Final = -(2**62)


@dataclass(frozen=True, slots=True)
class Channels:
    """Columns by channel; the levels of one ladder (a rule in a zone) follow each other, lowest first."""

    series: Int64
    ladder: Int64
    level: Int64  # 1, 2, 3
    limit: Float64
    clear_below: Float64
    on_ms: Int64
    off_ms: Int64

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, slots=True)
class State:
    """By channel: does it stand, since when does it wait (_NEVER: it does not), the newest t it saw."""

    on: Bool
    since: Int64
    last: Int64

    @classmethod
    def start(cls, channels: int) -> "State":
        return cls(np.zeros(channels, dtype=np.bool_), np.full(channels, _NEVER), np.full(channels, _NEVER))

    def waiting(self) -> Bool:
        return np.not_equal(self.since, _NEVER)


@dataclass(frozen=True, slots=True)
class Edge:
    """The level of one ladder changed at `t`; `level` 0 is cleared, `value` and `limit` are what crossed."""

    ladder: int
    t: int
    level: int
    value: float
    limit: float


def detect(block: Block, state: State, channels: Channels) -> tuple[list[Edge], State]:
    """`block`: values of flag 1 or 3, sorted. Rows at or before what a channel saw are ignored."""
    after = State(state.on.copy(), state.since.copy(), state.last.copy())
    row, channel = _pairs(block.series, channels.series)
    t, value = block.t[row], block.value[row]
    newer = t > state.last[channel]
    hot = state.on | state.waiting()
    np.logical_or.at(hot, channel[newer], value[newer] > channels.limit[channel[newer]])
    cold = newer & ~hot[channel]
    np.maximum.at(after.last, channel[cold], t[cold])
    step = newer & hot[channel]
    turns = _step(channel[step], t[step], value[step], after, channels)
    return _edges(turns, state.on, channels), after


def _pairs(rows: Int32, channels: Int64) -> tuple[Int64, Int64]:
    """(row, channel) of each row that a channel watches, by channel, then by row."""
    order = np.argsort(rows, kind="stable")
    low = np.searchsorted(rows[order], channels, "left")
    count = np.searchsorted(rows[order], channels, "right") - low
    channel = np.repeat(np.arange(len(channels)), count)
    nth = np.arange(len(channel)) - np.repeat(np.cumsum(count) - count, count)
    return order[np.repeat(low, count) + nth], channel


def _step(
    channel: Int64, t: Int64, value: Float64, state: State, channels: Channels
) -> list[tuple[int, int, float]]:
    """Steps all channels side by side through their 1st, 2nd, … row; changes `state`, a copy of ours.

    Returns (t, channel, value) of each turn.
    """
    rank = np.arange(len(channel)) - np.searchsorted(channel, channel, "left")
    turned: list[tuple[int, int, float]] = []
    for nth in range(int(rank.max(initial=-1)) + 1):
        here = rank == nth
        c, at, x = channel[here], t[here], value[here]
        on = state.on[c]
        wants = np.where(on, x < channels.clear_below[c], x > channels.limit[c])
        since = np.where(at - state.last[c] > GAP_MS, _NEVER, state.since[c])
        since = np.where(wants, np.where(since == _NEVER, at, since), _NEVER)
        turns = wants & (at - since >= np.where(on, channels.off_ms[c], channels.on_ms[c]))
        state.on[c] = on ^ turns
        state.since[c] = np.where(turns, _NEVER, since)
        state.last[c] = at
        turned += zip(at[turns].tolist(), c[turns].tolist(), x[turns].tolist(), strict=True)
    return sorted(turned)


def _edges(turns: list[tuple[int, int, float]], on: Bool, channels: Channels) -> list[Edge]:
    """Turns of channels, by time -> changes of level per ladder. Turns are rare: a plain loop."""
    edges = []
    on = on.copy()
    for (t, ladder), group in groupby(turns, key=lambda turn: (turn[0], int(channels.ladder[turn[1]]))):
        mine = channels.ladder == ladder
        before = int(channels.level[mine & on].max(initial=0))
        for _, c, value in group:  # several levels can turn at one time: one edge
            on[c] = ~on[c]
            limit = float(channels.limit[c])
            crossed = value
        now = int(channels.level[mine & on].max(initial=0))
        if now != before:
            edges.append(Edge(ladder, t, now, crossed, limit))
    return edges
