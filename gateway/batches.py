"""Rows -> Data messages, none of them too large: one row as JSON, more as CBOR with typed arrays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from gateway.rows import Row
from venueair.messages import MAX_BYTES, MAX_ROWS, Data, encode, encode_cbor

_CELL: Final = 8  # bytes of a typed array's number
_ROOM: Final = MAX_BYTES - 4096  # for names, ids and dropped ranges
MAX_RANGES: Final = 100  # the others follow when these are committed

Ranges = Callable[[tuple[str, str]], list[tuple[int, int]]]  # (device, boot) -> dropped (first, last)


@dataclass(frozen=True, slots=True)
class Batch:
    device: str
    payload: bytes
    last_id: int
    rows: int


def batches(rows: list[Row], *, via: str, resent: bool, dropped: Ranges) -> Iterator[Batch]:
    """Each batch holds rows of one device, boot and status with consecutive seq, oldest first.

    Batches come device by device; a device's own keep their order.
    """
    by_device = sorted(rows, key=lambda row: (row.device, row.id))
    for _, group in groupby(enumerate(by_device), key=lambda pair: _belongs(*pair)):
        chain = [row for _, row in group]
        names = sorted({name for row in chain for name in row.values})
        size = min(MAX_ROWS, _ROOM // (_CELL * (1 + len(names))))
        for i in range(0, len(chain), size):
            yield _batch(chain[i : i + size], names, via, resent, dropped)


def _belongs(index: int, row: Row) -> tuple[str, str, str, int]:
    """Rows of one chain share this: among neighbours, seq - index changes where a seq is missing."""
    return row.device, row.boot, row.status, row.seq - index


def _batch(rows: list[Row], names: list[str], via: str, resent: bool, dropped: Ranges) -> Batch:
    first = rows[0]
    ranges = dropped((first.device, first.boot))[:MAX_RANGES]
    data = Data(
        boot=first.boot,
        seq=first.seq,
        t=first.t if len(rows) == 1 else [row.t for row in rows],
        q=dict(first.values)
        if len(rows) == 1
        else {name: [row.values.get(name) for row in rows] for name in names},
        via=via,
        status=first.status,
        resent=resent,
        dropped=ranges,
    )
    payload = encode(data) if len(rows) == 1 else encode_cbor(data)
    return Batch(first.device, payload, rows[-1].id, len(rows))
