"""An operator's orders on the whole path: API, command book, broker, purifier and back."""

import pytest

from tests.demo_process import DemoProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
UNIT = "seminar-p1"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = DemoProcess(tmp_path_factory.mktemp("orders"), "--speed", "30").wait_ready()
    wait_until(lambda: demo.get(f"purifiers/{UNIT}")["online"])
    yield demo
    assert demo.stop() == 0
    assert demo.summary()["ok"], demo.log()


def order(demo, **fields):
    return demo.http.post(f"/api/v1/purifiers/{UNIT}/commands", json={"reason": "test", **fields})


def reported(demo, mode: str, level: int) -> bool:
    unit = demo.get(f"purifiers/{UNIT}")
    return (unit["mode"], unit["level"]) == (mode, level)


def test_an_order_is_accepted_applied_and_reported(demo):
    answer = order(demo, mode="run", level=2, minutes=60)
    assert answer.status_code == 202
    wait_until(lambda: demo.http.get(answer.headers["location"]).json()["state"] == "APPLIED", 20)
    wait_until(lambda: reported(demo, "run", 2))


def test_a_stopped_unit_runs_again_only_by_release(demo):
    assert order(demo, mode="stopped", level=0, minutes=0).status_code == 202
    wait_until(lambda: reported(demo, "stopped", 0), 30)
    refused = order(demo, mode="run", level=1, minutes=10)
    assert refused.status_code == 409
    assert "release" in refused.json()["detail"]
    assert order(demo, mode="run", level=1, minutes=10, release=True).status_code == 202
    wait_until(lambda: reported(demo, "run", 1), 30)


def test_a_wrong_order_is_refused_in_words(demo):
    assert order(demo, mode="run", level=9, minutes=10).status_code in (409, 422)
    assert demo.http.post("/api/v1/purifiers/nobody/commands", json={"mode": "auto"}).status_code in (
        404,
        422,
    )


def test_a_stopped_hall_stands_still_on_the_whole_path_until_it_is_released(demo):
    path = "/api/v1/halls/conference/stop"
    assert demo.http.post(path, json={"reason": "test"}).status_code == 202
    wait_until(lambda: reported(demo, "stopped", 0), 30)
    wait_until(lambda: demo.get("hall-stops")[0]["stopped"] == [UNIT])
    refused = order(demo, mode="run", level=1, minutes=10, release=True)
    assert refused.status_code == 409
    assert "release the hall first" in refused.json()["detail"]
    assert demo.http.post(f"{path}/release", json={"reason": "test over"}).status_code == 204
    wait_until(lambda: demo.get(f"purifiers/{UNIT}")["mode"] != "stopped", 30)
    assert demo.get("hall-stops") == []
