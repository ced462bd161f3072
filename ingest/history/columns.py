"""What the columns of a file mean: header, `--map` and `--ignore` -> which column is which quantity. Pure.

| form | header                                | one row is                                      |
|------|---------------------------------------|-------------------------------------------------|
| wide | time,<quantity>…                      | one time; an empty cell is a missing value       |
| long | time,device,quantity,value,raw,flag   | one reading: what `venueair export` writes       |
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.history.units import SAME, Scale, scale
from venueair.quantities import QUANTITIES

TIME: Final = "time"
EXPORTED: Final = ("time", "device", "quantity", "value", "raw", "flag")


class HistoryError(ValueError):
    """It cannot be imported as it was asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Column:
    """`name` as the file spells it."""

    name: str
    quantity: str
    scale: Scale = SAME


@dataclass(frozen=True, slots=True)
class Layout:
    time: str
    columns: tuple[Column, ...]


def is_export(header: Collection[str]) -> bool:
    return set(EXPORTED) <= set(header)


def layout(header: Sequence[str], maps: Sequence[str] = (), ignored: Collection[str] = ()) -> Layout:
    """Of a wide file. `maps` are `OLD=QUANTITY:UNIT` or `OLD=time`. Raises HistoryError."""
    _must_be_there([*ignored], header, "--ignore")
    named = [_mapped(text) for text in maps]
    _must_be_there([old for old, _ in named], header, "--map")
    meant = dict(named)
    columns, times, unknown = [], [], []
    for name in header:
        if name in ignored:
            continue
        column = meant.get(name, name)
        if isinstance(column, Column):
            columns.append(column)
        elif column == TIME:
            times.append(name)
        elif name in QUANTITIES:
            columns.append(Column(name, name))
        else:
            unknown.append(name)
    if unknown:
        example = "pm2_5:ug/m3" if times else TIME
        raise HistoryError(
            f"unknown column{'s'[: len(unknown) != 1]} {', '.join(map(repr, unknown))}. Say what it is"
            f" (--map '{unknown[0]}={example}') or leave it out (--ignore '{unknown[0]}')."
            f" venueair knows {', '.join(QUANTITIES)}"
        )
    if len(times) != 1:
        how = "no column" if not times else "more than one column"
        raise HistoryError(f"{how} is `time`: the header is {','.join(header)}. --map 'OLD=time' names it")
    if not columns:
        raise HistoryError(f"no column is a quantity: the header is {','.join(header)}")
    _must_differ([column.quantity for column in columns], "two columns are the quantity")
    return Layout(times[0], tuple(columns))


def _mapped(text: str) -> tuple[str, Column | str]:
    old, equals, meaning = text.rpartition("=")
    quantity, colon, unit = meaning.partition(":")
    if not equals or not old:
        raise HistoryError(f"--map {text!r} is not OLD=QUANTITY:UNIT")
    if meaning == TIME:
        return old, TIME
    if quantity not in QUANTITIES:
        raise HistoryError(
            f"--map {text!r}: there is no quantity {quantity!r}; venueair knows {', '.join(QUANTITIES)}"
        )
    if not colon or not unit:
        own = QUANTITIES[quantity].unit
        raise HistoryError(f"--map {text!r} names no unit; is it --map '{old}={quantity}:{own}'?")
    try:
        return old, Column(old, quantity, scale(quantity, unit))
    except ValueError as error:
        raise HistoryError(f"--map {text!r}: {error}") from error


def _must_be_there(names: Sequence[str], header: Sequence[str], option: str) -> None:
    _must_differ(names, f"two {option} are for")
    if missing := [name for name in names if name not in header]:
        raise HistoryError(f"{option} {missing[0]!r}: the file has no such column, but {', '.join(header)}")


def _must_differ(names: Sequence[str], what: str) -> None:
    if again := [name for n, name in enumerate(names) if name in names[:n]]:
        raise HistoryError(f"{what} {again[0]!r}")
