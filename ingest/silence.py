"""No data is not good: which quantities are silent, and for which devices that is all of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

RULE: Final = "silence"
ALL: Final = "*"
AT_LEAST_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Expected:
    """What a device of the settings is to send, and how often."""

    quantities: tuple[str, ...]
    interval_s: float

    @property
    def patience_ms(self) -> int:
        return max(AT_LEAST_MS, int(3000 * self.interval_s))


def silent(
    expected: Mapping[str, Expected], heard: Mapping[tuple[str, str], int], since_ms: int, now_ms: int
) -> set[tuple[str, str]]:
    """(device, quantity) that stand silent; (device, ALL) where everything does, one alarm instead of many.

    `heard` is when the last live reading arrived; before the first one the service's start counts.
    """
    found: set[tuple[str, str]] = set()
    for device, what in expected.items():
        quiet = [
            quantity
            for quantity in what.quantities
            if now_ms - max(heard.get((device, quantity), since_ms), since_ms) > what.patience_ms
        ]
        if quiet and len(quiet) == len(what.quantities):
            found.add((device, ALL))
        else:
            found.update((device, quantity) for quantity in quiet)
    return found
