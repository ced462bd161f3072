"""docs/quantities.md, generated from the table: `python -m venueair.quantities_page > docs/quantities.md`."""

import sys
from math import inf
from typing import Final

from venueair.quantities import QUANTITIES, Quantity

_HEAD: Final = """\
# Quantities

Every quantity that venueair knows. *Plausible* is what a venue can have: a value outside is kept and marked
suspect. *Possible* is what any sensor of the quantity can mean: below it a reading fails, above it is "over
range", kept and still able to raise an alarm. Both include their ends. Derived quantities are computed by
venueair. A missing value is an absent key or `null`, never 0 or -1. Particle counts are cumulative: `n0_5` is
larger than 0.5 µm.

This page is generated: `python -m venueair.quantities_page > docs/quantities.md`.

| name | unit | decimals | plausible | possible | 한국어 | English | Home Assistant | |
|---|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page, Markdown."""
    return _HEAD + "".join(f"{_row(quantity)}\n" for quantity in QUANTITIES.values())


def _row(quantity: Quantity) -> str:
    cells = (
        f"`{quantity.name}`",
        quantity.unit,
        str(quantity.decimals),
        _range(quantity.suspect),
        _range(quantity.hard),
        quantity.ko,
        quantity.en,
        f"`{quantity.ha_class}`" if quantity.ha_class else "",
        "derived" if quantity.derived else "",
    )
    return f"| {' | '.join(cells)} |"


def _range(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"{low:g} and more" if high == inf else f"{low:g} to {high:g}"


if __name__ == "__main__":
    sys.stdout.write(page())
