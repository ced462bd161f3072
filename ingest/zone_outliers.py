"""What is said of sensors that stay aside: their rows flagged anew, and which they are and why.

A row is flagged anew when the step it belongs to is said, which may be some calls after it came. So the rows
of sensors that are out, or deviate and may be out any moment, are held until then; those of others are not.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.ragged import starts_of
from ingest.zone_agreement import DEVIATES, OUT
from ingest.zone_sums import STEP_MS
from venueair.block import Block, Bool, Flag, Int64, Why

DISAGREES: Final = 1 << 16  # beyond the bits of Why: one of two is wrong, and nobody knows which
_STEP_BITS: Final = 31


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found at steps, sorted by (series, step); `bits` are of Why, or DISAGREES."""

    series: Int64
    step: Int64
    finding: Int64
    verdict: Int64
    bits: Int64

    @classmethod
    def nothing(cls) -> "Judged":
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(5)))

    def last_of_each(self) -> Int64:
        """The row of the newest step of each series."""
        return np.append(starts_of(self.series), len(self.series))[1:] - 1


class Outliers:
    """By series number; changes in place. `left_out` is as Zoned's readers see it: series -> bits."""

    def __init__(self) -> None:
        self.left_out: dict[int, int] = {}
        self.since: dict[int, int] = {}  # the first step of those in `left_out`, once judged
        self._bits = np.zeros(0, dtype=np.int32)
        self._is_out = np.zeros(0, dtype=np.bool_)
        self._may_be_out = np.zeros(0, dtype=np.bool_)
        self._watched = 0  # how many may be out
        self._held = Block.empty()

    def grow(self, size: int) -> None:
        more = size - len(self._bits)
        self._bits = np.append(self._bits, np.zeros(more, dtype=np.int32))
        self._is_out = np.append(self._is_out, np.zeros(more, dtype=np.bool_))
        self._may_be_out = np.append(self._may_be_out, np.zeros(more, dtype=np.bool_))

    def resume(self, sensors: Int64) -> None:
        """These, each once, are out."""
        self._watch(sensors, np.ones(len(sensors), dtype=np.bool_))
        self._is_out[sensors] = True
        self._tell(sensors, np.full(len(sensors), int(Why.CROSS_SENSOR)))

    def flagged_anew(
        self, rows: Block, again: Block, judged: Judged, zone_of: Int64, said: Int64, until: Int64
    ) -> Block:
        """The rows of the steps at which their sensor is out, sorted.

        `rows` just came, `again` are earlier ones that were flagged anew; zones have been told up to the
        step `said` and now are up to `until`, both by series number.
        """
        bad = (judged.finding == DEVIATES) | (judged.verdict == OUT)
        if not (self._watched or self.left_out or bad.any() or judged.bits.any()):
            return Block.empty()
        news = np.unique(judged.series[bad])
        self._watch(news, np.ones(len(news), dtype=np.bool_))
        if self._watched:
            came = [part.where(self._may_be_out[part.series]) for part in (rows, again)]
            self._held = Block.concat([self._held, *came])
        out = Block.empty()
        if len(self._held):
            held = self._held = self._held.last_of_each()
            step, zone = -(-held.t // STEP_MS), zone_of[held.series]
            outs = judged.verdict == OUT
            keys = judged.series[outs] << _STEP_BITS | judged.step[outs]
            is_due = np.isin(held.series.astype(np.int64) << _STEP_BITS | step, keys)
            out = _marked(held.where(is_due | (step <= said[zone]) & self._is_out[held.series]))
        last = judged.last_of_each()
        self._watch(judged.series[last], bad[last])
        self._is_out[judged.series[last]] = judged.verdict[last] == OUT
        if len(self._held):
            self._held = held.where((step > until[zone]) & self._may_be_out[held.series])
        self._tell(judged.series[last], judged.bits[last])
        self._date(judged, last)
        return out

    def _watch(self, series: Int64, may_be_out: Bool) -> None:
        """Of these series, each once."""
        self._watched += int(may_be_out.sum()) - int(self._may_be_out[series].sum())
        self._may_be_out[series] = may_be_out

    def _tell(self, series: Int64, bits: Int64) -> None:
        changed = np.flatnonzero(bits != self._bits[series])
        self._bits[series[changed]] = bits[changed]
        for sensor, why in zip(series[changed].tolist(), bits[changed].tolist(), strict=True):
            if why:
                self.left_out[sensor] = why
            else:
                del self.left_out[sensor]
                self.since.pop(sensor, None)

    def _date(self, judged: Judged, last: Int64) -> None:
        """From which step on those that are left out have been so without a break."""
        stays = judged.bits[last] != 0
        if not stays.any():
            return
        begins = starts_of(judged.series)[stays]
        free = np.where(judged.bits == 0, np.arange(len(judged.bits)), -1)
        free = np.maximum.accumulate(free)[last[stays]]  # the row at which it last was not
        first = judged.step[np.maximum(begins, free + 1)]
        sensors = judged.series[begins].tolist()
        for sensor, step, was_free in zip(sensors, first.tolist(), (free >= begins).tolist(), strict=True):
            if was_free or sensor not in self.since:
                self.since[sensor] = step


def _marked(rows: Block) -> Block:
    flag = np.maximum(rows.flag, np.uint8(Flag.SUSPECT))
    return Block(rows.t, rows.series, rows.value, rows.raw, flag, rows.why | np.uint16(Why.CROSS_SENSOR))
