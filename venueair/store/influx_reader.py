"""Asks an InfluxDB 2.x what it holds and which buckets it has, over influxdb-client."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from venueair.store.flux import FluxError, anything
from venueair.store.flux_answer import Table, columns
from venueair.store.influx_writer import CONFIGURATION_S, StoreRetry

ALIVE_MS: Final = 2000
DAY_S: Final = 86_400
_STRANGE: Final = (
    "does not answer as InfluxDB 2 does: look at the address and at proxies; a server that takes writes but"
    " no queries needs [store] write_only = true"
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """`keeps_s` None: for ever."""

    name: str
    keeps_s: int | None


class InfluxReader:
    """From any thread. Raises StoreRetry, of kind "configuration" where waiting does not help."""

    def __init__(self, url: str, token: str, org: str, *, timeout_s: float = 30.0) -> None:
        influxdb: Any = importlib.import_module("influxdb_client")  # takes a second: who needs it pays
        urllib3: Any = importlib.import_module("urllib3")
        self._influxdb = influxdb
        self._http_error: Any = urllib3.exceptions.HTTPError
        self._client: Any = influxdb.InfluxDBClient(url, token, timeout=int(timeout_s * 1000), org=org)
        self._url, self._org = url, org

    def ask(self, question: str) -> list[Table]:
        """Answer of a Flux text, as flux_answer.columns gives it."""
        dialect = self._influxdb.Dialect(header=True, annotations=[], date_time_format="RFC3339Nano")

        def read() -> bytes:
            data: bytes = self._client.query_api().query_raw(question, dialect=dialect).data
            return data

        try:
            return columns(self._call(read).decode())
        except (FluxError, UnicodeDecodeError) as error:
            raise StoreRetry(f"{self._url} failed in the middle of an answer: {error}", "failing") from error

    def is_alive(self) -> None:
        """Raises StoreRetry when it does not answer within ALIVE_MS."""
        health = self._influxdb.HealthService(self._client.api_client)
        self._call(lambda: health.get_health(_request_timeout=ALIVE_MS, _preload_content=False).data)

    def may_read(self, bucket: str) -> None:
        """Raises StoreRetry unless this token may read the bucket."""
        self.ask(anything(bucket))

    def bucket(self, name: str) -> Bucket | None:
        """None when there is none, or when this token may not see it."""
        try:
            found = self._call(lambda: self._client.buckets_api().find_buckets(name=name, org=self._org))
        except StoreRetry as error:
            if getattr(error.__cause__, "status", None) == 404 and _STRANGE not in str(error):
                return None
            raise
        return next((self._bucket(bucket) for bucket in found.buckets), None)

    def make_bucket(self, name: str, days: int) -> Bucket | None:
        """None when this token may not make one."""
        orgs = self._call(lambda: self._client.organizations_api().find_organizations(org=self._org))
        if not orgs:
            return None
        rules = self._influxdb.BucketRetentionRules(type="expire", every_seconds=days * DAY_S)
        make = self._client.buckets_api().create_bucket
        try:
            return self._bucket(
                self._call(lambda: make(bucket_name=name, org=orgs[0].id, retention_rules=rules))
            )
        except StoreRetry as error:
            if getattr(error.__cause__, "status", None) in {401, 403}:
                return None
            raise

    def close(self) -> None:
        self._client.close()

    def _bucket(self, found: Any) -> Bucket:
        keeps = [rule.every_seconds for rule in found.retention_rules if rule.every_seconds]
        return Bucket(found.name, min(keeps, default=None))

    def _call(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except self._influxdb.rest.ApiException as error:
            raise self._retry(error) from error
        except self._http_error as error:
            said = f"{self._url} cannot be reached, or does not answer: {error}"
            raise StoreRetry(said, "unreachable") from error
        except ValueError as error:  # the client does not understand the answer
            raise StoreRetry(f"{self._url} {_STRANGE}: {error}", "configuration", CONFIGURATION_S) from error

    def _retry(self, error: Any) -> StoreRetry:
        status, said = error.status, " ".join(_text(error.body or error.reason).split())[:300]
        if status in {408, 429} or (status or 0) >= 500:
            return StoreRetry(f"{self._url} cannot answer now ({status}); it says: {said}", "failing")
        what = {
            401: "does not know the token: put a valid one into the settings of the store",
            403: "does not let the token read: permit it to, or use another token",
            404: f"has no such bucket that this token may read, or no organisation {self._org!r}",
            None: "has no secure connection: look at certificate, name and clock",
        }.get(status, _STRANGE)
        if status == 404 and '"code"' not in said:  # InfluxDB names one with each refusal
            what = _STRANGE
        return StoreRetry(f"{self._url} {what} ({status}; it says: {said})", "configuration", CONFIGURATION_S)


def _text(said: Any) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
