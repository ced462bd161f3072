"""Does a reading cost the same with more series, and with more rows stored? What do series weigh?"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from bench import ours
from bench.figures import Row, row
from bench.payloads import Message
from bench.pipeline import BLOCK, NOW_MS, STEP_MS, small
from bench.processes import BenchError, Process, resident_mb
from bench.report import Report, Settings
from bench.runs import progress
from venueair.block import Block, Flag
from venueair.store.store import Store

SERIES: Final = (100, 1_000, 10_000, 100_000)
STORED: Final = (10_000, 100_000, 1_000_000, 10_000_000)
STORED_LONG: Final = 100_000_000


def series(settings: Settings) -> Report:
    """CPU of a reading through the pipeline, blocks of about 20,000, by how many series there are."""
    report = Report()
    costs = [_series_cost(count, settings.rounds * 3) for count in SERIES]
    for count, cost in zip(SERIES, costs, strict=True):
        progress(f"{count:,} series: {cost:.0f} ns a reading")
        name = f"cost of a reading with {count:,} series"
        report.rows.append(_flat(name, cost, costs[0], f"with {SERIES[0]} series", count == SERIES[0]))
    report.facts["ns a reading"] = dict(zip(map(str, SERIES), costs, strict=True))
    return report


def _flat(name: str, cost: float, first: float, beside: str, is_first: bool) -> Row:
    if is_first:
        return row(name, cost, "ns")
    return row(name, cost, "ns", "<= 1.5x", peer=first, peer_name=beside)


def _series_cost(count: int, passes: int) -> float:
    """Each block is from some of the devices, in turn; all have had readings before."""
    devices = [f"d-{number:06d}" for number in range(count)]
    work = ours.Pipeline(devices)
    group = min(BLOCK // 50, count)
    groups = [devices[start : start + group] for start in range(0, count, group)]
    for some in groups:
        work.take(ours.wave(small("single", some, 0)), NOW_MS)
    rounds = BLOCK // 50 // group  # few devices send several messages each, and faster
    step_ms = STEP_MS // rounds
    first = [1] * len(groups)
    costs = []
    for nth in range(passes):
        place = nth % len(groups)
        messages: list[Message] = []
        for _ in range(rounds):
            messages += small("cbor", groups[place], first[place], step_ms)
            first[place] += 50
        wave = ours.wave(messages)
        before = time.process_time()
        done = work.take(wave, NOW_MS + first[place] * step_ms)
        costs.append((time.process_time() - before) / done * 1e9)
    return min(costs)


def stored(settings: Settings) -> Report:
    """CPU of a row to commit it into DuckDB, blocks of 20,000, by how many rows are stored already."""
    report, costs = Report(), []
    steps = (*STORED, STORED_LONG) if settings.long else STORED
    with TemporaryDirectory(prefix="venueair-bench-") as folder:
        store = ours.open_store({"kind": "duckdb"}, ours.settings([]), Path(folder))
        numbers = [store.series(f"d-{number:04d}", "pm2_5") for number in range(1000)]
        rows, _ = _write(store, numbers, 0, 1000)  # makes the tables
        for step in steps:
            while rows < step - 5 * BLOCK:
                rows += _write(store, numbers, rows, min(1_000_000, step - 5 * BLOCK - rows))[0]
            measured = []
            while rows < step:
                done, cpu = _write(store, numbers, rows, min(BLOCK, step - rows))
                rows += done
                measured.append(cpu / done * 1e9)
            costs.append(min(measured))
            progress(f"{step:,} rows stored: {costs[-1]:.0f} ns a row")
            name = f"cost of a row when {step:,} are stored"
            beside = f"{STORED[1]:,} stored"
            report.rows.append(_flat(name, costs[-1], costs[min(1, len(costs) - 1)], beside, len(costs) < 3))
        store.close()
    report.facts["ns a row"] = dict(zip(map(str, steps), costs, strict=True))
    return report


def _write(store: Store, numbers: Sequence[int], first: int, count: int) -> tuple[int, float]:
    """(rows, CPU in s) of one commit; times go on where the last ended, 1 s a row and device."""
    number = np.arange(first, first + count)
    t = NOW_MS + number // len(numbers) * 1000
    block = Block.of(t, np.array(numbers, dtype=np.int32)[number % len(numbers)], (80 + number * 7 % 50) / 10)
    block.flag[:] = Flag.GOOD
    block = block.sorted()
    before = time.process_time()
    store.write(block, {})
    return count, time.process_time() - before


def memory(_settings: Settings) -> Report:
    """Resident memory of a process that holds 100,000 series in its pipeline, without a store."""
    with TemporaryDirectory(prefix="venueair-bench-") as folder:
        command = [sys.executable, "-m", "bench.curves"]
        with Process(command, Path(folder) / "memory.log", talks=True) as process:
            said = process.pipes[1].readline()
            if not said:
                raise BenchError(f"the process ended: {process.complaint()}")
    megabytes = float(said)
    progress(f"100,000 series: {megabytes:.0f} MB")
    return Report([row("resident memory, 100,000 series, without the store", megabytes, "MB", "<= 250")])


def _hold(count: int) -> float:
    """MB of this process once every series has had readings."""
    devices = [f"d-{number:05d}" for number in range(count // len(ours.QUANTITIES))]
    work = ours.Pipeline(devices, ours.QUANTITIES)
    for start in range(0, len(devices), 400):
        for nth in range(2):
            work.take(ours.wave(_five(devices[start : start + 400], nth)), NOW_MS + 2000)
    return resident_mb()


def _five(devices: Sequence[str], nth: int) -> list[tuple[bytes, bytes]]:
    """One row of all five quantities from each device."""
    payload = (
        b'{"v":1,"boot":"0123456789abcdef","seq":%d,"t":%d,"q":{"pm2_5":12.5,"co2":612.0,'
        b'"temperature":22.5,"humidity":45.0,"voc_index":100.0}}' % (nth, NOW_MS + nth * 1000)
    )
    return [(f"venueair/v1/bench/{name}/data".encode(), payload) for name in devices]


if __name__ == "__main__":
    sys.stdout.write(f"{_hold(100_000):.1f}\n")
