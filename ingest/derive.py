"""Quantities that follow from others of the same zone at the same time: dew point, rebreathed fraction. Pure.

Sources: ingest.indices.humidity and .rebreathed. The outdoor air is taken to have BACKGROUND_PPM,
so the fraction is a comparison between rooms and times, not a measurement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from ingest.indices.humidity import dew_point
from ingest.indices.rebreathed import rebreathed_fraction
from ingest.quality.start_values import BACKGROUND_PPM
from venueair.block import Block, Flags, Float64, Int32, Int64
from venueair.site import Site

NEEDS: Final = {"dew_point": ("temperature", "humidity"), "rebreathed_fraction": ("co2",)}
_T_BITS: Final = 42


@dataclass(frozen=True, slots=True)
class Derived:
    """Columns by series: the series to write, -1 for none; for dew points also the humidity's."""

    dew_point: Int32
    humidity: Int32
    rebreathed: Int32

    @classmethod
    def of(cls, names: Sequence[tuple[str, str]], site: Site) -> Self:
        number = {name: n for n, name in enumerate(names)}

        def columns(quantity: str, wanted: str) -> Int32:
            found = [
                number.get((source, wanted), -1) if source in site.zone and name == quantity else -1
                for source, name in names
            ]
            return np.array(found, dtype=np.int32)

        return cls(
            columns("temperature", "dew_point"),
            columns("temperature", "humidity"),
            columns("co2", "rebreathed_fraction"),
        )


def needed(names: Sequence[tuple[str, str]], site: Site) -> list[tuple[str, str]]:
    """Series of zones that can be derived from what `names` has; those outdoors need none."""
    there = set(names)
    return [
        (zone.id, quantity)
        for zone in site.zones
        if not zone.outdoor
        for quantity, inputs in NEEDS.items()
        if all((zone.id, name) in there for name in inputs)
    ]


def derive(values: Block, derived: Derived) -> Block:
    """`values` of zones, sorted -> rows of derived series, at the same times; SUSPECT where an input is."""
    blocks = []
    target = derived.rebreathed[values.series]
    if (there := target >= 0).any():
        fraction = rebreathed_fraction(values.value[there], BACKGROUND_PPM)
        blocks.append(_rows(values.t[there], target[there], fraction, values.flag[there]))
    target, humidity = derived.dew_point[values.series], derived.humidity[values.series]
    if (there := (target >= 0) & (humidity >= 0)).any():
        keys = values.series.astype(np.int64) << _T_BITS | values.t
        wanted = humidity[there].astype(np.int64) << _T_BITS | values.t[there]
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        both = keys[at] == wanted
        warm, moist = values.where(there).where(both), values.take(at[both])
        flag = np.maximum(warm.flag, moist.flag)
        blocks.append(_rows(warm.t, target[there][both], dew_point(warm.value, moist.value), flag))
    return Block.concat(blocks).sorted() if len(blocks) > 1 else Block.concat(blocks)


def _rows(t: Int64, series: Int32, value: Float64, flag: Flags) -> Block:
    rows = Block.of(t, series, value)
    rows.flag[:] = flag
    return rows.where(~np.isnan(value))  # RH 0 has no dew point
