"""/metrics for Prometheus, from a registry of our own; parts hand in callables that read their counters."""

from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.service import ApiService

log = structlog.get_logger(__name__)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Source = Callable[[], Iterable[Metric]]


class Metrics(Collector):
    """One failing source is counted and leaves the others readable."""

    def __init__(self, sources: Sequence[Source] = ()) -> None:
        self._sources = list(sources)
        self._failed = 0
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def add(self, source: Source) -> None:
        self._sources.append(source)

    def collect(self) -> Iterable[Metric]:
        for source in self._sources:
            try:
                yield from list(source())
            except Exception:  # a part's fault must not hide the others'
                self._failed += 1
                log.exception("metrics source failed")
        failed = CounterMetricFamily("venueair_metrics_failed", "Sources of metrics that failed when read")
        failed.add_metric([], self._failed)
        yield failed

    def render(self) -> bytes:
        return generate_latest(self._registry)


def counter(name: str, help_text: str, counts: dict[str, int], label: str = "reason") -> CounterMetricFamily:
    """Counts by reason as one metric; `name` without `_total`."""
    family = CounterMetricFamily(name, help_text, labels=[label])
    for reason, count in sorted(counts.items()):
        family.add_metric([reason], count)
    return family


def service_metrics(service: ApiService) -> Iterable[Metric]:
    age, _ = service.silence_s()
    load = service.alarm_load()
    for name, text, value in (
        ("venueair_api_mqtt_connected", "1 when the broker answers", float(service.link.connected)),
        ("venueair_api_live_age_seconds", "Real seconds since ingest spoke", nan if age is None else age),
        ("venueair_api_streams", "Open event streams", float(service.hub.clients)),
        ("venueair_api_alarms_open", "Alarms that stand open", float(load["open"])),
        ("venueair_api_alarms_unacknowledged", "Open alarms nobody has seen", float(load["unacknowledged"])),
        ("venueair_api_alarms_latched", "Alarms that are over and wait for a reset", float(load["latched"])),
        ("venueair_api_alarms_chattering", "Alarms held open since they chatter", float(load["chattering"])),
        ("venueair_api_alarms_new", "Alarms raised in the last 10 min", float(load["new_10_min"])),
        (
            "venueair_api_alarm_flood",
            "1 when there are more alarms than people can look at",
            float(load["is_flood"]),
        ),
    ):
        yield GaugeMetricFamily(name, text, value)
    yield counter("venueair_api_messages", "Messages by what became of them", dict(service.counts), "what")
    yield counter("venueair_api_stream_events", "Stream events", {"dropped": service.hub.dropped}, "what")
    yield counter("venueair_api_mqtt", "What happened on the MQTT link", dict(service.link.counts), "what")
