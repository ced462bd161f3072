"""Hourly means of two instruments side by side, and the hours in which both measured. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from venueair.block import Float64, Int64

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
_FULL: Final = 0.75  # of the usual number of readings in an hour
_ZONES_H: Final = range(-14, 15)  # what clocks on earth differ by
_CLEARLY: Final = 0.1  # of R2


@dataclass(frozen=True, slots=True)
class Sums:
    """Readings of whole hours UTC added up; hour (n,) in ms, rising."""

    hour: Int64
    total: Float64
    count: Int64


@dataclass(frozen=True, slots=True)
class Hourly:
    """Means of whole hours UTC, rising; hour (n,) in ms."""

    hour: Int64
    mean: Float64

    def __len__(self) -> int:
        return len(self.hour)

    def at(self, hours: Int64) -> Float64:
        """NaN for hours that have none."""
        if not len(self.hour):
            return np.full(len(hours), np.nan)
        found = np.minimum(np.searchsorted(self.hour, hours), len(self.hour) - 1)
        return np.where(self.hour[found] == hours, self.mean[found], np.nan)

    def between(self, start: int, end: int) -> "Hourly":
        """Hours that begin in [start, end)."""
        inside = (self.hour >= start) & (self.hour < end)
        return Hourly(self.hour[inside], self.mean[inside])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Hours in which everything was measured: columns of n, in time order."""

    hour: Int64
    sensor: Float64
    reference: Float64
    beside: Mapping[str, Float64]

    def __len__(self) -> int:
        return len(self.hour)

    @property
    def days(self) -> int:
        return len(np.unique(self.hour // DAY_MS))

    @property
    def period(self) -> tuple[int, int]:
        """ms; begin of the first hour, end of the last. Of no pairs it raises IndexError."""
        return int(self.hour[0]), int(self.hour[-1]) + HOUR_MS


def sums(t: Int64, value: Float64) -> Sums:
    """`t` in any order; NaN is left out."""
    there = ~np.isnan(value)
    hour, number, count = np.unique(t[there] // HOUR_MS, return_inverse=True, return_counts=True)
    total: Float64 = np.bincount(number, weights=value[there], minlength=len(hour)).astype(np.float64)
    return Sums(hour * HOUR_MS, total, count)


def hourly(parts: Sequence[Sums]) -> Hourly:
    """`parts` in time order, none of which share an hour. Hours with under 3/4 of the usual number of
    readings count as missing.
    """
    hour = np.concatenate([np.empty(0, dtype=np.int64), *(part.hour for part in parts)])
    if not len(hour):
        return Hourly(hour, np.empty(0))
    total = np.concatenate([part.total for part in parts])
    count = np.concatenate([part.count for part in parts])
    is_full = count >= _FULL * np.median(count)
    return Hourly(hour[is_full], total[is_full] / count[is_full])


def pair(sensor: Hourly, reference: Hourly, beside: Mapping[str, Hourly]) -> Pairs:
    truth = reference.at(sensor.hour)
    others = {name: other.at(sensor.hour) for name, other in beside.items()}
    whole = ~np.isnan(np.stack([truth, *others.values()])).any(axis=0)
    return Pairs(
        sensor.hour[whole],
        sensor.mean[whole],
        truth[whole],
        {name: other[whole] for name, other in others.items()},
    )


def hours_late(sensor: Hourly, reference: Hourly, fewest: int) -> int:
    """By how many hours the reference's clock seems to be ahead: 0 unless another agrees clearly better.

    A file in local time that was read as UTC shows as this. `fewest` pairs are needed to say so.
    """
    r2 = {shift: _agreement(sensor, reference, shift, fewest) for shift in _ZONES_H}
    best = max(r2, key=lambda shift: r2[shift])
    return best if r2[best] > r2[0] + _CLEARLY else 0


def _agreement(sensor: Hourly, reference: Hourly, shift: int, fewest: int) -> float:
    """R2; 0 where it is not known."""
    truth = reference.at(sensor.hour + shift * HOUR_MS)
    both = ~np.isnan(truth)
    x, y = sensor.mean[both], truth[both]
    if len(x) < fewest or not x.std() or not y.std():
        return 0.0
    return float(np.corrcoef(x, y)[0, 1] ** 2)
