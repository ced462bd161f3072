"""Settling without a service: after an import, and when corrections or tests have changed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import structlog

from ingest.journal import Journal
from ingest.plan import Plan, series_needed
from ingest.settle import DAY_MS, settle, tasks
from ingest.settler import revise
from venueair.block import Block
from venueair.messages import AlarmEdge
from venueair.rules_in_force import rules_of
from venueair.settings import Settings
from venueair.store.store import Period, Store

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]  # done, of


@dataclass(slots=True)
class Changes:
    """Rows that were written again because value, flag or reason differ, by (source, quantity).

    `rollups_left` stay as they are: retention has dropped rows that they were made of.
    """

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    historical_alarms: int = 0
    rollups_left: int = 0


def settle_all(store: Store, settings: Settings, now: int, progress: Progress) -> Changes:
    """Settles every owed period. Raises StoreError; what is not settled then stays owed."""
    rules = rules_of(settings, datetime.fromtimestamp(now / 1000, UTC).date())
    for source, quantity in series_needed(store.names(), settings.site, rules):
        store.series(source, quantity)
    names = store.names()
    plan = Plan.of(names, settings.site, rules, corrections=settings.correction)
    changes = Changes()
    found = tasks(store.owed(), settings.site)
    journal = Journal(settings.data / "ingest.sqlite")

    def tell(edges: list[AlarmEdge]) -> None:
        journal.record([(_venue(edge.scope, settings), edge) for edge in edges], {})

    try:
        for done, task in enumerate(found):
            progress(done, len(found))
            settled = settle(store, plan, task)
            changes.historical_alarms += revise(journal, plan, task.sources, settled, tell)
            store.settle(task.periods)
            changes.rollups_left += settled.rollups_left
            for rows in (settled.rows, settled.zone_values):
                count = np.bincount(rows.series)
                changes.rows.update({names[n]: int(count[n]) for n in np.flatnonzero(count).tolist()})
        progress(len(found), len(found))
    finally:
        journal.close()
    if changes.rollups_left:
        log.warning(
            "rollups of a time whose raw rows retention has dropped stay as they are",
            rollups=changes.rollups_left,
        )
    return changes


def recompute(
    store: Store, settings: Settings, device: str | None, start: int, end: int, now: int, progress: Progress
) -> Changes:
    """Corrected values, flags, zone values and rollups of [start, end), of one device's zone or of all."""
    devices = [sensor.id for sensor in settings.sensor if device in {None, sensor.id}]
    periods = [Period(name, t, min(t + DAY_MS, end)) for name in devices for t in range(start, end, DAY_MS)]
    store.write(Block.empty(), {}, periods)
    return settle_all(store, settings, now, progress)


def _venue(scope: str, settings: Settings) -> str:
    sensor = settings.site.sensor.get(scope)
    return settings.site.venue_of_zone(sensor.zone if sensor else scope)
