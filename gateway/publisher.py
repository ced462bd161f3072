"""Sends rows to ingest, live ones first, and again until they are committed.

A broker's acknowledgement is no proof that ingest has a row, so none is waited for: rows leave the spool by
`committed` alone. The backlog is what is in the spool and is not live: rows of earlier runs, rows accepted
without a connection, rows that are not committed RESEND_S after they were sent. It is sent oldest first, in
passes of at most WINDOW rows; the next pass begins when all of the last one is committed, or after a wait
that doubles while nothing is, so that a broker without ingest is not filled up. All times are real time.
"""

import threading
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Final, Protocol

import structlog

from gateway.batches import batches
from gateway.rows import Row
from gateway.spool import Spool
from gateway.spool_file import SpoolFull
from venueair.messages import Status, encode
from venueair.topics import device_topic

log = structlog.get_logger(__name__)

WAVE_S: Final = 0.1
RESEND_S: Final = 30.0
LONGEST_WAIT_S: Final = 120.0
WINDOW: Final = 10_000  # rows
BACKLOG_ROWS_PER_WAVE: Final = 300
PRUNE_AGAIN_S: Final = 1.0  # after a disk that was too full even for that


class Link(Protocol):
    """What is needed of an MqttLink. `publish` is False when there is no connection; then nothing is sent."""

    @property
    def connected(self) -> bool: ...

    @property
    def generation(self) -> int: ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool: ...


class Publisher:
    """`add`, `committed` and `set_status` may be called from any thread, `step` from one at a time."""

    def __init__(self, link: Link, spool: Spool, venue: str, gateway: str, now: Callable[[], float]) -> None:
        self._link = link
        self._spool = spool
        self._venue = venue
        self._gateway = gateway
        self._now = now
        self._lock = threading.Lock()
        self._live: list[Row] = []
        self._upto: dict[str, dict[str, int]] = {}
        self._statuses: dict[str, Status] = {}
        self._unsaid: set[str] = set()
        self._generation: int | None = None
        self._last_wave = -inf
        self._next_prune = -inf
        self._sent: deque[tuple[float, int]] = deque()  # (when, id of the newest live row then)
        self._backlog_end = spool.last_id  # rows up to this id are backlog
        self._pass_end = 0
        self._pass_rows = 0
        self._cursor = 0
        self._last_resent = 0.0
        self._wait_s = RESEND_S

    def add(self, rows: list[Row]) -> None:
        """Rows that were just accepted. Without a connection they become backlog."""
        with self._lock:
            if self._link.connected:
                self._live += rows
            elif rows:
                self._backlog_end = max(self._backlog_end, rows[-1].id)

    def committed(self, upto: dict[str, dict[str, int]]) -> None:
        with self._lock:
            for device, boots in upto.items():
                mine = self._upto.setdefault(device, {})
                for boot, n in boots.items():
                    mine[boot] = max(n, mine.get(boot, -1))

    def set_status(self, device: str, status: Status) -> None:
        with self._lock:
            if self._statuses.get(device) != status:
                self._statuses[device] = status
                self._unsaid.add(device)

    def step(self) -> None:
        """Prunes what is committed and, at most each WAVE_S, sends what is due."""
        now = self._now()
        self._prune(now)
        if not self._link.connected or now - self._last_wave < WAVE_S:
            return
        self._last_wave = now
        if self._link.generation != self._generation:
            self._begin_connection()
        self._send_statuses()
        self._send_live(now)
        self._send_backlog(now)

    def _prune(self, now: float) -> None:
        if now < self._next_prune:
            return
        with self._lock:
            upto, self._upto = self._upto, {}
        if not upto:
            return
        self._wait_s = RESEND_S
        try:
            self._spool.prune(upto)
        except SpoolFull as error:
            log.warning("spool", problem=str(error))
            self.committed(upto)
            self._next_prune = now + PRUNE_AGAIN_S

    def _begin_connection(self) -> None:
        """What the last connection carried may be lost, whatever was acknowledged."""
        with self._lock:
            self._generation = self._link.generation
            self._unsaid = set(self._statuses)
            self._live.clear()
        self._sent.clear()
        self._backlog_end = self._spool.last_id
        self._begin_pass(0)
        self._wait_s = RESEND_S

    def _send_statuses(self) -> None:
        with self._lock:
            unsaid = {device: self._statuses[device] for device in self._unsaid}
        for device, status in unsaid.items():
            topic = device_topic(self._venue, device, "status")
            if not self._link.publish(topic, encode(status), retain=True):
                return
            with self._lock:
                if self._statuses[device] == status:
                    self._unsaid.discard(device)

    def _send_live(self, now: float) -> None:
        with self._lock:
            rows, self._live = self._live, []
        if rows:
            # Also when it fails half-way: unsent rows are uncommitted rows RESEND_S later.
            self._sent.append((now, rows[-1].id))
            self._send(rows, is_resent=False)

    def _send_backlog(self, now: float) -> None:
        while self._sent and now - self._sent[0][0] >= RESEND_S:
            self._backlog_end = max(self._backlog_end, self._sent.popleft()[1])
        oldest = self._spool.oldest_id
        if oldest is None or oldest > self._backlog_end:
            return
        if self._cursor >= self._pass_end or self._pass_rows >= WINDOW:
            if oldest <= self._cursor:
                if now - self._last_resent < self._wait_s:
                    return
                self._wait_s = min(LONGEST_WAIT_S, 2 * self._wait_s)
            self._begin_pass(oldest - 1)
        room = min(BACKLOG_ROWS_PER_WAVE, WINDOW - self._pass_rows)
        rows = self._spool.after(self._cursor, self._pass_end, room)
        if rows and self._send(rows, is_resent=True):
            self._cursor = rows[-1].id
            self._pass_rows += len(rows)
            self._last_resent = now
        elif not rows:
            self._cursor = self._pass_end  # all of it was committed meanwhile

    def _begin_pass(self, cursor: int) -> None:
        self._cursor, self._pass_end, self._pass_rows = cursor, self._backlog_end, 0

    def _send(self, rows: list[Row], *, is_resent: bool) -> bool:
        ranges = self._spool.dropped_ranges
        return all(
            self._link.publish(device_topic(self._venue, batch.device, "data"), batch.payload)
            for batch in batches(rows, via=self._gateway, resent=is_resent, dropped=ranges)
        )
