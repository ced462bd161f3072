"""The thread that writes to the store, so that detection never waits for it.

When the store fails, rows are kept and tried again with backoff; nothing is handed back before it is stored.
"""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import structlog

from ingest.failpoints import passed
from ingest.rollup_writer import RollupWriter
from ingest.standing import Standing, newest
from venueair.block import Block
from venueair.clock import Clock
from venueair.settings_store import Store as StoreSettings
from venueair.store.store import MarkKey, Period, Store, StoreError

log = structlog.get_logger(__name__)

MAX_ROWS: Final = 500_000  # waiting; above it the broker is not read any more
QUIET_S: Final = 0.2
LOADED_S: Final = 0.05
LOADED_ROWS: Final = 150
FULL_ROWS: Final = 20_000
MOST_ROWS: Final = 100_000  # of one commit, so that acknowledgements flow while a lot waits
RETRY_S: Final = (1.0, 30.0)
RETAIN_S: Final = 6 * 3600


@dataclass(frozen=True, slots=True)
class Batch:
    """Processed rows with all that is to happen when they are stored."""

    rows: Block
    marks: Standing
    owed: list[Period]
    announce: dict[str, dict[MarkKey, int]]  # topic -> marks
    acks: list[tuple[int, list[int]]]  # (generation, packet ids)


class Writer:
    """`put` batches; `done` gives back those that are stored. `on_done` is called on the writer's thread."""

    def __init__(self, store: Store, clock: Clock, keep: StoreSettings, on_done: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._on_done = on_done
        self.rollups = RollupWriter(store)
        self.counts: Counter[str] = Counter()
        self.problem = ""
        self.broken = False  # by a bug of ours: the worker has to start anew
        self._waiting: deque[Batch] = deque()
        self._done: deque[Batch] = deque()
        self._rows = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._flushed, self._retry_at, self._retry_s = 0.0, 0.0, RETRY_S[0]
        self._next_retain = 0.0
        self._thread = threading.Thread(target=self._run, name="ingest-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Writes what waits, for at most `seconds`, and ends. Idempotent."""
        deadline = time.monotonic() + seconds
        while self._thread.is_alive() and self._waiting and time.monotonic() < deadline and not self.broken:
            self._wake.set()
            time.sleep(0.01)
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=4)

    def put(self, batch: Batch) -> None:
        with self._lock:
            self._waiting.append(batch)
            self._rows += len(batch.rows)
        if self._rows > FULL_ROWS:
            self._wake.set()

    def done(self) -> list[Batch]:
        found = []
        while self._done:
            found.append(self._done.popleft())
        return found

    @property
    def full(self) -> bool:
        return self._rows > MAX_ROWS

    @property
    def idle(self) -> bool:
        return not self._waiting and not self._done

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(LOADED_S)
            self._wake.clear()
            try:
                if not self._flush() and not self.problem:
                    self._keep_house()
            except StoreError as error:
                self._failed(error)
            except Exception:
                log.exception("the writer failed; ingest starts anew from the store")
                self.broken = True
                self._on_done()
                return

    def _due(self) -> bool:
        waited = time.monotonic() - self._flushed
        return bool(self._waiting) and (
            waited >= QUIET_S
            or (waited >= LOADED_S and self._rows >= LOADED_ROWS)
            or self._rows >= FULL_ROWS
            or self._stopping.is_set()
        )

    def _flush(self) -> bool:
        """Writes what waits, if it is time; True when there is more to do at once."""
        now = time.monotonic()
        if now < self._retry_at or not self._due():
            return now < self._retry_at
        with self._lock:
            upto = np.cumsum([len(batch.rows) for batch in self._waiting])
            batches = list(islice(self._waiting, 1 + int(np.searchsorted(upto, MOST_ROWS))))
        block = Block.concat([batch.rows for batch in batches])
        marks = newest(batch.marks for batch in batches)
        owed = list(dict.fromkeys(period for batch in batches for period in batch.owed))
        self.counts["collided"] += self._store.write(block, marks, owed)
        passed("committed")
        self.problem, self._retry_s, self._flushed = "", RETRY_S[0], now
        self.counts["stored"] += len(block)
        with self._lock:
            for _ in batches:
                self._waiting.popleft()
            self._rows -= len(block)
        self._done.extend(batches)
        self.rollups.touch(block.t)
        self._on_done()
        return False

    def _failed(self, error: StoreError) -> None:
        if not self.problem:
            log.warning("the store cannot be written; rows are kept and tried again", problem=str(error))
        self.problem = str(error)
        self.counts["store_failures"] += 1
        self._retry_at = time.monotonic() + random.uniform(self._retry_s / 2, self._retry_s)  # noqa: S311  # jitter
        self._retry_s = min(self._retry_s * 2, RETRY_S[1])

    def _keep_house(self) -> None:
        self.rollups.write(self._clock.now_ms())
        if self._clock.monotonic() >= self._next_retain:
            keep = self._keep
            self._store.retain(self._clock.now_ms(), keep.raw_days, keep.minutes_days, keep.hours_days)
            self._next_retain = self._clock.monotonic() + RETAIN_S
