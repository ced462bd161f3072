"""The hub: every client the same bytes, slow ones bounded and told, all ended at close."""

import asyncio
import json
import socket
import threading

import httpx
import pytest

from api.auth import revoke_key
from api.captions import Captions
from api.server import ApiServer, ServerError
from api.stream import Hub, HubFullError
from tests.api.parts import T0, edge


async def allowed():
    return True


def parse(chunk):
    fields = dict(line.split(": ", 1) for line in chunk.decode().strip().split("\n") if ": " in line)
    return fields.get("event"), json.loads(fields["data"])


async def test_all_clients_get_the_same_bytes_object():
    hub = Hub()
    streams = [hub.open(allowed) for _ in range(3)]
    for stream in streams:
        await anext(stream)
    hub.publish("alarm", {"value": float("nan")})
    first, *others = [await anext(stream) for stream in streams]
    assert all(other is first for other in others)
    assert first == b'id: 1\nevent: alarm\ndata: {"value":null}\n\n'


async def test_a_slow_client_loses_its_oldest_events_and_is_told_how_many():
    hub = Hub(queue_events=4)
    stream = hub.open(allowed)
    await anext(stream)
    for number in range(10):
        hub.publish("values", {"n": number})
    got = [parse(await anext(stream)) for _ in range(5)]
    assert got == [("gap", {"dropped": 6}), *(("values", {"n": n}) for n in (6, 7, 8, 9))]
    assert hub.dropped == 6


async def test_close_ends_every_stream_with_a_marker_after_what_waits():
    hub = Hub()
    stream = hub.open(allowed)
    await anext(stream)
    hub.publish("values", {"n": 1})
    hub.close()
    hub.close()
    hub.publish("values", {"n": 2})
    assert [parse(c)[0] async for c in stream] == ["values", "end"]
    assert hub.clients == 0
    assert len([c async for c in hub.open(allowed)]) == 2


async def test_a_silent_stream_beats_and_ends_when_its_key_is_revoked():
    answers = [True, False]

    async def asked():
        return answers.pop(0)

    chunks = [c async for c in Hub(heartbeat_s=0.01).open(asked)]
    assert chunks[1:] == [b": still here\n\n"]


async def test_publishing_from_another_thread_wakes_the_reader():
    hub = Hub()
    stream = hub.open(allowed)
    await anext(stream)
    threading.Thread(target=hub.publish, args=("values", {})).start()
    assert b"values" in await asyncio.wait_for(anext(stream), 5)


async def test_there_is_a_most_of_streams():
    hub = Hub(max_clients=1)
    stream = hub.open(allowed)
    with pytest.raises(HubFullError):
        hub.open(allowed)
    await anext(stream)
    await stream.aclose()
    hub.open(allowed)


def test_a_failing_listener_does_not_keep_the_event_from_the_others():
    hub, heard = Hub(), []

    def fails(_event, _data):
        raise RuntimeError("printer on fire")

    hub.subscribe_local(fails)
    hub.subscribe_local(lambda event, data: heard.append(event))
    hub.publish("alarm", {})
    assert heard == ["alarm"]


def test_captions_tell_each_part_of_the_story_once_and_again_after_the_next_crowd():
    hub, told = Hub(), []
    captions = Captions(hub)
    hub.subscribe_local(lambda event, row: told.append(row["caption"]) if event == "caption" else None)
    raised = {"state": "open", "acknowledged": None, "scope_en": "Hall", "name_en": "PM2.5"}
    run = {"state": "APPLIED", "mode": "run", "purifier": "pf1", "reason": "pm2_5 41 > 35"}
    hub.publish("alarm", raised | {"state": "cleared"})
    hub.publish("alarm", raised | {"is_notice": True})
    assert told == []
    captions.crowd()
    for event, row in [
        ("command", run | {"state": "SENT"}),
        ("command", run),
        ("command", run),
        ("alarm", raised),
    ]:
        hub.publish(event, row)
    hub.publish("alarm", raised | {"acknowledged": 1})
    hub.publish("alarm", raised | {"state": "cleared"})
    assert told == ["crowd", "purifier", "alarm", "cleared"]
    captions.crowd()
    assert [row["caption"] for row in captions.lit()] == ["crowd"]


@pytest.fixture
def server(site):
    server = ApiServer(site.app, site.hub.close)
    port = server.start("127.0.0.1", 0)
    yield server, f"http://127.0.0.1:{port}"
    server.stop()


@pytest.mark.integration
def test_open_streams_end_with_the_server_and_lose_nothing_published_before(site, server):
    running, url = server
    got, connected = [], threading.Event()

    def read():
        headers = {"Authorization": f"Bearer {site.keys['viewer']}"}
        with httpx.stream("GET", f"{url}/api/v1/stream", headers=headers, timeout=10) as answer:
            got.append(answer.headers["content-type"])
            for line in answer.iter_lines():
                got.append(line)
                connected.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert connected.wait(5)
    site.live(("zone-a pm2_5", T0, 10.0, 1))
    site.edge(edge(T0, 1))
    running.stop()
    reader.join(5)
    assert not reader.is_alive()
    assert got[0].startswith("text/event-stream")
    assert [line for line in got if line.startswith("event:")] == [
        "event: values",
        "event: alarm_load",
        "event: alarm",
        "event: end",
    ]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")
    running.stop()


@pytest.mark.integration
def test_a_stream_needs_a_key_and_a_revoked_one_is_refused(site, server):
    _, url = server
    assert httpx.get(f"{url}/api/v1/stream").status_code == 401
    revoke_key(site.engine, "viewer", T0)
    headers = {"X-API-Key": site.keys["viewer"]}
    assert httpx.get(f"{url}/api/v1/stream", headers=headers).status_code == 401


@pytest.mark.integration
def test_a_chunked_body_over_the_limit_is_413(site, server):
    _, url = server
    headers = {"X-API-Key": site.keys["operator"], "Content-Type": "application/json"}
    chunks = (b" " * 16384 for _ in range(8))
    answer = httpx.post(f"{url}/api/v1/purifiers/pf1/commands", headers=headers, content=chunks)
    assert answer.status_code == 413
    assert answer.json()["status"] == 413
    assert site.control.orders == []


@pytest.mark.integration
def test_a_port_in_use_is_a_sentence(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} on 127.0.0.1 is in use"):
            ApiServer(site.app, site.hub.close).start("127.0.0.1", port)
