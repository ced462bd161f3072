"""Opens InfluxStores of a small site on a real InfluxDB; `open_store` is a fixture."""

import time
from itertools import count

import pytest

from tests.integration.influxdb import InfluxServer
from venueair.block import Block, Flag
from venueair.site import Hall, Name, Sensor, Site, Venue, Zone
from venueair.store.influx_server import Server
from venueair.store.influx_store import InfluxStore
from venueair.store.influx_writer import StoreRetry
from venueair.store.store import Marks

NOW = time.time_ns() // 1_000_000
DAY = 86_400_000
NAME = Name(ko="이름", en="Name")
MARKS = {("pm", "b1"): Marks(1)}
_number = count()


def site(zone: str = "stage") -> Site:
    return Site(
        venues=(Venue(id="expo", name=NAME),),
        halls=(Hall(id="h1", venue="expo", name=NAME),),
        zones=tuple(Zone(id=id_, hall="h1", name=NAME, volume_m3=10) for id_ in ("stage", "foyer")),
        sensors=(Sensor(id="pm", zone=zone, model="pms5003", port="/dev/pm"),),
    )


def server_of(influxd: InfluxServer, bucket: str | None = None, **how) -> Server:
    tokens = {"write_token": influxd.token, **how}
    return Server(influxd.url, influxd.org, bucket or f"store-{next(_number)}", **tokens)


@pytest.fixture
def open_store(tmp_path):
    opened = []

    def open_(server: Server, zone: str = "stage", *, reads: bool = False) -> InfluxStore:
        store = InfluxStore(server, site(zone), None if reads else tmp_path / "books.sqlite")
        opened.append(store)
        try:
            store.connect()
        except StoreRetry:
            store.close()
            raise
        return store

    yield open_
    for store in opened:
        store.close()


def good(t: list[int], series: list[int], value: list[float]) -> Block:
    block = Block.of(t, series, value)
    block.flag[:] = Flag.GOOD
    return block
