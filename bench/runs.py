"""End to end: readings are streamed in, the database is asked what it has.

The clock runs from the first byte sent until the last message's row and all rows before it are found in the
database. CPU is user and system time of the service's process over the same period.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bench.figures import median
from bench.payloads import DEVICES, LAST, Plan
from bench.processes import BenchError, MissingError
from bench.publisher import packets
from bench.stage import Entry, Stage, alive, stage

PATIENCE_S: Final = 60.0
QUIET_S: Final = 3.0  # rows that have not come when none has for so long are lost


@dataclass(slots=True)
class Outcome:
    """One run. CPU in us a reading, memory in MB (10^6)."""

    readings: int
    rate: float
    cpu_us: float
    rss_mb: float
    lost: int
    duplicates: int
    message_bytes: float
    broker_cpu_us: float
    database_cpu_us: float


def once(entry: Entry, qos: int, readings: int) -> Outcome:
    """Raises BenchError, or MissingError when something is not on this machine."""
    with stage(entry, qos) as here:
        plan = Plan(entry.form, readings, time.time_ns() // 1_000_000, f"{time.time_ns():016x}")
        stream = packets(plan.messages(), qos)
        end = packets([plan.one(LAST, 0)], qos).data
        sent = stream.messages * plan.rows
        before = [process.cpu_s() for process in here.processes]
        start = time.monotonic()
        here.publisher.send(stream.data)
        here.publisher.send(end)
        _until_the_last(here)
        took = time.monotonic() - start
        spent = [process.cpu_s() - cpu for process, cpu in zip(here.processes, before, strict=True)]
        rss = here.service.rss_mb()
        stored = here.rows.count()
        if stored < sent:  # some systems write the last message before others
            stored, late = _until_all(here, stored, sent)
            took = max(late - start, took)
        per_reading = [1e6 * cpu / sent for cpu in spent]
        return Outcome(
            readings=sent,
            rate=min(stored, sent) / took,
            cpu_us=per_reading[0],
            rss_mb=rss,
            lost=max(sent - stored, 0),
            duplicates=max(stored - sent, 0),
            message_bytes=stream.payload_bytes / stream.messages,
            broker_cpu_us=per_reading[1],
            database_cpu_us=sum(per_reading[2:]),
        )


def _until_the_last(here: Stage) -> None:
    """Ends also when the last row is one of the lost: no more rows come."""
    began = time.monotonic()
    counted, grew, look = -1, began, began + 15
    while not here.rows.has(LAST):
        here.publisher.read()
        alive(here.service)
        now = time.monotonic()
        if now > look:  # rarely: counting costs
            look = now + 2
            if (count := here.rows.count()) > counted:
                counted, grew = count, now
            elif now - grew > QUIET_S:
                return
        if now - began > PATIENCE_S:
            raise BenchError(f"it was not done in {PATIENCE_S:g} s")
        time.sleep(0.05)  # asking makes the database flush


def _until_all(here: Stage, stored: int, sent: int) -> tuple[int, float]:
    """(rows, when the last of them was there), once all are there or no more come."""
    grew = time.monotonic()
    while stored < sent and time.monotonic() - grew < QUIET_S:
        time.sleep(0.05)
        if (count := here.rows.count()) > stored:
            stored, grew = count, time.monotonic()
    return stored, grew


@dataclass(slots=True)
class Group:
    """Systems that are compared: round by round, each once, so that what disturbs one disturbs all."""

    name: str
    qos: int
    entries: Sequence[Entry]
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def run(self, rounds: int, seconds: float) -> None:
        size = {entry.name: entry.guess * seconds for entry in self.entries}
        left = list(self.entries)
        for nth in range(rounds):
            for entry in list(left):
                try:
                    outcome = once(entry, self.qos, _whole(size[entry.name]))
                except MissingError as error:
                    progress(f"{self.name}: {entry.name}: skipped: {error}")
                    left.remove(entry)
                except BenchError as error:
                    progress(f"{self.name}: {entry.name}: FAILED: {error}")
                    self.failures.append(f"{self.name}: {entry.name}: {error}")
                else:
                    self.outcomes.setdefault(entry.name, []).append(outcome)
                    size[entry.name] = outcome.rate * seconds
                    progress(f"{self.name}, round {nth + 1}/{rounds}: {_sentence(entry, outcome)}")

    def figure(self, entry: Entry, what: str) -> float | None:
        """Median over the rounds; None when the system did not run."""
        outcomes = self.outcomes.get(entry.name)
        return median(getattr(outcome, what) for outcome in outcomes) if outcomes else None

    def facts(self) -> dict[str, Any]:
        return {name: [asdict(outcome) for outcome in outcomes] for name, outcomes in self.outcomes.items()}


def _whole(readings: float) -> int:
    """Every device sends as many messages of 50 rows as every other."""
    unit = DEVICES * 50
    return max(round(readings / unit), 1) * unit


def _sentence(entry: Entry, outcome: Outcome) -> str:
    text = (
        f"{entry.name}: {outcome.rate:,.0f} readings/s, {outcome.cpu_us:.1f} us each,"
        f" {outcome.rss_mb:.0f} MB, {outcome.message_bytes:.0f} bytes a message"
    )
    if outcome.lost or outcome.duplicates:
        text += f", {outcome.lost} LOST, {outcome.duplicates} TWICE"
    return text


def progress(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
