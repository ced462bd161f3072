"""What a benchmark says: rows for bench/results.json, judged against their goals.

| key       | what                                                                                    |
|-----------|-----------------------------------------------------------------------------------------|
| name      | what was measured; unique                                                               |
| ours      | our figure, in `unit`                                                                    |
| peer      | the figure beside it, in the same unit; null where there is none                         |
| peer_name | whose figure that is                                                                    |
| ratio     | ours / peer                                                                             |
| goal      | ">= 1.3x" is about the ratio, "<= 100" about ours; null: shown only                      |
| ok        | the goal is met, or there is none                                                       |
"""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
RESULTS: Final = "results.json"
RUN: Final = "run.json"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    ours: float
    peer: float | None
    peer_name: str | None
    unit: str
    ratio: float | None
    goal: str | None
    ok: bool


def row(
    name: str,
    ours: float,
    unit: str,
    goal: str | None = None,
    *,
    peer: float | None = None,
    peer_name: str | None = None,
) -> Row:
    """Judged on the figures as measured, shown with four digits."""
    ratio = ours / peer if peer else None
    return Row(
        name,
        _rounded(ours),
        None if peer is None else _rounded(peer),
        None if peer is None else peer_name,
        unit,
        None if ratio is None else _rounded(ratio),
        goal,
        is_met(goal, ours, ratio),
    )


def is_met(goal: str | None, ours: float, ratio: float | None) -> bool:
    """Raises ValueError for a goal that cannot be read."""
    if goal is None:
        return True
    sign, _, number = goal.partition(" ")
    figure = ratio if number.endswith("x") else ours
    limit = float(number.removesuffix("x"))
    if figure is None:
        return False
    if sign == ">=":
        return figure >= limit
    if sign == "<=":
        return figure <= limit
    raise ValueError(f"{goal!r} is no goal: >= or <=, a number, x for a ratio")


def median(figures: Iterable[float]) -> float:
    return statistics.median(figures)


def percentile(figures: Sequence[float], percent: float) -> float:
    """Nearest rank: a figure that was really seen."""
    ordered = sorted(figures)
    return ordered[max(-(-int(len(ordered) * percent) // 100) - 1, 0)]


def read(folder: Path = HERE) -> list[Row]:
    """The rows of results.json; none when nothing was measured yet."""
    path = folder / RESULTS
    return [Row(**row) for row in json.loads(path.read_text())] if path.exists() else []


def keep(
    bench: str, rows: Sequence[Row], facts: dict[str, Any], order: Sequence[str], folder: Path = HERE
) -> None:
    """Puts one benchmark's rows and what else it saw into run.json, and the rows of all into results.json.

    `order` names all benchmarks: rows come in that order, and those of one that is no more are dropped.
    """
    run = folder / RUN
    kept = json.loads(run.read_text()) if run.exists() else {}
    kept[bench] = {**facts, "rows": [asdict(row) for row in rows]}
    kept = {name: kept[name] for name in order if name in kept}
    run.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    lines = ",\n ".join(
        json.dumps(row, ensure_ascii=False) for facts in kept.values() for row in facts["rows"]
    )
    (folder / RESULTS).write_text(f"[{lines}]\n")


def table(rows: Sequence[Row]) -> str:
    """For a terminal."""
    lines = [("what", "ours", "peer", "ratio", "goal", "")]
    for r in rows:
        peer = "-" if r.peer is None else f"{number(r.peer)} {r.peer_name}"
        ratio = "-" if r.ratio is None else f"{number(r.ratio)}x"
        lines.append(
            (r.name, f"{number(r.ours)} {r.unit}", peer, ratio, r.goal or "-", "ok" if r.ok else "MISSED")
        )
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def number(figure: float) -> str:
    if abs(figure) >= 1000:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def _rounded(figure: float) -> float:
    return float(f"{figure:.4g}")
