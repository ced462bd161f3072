"""What InfluxStore finds at its start: buckets, retention, tokens, and servers that are no InfluxDB."""

import shutil
import subprocess

import httpx
import pytest

from tests.integration.brokers import HOST, free_port
from tests.integration.influx_bench import DAY, MARKS, NOW, good, open_store, server_of
from tests.integration.influxdb import InfluxServer
from tests.waiting import wait_until
from venueair.store.influx_server import Server
from venueair.store.influx_writer import StoreRetry

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.influxdb"]
__all__ = ["open_store"]  # a fixture


def test_the_buckets_are_made_with_the_retention_of_the_settings(influxd, open_store):
    server = server_of(influxd, raw_days=3, minutes_days=30, hours_days=300)
    store = open_store(server)
    headers = {"Authorization": f"Token {influxd.token}"}
    found = httpx.get(f"{influxd.url}/api/v2/buckets", params={"limit": 100}, headers=headers).json()
    keeps = {b["name"]: [rule["everySeconds"] for rule in b["retentionRules"]] for b in found["buckets"]}
    ours = {name: rules for name, rules in keeps.items() if name.startswith(server.bucket)}
    assert ours == {
        server.bucket: [3 * 86_400],
        f"{server.bucket}_1m": [30 * 86_400],
        f"{server.bucket}_1h": [300 * 86_400],
    }
    assert store.takes_from(NOW) == NOW - 3 * DAY
    assert store.retain(NOW, 3, 30, 300) == 0


def test_a_bucket_that_is_there_already_keeps_its_own_retention(influxd, open_store):
    store = open_store(server_of(influxd, influxd.new_bucket(retention_s=7200), raw_days=90))
    assert store.takes_from(NOW) == NOW - 7_200_000
    store.close()
    assert open_store(server_of(influxd, influxd.new_bucket())).takes_from(NOW) is None


def test_two_tokens_that_may_no_more_than_they_must(influxd, open_store):
    operator = server_of(influxd)
    open_store(operator).close()
    names = list(operator.days)
    writing, reading = (token_for(influxd, names, action) for action in ("write", "read"))
    server = server_of(influxd, operator.bucket, write_token=writing, read_token=reading)
    store = open_store(server)
    a = store.series("pm", "pm2_5")
    store.write(good([NOW], [a], [1.0]), {})
    assert store.range([a], NOW, NOW + 1).value.tolist() == [1.0]
    api = open_store(Server(server.url, server.org, server.bucket, "", reading), reads=True)
    assert api.names() == [("pm", "pm2_5")]
    store.close()
    for how, said in (
        ({"write_token": reading, "read_token": reading}, "may not write to bucket"),
        ({"write_token": writing, "read_token": ""}, "no bucket"),
        ({"write_token": writing, "read_token": "nonsense"}, "does not know the token"),
    ):
        with pytest.raises(StoreRetry, match=said) as caught:
            open_store(server_of(influxd, operator.bucket, **how))
        assert caught.value.kind == "configuration"


def token_for(influxd: InfluxServer, buckets: list[str], action: str) -> str:
    headers = {"Authorization": f"Token {influxd.token}"}
    found = httpx.get(f"{influxd.url}/api/v2/buckets", params={"limit": 100}, headers=headers).json()
    permissions = [
        {"action": action, "resource": {"type": "buckets", "id": bucket["id"], "orgID": bucket["orgID"]}}
        for bucket in found["buckets"]
        if bucket["name"] in buckets
    ]
    body = {"orgID": permissions[0]["resource"]["orgID"], "permissions": permissions}
    return httpx.post(f"{influxd.url}/api/v2/authorizations", json=body, headers=headers).json()["token"]


def test_buckets_that_no_token_may_make_are_named_with_the_command_that_makes_them(influxd, open_store):
    bucket = influxd.new_bucket()
    token = influxd.token_for(bucket, read=True, write=True)
    server = server_of(influxd, bucket, write_token=token, minutes_days=7)
    command = f"influx bucket create --org '{influxd.org}' --name {bucket}_1m --retention 7d"
    with pytest.raises(StoreRetry, match=command) as caught:
        open_store(server)
    assert f"--name {bucket} " not in str(caught.value)
    assert caught.value.kind == "configuration"


def test_an_organisation_that_is_not_there_is_named(influxd, open_store):
    server = Server(influxd.url, "nowhere", "air", influxd.token)
    with pytest.raises(StoreRetry, match="nowhere") as caught:
        open_store(server)
    assert caught.value.kind == "configuration"


@pytest.fixture
def victoria(tmp_path):
    found = shutil.which("victoria-metrics")
    if found is None:
        pytest.skip("victoria-metrics is not installed: apt-get install victoria-metrics")
    port = free_port()
    command = [found, f"-httpListenAddr={HOST}:{port}", f"-storageDataPath={tmp_path / 'victoria'}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://{HOST}:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health").is_success
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, 20)
        yield url
    finally:
        process.kill()
        process.wait(10)


def test_victoria_metrics_takes_writes_and_is_told_apart_from_influxdb(victoria, open_store, tmp_path):
    with pytest.raises(StoreRetry, match="write_only = true"):
        open_store(Server(victoria, "any", "air", "token"))
    (tmp_path / "books.sqlite").unlink()
    store = open_store(Server(victoria, "any", "air", "token", speaks_flux=False))
    a = store.series("pm", "pm2_5")
    store.write(good([NOW], [a], [12.5]), MARKS)
    assert store.health().ok
    assert (store.marks(), len(store.range(None, 0, NOW + 1))) == (MARKS, 0)

    def there() -> bool:
        query = {"match[]": 'air_pm2_5{device="pm",zone="stage"}'}
        return "12.5" in httpx.get(f"{victoria}/api/v1/export", params=query).text

    wait_until(there, 20)
