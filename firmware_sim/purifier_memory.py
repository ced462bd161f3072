"""What a purifier keeps without power: stop latch, fault, load of the filter; one small JSON file."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from firmware_sim.purifier import Origin, Unit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    stopped_by: Origin | None = None
    fault: str | None = None
    filter_pct: float = 100.0

    @classmethod
    def of(cls, unit: Unit) -> "Memory":
        return cls(unit.setting.source if unit.is_stopped else None, unit.fault, unit.filter_pct)


def load(path: Path) -> Memory:
    """A new unit when there is no file. A file that cannot be understood counts as stopped: the safe side."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        memory = Memory(fields["stopped_by"], fields["fault"], float(fields["filter_pct"]))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("purifier memory unreadable, unit stays stopped", path=str(path), error=str(error))
        return Memory(stopped_by="auto")
    if memory.stopped_by not in (None, "remote", "local", "auto", "lease_lost"):
        return Memory(stopped_by="auto", fault=memory.fault, filter_pct=memory.filter_pct)
    return memory


def save(path: Path, memory: Memory) -> None:
    """Survives a power cut at any moment. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(memory), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
