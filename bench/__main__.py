"""python -m bench [NAME …]: runs the named benchmarks, or all, prints the table, writes bench/results.json.

Rows of benchmarks that were not run stay as they were. LONG=1 adds what takes minutes.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench import curves, end_to_end, figures, history, latency, pipeline
from bench.report import Report, Settings
from bench.runs import progress

BENCHES: Final[dict[str, Callable[[Settings], Report]]] = {
    "singles-q1": end_to_end.singles_q1,
    "singles-q0": end_to_end.singles_q0,
    "batches": end_to_end.batches,
    "batches-influxdb": end_to_end.batches_influxdb,
    "stored": latency.stored,
    "alarm": latency.alarm,
    "idle": latency.idle,
    "pipeline": pipeline.stages,
    "detection": pipeline.detection,
    "lines": pipeline.lines,
    "memory": curves.memory,
    "series": curves.series,
    "rows": curves.stored,
    "history": history.history,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="about how long a round of one system is")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHES]:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    settings = Settings(asked.rounds, asked.seconds, os.environ.get("LONG", "0") not in {"", "0"})
    failures: list[str] = []
    measured: list[figures.Row] = []
    for name in asked.names or BENCHES:
        progress(f"-- {name}")
        try:
            report = BENCHES[name](settings)
        except Exception as error:  # noqa: BLE001  # one that breaks must not cost the others
            progress(f"{name}: FAILED: {error!r}")
            failures.append(f"{name}: {error!r}")
            continue
        failures += report.failures
        measured += report.rows
        facts = {"machine": machine(), "failures": report.failures, "seen": report.facts}
        figures.keep(name, report.rows, facts, list(BENCHES))
    sys.stdout.write(figures.table(measured) + "\n")
    missed = [row.name for row in measured if not row.ok]
    progress(f"{len(measured)} rows, {len(missed)} goals missed, {len(failures)} runs failed")
    for failure in failures:
        progress(f"failed: {failure}")
    return 1 if failures else 0


def machine() -> dict[str, Any]:
    """Where and when: figures mean nothing without it."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = next(
        (int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0
    )
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": round(memory * 1024 / 1e9, 1),
        "load": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


if __name__ == "__main__":
    sys.exit(main())
