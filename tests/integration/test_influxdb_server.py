"""The writer on real servers: the fake is true to InfluxDB 2.7, and VictoriaMetrics takes writes."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.fake_influx import FakeInflux
from tests.integration.brokers import HOST, free_port
from tests.waiting import wait_until
from venueair.store.influx_writer import InfluxWriter, StoreRetry, Written

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.influxdb"]
NOW = int(time.time() * 1000)
MONTH = 30 * 86_400_000


def lines(n: int, *, start: int = NOW - 3_600_000) -> list[bytes]:
    return [b"air,device=pm-1 pm2_5=%d.5 %d" % (i, start + 1000 * i) for i in range(n)]


def writer_to(server, bucket: str, **how) -> InfluxWriter:
    how = {"token": server.token, "org": server.org, **how}
    return InfluxWriter(server.url, how.pop("token"), how.pop("org"), bucket, **how)


def values(server, bucket: str) -> list[float]:
    """Of pm2_5, by time."""
    flux = f'from(bucket: "{bucket}") |> range(start: 0, stop: 2200-01-01T00:00:00Z)'
    flux += ' |> filter(fn: (r) => r._field == "pm2_5")'
    rows = server.query_flux(f'{flux} |> group() |> sort(columns: ["_time"])')
    return [float(row["_value"]) for row in rows]


@pytest.mark.parametrize("gzipped", [False, True])
def test_lines_are_stored(influxd, influx_bucket, gzipped):
    token = influxd.token_for(influx_bucket, write=True)
    writer = writer_to(influxd, influx_bucket, token=token, gzipped=gzipped)
    assert writer.write(lines(1000)) == Written(stored=1000)
    assert writer.write(lines(1000)) == Written(stored=1000)
    assert values(influxd, influx_bucket) == [i + 0.5 for i in range(1000)]


def test_a_line_with_nan_is_quarantined_and_the_others_are_stored(influxd, influx_bucket):
    bad = b"air,device=pm-1 pm2_5=NaN %d" % NOW
    batch = [*lines(60), bad, b"air pm2_5=", *lines(40, start=NOW + 1000)]
    written = writer_to(influxd, influx_bucket).write(batch)
    assert written.quarantined == [(bad, "invalid number"), (b"air pm2_5=", "missing field value")]
    assert (written.stored, written.refused) == (100, 0)
    assert len(values(influxd, influx_bucket)) == 100


def test_a_field_of_another_type_is_refused_and_the_others_are_stored(influxd, influx_bucket):
    writer = writer_to(influxd, influx_bucket)
    writer.write(lines(1))
    integer = b"air,device=pm-1 pm2_5=7i %d" % NOW
    written = writer.write([*lines(10), integer])
    assert (written.stored, written.refused, written.quarantined) == (10, 1, [])
    assert "field type conflict" in written.reason
    assert len(values(influxd, influx_bucket)) == 10


def test_points_older_than_the_retention_are_refused_and_the_others_are_stored(influxd):
    bucket = influxd.new_bucket(retention_s=7 * 86_400)
    written = writer_to(influxd, bucket).write([*lines(3, start=NOW - MONTH), *lines(10)])
    assert (written.stored, written.refused, written.quarantined) == (10, 3, [])
    assert "outside retention policy" in written.reason
    assert len(values(influxd, bucket)) == 10


def test_a_bad_line_among_old_points_costs_only_what_is_bad(influxd):
    bucket = influxd.new_bucket(retention_s=7 * 86_400)
    batch = [*lines(2, start=NOW - MONTH), b"air pm2_5=1 yesterday", *lines(5)]
    written = writer_to(influxd, bucket).write(batch)
    assert [line for line, _ in written.quarantined] == [b"air pm2_5=1 yesterday"]
    assert (written.stored, written.refused) == (5, 2)


def test_wrong_token_permission_bucket_or_organisation_is_said_and_nothing_is_lost(influxd, influx_bucket):
    reader = influxd.token_for(influx_bucket, read=True)
    cases = {
        "does not know the token": writer_to(influxd, influx_bucket, token="wrong"),
        "the token may not write": writer_to(influxd, influx_bucket, token=reader),
        "has no bucket 'nowhere'": writer_to(influxd, "nowhere"),
        "of organisation 'nobody'": writer_to(influxd, influx_bucket, org="nobody"),
    }
    for words, writer in cases.items():
        for act in (writer.check, lambda writer=writer: writer.write(lines(3))):
            with pytest.raises(StoreRetry, match=words) as caught:
                act()
            assert caught.value.kind == "configuration"
    assert values(influxd, influx_bucket) == []


def test_the_check_needs_no_more_than_permission_to_write(influxd, influx_bucket):
    writer_to(influxd, influx_bucket, token=influxd.token_for(influx_bucket, write=True)).check()
    assert influxd.query_flux(f'from(bucket: "{influx_bucket}") |> range(start: 0)') == []


def test_an_address_with_another_service_behind_it_is_configured_wrongly(influxd, influx_bucket):
    writer = InfluxWriter(f"{influxd.url}/metrics", influxd.token, influxd.org, influx_bucket)
    with pytest.raises(StoreRetry) as caught:
        writer.write(lines(3))
    assert caught.value.kind == "configuration"


def test_what_a_204_confirmed_outlives_sigkill_and_the_rest_is_written_again(own_influxd):
    bucket = own_influxd.new_bucket()
    writer = writer_to(own_influxd, bucket)
    writer.write(lines(500))
    own_influxd.kill()
    with pytest.raises(StoreRetry) as caught:
        writer.write(lines(800))
    assert caught.value.kind == "unreachable"
    own_influxd.start()
    assert values(own_influxd, bucket) == [i + 0.5 for i in range(500)]
    assert writer.write(lines(800)) == Written(stored=800)
    assert values(own_influxd, bucket) == [i + 0.5 for i in range(800)]


BATCHES = {
    "good": lines(5),
    "one bad": [*lines(5), b"air,device=pm-1 pm2_5=NaN,UNPARSABLE=1 %d" % NOW],
    "only bad": [b"air,device=pm-1 pm2_5=NaN,UNPARSABLE=1 %d" % (NOW + i) for i in range(3)],
    "one of another type": [*lines(5), b'air,device=pm-1 pm2_5="x",UNKEEPABLE=1 %d' % NOW],
    "twice the same": [*lines(5), *lines(5)],
}


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_the_fake_answers_as_the_real_server(influxd, influx_bucket, batch):
    real = writer_to(influxd, influx_bucket).write(batch)
    with FakeInflux() as fake:
        faked = InfluxWriter(fake.url, "any", "venue", "any").write(batch)
        assert (faked.stored, faked.quarantined, faked.refused) == (
            real.stored,
            real.quarantined,
            real.refused,
        )
        assert len(fake.points) == len(values(influxd, influx_bucket))


def test_influxd_is_found_in_the_cache_folder_or_in_path(tmp_path, monkeypatch):
    from tests.integration.influxdb import find_influxd  # at the top it would come before pytest's own import

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_influxd() is None
    script = tmp_path / "bin" / "influxd"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho 'InfluxDB v1.8.10 (git: x)'\n")
    script.chmod(0o755)
    assert find_influxd() is None
    built = tmp_path / "venueair" / "influxd-2.7.12" / "influxd"
    built.parent.mkdir(parents=True)
    built.touch(0o755)
    assert find_influxd() == built


@pytest.fixture(scope="module")
def victoria(tmp_path_factory) -> Iterator[str]:
    binary = shutil.which("victoria-metrics")
    if binary is None:
        pytest.skip("victoria-metrics is not installed: make servers")
    address = f"{HOST}:{free_port()}"
    command = [
        binary,
        f"-httpListenAddr={address}",
        f"-storageDataPath={tmp_path_factory.mktemp('victoria')}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(f"http://{address}/health"), 20)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("gzipped", [False, True])
def test_victoria_metrics_takes_writes(victoria, gzipped):
    writer = InfluxWriter(victoria, "", "venue", "air", gzipped=gzipped)
    writer.check()
    device = b"zipped" if gzipped else b"plain"
    batch = [line.replace(b"pm-1", device) for line in lines(1000)]
    assert writer.write(batch) == Written(stored=1000)
    httpx.get(f"{victoria}/internal/force_flush")
    match = f'air_pm2_5{{device="{device.decode()}"}}'
    found = httpx.get(f"{victoria}/api/v1/export", params={"match[]": match}).text.splitlines()
    exported = [json.loads(line) for line in found]
    assert [value for series in exported for value in series["values"]] == [i + 0.5 for i in range(1000)]
    assert exported[0]["timestamps"][0] == NOW - 3_600_000
