"""What the parts need before they can start: the broker's address, and a store that is there."""

import os
import stat
import threading
from pathlib import Path
from typing import Final

import structlog

from venueair.mqtt_link import Address
from venueair.settings import Settings
from venueair.settings_store import Store as StoreSettings
from venueair.store.store import Store, StoreError

log = structlog.get_logger(__name__)

DRAIN_S: Final = 3.0
RETRY_S: Final = 2.0


class StartError(RuntimeError):
    """It cannot start; the message says what to change."""


def address_of(settings: Settings) -> Address:
    """Of an external broker."""
    mqtt = settings.mqtt
    return Address(mqtt.broker, mqtt.port, mqtt.username, mqtt.password.get_secret_value(), mqtt5=True)


def open_store(settings: Settings, *, writes: bool, stopping: threading.Event) -> Store:
    """The store of the settings. Raises StartError.

    Who writes waits for a server that is away, and raises SystemExit when `stopping` is set meanwhile. Who
    reads does not wait: it has live values to show.
    """
    try:
        if settings.store.kind == "influxdb":
            return _open_influxdb(settings, writes=writes, stopping=stopping)
        from venueair.store.duckdb_store import DuckDbStore

        return DuckDbStore(settings.data / "air.duckdb")
    except StoreError as error:
        raise StartError(str(error)) from error


def _open_influxdb(settings: Settings, *, writes: bool, stopping: threading.Event) -> Store:
    from venueair.store.influx_server import Server
    from venueair.store.influx_store import InfluxStore
    from venueair.store.influx_writer import StoreRetry

    chosen = settings.store
    write_token, read_token = _tokens(chosen, writes=writes)
    server = Server(
        chosen.url or "",
        chosen.org or "",
        chosen.bucket,
        write_token,
        read_token,
        chosen.raw_days,
        chosen.minutes_days,
        chosen.hours_days,
        speaks_flux=not chosen.write_only,
    )
    if chosen.write_only:
        log.warning("the store takes writes only: no history on pages, no rollups, a cold start of each test")
    store = InfluxStore(server, settings.site, settings.data / "influx.sqlite" if writes else None)
    said = ""
    while True:
        try:
            store.connect()
        except StoreRetry as error:
            if error.kind == "configuration":
                store.close()
                raise
            if str(error) != said:
                log.warning("the store is not there yet", problem=str(error))
                said = str(error)
        else:
            return store
        if not writes:
            return store
        if stopping.wait(RETRY_S):
            store.close()
            raise SystemExit(0)


def _tokens(store: StoreSettings, *, writes: bool) -> tuple[str, str]:
    """(to write, to read); "" where the process does not do it. Raises StoreError."""
    both = _from_file(store.token_file) if store.token_file else store.token.get_secret_value()
    write = store.write_token.get_secret_value() or both
    read = store.read_token.get_secret_value() or both
    missing = [
        name
        for name, token, is_needed in (
            ("write_token", write, writes),
            ("read_token", read, not store.write_only),
        )
        if is_needed and not token
    ]
    if missing:
        raise StoreError(
            f"[store] has no {' and no '.join(missing)}, and no token that is both: put it into the"
            f" environment (VENUEAIR_STORE__{missing[0].upper()}), or name a file with it as token_file"
        )
    return (write if writes else ""), read


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"[store] token_file {path} cannot be read: {error}") from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise StoreError(
            f"[store] token_file {path} is open to everybody on this machine: chmod o-rwx {path}"
        )
    if not token:
        raise StoreError(f"[store] token_file {path} is empty")
    return token
