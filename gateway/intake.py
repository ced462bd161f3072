"""Samples on their way from the ports to the spool, and the counts of what did not get there."""

import threading
from collections import Counter, deque
from typing import Final

import structlog

from gateway.rows import Row, Sample
from gateway.spool import Spool
from gateway.spool_file import SpoolFull

log = structlog.get_logger(__name__)

GROUP: Final = 100  # samples that are worth a transaction at once
WAITING: Final = 20_000  # samples that a full disk may keep waiting; then the oldest go, and are counted


class Intake:
    """May be used from any thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: deque[Sample] = deque()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self.group_is_full = threading.Event()
        self.problem: str | None = None

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """(device, reason) -> how often; a copy."""
        with self._lock:
            return Counter(self._counts)

    def count(self, device: str, reason: str, n: int = 1) -> None:
        with self._lock:
            self._counts[device, reason] += n

    def put(self, sample: Sample) -> None:
        with self._lock:
            self._waiting.append(sample)
            if len(self._waiting) > WAITING:
                lost = self._waiting.popleft()
                self._counts[lost.device, "spool_full"] += len(lost.values)
            if len(self._waiting) >= GROUP:
                self.group_is_full.set()

    def flush(self) -> list[Row]:
        """Everything that waits is accepted and returned; on a full disk nothing is, and `problem` is set."""
        with self._writing:
            with self._lock:
                samples = list(self._waiting)
                self.group_is_full.clear()
            if not samples:
                return []
            try:
                rows = self._spool.append(samples)
            except SpoolFull as error:
                if self.problem is None:
                    log.error("spool", problem=str(error))  # noqa: TRY400  # the sentence says it all
                self.problem = str(error)
                return []
            self.problem = None
            with self._lock:
                done = {id(sample) for sample in samples}
                while self._waiting and id(self._waiting[0]) in done:
                    self._waiting.popleft()
            return rows

    def give_up(self) -> None:
        """What could not be accepted until the end is lost, and counted."""
        with self._lock:
            for sample in self._waiting:
                self._counts[sample.device, "spool_full"] += len(sample.values)
            self._waiting.clear()
