"""A file of history as a test writes it, and what is read of it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ingest.history.files import HistoryFile
from ingest.history.wide import Reading

T0 = 1_795_435_200_000  # 2026-11-23T12:00:00Z
LATEST = T0 + 86_400_000


@dataclass(frozen=True)
class Read:
    rows: dict[str, list[tuple[int, float]]]
    read: int
    repeated: int
    rejected: dict[str, int]


def read(path, content, chunk=2, **how) -> Read:
    """`rows` (t - T0, value) by quantity, in order."""
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found: dict[str, list[tuple[int, float]]] = {}
    with HistoryFile(path, Reading("dev1", **how)) as file:
        file.read_all(LATEST)
        expected = 0
        for part in file.chunks(chunk):
            assert part.first == expected
            expected += len(part.t)
            for quantity, values in part.values.items():
                there = ~np.isnan(values)
                rows = zip((part.t[there] - T0).tolist(), values[there].tolist(), strict=True)
                found.setdefault(quantity, []).extend(rows)
        assert expected == file.rows
        rejected = {reason: n for reason, n in Counter(file.rejected).items() if n}
        return Read({q: rows for q, rows in found.items() if rows}, file.read, file.repeated, rejected)
