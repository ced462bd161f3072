"""From the bits of `why` to the one flag: the roll-up of QARTOD, later wins: 9, 2, 1, 3, 4."""

from typing import Final

import numpy as np

from venueair.block import Block, Flag, Flags, Float64, Why, Whys

FAILS: Final = Why.GROSS_RANGE | Why.WARM_UP
_HARMLESS: Final = Why.LATE

_BITS: Final = np.arange(1 << 16)
_FLAG_OF: Final[Flags] = np.where(
    _BITS & FAILS, Flag.FAIL, np.where(_BITS & ~int(FAILS | _HARMLESS), Flag.SUSPECT, Flag.GOOD)
).astype(np.uint8)


def flags(raw: Float64, why: Whys) -> Flags:
    """What `why` alone says; without a value nothing was measured, whatever else is known of the row."""
    flag = _FLAG_OF.take(why)
    missing = np.isnan(raw)
    if missing.any():
        flag[missing] = Flag.MISSING
    return flag


def without_spikes(block: Block) -> Block:
    """`block` flagged as if spikes were not tested.

    A spike is known one reading later: what must not depend on how rows were cut into blocks uses these.
    """
    why = block.why & np.uint16(~Why.SPIKE & 0xFFFF)
    return Block(block.t, block.series, block.value, block.raw, flags(block.raw, why), why)
