"""From what devices said to what the air had: dated corrections over blocks. docs/corrections.md."""

from ingest.corrections.beside import MEMORY_MS, State
from ingest.corrections.correct import correct
from ingest.corrections.plan import Corrections

__all__ = ["MEMORY_MS", "Corrections", "State", "correct"]
