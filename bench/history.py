"""A year of one device, a row a minute of five quantities: `venueair import` into DuckDB, and out again."""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from bench.figures import row
from bench.processes import BenchError
from bench.report import Report, Settings
from bench.runs import progress
from venueair.block import Float64, Int64

VENUEAIR: Final = Path(sys.executable).parent / "venueair"
DEVICE: Final = "year-1"
ROWS: Final = 525_600
FIRST_MS: Final = 1_735_689_600_000  # 2025-01-01T00:00:00Z
RANGES: Final = {
    "pm2_5": (8.0, 12.0),
    "co2": (600.0, 640.0),
    "temperature": (21.0, 22.0),
    "humidity": (40.0, 42.0),
    "voc_index": (95.0, 105.0),
}


def history(_settings: Settings) -> Report:
    with TemporaryDirectory(prefix="venueair-bench-") as name:
        folder = Path(name)
        t, columns = _year()
        _write(folder / "year.csv", t, columns)
        data = ["--device", DEVICE, "--data", str(folder / "data")]
        import_s = _run(["import", str(folder / "year.csv"), *data])
        export_s = _run(["export", "-o", str(folder / "out.csv"), *data])
        differing = _differing(folder / "out.csv", t, columns)
    progress(f"import {import_s:.1f} s, export {export_s:.1f} s, {differing} of {ROWS * len(columns)} differ")
    return Report(
        [
            row("import of a year of one device, 2.6 M readings", import_s, "s", "<= 10"),
            row("export of it as CSV", export_s, "s"),
            row("export of it: values that are not the same bit for bit", differing, "readings", "<= 0"),
        ]
    )


def _year() -> tuple[Int64, dict[str, Float64]]:
    random = np.random.default_rng(1)
    columns = {name: random.uniform(low, high, ROWS) for name, (low, high) in RANGES.items()}
    return FIRST_MS + np.arange(ROWS) * 60_000, columns


def _write(path: Path, t: Int64, columns: dict[str, Float64]) -> None:
    with path.open("w") as file:
        file.write(",".join(["time", *columns]) + "\n")
        for at, *values in zip(t.tolist(), *(column.tolist() for column in columns.values()), strict=True):
            file.write(f"{at},{','.join(map(repr, values))}\n")


def _run(arguments: list[str]) -> float:
    """Seconds of the whole command, its start included. Raises BenchError."""
    began = time.monotonic()
    ended = subprocess.run([VENUEAIR, *arguments], capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if ended.returncode:
        raise BenchError(f"venueair {arguments[0]} ended with {ended.returncode}: {ended.stderr[-500:]}")
    return time.monotonic() - began


def _differing(path: Path, t: Int64, columns: dict[str, Float64]) -> int:
    """Readings that are missing or another double than the one that was imported."""
    found = {name: np.full(ROWS, np.nan) for name in columns}
    times = np.datetime_as_string(t.astype("datetime64[ms]"), timezone="UTC").tolist()
    place = {text: n for n, text in enumerate(times)}
    with path.open() as file:
        next(file)
        for line in file:
            at, device, quantity, value, *_ = line.split(",")
            if device == DEVICE and quantity in found and at in place:
                found[quantity][place[at]] = float(value)
    return sum(int((found[name] != column).sum()) for name, column in columns.items())
