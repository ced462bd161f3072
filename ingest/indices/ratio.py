"""Division that has no value where its divisor has no meaning."""

import numpy as np

from ingest.indices import Values
from venueair.block import Bool, Float64


def ratio(over: Values, under: Values, *, where: Bool) -> Float64:
    """over / under, NaN where `where` is false; the three broadcast, and nothing is divided elsewhere."""
    numerator, divisor, defined = np.broadcast_arrays(over, under, where)
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, divisor, out=result, where=defined)
    return result
