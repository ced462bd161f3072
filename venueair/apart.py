"""One part alone in its process. The others are reached through the broker and the store.

Each runs until SIGTERM or Ctrl-C (stopping.py), and imports only what it needs. Raises StartError.
"""

from collections.abc import Callable
from functools import partial

import typer

from venueair import stopping
from venueair.clock import SystemClock
from venueair.metrics import Metrics, Source
from venueair.settings import Ingest, Settings
from venueair.starting import DRAIN_S, StartError, address_of, open_store
from venueair.store.store import StoreError


def gateway(settings: Settings) -> None:
    from gateway.runner import Gateway
    from gateway.spool_file import SpoolError

    _refuse_embedded_broker(settings, "gateway")
    stopping.hold()
    try:
        part = Gateway(settings, SystemClock(), address_of(settings))
    except SpoolError as error:
        raise StartError(str(error)) from error
    part.start()
    stopping.requested.wait()
    part.stop_sensors()
    part.drain(DRAIN_S)
    part.stop()


def ingest(settings: Settings) -> None:
    from venueair.ingest_part import ingest_metrics, new_worker

    _refuse_embedded_broker(settings, "ingest")
    _refuse_duckdb(settings, "ingest")
    stopping.hold()
    store = open_store(settings, writes=True, stopping=stopping.requested)
    try:
        worker = new_worker(settings, SystemClock(), address_of(settings), store)
    except StoreError as error:
        raise StartError(str(error)) from error
    stop_metrics = _serve_metrics(settings.ingest, partial(ingest_metrics, worker, settings))
    worker.start()
    typer.echo(f"venueair ingest writes to {settings.store.url}, bucket {settings.store.bucket}")
    stopping.requested.wait()
    worker.stop()
    store.close()
    stop_metrics()


def api(settings: Settings) -> None:
    from venueair.api_part import ApiPart, ops_db

    _refuse_embedded_broker(settings, "api")
    _refuse_duckdb(settings, "api")
    stopping.hold()
    store = open_store(settings, writes=False, stopping=stopping.requested)
    engine = ops_db(settings)
    part = ApiPart(settings, SystemClock(), address_of(settings), store, engine)
    url = part.listen()
    part.start()
    typer.echo(f"venueair api is at {url}; `venueair key create NAME` makes a key")
    stopping.requested.wait()
    part.stop_serving()
    part.stop()
    store.close()
    engine.dispose()


def _serve_metrics(ingest: Ingest, source: Source) -> Callable[[], None]:
    """What it returns ends it; nothing is served without a port."""
    if ingest.metrics_port is None:
        return lambda: None
    host, port = ingest.metrics_host, ingest.metrics_port
    try:
        return Metrics([source]).serve(host, port)
    except OSError as error:
        raise StartError(
            f"[ingest] metrics_port: cannot listen on {host}:{port}: {error}; choose another port or host"
        ) from error


def _refuse_embedded_broker(settings: Settings, part: str) -> None:
    if settings.mqtt.broker == "embedded":
        raise StartError(f'{part} alone needs [mqtt] broker = "the host of your broker"')


def _refuse_duckdb(settings: Settings, part: str) -> None:
    if settings.store.kind == "duckdb":
        raise StartError(
            f'{part} alone needs [store] kind = "influxdb" (docs/influxdb.md): a DuckDB file belongs to one'
            " process, and that is `venueair run`"
        )
