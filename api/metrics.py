"""/metrics of the API's own service."""

from collections.abc import Iterable
from math import nan
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from api.service import ApiService
from venueair.metrics import counter

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


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
