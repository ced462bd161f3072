"""InfluxStore on a real InfluxDB 2.7: rows in and out, other people's tools, and outages."""

import httpx
import numpy as np
import pytest

from tests.integration.influx_bench import DAY, MARKS, NOW, good, open_store, server_of
from tests.integration.influxdb import InfluxServer
from venueair.block import Block, Flag, Why
from venueair.store import flux
from venueair.store.influx_server import Server
from venueair.store.influx_writer import StoreRetry
from venueair.store.store import Marks, Rollup

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.influxdb"]
__all__ = ["open_store"]  # a fixture
HOUR = 3_600_000


def influxql(influxd: InfluxServer, bucket: str, query: str) -> list[list[object]]:
    answer = httpx.get(
        f"{influxd.url}/query",
        params={"db": bucket, "q": query, "epoch": "ms"},
        headers={"Authorization": f"Token {influxd.token}"},
    )
    return answer.json()["results"][0]["series"][0]["values"]


def test_rows_older_than_the_retention_are_counted_and_stop_nothing(influxd, open_store):
    store = open_store(server_of(influxd, raw_days=2))
    a = store.series("pm", "pm2_5")
    store.write(good([NOW - 5 * DAY, NOW - 1000], [a, a], [1.0, 2.0]), MARKS)
    assert store.range([a], 0, NOW).value.tolist() == [2.0]
    assert (store.health().facts["refused"], store.marks()) == (1, MARKS)


def test_a_rollup_of_a_time_that_the_server_keeps_no_more_stays_as_it_is(influxd, open_store):
    store = open_store(server_of(influxd, raw_days=2))
    a = store.series("pm", "pm2_5")
    hour = (NOW - 5 * DAY) // HOUR * HOUR
    young = (NOW - DAY) // HOUR * HOUR
    one, series = np.array([1.0, 1.0]), np.array([a, a], dtype=np.int32)
    assert (
        store.write_rollup(3600, Rollup(np.array([hour, young]), series, one, one, one, np.array([2, 2])))
        == 1
    )
    assert store.rollup_range(3600, [a], hour, NOW).t.tolist() == [young]
    assert store.lacks_rows(hour, NOW)
    assert not store.lacks_rows(young, NOW)


def test_a_field_that_another_tool_wrote_as_an_integer_is_counted_and_the_rest_is_stored(influxd, open_store):
    server = server_of(influxd)
    store = open_store(server)
    a, b = store.series("pm", "pm2_5"), store.series("pm", "pm10")
    line = f"air,venue=expo,hall=h1,zone=stage,device=pm pm2_5=7i {NOW - 5000}"
    post = httpx.post(
        f"{influxd.url}/api/v2/write",
        params={"org": influxd.org, "bucket": server.bucket, "precision": "ms"},
        headers={"Authorization": f"Token {influxd.token}"},
        content=line,
    )
    assert post.status_code == 204
    store.write(good([NOW - 4000, NOW - 4000], [a, b], [1.0, 2.0]), MARKS)
    assert store.range([b], NOW - DAY, NOW).value.tolist() == [2.0]
    assert store.health().facts["refused"] == 1


def test_panels_ask_the_same_rows_in_influxql(influxd, open_store):
    server = server_of(influxd)
    store = open_store(server)
    start = NOW - NOW % 60_000 - 120_000
    a, z = store.series("pm", "pm2_5"), store.series("stage", "pm2_5")
    block = good([start, start + 30_000, start + 60_000, start], [a, a, a, z], [1.0, 2.0, 6.0, 9.0])
    block.flag[1], block.why[1] = Flag.SUSPECT, Why.SPIKE
    store.write(block, {})
    one = np.array([1.5])
    store.write_rollup(
        60, Rollup(np.array([start]), np.array([a], dtype=np.int32), one, one, one, np.array([2]))
    )
    where = f"time >= {start}ms AND time < {start + 120_000}ms AND device = 'pm'"
    assert influxql(influxd, server.bucket, f"SELECT pm2_5, pm2_5_flag FROM air WHERE {where}") == [
        [start, 1, None],
        [start + 30_000, 2, 3],
        [start + 60_000, 6, None],
    ]
    mean = f"SELECT mean(pm2_5) FROM air WHERE {where} GROUP BY time(1m)"
    assert influxql(influxd, server.bucket, mean) == [[start, 1.5], [start + 60_000, 6]]
    rollup = "SELECT pm2_5_mean, pm2_5_count FROM air_1m WHERE zone = 'stage'"
    assert influxql(influxd, f"{server.bucket}_1m", rollup) == [[start, 1.5, 2]]
    zone = f"SELECT pm2_5 FROM air WHERE time >= {start}ms AND zone = 'stage' AND device = ''"
    assert influxql(influxd, server.bucket, zone) == [[start, 9]]


def test_a_process_apart_reads_what_another_wrote(influxd, open_store):
    server = server_of(influxd)
    writes = open_store(server)
    reads = open_store(Server(server.url, server.org, server.bucket, "", influxd.token), reads=True)
    assert reads.names() == []
    a, z = writes.series("pm", "pm2_5"), writes.series("stage", "pm2_5")
    writes.write(good([NOW - 2000, NOW - 1000], [a, z], [1.0, 2.0]), {})
    found = reads.range(None, NOW - 5000, NOW)
    names = reads.names()
    assert {names[n]: v for n, v in zip(found.series.tolist(), found.value.tolist(), strict=True)} == {
        ("pm", "pm2_5"): 1.0,
        ("stage", "pm2_5"): 2.0,
    }
    again = open_store(Server(server.url, server.org, server.bucket, "", influxd.token), reads=True)
    assert sorted(again.names()) == [("pm", "pm2_5"), ("stage", "pm2_5")]
    assert again.range([again.names().index(("stage", "pm2_5"))], 0, NOW).value.tolist() == [2.0]
    assert reads.newest() == NOW - 1000


def test_a_moved_device_leaves_its_history_where_it_was(influxd, open_store):
    server = server_of(influxd)
    store = open_store(server, "stage")
    a = store.series("pm", "pm2_5")
    first = good([NOW - 7_200_000, NOW - 7_190_000], [a, a], [1.0, 2.0])
    store.write(first, {})
    store.close()
    store = open_store(server, "foyer")
    store.write(good([NOW - 1000], [a], [3.0]), {})
    store.write(first, {})
    zones = influxql(influxd, server.bucket, "SELECT pm2_5, zone FROM air")
    assert [row[1:] for row in zones] == [[1, "stage"], [2, "stage"], [3, "foyer"]]
    assert store.range([a], 0, NOW).value.tolist() == [1.0, 2.0, 3.0]
    assert store.count(["pm"]) == (3, 3)


def test_a_reading_at_two_places_is_counted_as_stored_twice(influxd, open_store, tmp_path):
    server = server_of(influxd)
    store = open_store(server, "stage")
    store.write(good([NOW - 2000, NOW - 1000], [store.series("pm", "pm2_5")] * 2, [1.0, 2.0]), {})
    store.close()
    (tmp_path / "books.sqlite").unlink()  # who loses the books loses the places
    store = open_store(server, "foyer")
    store.write(good([NOW - 1000], [store.series("pm", "pm2_5")], [2.0]), {})
    assert store.count(["pm"]) == (3, 2)
    assert store.range(None, 0, NOW).value.tolist() == [1.0, 2.0]


def test_what_was_written_while_the_server_was_killed_is_there_once(own_influxd, open_store):
    store = open_store(server_of(own_influxd))
    a = store.series("pm", "pm2_5")
    blocks = [good([NOW + n], [a], [float(n)]) for n in range(3)]
    store.write(blocks[0], {("pm", "b1"): Marks(0)})
    own_influxd.kill()
    with pytest.raises(StoreRetry) as caught:
        store.write(blocks[1], {("pm", "b1"): Marks(1)})
    assert caught.value.kind == "unreachable"
    assert not store.health().ok
    own_influxd.start()
    store.write(Block.concat(blocks[1:]), {("pm", "b1"): Marks(2)})
    assert store.marks() == {("pm", "b1"): Marks(2)}
    assert store.range([a], NOW, NOW + 9).value.tolist() == [0.0, 1.0, 2.0]
    assert store.count(["pm"]) == (3, 3)
    assert store.health().ok


def test_a_long_history_reads_back_as_written(influxd, open_store):
    store = open_store(server_of(influxd))
    series = [store.series("pm", quantity) for quantity in ("pm2_5", "pm10")]
    n = 30_000
    t = NOW - 1000 * np.arange(n, dtype=np.int64)[::-1]
    block = good(
        np.tile(t, 2), np.repeat(series, n), np.round(np.random.default_rng(1).uniform(0, 50, 2 * n), 1)
    )
    store.write(block, {})
    found = store.range(None, 0, NOW + 1)
    np.testing.assert_array_equal(found.t, block.t)
    np.testing.assert_array_equal(found.value, block.value)
    assert store.count(["pm"]) == (2 * n, 2 * n)


def test_any_number_of_sources_and_fields_can_be_asked_for(influxd, open_store):
    store = open_store(server_of(influxd))
    n = 2 * flux.MAX_NAMED + 50
    series = [store.series(f"d{k}", f"q{k % 7}") for k in range(n)]
    store.write(good([NOW] * n, series, [float(k) for k in range(n)]), {})
    for some in (series[:1], series[:8], series[:9], series[: flux.MAX_NAMED], series):
        assert store.range(some, NOW, NOW + 1).value.tolist() == [float(k) for k in range(len(some))]
    assert store.count([f"d{k}" for k in range(n)]) == (n, n)
