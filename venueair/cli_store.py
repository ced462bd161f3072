"""The store for commands that read or write history while no service runs."""

import re
import threading
from pathlib import Path
from typing import Final

from venueair.settings import Settings
from venueair.site import NODE_MODEL
from venueair.starting import StartError, open_store
from venueair.store.store import Store

DEFAULT: Final = "default"
_LOCKED: Final = re.compile(r"lock is held in (.*) \(PID (\d+)\)")


def without_file(data: Path | None, device: str | None = None) -> Settings:
    """Settings where there is no venueair.toml: one zone, and the device in it."""
    name = {"ko": DEFAULT, "en": DEFAULT}
    sensor = {"id": device, "zone": DEFAULT, "model": NODE_MODEL}
    return Settings(
        data=data or Path("data"),
        gateway={"venue": DEFAULT},
        venue=[{"id": DEFAULT, "name": name}],
        hall=[{"id": DEFAULT, "venue": DEFAULT, "name": name}],
        # A zone has a volume, and only control, which has no part in this, reckons with it.
        zone=[{"id": DEFAULT, "hall": DEFAULT, "name": name, "volume_m3": 1}],
        sensor=[sensor] if device else [],
    )


def open_alone(settings: Settings, *, writes: bool) -> Store:
    """Raises StartError, which names the process that has the DuckDB file."""
    path = settings.data / "air.duckdb"
    if settings.store.kind == "duckdb" and not writes and not path.exists():
        raise StartError(f"there are no readings in {settings.data}: name the folder of the data with --data")
    try:
        return open_store(settings, writes=writes, stopping=threading.Event())
    except StartError as error:
        if held := _LOCKED.search(str(error)):
            raise StartError(
                f"{path} is in use by {held[1]} (process {held[2]}): stop the service first"
            ) from error
        raise
