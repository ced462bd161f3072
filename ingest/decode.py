"""A `data` message -> Rows, or the reason why not; checked message by message before numpy sees it. Pure."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

import numpy as np

from venueair.block import Bool, Float64, Int64
from venueair.messages import MAX_ROWS, Data, MessageError, decode
from venueair.quantities import QUANTITIES

EARLIEST_MS: Final = 1_577_836_800_000  # 2020-01-01: no device of ours measured before
LATEST_AHEAD_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Rows:
    """n rows of one device with consecutive `seq` from `data.seq`; NaN is a missing value.

    `kept` (n,) are the rows whose time can be; `unknown` are names that are no quantities, left out.
    """

    device: str
    data: Data
    t: Int64
    values: dict[str, Float64]
    kept: Bool
    unknown: tuple[str, ...]

    def readings(self, mask: Bool) -> int:
        return sum(int((~np.isnan(column) & mask).sum()) for column in self.values.values())


class RowsError(MessageError):
    """The message can be read, its columns cannot; its rows are known by number and can be given up."""

    def __init__(self, reason: str, detail: str, data: Data) -> None:
        super().__init__(reason, detail)
        self.data = data

    @property
    def last(self) -> int:
        """`seq` of the last row, going by the times."""
        return self.data.seq + (max(len(self.data.t), 1) if isinstance(self.data.t, list) else 1) - 1


def decode_rows(device: str, payload: bytes, known: Container[str], arrival_ms: int) -> Rows:
    """Raises MessageError (oversize, malformed, invalid, unknown_device) or RowsError (shape, not_finite)."""
    data = decode(payload, Data)
    if device not in known:
        raise MessageError("unknown_device", f"device {device!r} is not in venueair.toml")
    t = np.atleast_1d(np.asarray(data.t, dtype=np.int64))
    if not 0 < len(t) <= MAX_ROWS:
        raise RowsError("shape", f"{len(t)} rows; 1 to {MAX_ROWS} are read", data)
    values = {}
    for name, column in data.q.items():
        if isinstance(column, list) != isinstance(data.t, list):
            raise RowsError("shape", f"{name} is a list where t is none, or the other way round", data)
        values[name] = np.atleast_1d(np.asarray(column, dtype=np.float64))
        if len(values[name]) != len(t):
            raise RowsError("shape", f"{name} has {len(values[name])} values for {len(t)} times", data)
        if np.isinf(values[name]).any():
            raise RowsError("not_finite", f"{name} has an infinite value", data)
    return Rows(
        device,
        data,
        t,
        {name: column for name, column in values.items() if name in QUANTITIES},
        (t >= EARLIEST_MS) & (t <= arrival_ms + LATEST_AHEAD_MS),
        tuple(name for name in values if name not in QUANTITIES),
    )
