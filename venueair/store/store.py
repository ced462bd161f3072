"""The Protocol of a store of readings, and the columns that only stores know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, Protocol, Self

from venueair.block import Block, Float64, Int32, Int64

Width = Literal[60, 3600]  # seconds; rollups of a minute and of an hour


class StoreError(Exception):
    """The store cannot do it now; the message says what a technician should look at."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """Buckets [t, t + width) UTC over readings of flag 1 or 3, sorted by (series, t); columns of length n."""

    t: Int64
    series: Int32
    mean: Float64
    min: Float64
    max: Float64
    count: Int64

    def __len__(self) -> int:
        return len(self.t)

    def take(self, rows: Int64) -> Self:
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Marks:
    """How far one (device, boot) is stored: every seq <= upto, and the ranges (first, last) above it."""

    upto: int = -1
    above: tuple[tuple[int, int], ...] = ()


MarkKey = tuple[str, str]  # device, boot


@dataclass(frozen=True, slots=True)
class Period:
    """Rows of `source` in [start, end) came out of order: what is derived from them is owed."""

    source: str
    start: int
    end: int


@dataclass(slots=True)
class Health:
    ok: bool
    detail: str = ""
    facts: dict[str, float] = field(default_factory=dict)


class Store(Protocol):
    """A reading is identified by (series, t): writing it again replaces it.

    All methods may be called from any thread. Times are ms since 1970 UTC, periods are [start, end).
    Every method raises StoreError when the store is out of reach or full; then nothing was written.
    """

    def series(self, source: str, quantity: str) -> int:
        """The number of a series; the same for the life of the store."""

    def names(self) -> list[tuple[str, str]]:
        """(source, quantity) by series number."""

    def write(self, block: Block, marks: dict[MarkKey, Marks], owed: Sequence[Period] = ()) -> int:
        """Stores rows, marks and periods in one transaction (marks and periods never before the rows).

        Returns how many rows replaced one of another value, as far as the store can tell: at least those
        that replaced the newest row of their series.
        """

    def marks(self) -> dict[MarkKey, Marks]: ...

    def owed(self) -> list[Period]:
        """Periods that were written and not settled yet, oldest first."""

    def settle(self, periods: Sequence[Period]) -> None:
        """Forgets these periods: what they owed is stored."""

    def takes_from(self, now: int) -> int | None:
        """Rows before this t would be refused; None: any t is taken."""

    def write_rollup(self, width: Width, rollup: Rollup) -> int:
        """Replaces by (series, t). A bucket that was made of rows which retention has dropped stays as it is.

        Returns how many buckets were not written for this.
        """

    def lacks_rows(self, start: int, end: int) -> bool:
        """Has retention dropped rows of this time? What was made of them cannot be made again."""

    def rollup_end(self, width: Width) -> int | None:
        """Start of the newest stored bucket."""

    def range(self, series: Sequence[int] | None, start: int, end: int) -> Block:
        """Rows sorted by (series, t); None means every series."""

    def rollup_range(self, width: Width, series: Sequence[int], start: int, end: int) -> Rollup: ...

    def newest(self) -> int | None:
        """Largest t of all rows."""

    def count(self, sources: Iterable[str]) -> tuple[int, int]:
        """(rows, distinct (series, t)) with a value, of raw readings of these sources."""

    def retain(self, now: int, raw_days: int, minutes_days: int, hours_days: int) -> int:
        """Drops what is older; returns how many months of tables went."""

    def health(self) -> Health: ...

    def close(self) -> None:
        """Idempotent."""
