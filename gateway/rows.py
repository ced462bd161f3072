"""Rows on their way from a port to the broker."""

from dataclasses import dataclass
from typing import Literal

RowStatus = Literal["ok", "warming", "fault"]


@dataclass(frozen=True, slots=True)
class Sample:
    """All values of one device at one time, as it was read. `t`: ms UTC of the frame's first byte."""

    device: str
    t: int
    values: dict[str, float]
    status: RowStatus


@dataclass(frozen=True, slots=True)
class Row:
    """An accepted sample: it is on the disk, has a place in its device's sequence and a time of its own.

    `id` orders the rows of one spool by acceptance. `t` is strictly increasing per device.
    """

    id: int
    device: str
    boot: str
    seq: int
    t: int
    values: dict[str, float]
    status: RowStatus
