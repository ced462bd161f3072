"""What one benchmark hands back."""

from dataclasses import dataclass, field
from typing import Any

from bench.figures import Row


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how often: `rounds` of about `seconds` each; `long` adds what takes minutes."""

    rounds: int = 3
    seconds: float = 4.0
    long: bool = False


@dataclass(slots=True)
class Report:
    rows: list[Row] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
