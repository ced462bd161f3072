"""Quality of readings: flags of QARTOD and why, over blocks. docs/quality.md lists the tests."""

from ingest.quality.flags import without_spikes
from ingest.quality.judge import judge
from ingest.quality.limits import Limits
from ingest.quality.start_values import MEMORY_MS, memory_ms
from ingest.quality.state import State

__all__ = ["MEMORY_MS", "Limits", "State", "judge", "memory_ms", "without_spikes"]
