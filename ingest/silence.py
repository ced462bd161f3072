"""No data is not good: which quantities are silent, and whose fault that is. Pure.

The nearest common parent gets the alarm: a device instead of all its quantities, a gateway that is away
instead of all its devices, and nobody while our own connection to the broker is down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.equipment import Wanted, of_quantity, standing
from venueair.equipment_alarms import SILENCE, SILENCE_GATEWAY
from venueair.messages import AlarmEdge

RULES: Final = frozenset({SILENCE, SILENCE_GATEWAY})
AT_LEAST_MS: Final = 300_000
_NEVER: Final = -(2**62)
_NOTHING: Final[Mapping[str, AlarmEdge]] = {}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a device of the settings is to send, and how often."""

    quantities: tuple[str, ...]
    interval_s: float

    @property
    def patience_ms(self) -> int:
        return max(AT_LEAST_MS, int(3000 * self.interval_s))


@dataclass(frozen=True, slots=True)
class Way:
    """What readings come through, a gateway or our own connection: is it up, and since when (arrival)."""

    is_up: bool
    since_ms: int


def silent(
    expected: Mapping[str, Expected],
    heard: Mapping[tuple[str, str], int],
    since_ms: int,
    now_ms: int,
    *,
    open_alarms: Mapping[str, AlarmEdge] = _NOTHING,
    via: Mapping[str, str] | None = None,
    gateways: Mapping[str, Way] | None = None,
    own: Way | None = None,
) -> set[Wanted]:
    """The silence alarms that should stand at `now_ms`.

    `heard`: when the last live reading of (device, quantity) arrived; before the first one, the service's
    start `since_ms` counts, and so does the return of its gateway or of our own connection. What stands open
    already ends by a reading alone: neither a restart nor a lost connection is a sign of life. `via`: device
    -> gateway, for those that hang on one; `gateways`: what their retained status said last, if anything.
    """
    stands = standing(open_alarms, RULES)
    if own is not None and not own.is_up:
        return stands
    via, gateways = via or {}, gateways or {}
    found: set[Wanted] = set()
    for device, what in expected.items():
        patience = what.patience_ms
        if not stands and all(now_ms - heard.get((device, q), _NEVER) <= patience for q in what.quantities):
            continue  # nearly always, and there are many
        gateway = via.get(device, "")
        way, away = gateways.get(gateway), of_quantity(SILENCE_GATEWAY, gateway)
        is_cut = not way.is_up if way else away in stands
        since = max([since_ms, *(each.since_ms for each in (way, own) if each and each.is_up)])
        everything = of_quantity(SILENCE, device)
        quiet = []
        for quantity in what.quantities:
            alarm = of_quantity(SILENCE, device, quantity)
            has_stood = alarm in stands or everything in stands
            last = heard.get((device, quantity))
            if has_stood:
                is_quiet = last is None or now_ms - last > patience
            else:
                is_quiet = now_ms - (since if last is None else max(last, since)) > patience
            if is_quiet and is_cut:
                found.add(away)
            if is_quiet and (has_stood or not is_cut):
                quiet.append(alarm)
        found.update([everything] if quiet and len(quiet) == len(what.quantities) else quiet)
    return found
