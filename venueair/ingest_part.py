"""Ingest: alone in a process, or one of the parts of `run`."""

from typing import Final

from gateway.sensors import MODELS
from ingest.silence import Expected
from ingest.worker import Worker
from venueair.clock import Clock
from venueair.mqtt_link import Address
from venueair.settings import Settings
from venueair.store.store import Store

NODE_INTERVAL_S: Final = 10.0


def expected(settings: Settings) -> dict[str, Expected]:
    """What each device is to send: a wired one what its model measures, a node what its settings say."""
    found = {}
    for sensor in settings.sensor:
        model = MODELS[sensor.model] if sensor.port is not None else None
        quantities = model.quantities if model else sensor.quantities
        interval_s = sensor.interval_s or (model.interval_s if model else NODE_INTERVAL_S)
        found[sensor.id] = Expected(quantities, interval_s)
    return found


def new_worker(settings: Settings, clock: Clock, address: Address, store: Store) -> Worker:
    """Raises StoreError: it begins with what is stored."""
    return Worker(settings, clock, address, store, expected(settings), settings.data / "ingest.sqlite")
