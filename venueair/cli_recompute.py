"""`venueair recompute`: corrected values, flags, zone values and rollups of a period, made again from raw."""

import sys
import threading
from datetime import UTC, datetime

from ingest.recompute import recompute
from venueair.clock import SystemClock
from venueair.settings import Settings
from venueair.starting import StartError, open_store
from venueair.store.store import StoreError


def time_of(text: str) -> int:
    """ISO 8601, UTC where it names no offset -> ms. Raises StartError."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise StartError(
            f"{text!r} is no time; write it like 2026-11-23 or 2026-11-23T09:00+09:00"
        ) from error
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def recompute_period(settings: Settings, device: str | None, start: str, end: str) -> None:
    """Raises StartError."""
    if device is not None and device not in settings.site.sensor:
        known = ", ".join(settings.site.sensor)
        raise StartError(f"there is no sensor {device!r}; venueair.toml has {known}")
    first, last = time_of(start), time_of(end)
    if last <= first:
        raise StartError("--to must be after --from")
    store = open_store(settings, writes=True, stopping=threading.Event())
    try:
        changes = recompute(store, settings, device, first, last, SystemClock().now_ms(), _progress)
    except StoreError as error:
        raise StartError(str(error)) from error
    finally:
        store.close()
    for (source, quantity), rows in sorted(changes.rows.items()):
        sys.stdout.write(f"{source:<24} {quantity:<20} {rows} rows changed\n")
    sys.stdout.write(
        f"{changes.rows.total()} rows changed, {changes.historical_alarms} alarms entered as history\n"
    )
    if changes.rollups_left:
        sys.stdout.write(
            f"{changes.rollups_left} rollups stay as they are: retention has dropped rows they were made of\n"
        )


def _progress(done: int, of: int) -> None:
    sys.stderr.write(f"\r{done} of {of} zone days" + ("\n" if done == of else ""))
    sys.stderr.flush()
