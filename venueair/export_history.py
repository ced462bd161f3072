"""`venueair export`: the store into a file or a folder; progress on stderr, the result on stdout."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from venueair.cli_recompute import time_of
from venueair.cli_store import DEFAULT, open_alone
from venueair.settings import Settings
from venueair.starting import StartError
from venueair.store.export import Names, export_csv
from venueair.store.export_parquet import FolderError, export_parquet
from venueair.store.store import Store, StoreError


def export_to(
    out: Path, settings: Settings, device: str | None, start: str | None, end: str | None, *, is_parquet: bool
) -> None:
    """Without `start` from the first reading on, without `end` to the last. Raises StartError."""
    first = time_of(start) if start is not None else 0
    last = time_of(end) if end is not None else None
    if last is not None and last <= first:
        raise StartError("--to must be after --from")
    store = open_alone(settings, writes=False)
    try:
        names = _names(store, settings, device)
        if last is None:
            last = max((store.newest() or 0) + 1, first)
        with _bar() as bar:
            show = _shown(bar, first, last)
            if is_parquet:
                rows = export_parquet(store, names, first, last, out, partial(_venue_of, settings), show)
            else:
                rows = export_csv(store, names, first, last, out, show)
    except (StoreError, FolderError) as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"{out} cannot be written: {error}") from error
    finally:
        store.close()
    sys.stdout.write(f"{rows:,} readings in {out}\n")


def _names(store: Store, settings: Settings, device: str | None) -> Names:
    """Devices only: values of zones are made of theirs, and made again by an import."""
    zones = {DEFAULT, *settings.site.zone} - settings.site.sensor.keys()  # imported without settings, too
    names = [name for name in store.names() if name[0] not in zones]
    if device is None:
        return names
    mine = [name for name in names if name[0] == device]
    if not mine:
        known = ", ".join(dict.fromkeys(source for source, _ in names)) or "none"
        raise StartError(f"--device: there are no readings of {device!r}; there are of {known}")
    return mine


def _venue_of(settings: Settings, device: str) -> str:
    """A device that is no longer in the settings has no venue any more."""
    sensor = settings.site.sensor.get(device)
    return settings.site.venue_of_zone(sensor.zone) if sensor else DEFAULT


def _shown(bar: Progress, first: int, last: int) -> Callable[[int, int], None]:
    """The bar begins with the first reading: without --from, most of the time since 1970 has none."""
    task = bar.add_task("exporting", total=None, upto="")
    begun = first

    def show(rows: int, upto: int) -> None:
        nonlocal begun
        if not rows:
            begun = upto
        day = datetime.fromtimestamp(upto / 1000, UTC).date()
        words = f"{rows:,} readings, up to {day}"
        bar.update(task, total=max(last - begun, 1), completed=max(upto - begun, 1), upto=words)

    return show


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[upto]}"))
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))
