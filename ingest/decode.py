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


def decode_rows(device: str, payload: bytes, known: Container[str], arrival_ms: int) -> Rows:
    """Raises MessageError (oversize, malformed, invalid, unknown_device, shape, not_finite)."""
    data = decode(payload, Data)
    if device not in known:
        raise MessageError("unknown_device", f"device {device!r} is not in venueair.toml")
    t = np.atleast_1d(np.asarray(data.t, dtype=np.int64))
    if not 0 < len(t) <= MAX_ROWS:
        raise MessageError("shape", f"{len(t)} rows; 1 to {MAX_ROWS} are read")
    values = {}
    for name, column in data.q.items():
        if isinstance(column, list) != isinstance(data.t, list):
            raise MessageError("shape", f"{name} is a list where t is none, or the other way round")
        values[name] = np.atleast_1d(np.asarray(column, dtype=np.float64))
        if len(values[name]) != len(t):
            raise MessageError("shape", f"{name} has {len(values[name])} values for {len(t)} times")
        if np.isinf(values[name]).any():
            raise MessageError("not_finite", f"{name} has an infinite value")
    return Rows(
        device,
        data,
        t,
        {name: column for name, column in values.items() if name in QUANTITIES},
        (t >= EARLIEST_MS) & (t <= arrival_ms + LATEST_AHEAD_MS),
        tuple(name for name in values if name not in QUANTITIES),
    )
