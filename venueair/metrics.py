"""What Prometheus reads, from a registry of our own; parts hand in callables that read their counters."""

from collections.abc import Callable, Iterable, Sequence

import structlog
from prometheus_client import CollectorRegistry, Metric, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

log = structlog.get_logger(__name__)

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

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answers at http://host:port/metrics, in threads of its own, until what it returns is called.

        For a part without a web server. Raises OSError when it cannot listen there.
        """
        server, thread = start_http_server(port, host, self._registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


def counter(name: str, help_text: str, counts: dict[str, int], label: str = "reason") -> CounterMetricFamily:
    """Counts by reason as one metric; `name` without `_total`."""
    family = CounterMetricFamily(name, help_text, labels=[label])
    for reason, count in sorted(counts.items()):
        family.add_metric([reason], count)
    return family
