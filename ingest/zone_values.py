"""The value of a zone: the robust mean over its sensors of each one's mean of the last minute, every 5 s.

It is taken as soon as every sensor of the zone has got past that time; a sensor that lags more than GRACE_MS
is not waited for. Only readings of flag 1 and 3 enter; without any there is no value, never a 0. The same
rows give the same values however they were cut into blocks, as long as each sensor's rows come in order and
the sensors of a zone are at most GRACE_MS apart. Nothing here costs by series that a block has no rows of.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.ragged import distinct, spread, starts_of
from ingest.zone_agreement import ALONE, DISAGREE, HOLD_STEPS, OUT, Groups, Verdicts, findings
from ingest.zone_members import Members
from ingest.zone_outliers import DISAGREES, Judged, Outliers
from ingest.zone_sums import AGAINST, STEP_MS, WINDOW_STEPS, Added, Sums
from ingest.zone_votes import votes
from venueair.block import Block, Bool, Flag, Float64, Int64, Why

WINDOW_MS: Final = WINDOW_STEPS * STEP_MS
GRACE_MS: Final = 15_000
# Who runs the rows of the last so long again after `resume` is where he was.
MEMORY_MS: Final = HOLD_STEPS * STEP_MS + WINDOW_MS + GRACE_MS + STEP_MS
_NEVER: Final = -(2**62)
_NO_STEP: Final = -(2**40)
_STEP_BITS: Final = 31
_FAILS: Final = int(Why.GROSS_RANGE | Why.WARM_UP)


@dataclass(frozen=True, slots=True)
class Zoned:
    """Blocks sorted by (series, t).

    values        of zones; SUSPECT when all that is in them is, or two sensors have long disagreed
    sensor_means  of each sensor the mean of its last minute, at the steps of its zone
    reflagged     rows of sensors that have long deviated from the others: SUSPECT, CROSS_SENSOR
    passed        (rows of the block,) came too late for what their zone or sensor has already said
    """

    values: Block
    sensor_means: Block
    reflagged: Block
    passed: Bool


class State:
    """By series number how far sensors and zones are; changes in place."""

    def __init__(self) -> None:
        self.sums = Sums()
        self.verdicts = Verdicts()
        self.outliers = Outliers()
        self.newest = np.full(0, _NEVER)  # ms, of a sensor
        self.said = np.full(0, _NO_STEP)  # the newest step, of a zone
        self.until = np.full(0, _NO_STEP)  # the step up to which a zone may speak
        self.first = np.full(0, 2**40)  # of a sensor the first step with rows of the block at hand

    @property
    def left_out(self) -> dict[int, int]:
        """Sensor series -> bits of Why for which it stays aside; DISAGREES: it counts, but may be wrong."""
        return self.outliers.left_out

    def resume(self, out: Int64, at_odds: Int64, members: Members) -> None:
        """Who was out or at odds when it ended; then the rows of the last MEMORY_MS have to be run again.

        It shows in what is stored last: rows of who is out, and values of zones with two at odds, say
        CROSS_SENSOR.
        """
        self.fit(len(members))
        self.verdicts.verdict[out], self.verdicts.verdict[at_odds] = OUT, DISAGREE
        self.outliers.resume(out)

    def fit(self, size: int) -> None:
        if size <= len(self.newest):
            return
        size = max(size, len(self.newest) * 9 // 8)  # series come one by one; memory counts too
        more = size - len(self.newest)
        self.newest = np.append(self.newest, np.full(more, _NEVER))
        self.said = np.append(self.said, np.full(more, _NO_STEP))
        self.until = np.append(self.until, np.full(more, _NO_STEP))
        self.first = np.append(self.first, np.full(more, -_NO_STEP))
        self.sums.grow(size)
        self.verdicts.grow(size)
        self.outliers.grow(size)


def zone_values(block: Block, state: State, members: Members) -> Zoned:
    """`block` (sorted, one row per key, judged) -> what its zones can say now."""
    state.fit(len(members))
    rows, again, passed = _in_order(block, state, members)
    usable = _usable(rows)
    values, means, judged = Block.empty(), Block.empty(), Judged.nothing()
    if len(rows):
        added = state.sums.add(usable)
        due, sensors = _due(rows, state, members)
        series, step = _due_steps(sensors, added, state, members)
        if len(series):
            values, means, judged = _say(series, step, added, state, members)
        state.sums.commit(added)
    anew = state.outliers.flagged_anew(
        usable, _usable(again), judged, members.zone_of, state.said, state.until
    )
    if len(rows):
        state.said[due] = state.until[due]
    return Zoned(values, means, anew, passed)


def _in_order(block: Block, state: State, members: Members) -> tuple[Block, Block, Bool]:
    """(rows that take part, earlier rows flagged anew, rows that came too late)."""
    start = starts_of(block.series)
    count = np.diff(np.append(start, len(block)))
    series = block.series[start].astype(np.int64)
    zone = members.zone_of[series]
    newest = state.newest[series]
    known = np.where(zone >= 0, np.maximum(newest, state.said[zone] * STEP_MS), 2**62)
    fresh = block.t > np.repeat(known, count)
    if fresh.all():
        return block, Block.empty(), ~fresh
    old = ~fresh & np.repeat(zone >= 0, count)
    # A row that is not newer than its series is tested for spikes only when it was already here.
    again = old & ((block.why & Why.SPIKE) > 0) & (block.t <= np.repeat(newest, count))
    return block.where(fresh), block.where(again), old & ~again


def _usable(rows: Block) -> Block:
    """Rows that enter means; those that fail as a spike too: that is known one reading later only."""
    usable = (rows.flag == Flag.GOOD) | (rows.flag == Flag.SUSPECT)
    if usable.all():
        return rows
    return rows.where(usable | (rows.flag == Flag.FAIL) & ((rows.why & (_FAILS | Why.SPIKE)) == Why.SPIKE))


def _due(rows: Block, state: State, members: Members) -> tuple[Int64, Int64]:
    """(zones that have got further, their sensors). Moves `newest` of sensors and `until` of zones."""
    last = np.append(starts_of(rows.series), len(rows))[1:] - 1
    touched = rows.series[last].astype(np.int64)
    state.newest[touched] = rows.t[last]
    zones = distinct(members.zone_of[touched])
    owner, sensors = members.of_zones(zones)
    start = starts_of(owner)  # every touched zone has a sensor
    newest = state.newest[sensors]
    slowest = np.minimum.reduceat(np.where(newest == _NEVER, 2**62, newest), start)
    mark = np.maximum(slowest, np.maximum.reduceat(newest, start) - GRACE_MS)
    # A step is due when time has gone past it: other sensors may still speak at that very millisecond.
    until = (mark - 1) // STEP_MS
    further = until > state.said[zones]
    state.until[zones[further]] = until[further]
    if further.all():
        return zones, sensors
    return zones[further], sensors[further[owner]]


def _due_steps(sensors: Int64, added: Added, state: State, members: Members) -> tuple[Int64, Int64]:
    """(sensors' series, step), sorted, of steps that can have rows in their window."""
    if not len(sensors):
        return sensors, sensors
    begins = added.series[added.start]
    state.first[begins] = added.step[added.start]
    tail = np.minimum(state.sums.newest[sensors] + WINDOW_STEPS, state.first[sensors])
    state.first[begins] = -_NO_STEP
    # Where more than a window is empty begins a new run of steps.
    begins_run = np.ones(len(added.step), dtype=np.bool_)
    begins_run[1:] = (added.series[1:] != added.series[:-1]) | (np.diff(added.step) > WINDOW_STEPS)
    run = np.flatnonzero(begins_run)
    ends = added.step[np.append(run, len(added.step))[1:] - 1] + WINDOW_STEPS
    series = np.concatenate([sensors, added.series[run]])
    zone = members.zone_of[series]
    first = np.concatenate([np.full(len(sensors), _NO_STEP), added.step[run]])
    first = np.maximum(first, state.said[zone] + 1)
    last = np.minimum(np.concatenate([tail, ends]) - 1, state.until[zone])
    some = np.flatnonzero(last >= first)
    some = some[np.argsort(series[some] << _STEP_BITS | first[some])]
    owner, step = spread(first[some], last[some] - first[some] + 1)
    return series[some][owner], step


def _say(
    series: Int64, step: Int64, added: Added, state: State, members: Members
) -> tuple[Block, Block, Judged]:
    """(values of zones, means of sensors, how the sensors were found) at steps of sensors, sorted."""
    means = state.sums.means(series, step, added)
    if not means.rows.all():
        there = np.flatnonzero(means.rows)
        series, step, means = series[there], step[there], means.take(there)
    keys = members.zone_of[series] << _STEP_BITS | step
    if (keys[1:] > keys[:-1]).all():  # one sensor for each value
        group = order = np.arange(len(keys))
    else:
        keys, group = np.unique(keys, return_inverse=True)
        order = np.argsort(means.mean)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        order = np.argsort(group * len(order) + rank)
    zone = keys >> _STEP_BITS
    groups = Groups.of(group[order])
    accuracy, share = members.accuracy[zone], members.share[zone]

    compared = order[means.clean[order] > 0]
    of = group[compared]
    finding = np.full(len(series), ALONE)
    some = Groups.of(of)
    finding[compared] = findings(means.mean[compared], some, accuracy[of[some.start]], share[of[some.start]])
    verdict = state.verdicts.pass_on(series, step, finding)
    vote = votes(means.take(order), verdict[order], groups, accuracy, share)
    aside = np.empty(len(series), dtype=np.bool_)
    aside[order] = ~vote.counts

    bits = np.where(aside & (means.clean == 0), means.why & np.uint16(AGAINST), 0).astype(np.int64)
    bits |= np.where((verdict == OUT) & aside, Why.CROSS_SENSOR, 0)
    bits |= np.where((verdict == DISAGREE) & vote.disagree[group], DISAGREES, 0)
    values = _block(keys & (1 << _STEP_BITS) - 1, zone, vote.value, vote.suspect, vote.disagree)
    out = verdict == OUT
    return (
        values,
        _block(step, series, means.mean, out | (means.good == 0), out),
        Judged(series, step, finding, verdict, bits),
    )


def _block(step: Int64, series: Int64, value: Float64, suspect: Bool, cross: Bool) -> Block:
    flag = np.where(suspect, Flag.SUSPECT, Flag.GOOD).astype(np.uint8)
    why = np.where(cross, Why.CROSS_SENSOR, 0).astype(np.uint16)
    return Block(step * STEP_MS, series.astype(np.int32), value, value, flag, why)
