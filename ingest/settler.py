"""The thread that settles what late rows owe, a while after the last of them, beside the running service.

Once a week it looks which sensors have drifted.
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from ingest.alarms import historical_edge
from ingest.drift_check import DriftCheck
from ingest.journal import Interval, Journal
from ingest.plan import Plan
from ingest.settle import Settled, settle, tasks
from venueair.clock import Clock
from venueair.messages import AlarmEdge
from venueair.site import Site
from venueair.store.store import Store, StoreError

log = structlog.get_logger(__name__)

LOOK_S: Final = 5.0
QUIET_MS: Final = 60_000  # a period is left alone while the service itself still works on it


class Settler:
    """`plan` gives the plan in force; `tell` enters alarm edges that were found only later."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        site: Site,
        clock: Clock,
        plan: Callable[[], Plan],
        tell: Callable[[list[AlarmEdge]], None],
    ) -> None:
        self._store = store
        self._journal = journal
        self._site = site
        self._clock = clock
        self._plan = plan
        self._tell = tell
        self._drift = DriftCheck(store, journal, site)
        self.counts: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest-settler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is not settled stays owed. Idempotent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=4)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S / max(self._clock.speed, 1.0)):
            try:
                self.settle_due()
                self._tell(self._drift.look(self._clock.now_ms()))
            except StoreError as error:
                self.counts["store_failures"] += 1
                log.warning("late rows are not settled yet; the store cannot do it", problem=str(error))
            except Exception:
                self.counts["failures"] += 1
                log.exception("late rows could not be settled and stay owed")
                self._stopping.wait(60)

    def settle_due(self) -> int:
        """Settles what has been quiet for QUIET_MS; returns how many tasks."""
        done = 0
        before = self._clock.now_ms() - QUIET_MS
        for task in tasks(self._store.owed(), self._site):
            if task.end > before or self._stopping.is_set():
                continue
            plan = self._plan()
            found = settle(self._store, plan, task)
            revise(self._journal, plan, task.sources, found, self._tell)
            self._store.settle(task.periods)
            self.counts["settled_tasks"] += 1
            self.counts["rewritten_rows"] += len(found.rows) + len(found.zone_values)
            if found.rollups_left:
                self.counts["late_without_raw"] += found.rollups_left
                log.warning(
                    "late rows of a time whose raw rows retention has dropped: its rollups stay as they are",
                    sources=sorted(task.sources),
                    start=task.start,
                    end=task.end,
                    rollups=found.rollups_left,
                )
            done += 1
        return done


def revise(
    journal: Journal,
    plan: Plan,
    sources: frozenset[str],
    settled: Settled,
    tell: Callable[[list[AlarmEdge]], object],
) -> int:
    """Puts the intervals of alarms of `sources` right; those nobody knew of are told first, as historical
    edges: killed in between, the same edge is told again, and is one edge. Returns how many.

    An alarm that still stands is the live service's to end, and its interval is left as it is. So is every
    interval that is known of a time whose rows retention has dropped.
    """
    edges: list[AlarmEdge] = []
    gone: list[Interval] = []
    new: list[Interval] = []
    for number, ladder in enumerate(plan.ladders):
        if ladder.entry.scope not in sources:
            continue
        alarm = ladder.entry.key
        known = journal.intervals(alarm, settled.start, settled.end)
        for start, end, peak in _stood(number, settled):
            same = [k for k in known if k.start < (end or settled.end) and start < (k.stop or settled.end)]
            known = [k for k in known if k not in same]
            if end is None or any(k.stop is None for k in same) or (same and settled.lacks_rows):
                continue
            if same and start < settled.start:  # it began before what was looked at
                start = same[0].start  # noqa: PLW2901
            gone += same
            new.append(Interval(alarm, start, end, peak, historical=all(k.historical for k in same)))
            if not same:
                edges.append(historical_edge(ladder, start, end, peak))
        if not settled.lacks_rows:
            gone += [
                k for k in known if k.stop is not None and settled.start <= k.start and k.stop <= settled.end
            ]
    tell(edges)
    journal.revise(gone, new)
    return len(edges)


def _stood(ladder: int, settled: Settled) -> list[tuple[int, int | None, int]]:
    """(start, end, peak) of this ladder's intervals that overlap what was settled."""
    return [
        (i.start, i.end, i.peak)
        for i in settled.intervals
        if i.ladder == ladder and i.start < settled.end and (i.end is None or i.end > settled.start)
    ]
