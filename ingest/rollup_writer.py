"""Keeps the rollups true: a bucket is recomputed from stored rows when it ends or gets late rows."""

from typing import Final

import numpy as np

from ingest.rollup import rollup
from venueair.block import Int64
from venueair.store.store import Store, Width

GRACE_MS: Final = 20_000
WIDTHS: Final[tuple[Width, ...]] = (60, 3600)


class RollupWriter:
    """`touch` what was stored; `write` does the buckets that are over. Not thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dirty: dict[Width, set[int]] = {width: set() for width in WIDTHS}

    def catch_up(self) -> None:
        """Marks what an earlier run stored but did not roll up."""
        newest = self._store.newest()
        if newest is None:
            return
        for width in WIDTHS:
            end = self._store.rollup_end(width)
            start = newest - 3_600_000 if end is None else end
            rows = self._store.range(None, start - start % (width * 1000), newest + 1)
            self._touch(width, rows.t)

    def touch(self, t: Int64) -> None:
        for width in WIDTHS:
            self._touch(width, t)

    def write(self, now: int, most: int = 5) -> int:
        """Writes at most `most` buckets that ended before `now`; returns how many are left."""
        for width in WIDTHS:
            over = sorted(b for b in self._dirty[width] if b + width * 1000 + GRACE_MS <= now)
            for bucket in over[:most]:
                rows = self._store.range(None, bucket, bucket + width * 1000)
                self._store.write_rollup(width, rollup(rows, width))
                self._dirty[width].discard(bucket)
        return sum(len(buckets) for buckets in self._dirty.values())

    def _touch(self, width: Width, t: Int64) -> None:
        self._dirty[width].update(np.unique(t - t % (width * 1000)).tolist())
