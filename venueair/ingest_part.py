"""Ingest: alone in a process, or one of the parts of `run`."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from gateway.sensors import MODELS
from ingest.silence import Expected
from ingest.worker import Worker
from venueair.clock import Clock
from venueair.metrics import counter
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


def ingest_metrics(worker: Worker, settings: Settings) -> Iterator[Metric]:
    """The same names in one process and apart."""
    receiver = worker.receiver
    for name, text, value in (
        ("venueair_ingest_duplicate_readings", "Readings that were stored already", receiver.duplicates),
        ("venueair_ingest_late_readings", "Readings too late for alarms", receiver.late),
    ):
        yield GaugeMetricFamily(name, text, value)
    rejected = receiver.rejected_of(settings.site.sensor)
    yield counter("venueair_ingest_rejected_readings", "Readings refused", rejected)
    yield counter("venueair_ingest_rejected_messages", "Messages refused", dict(receiver.messages))
    without = "Readings left raw for want of a fresh one that their correction needs"
    yield counter("venueair_ingest_uncorrected_readings", without, worker.uncorrected(), "device")
    yield counter("venueair_ingest", "What ingest did", dict(worker.counts), "what")
