"""/metrics for Prometheus, from a registry of our own; counters are read from callables that parts hand in."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

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
