"""History -> the store, in pieces that resume after a kill.

A piece is committed with its mark, under the name `import-<digest>` of its device, and with the period that
it owes: zone values, rollups and alarms are made of the stored rows when all of them are there. One that
begins again reads and judges the whole file, so that flags and counts come out the same, but writes only what
no mark covers. When it is done it takes its mark back: the same file can be imported again.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest import pipeline
from ingest.history.columns import HistoryError
from ingest.history.files import Chunk, HistoryFile
from ingest.plan import Plan
from venueair.block import Block, Why
from venueair.settings import Settings
from venueair.store.store import MarkKey, Marks, Store

READINGS: Final = 500_000  # of a piece, at most
Progress = Callable[[int, int], None]  # done, of


@dataclass(slots=True)
class Report:
    """Counts of readings, but for `read` and some of `rejected` (files.py says which are rows).

    `resumed` of the `stored` were so before this run. `replaced` had another value in the store.
    """

    read: int
    repeated: int
    rejected: Counter[str]
    stored: int = 0
    resumed: int = 0
    replaced: int = 0
    outside_retention: int = 0
    flagged: Counter[str] = field(default_factory=Counter)


def oldest_taken(file: HistoryFile, store: Store, now: int, *, drop_old: bool) -> int | None:
    """From when on the store takes rows; None: always. Raises HistoryError when it would refuse some."""
    oldest = store.takes_from(now)
    if oldest is None or drop_old:
        return oldest
    if count := file.readings_before(oldest):
        since = np.datetime_as_string(np.datetime64(oldest, "ms"), unit="s", timezone="UTC")
        raise HistoryError(
            f"{count} readings are older than {since}, where the store's retention ends: it would refuse"
            " them. --drop-old leaves them out; or let the store keep longer (raw_days, and its bucket)"
        )
    return oldest


def write_history(
    file: HistoryFile, store: Store, settings: Settings, device: str, oldest: int | None, progress: Progress
) -> Report:
    """Stores what is not older than `oldest`. Raises StoreError; begun again, it goes on where it was."""
    report = Report(file.read, file.repeated, file.rejected)
    series = [store.series(device, quantity) for quantity in file.quantities]
    key = _key(file, device)
    done = store.marks().get(key, Marks()).upto
    names = store.names()
    plan = Plan.of(names, settings.site, (), corrections=settings.correction)
    state = pipeline.State()
    for chunk in file.chunks(max(1, READINGS // max(1, len(series)))):
        last = chunk.first + len(chunk.t) - 1
        block = _block(chunk, series)
        if oldest is not None and chunk.t[0] < oldest:
            kept = block.where(block.t >= oldest)
            report.outside_retention += len(block) - len(kept)
            block = kept
        if len(block):
            judged = pipeline.judge(block, state, plan)
            _count(report, judged, len(block), int(block.t.min()))
            if last > done:
                owed = pipeline.owed(block, names, plan)
                report.replaced += store.write(judged, {key: Marks(last)}, owed)
            else:
                report.resumed += len(block)
        progress(last + 1, file.rows)
    return report


def forget(file: HistoryFile, store: Store, device: str) -> None:
    """Takes the mark back: all that the import owed is settled."""
    store.write(Block.empty(), {_key(file, device): Marks()})


def _key(file: HistoryFile, device: str) -> MarkKey:
    return device, f"import-{file.digest[:16]}"


def _block(chunk: Chunk, series: list[int]) -> Block:
    """Sorted, without missing values."""
    parts = []
    for number, values in sorted(zip(series, chunk.values.values(), strict=True), key=lambda pair: pair[0]):
        there = np.flatnonzero(~np.isnan(values))
        parts.append(Block.of(chunk.t[there], np.full(len(there), number), values[there]))
    return Block.concat(parts)


def _count(report: Report, judged: Block, stored: int, start: int) -> None:
    """`judged` rows before `start` were counted with their piece, but not as the spikes that they are."""
    report.stored += stored
    is_new = judged.t >= start
    for why in Why:
        if count := np.count_nonzero(judged.why[is_new] & why):
            report.flagged[str(why.name)] += int(count)
    if earlier := len(judged) - np.count_nonzero(is_new):
        report.flagged[str(Why.SPIKE.name)] += int(earlier)
