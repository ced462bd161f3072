"""Readings of one device and time that cannot both be true: PM sizes out of order, impossible dew points.

Rows of one message share their time; rows of other messages are not compared.
"""

from typing import Final

import numpy as np

from ingest.quality.flags import FAILS
from ingest.quality.limits import Limits
from ingest.quality.runs import Lookup, Runs, spread
from ingest.quality.start_values import ORDER_TOLERANCE
from venueair.block import Bool, Float64, Int64, Why, Whys
from venueair.quantities import QUANTITIES


def vapour_hpa(temperature: Float64, humidity: Float64) -> Float64:
    """Water vapour pressure; saturation over water by WMO-No. 8 (2018) annex 4.B, clipped at -100 degC."""
    celsius = np.maximum(temperature, -100.0)
    return humidity / 100.0 * 6.112 * np.exp(17.62 * celsius / (243.12 + celsius))


_DRIEST, _WETTEST = vapour_hpa(np.array(QUANTITIES["dew_point"].suspect), np.array([100.0, 100.0]))
DRIEST_HPA: Final = float(_DRIEST)
WETTEST_HPA: Final = float(_WETTEST)


def pairs(rows: Runs, why: Whys, place: Int64, limits: Limits) -> list[tuple[Why, Int64]]:
    """(reason, rows of the block); readings that fail already accuse nobody. `place` is scratch."""
    partner = limits.partner[rows.series]
    run = np.flatnonzero(partner >= 0)
    if not len(run):
        return []
    lookup = Lookup(rows, place)
    other = lookup.find(partner[run])
    run, other = run[other >= 0], other[other >= 0]
    quantity = limits.quantity[rows.series[run]]
    thermal = limits.columns.is_temperature[quantity]
    calm = rows.high[run] - rows.low[other] <= ORDER_TOLERANCE
    if thermal.any():
        driest = vapour_hpa(rows.low[run], rows.low[other])
        calm_air = (driest >= DRIEST_HPA) & (vapour_hpa(rows.high[run], rows.high[other]) <= WETTEST_HPA)
        calm = np.where(thermal, calm_air, calm)
    if calm.all():
        return []
    left, right, nth = _same_time(rows, lookup, run[~calm], other[~calm])
    sound = ((why[left] | why[right]) & np.uint16(FAILS)) == 0
    left, right, nth = left[sound], right[sound], nth[sound]
    kind = quantity[~calm][nth]
    thermal, is_pm = limits.columns.is_temperature[kind], limits.columns.is_pm[kind]
    larger = rows.raw[left] - rows.raw[right] > ORDER_TOLERANCE
    vapour = vapour_hpa(rows.raw[left], rows.raw[right])
    no_air = np.where(thermal, (vapour < DRIEST_HPA) | (vapour > WETTEST_HPA), larger & ~is_pm)
    return [*_both(Why.ORDER, left, right, larger & is_pm), *_both(Why.SUSPECT_RANGE, left, right, no_air)]


def _same_time(rows: Runs, lookup: Lookup, run: Int64, other: Int64) -> tuple[Int64, Int64, Int64]:
    """(row, row of the other run with the same t, index of the pair of runs)."""
    count = rows.end[run] - rows.start[run]
    left = spread(rows.start[run], count)
    pair = np.repeat(np.arange(len(run)), count)
    nth = left - rows.start[run][pair]
    right = lookup.at_or_before(other[pair], rows.t[left], nth)
    same = (right >= 0) & (rows.t[right] == rows.t[left])
    return left[same], right[same], pair[same]


def _both(reason: Why, left: Int64, right: Int64, mask: Bool) -> list[tuple[Why, Int64]]:
    """Of two that disagree nobody knows which is wrong."""
    return [(reason, left[mask]), (reason, right[mask])] if mask.any() else []
