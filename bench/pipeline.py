"""Without I/O: CPU of venueair's own stages, in this process.

Figures are the best of several passes: these stages wait for nothing, so what is above the best is the
disturbance by others.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from bench import ours
from bench.figures import row
from bench.payloads import ENCODE, Form, Message, topic
from bench.report import Report, Settings
from bench.runs import progress
from venueair.block import Block, Flag, Float64
from venueair.messages import Data, encode_cbor

BLOCK = 20_000
STEP_MS = 1000  # what devices do; a block of 50 rows each is 50 s of a venue, with all its steps
FULL_STEP_MS = 50  # so that a message of 2,000 rows is not late
NOW_MS = 1_795_447_500_000


def best(passes: int, make: Callable[[int], Callable[[], int]]) -> float:
    """Readings a second of CPU in the best pass; `make(pass)` prepares outside the clock."""
    rates = []
    for nth in range(passes):
        work = make(nth)
        start = time.process_time()
        done = work()
        rates.append(done / (time.process_time() - start))
    return max(rates)


def small(form: Form, devices: Sequence[str], first: int, step_ms: int = STEP_MS) -> list[Message]:
    """A wave of one message per device, 50 rows each, or one row as a single; `first` is their first seq."""
    numbers = range(first, first + (1 if form == "single" else 50))
    t = [NOW_MS + number * step_ms for number in numbers]
    values = [(80 + number * 7 % 50) / 10 for number in numbers]
    payload = ENCODE[form]("0123456789abcdef", first, t, values)
    return [(topic(name), payload) for name in devices]


def full(devices: Sequence[str], nth: int) -> list[Message]:
    """CBOR messages as large as one may be: 2,000 rows of three quantities each, under 64 KiB."""
    t = [NOW_MS + (nth * 2000 + row) * FULL_STEP_MS for row in range(2000)]
    wave = (np.arange(2000) * 7 % 50) / 10
    q = {"pm2_5": 8 + wave, "co2": 600 + wave, "temperature": 22 + wave / 50}
    columns: dict[str, list[float | None]] = {name: [*column.tolist()] for name, column in q.items()}
    payload = encode_cbor(Data(boot="0123456789abcdef", seq=nth * 2000, t=[*t], q={**columns}))
    return [(topic(name), payload) for name in devices]


def stages(settings: Settings) -> Report:
    """Decode to flags, zone values, detection and rollups, in blocks of 20,000 readings."""
    report, passes = Report(), settings.rounds * 5
    rates = {
        "cbor": _stream("cbor", BLOCK // 50, passes),
        "json": _stream("columns", BLOCK // 50, passes),
        "full": _full(passes),
        "single": _stream("single", BLOCK, max(passes // 3, 2)),
    }
    for name, rate in rates.items():
        progress(f"pipeline from {name}: {rate / 1e6:.2f} M readings/s")
    million = {name: rate / 1e6 for name, rate in rates.items()}
    unit = "M readings/s"
    report.rows = [
        row(
            "pipeline without I/O: CBOR typed arrays, 50 rows a message",
            million["cbor"],
            unit,
            ">= 3",
            peer=million["json"],
            peer_name="the same from JSON columns",
        ),
        row(
            "pipeline without I/O: CBOR typed arrays, full messages",
            million["full"],
            unit,
            ">= 3",
            peer=million["json"],
            peer_name="50 rows a message from JSON columns",
        ),
        row("pipeline without I/O: JSON singles", million["single"], unit),
    ]
    return report


def _stream(form: Form, messages: int, passes: int) -> float:
    devices = [f"d-{number:05d}" for number in range(messages)]
    work = ours.Pipeline(devices)
    rows = 1 if form == "single" else 50
    work.take(ours.wave(small(form, devices, 0)), NOW_MS + rows * STEP_MS)

    def wave(nth: int) -> Callable[[], int]:
        first = (nth + 1) * rows
        ready = ours.wave(small(form, devices, first))
        return lambda: work.take(ready, NOW_MS + (first + rows) * STEP_MS)

    return best(passes, wave)


def _full(passes: int) -> float:
    devices = [f"d-{number:05d}" for number in range(3)]  # 18,000 readings
    work = ours.Pipeline(devices, ("pm2_5", "co2", "temperature"))
    work.take(ours.wave(full(devices, 0)), NOW_MS + 2000 * FULL_STEP_MS)

    def wave(nth: int) -> Callable[[], int]:
        ready = ours.wave(full(devices, nth + 1))
        return lambda: work.take(ready, NOW_MS + (nth + 2) * 2000 * FULL_STEP_MS)

    return best(passes, wave)


def detection(settings: Settings) -> Report:
    """The detector alone: blocks of 20,000 rows of 5,000 signals, quiet, or one in ten near its limit."""
    signals, passes = 5000, settings.rounds * 10
    rows = BLOCK // signals
    signal = np.repeat(np.arange(signals, dtype=np.int32), rows)
    quiet = 10 + (np.arange(BLOCK) % 7) / 10
    near = np.where(signal % 10 == 0, ours.LIMIT + np.where(np.arange(BLOCK) % 2 == 0, 0.5, -0.5), quiet)
    report = Report()
    for name, value, goal in (("quiet", quiet, ">= 50"), ("one in ten near its limit", near, ">= 10")):
        work = ours.Detection(signals)

        def block(nth: int, work: ours.Detection = work, value: Float64 = value) -> Callable[[], int]:
            t = np.tile(NOW_MS + (nth * rows + np.arange(rows)) * 1000, signals)

            def once() -> int:
                work.take(t, signal, value)
                return BLOCK

            return once

        rate = best(passes, block) / 1e6
        progress(f"detection, {name}: {rate:.1f} M/s")
        report.rows.append(row(f"detection alone: {name}", rate, "M readings/s", goal))
    return report


def lines(settings: Settings) -> Report:
    """Line protocol of 20,000 good rows of 5,000 series."""
    names = [(f"d-{number:05d}", "pm2_5") for number in range(5000)]
    series = np.repeat(np.arange(5000, dtype=np.int32), BLOCK // 5000)
    t = np.tile(NOW_MS + np.arange(BLOCK // 5000) * 1000, 5000)
    block = Block.of(t, series, (80 + np.arange(BLOCK) * 7 % 50) / 10)
    block.flag[:] = Flag.GOOD
    encode = ours.lines(names)
    if (written := encode(block).count(b"\n")) + 1 < BLOCK:
        raise ValueError(f"{written} lines of {BLOCK} rows")

    def work() -> int:
        encode(block)
        return BLOCK

    rate = best(settings.rounds * 10, lambda _nth: work) / 1e6
    progress(f"line protocol: {rate:.2f} M lines/s")
    return Report([row("line protocol encoding", rate, "M lines/s", ">= 2")])
