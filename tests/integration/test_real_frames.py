"""Captured frames on a real tty come out of the API as exactly the values they mean."""

import tomllib
from pathlib import Path

import httpx
import pytest

from api.auth import create_key
from gateway.sensors import MODELS
from tests.gateway.wires import Wire
from tests.waiting import wait_until
from venueair.clock import RehearsalClock
from venueair.settings import Settings
from venueair.whole import Whole

pytestmark = pytest.mark.integration
CAPTURES = Path(__file__).parents[1] / "captures"
NAME = {"ko": "가", "en": "a"}
T0 = 1_795_447_518_905


def frames(model: str) -> list[dict]:
    found = tomllib.loads((CAPTURES / f"{model}.toml").read_text())["frame"]
    poll = MODELS[model].poll
    usual = [f for f in found if "request" not in f or bytes.fromhex(f["request"]) == poll]
    return [f for f in usual if f["values"] and "fault" not in f]


@pytest.mark.parametrize("model", sorted(MODELS))
def test_frames_reach_the_api_unchanged(tmp_path, model):
    wire = Wire(tmp_path / "port")
    settings = Settings(
        data=tmp_path / "data",
        mqtt={"port": 0},
        api={"port": 0},
        gateway={"id": "gw1", "venue": "v"},
        venue=[{"id": "v", "name": NAME}],
        hall=[{"id": "h", "venue": "v", "name": NAME}],
        zone=[{"id": "z", "hall": "h", "name": NAME, "volume_m3": 100}],
        sensor=[{"id": "s", "zone": "z", "model": model, "port": str(wire.path), "interval_s": 1}],
    )
    clock = RehearsalClock(T0, 1)
    whole = Whole(settings, lambda _newest: clock)
    whole.start_services()
    whole.start_gateway()
    try:
        sent = frames(model)
        assert sent
        if MODELS[model].poll is None:  # what is sent before the port is open is lost, as on a real wire
            wait_until(lambda: wire.send(b"\0") or whole.gateway.counts["s", "header"])
        for n, frame in enumerate(sent):
            if MODELS[model].poll is None:
                wire.send(bytes.fromhex(frame["hex"]))
            else:
                wire.answer(lambda _request, frame=frame: bytes.fromhex(frame["hex"]), 1).join(5)
            wait_until(lambda n=n: whole.gateway.accepted == sum(len(f["values"]) for f in sent[: n + 1]))
        wait_until(lambda: whole.gateway.spooled == 0)
        key = create_key(whole.engine, "test", "viewer", T0)
        with httpx.Client(base_url=whole.url, headers={"X-API-Key": key}) as http:
            for quantity in MODELS[model].quantities:
                wanted = [f["values"][quantity] for f in sent if quantity in f["values"]]
                query = {
                    "source": "s",
                    "quantity": quantity,
                    "start": T0 - 1,
                    "end": clock.now_ms(),
                }
                answer = http.get("/api/v1/readings", params=query)
                assert answer.status_code == 200, answer.text
                assert [row["value"] for row in answer.json()] == wanted
    finally:
        whole.drain()
        whole.stop_services()
        whole.close()
        wire.unplug()
