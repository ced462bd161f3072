"""NowCast for PM: a 12-h mean that leans to the newest hours the more the air changes.

Source: US EPA, Technical Assistance Document for the Reporting of Daily Air Quality (EPA-454/B-24-002).
w = 1 - (max - min) / max, at least 0.5; NowCast = sum(w^k c_k) / sum(w^k), k = 0 for the newest hour. A
missing hour leaves both sums and keeps its exponent. It needs two of the newest three hours.
"""

from typing import Final

import numpy as np

from ingest.indices import Values
from ingest.indices.ratio import ratio
from venueair.block import Float64

HOURS: Final = 12
_AGE: Final = np.arange(HOURS - 1, -1, -1, dtype=np.float64)  # hours before the newest


def nowcast_pm(hourly: Values) -> Float64:
    """From hourly means (..., 12) in time order, NaN where an hour is missing, to (...), in the same unit.

    Not truncated: the AQI does that. NaN with fewer than two valid hours among the newest three.
    """
    hours = np.asarray(hourly, dtype=np.float64)
    if hours.shape[-1:] != (HOURS,):
        raise ValueError(f"NowCast takes {HOURS} hourly means in the last axis, not shape {hours.shape}")
    there = ~np.isnan(hours)
    highest = np.max(hours, axis=-1, where=there, initial=-np.inf)
    lowest = np.min(hours, axis=-1, where=there, initial=np.inf)
    enough = there[..., -3:].sum(axis=-1) >= 2
    swing = ratio(highest - lowest, highest, where=enough & (highest > 0))
    weight = np.clip(1 - np.nan_to_num(swing), 0.5, 1.0)[..., np.newaxis] ** _AGE * there
    total = np.sum(weight * np.where(there, hours, 0.0), axis=-1)
    return ratio(total, np.sum(weight, axis=-1), where=enough)
