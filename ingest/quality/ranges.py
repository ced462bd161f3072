"""What a sensor can mean and what a venue can have: gross and suspect range, over range."""

import numpy as np

from ingest.quality.limits import Limits
from ingest.quality.runs import Runs
from venueair.block import Int64, Why


def ranges(rows: Runs, limits: Limits) -> list[tuple[Why, Int64]]:
    """(reason, rows of the block). Both ranges include their ends (QARTOD gross range test)."""
    columns, quantity = limits.columns, limits.quantity[rows.series]
    plausible = (rows.low >= columns.low[quantity]) & (rows.high <= columns.high[quantity])
    if plausible.all():
        return []
    part = rows.only(~plausible)
    quantity = np.repeat(quantity[~plausible], part.end - part.start)
    raw = part.raw
    below, above = raw < columns.hard_low[quantity], raw > columns.hard_high[quantity]
    odd = ((raw < columns.low[quantity]) | (raw > columns.high[quantity])) & ~below & ~above
    return [
        (Why.GROSS_RANGE, part.row[below]),
        # Above the sensor's range is no fault: smoke reads like this, and it must be able to raise an alarm.
        (Why.OVER_RANGE, part.row[above]),
        (Why.SUSPECT_RANGE, part.row[odd]),
    ]
