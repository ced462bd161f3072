"""Hours in which a stored sensor and its reference both measured: from the store, and from a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from ingest.calibration import FEWEST_PAIRS
from ingest.hourly import DAY_MS, HOUR_MS, Hourly, Pairs, hourly, hours_late, pair, sums
from ingest.reference_file import ReferenceFileError, reference_readings
from venueair.block import Flag, Why
from venueair.calibrations_file import when
from venueair.cli_recompute import time_of
from venueair.cli_store import open_alone
from venueair.clock import SystemClock
from venueair.settings import Settings
from venueair.starting import StartError
from venueair.store.store import Store, StoreError
from venueair.topics import is_id

CHUNK_MS: Final = 7 * DAY_MS  # of readings in memory at once; whole hours
OLDEST: Final = 1_577_836_800_000  # 2020: devices that say an earlier time have no clock
_NO_MEASUREMENT: Final = Why.OVER_RANGE | Why.FLAT_LINE | Why.DEVICE_FAULT | Why.CLOCK


@dataclass(frozen=True, slots=True)
class Wanted:
    """As it was typed: `reference` is a file or a device, `beside` are quantities of `device`."""

    device: str
    reference: str
    quantity: str
    start: str | None = None
    end: str | None = None
    beside: tuple[str, ...] = ()
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Colocation:
    """`left_out` readings of the sensor measured nothing. `hours_late`: ingest.hourly."""

    pairs: Pairs
    sensor_hours: int
    reference_hours: int
    left_out: int
    hours_late: int


def colocation(wanted: Wanted, settings: Settings) -> Colocation:
    """Of the period that was asked for, else of all that the reference measured. Raises StartError.

    The sensor counts as it said it, a reference that is a device with its own correction.
    """
    told = None if is_device(wanted.reference) else _from_file(Path(wanted.reference), wanted.zone)
    store = open_alone(settings, writes=False)
    try:
        hours = _Hours(store, *_period(wanted, told, store))
        sensor = hours.of(wanted.device, wanted.quantity, "raw")
        left_out = hours.left_out
        beside = {name: hours.of(wanted.device, name, "raw") for name in wanted.beside}
        if told is None:
            reference = hours.of(wanted.reference, wanted.quantity, "value")
        else:
            reference = told.between(hours.start, hours.end)
    except StoreError as error:
        raise StartError(str(error)) from error
    finally:
        store.close()
    return Colocation(
        pair(sensor, reference, beside),
        len(sensor),
        len(reference),
        left_out,
        hours_late(sensor, reference, FEWEST_PAIRS),
    )


class _Hours:
    """Hourly means of stored readings in [start, end)."""

    def __init__(self, store: Store, start: int, end: int) -> None:
        self._store, self.start, self.end = store, start, end
        self._number = {name: number for number, name in enumerate(store.names())}
        self.left_out = 0

    def of(self, device: str, quantity: str, column: Literal["raw", "value"]) -> Hourly:
        if (device, quantity) not in self._number:
            raise StartError(f"the store has no {quantity} of {device}; {self._known(device, quantity)}")
        series = [self._number[device, quantity]]
        parts, self.left_out = [], 0
        for start in range(self.start - self.start % CHUNK_MS, self.end, CHUNK_MS):
            rows = self._store.range(series, max(start, self.start), min(start + CHUNK_MS, self.end))
            is_measured = (rows.flag != Flag.FAIL) & ((rows.why & np.uint16(_NO_MEASUREMENT)) == 0)
            self.left_out += int((~is_measured).sum())
            parts.append(sums(rows.t[is_measured], getattr(rows, column)[is_measured]))
        return hourly(parts)

    def _known(self, device: str, quantity: str) -> str:
        if own := sorted(q for d, q in self._number if d == device):
            return f"it has {', '.join(own)} of it"
        others = sorted(d for d, q in self._number if q == quantity)
        return f"it has {quantity} of {', '.join(others) or 'nobody'}"


def is_device(reference: str) -> bool:
    return is_id(reference) and not Path(reference).is_file()


def _from_file(path: Path, zone: str) -> Hourly:
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise StartError(f"--tz: there is no time zone {zone!r}; one is Asia/Seoul") from error
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            t, value = reference_readings(file, local)
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"--reference {path} cannot be read: {error}") from error
    except ReferenceFileError as error:
        raise StartError(f"--reference {path} {error}") from error
    return hourly([sums(t, value)])


def _period(wanted: Wanted, told: Hourly | None, store: Store) -> tuple[int, int]:
    """[start, end) in ms."""
    if told is not None and not len(told):
        raise StartError(f"--reference {wanted.reference} has no value")
    start = time_of(wanted.start) if wanted.start else None
    end = time_of(wanted.end) if wanted.end else None
    if start is None:
        kept = store.takes_from(SystemClock().now_ms()) or OLDEST
        start = max(kept, OLDEST) if told is None else int(told.hour[0])
    if end is None:
        end = (store.newest() or start) + 1 if told is None else int(told.hour[-1]) + HOUR_MS
    if end <= start:
        raise StartError(
            f"the period ends at {when(end)}, before it begins at {when(start)}: look at --from and --to"
        )
    return start, end
