"""Channels stepped through their rows: side by side while they are many, one after the other when few.

The rule is in `_alone`, row by row; `_together` is the same for one row of each of many channels.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.channels import Channels
from venueair.block import Block, Bool, Int64

NOT_WAITING: Final = -(2**62)
_FEW: Final = 75  # rows that the plain loop steps in the time of one round of all side by side

Turn = tuple[int, int, float]  # t, channel, value


@dataclass(frozen=True, slots=True)
class Columns:
    """By channel: does it stand, since when (ms) does it wait to turn, how many values in a row spoke for it.

    `count` goes no further than the channel's `samples`.
    """

    on: Bool
    since: Int64
    count: Int64

    @classmethod
    def start(cls, channels: int) -> "Columns":
        return cls(
            np.zeros(channels, dtype=np.bool_),
            np.full(channels, NOT_WAITING),
            np.zeros(channels, dtype=np.int64),
        )

    def take(self, channel: Int64) -> "Columns":
        return Columns(self.on[channel], self.since[channel], self.count[channel])

    def grown(self, size: int) -> "Columns":
        more = Columns.start(size - len(self.on))
        return Columns(
            np.append(self.on, more.on), np.append(self.since, more.since), np.append(self.count, more.count)
        )

    def is_busy(self, channel: Int64) -> Bool:
        busy: Bool = self.on[channel] | (self.since[channel] != NOT_WAITING)
        return busy

    def equals(self, other: "Columns") -> Bool:
        """Row by row."""
        same: Bool = (self.on == other.on) & (self.since == other.since) & (self.count == other.count)
        return same


@dataclass(frozen=True, slots=True)
class Work:
    """Channels, each with the rows from `first` on of a block, and the t of the row before them."""

    channel: Int64
    first: Int64
    count: Int64
    before: Int64

    def take(self, index: Int64) -> "Work":
        return Work(self.channel[index], self.first[index], self.count[index], self.before[index])


def step_all(work: Work, block: Block, columns: Columns, channels: Channels) -> list[Turn]:
    """Changes `columns`; the turns in no order. A channel may be in `work` once."""
    turns: list[Turn] = []
    while len(work.channel) >= _FEW:
        turns += _together(work, block, columns, channels)
        rest = np.flatnonzero(work.count > 1)
        work = Work(work.channel, work.first + 1, work.count - 1, block.t[work.first]).take(rest)
    for channel, first, count, before in zip(
        work.channel.tolist(), work.first.tolist(), work.count.tolist(), work.before.tolist(), strict=True
    ):
        rows = slice(first, first + count)
        turns += _alone(
            channel, block.t[rows].tolist(), block.value[rows].tolist(), before, columns, channels
        )
    return turns


def _alone(
    channel: int, times: list[int], values: list[float], last: int, columns: Columns, channels: Channels
) -> list[Turn]:
    turns: list[Turn] = []
    on, since, count = bool(columns.on[channel]), int(columns.since[channel]), int(columns.count[channel])
    sign = 1 if channels.above[channel] else -1
    limit, clear_at = sign * float(channels.limit[channel]), sign * float(channels.clear_at[channel])
    on_ms, off_ms = int(channels.on_ms[channel]), int(channels.off_ms[channel])
    samples, gap_ms = int(channels.samples[channel]), int(channels.gap_ms[channel])
    for t, value in zip(times, values, strict=True):
        if t - last > gap_ms:
            since, count = NOT_WAITING, 0
        last = t
        if not (sign * value < clear_at if on else sign * value > limit):
            since, count = NOT_WAITING, 0
            continue
        if since == NOT_WAITING:
            since = t
        count = 0 if on else min(count + 1, samples)
        if t - since >= (off_ms if on else on_ms) and (on or count == samples):
            on, since, count = not on, NOT_WAITING, 0
            turns.append((t, channel, value))
    columns.on[channel], columns.since[channel], columns.count[channel] = on, since, count
    return turns


def _together(work: Work, block: Block, columns: Columns, channels: Channels) -> list[Turn]:
    """The first row of each."""
    c, t, value = work.channel, block.t[work.first], block.value[work.first]
    on, since, count = columns.on[c], columns.since[c], columns.count[c]
    goes_on = t - work.before <= channels.gap_ms[c]
    sign = np.where(channels.above[c], 1.0, -1.0)
    wants = np.where(on, sign * value < sign * channels.clear_at[c], sign * value > sign * channels.limit[c])
    since = np.where(wants, np.where(goes_on & (since != NOT_WAITING), since, t), NOT_WAITING)
    samples = channels.samples[c]
    count = np.where(wants & ~on, np.minimum(np.where(goes_on, count, 0) + 1, samples), 0)
    held = t - since >= np.where(on, channels.off_ms[c], channels.on_ms[c])
    turns = wants & held & (on | (count == samples))
    columns.on[c] = on ^ turns
    columns.since[c] = np.where(turns, NOT_WAITING, since)
    columns.count[c] = np.where(turns, 0, count)
    return list(zip(t[turns].tolist(), c[turns].tolist(), value[turns].tolist(), strict=True))
