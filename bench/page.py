"""Puts the figures of results.json and run.json into docs/performance.md: python -m bench.page"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.figures import HERE, RUN, Row, number, read

PAGE: Final = HERE.parent / "docs" / "performance.md"
BEGIN: Final = "<!-- figures: made by python -m bench.page -->"
END: Final = "<!-- end of figures -->"


def filled(page: str, rows: Sequence[Row], run: dict[str, Any]) -> str:
    """`page` with its figures replaced. Raises ValueError when it has no markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{_machines(run)}\n\n{_table(rows)}\n\n{END}{after}"


def _table(rows: Sequence[Row]) -> str:
    lines = ["| what | venueair | beside it | ratio | goal | |", "|---|---:|---|---:|---|---|"]
    for row in rows:
        peer = "" if row.peer is None else f"{number(row.peer)} ({row.peer_name})"
        ratio = "" if row.ratio is None else f"{number(row.ratio)}x"
        verdict = ("ok" if row.ok else "**missed**") if row.goal else ""
        figure = f"{number(row.ours)} {row.unit}"
        lines.append(f"| {row.name} | {figure} | {peer} | {ratio} | {row.goal or ''} | {verdict} |")
    return "\n".join(lines) if rows else "Not measured yet: `make bench`."


def _machines(run: dict[str, Any]) -> str:
    """One sentence per machine and day; rows can be from several runs."""
    seen: dict[str, list[str]] = {}
    for bench, facts in run.items():
        m = facts["machine"]
        where = (
            f"{m['when'][:10]}, {m['cpu']}, {m['cores']} cores, {m['memory_gb']:g} GB,"
            f" Linux {m['kernel']}, Python {m['python']}"
        )
        seen.setdefault(where, []).append(bench)
    if len(seen) == 1:
        return f"Measured {next(iter(seen))}."
    return "\n".join(f"- {', '.join(names)}: {where}" for where, names in seen.items())


def run_facts(folder: Path = HERE) -> dict[str, Any]:
    path = folder / RUN
    return dict(json.loads(path.read_text())) if path.exists() else {}


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(), read(), run_facts()))
    sys.stdout.write(f"{PAGE} has the figures of {len(read())} rows\n")
