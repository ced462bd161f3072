"""The demo ends in order at any moment, and goes on from what it left, also when it was killed."""

import signal
import threading

import httpx
import pytest

from tests.demo_process import DemoProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_five_seconds_also_with_an_open_stream(tmp_path, number):
    demo = DemoProcess(tmp_path, "--speed", "30").wait_ready()
    lines: list[str] = []

    def listen() -> None:
        with httpx.stream("GET", f"{demo.ready['url']}/api/v1/stream", headers=demo.http.headers) as stream:
            lines.extend(stream.iter_lines())

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: demo.get("health")["streams"] == 1)
    assert demo.stop(number, seconds=5) == 0
    listener.join(5)
    assert not listener.is_alive()
    assert "event: end" in lines
    assert "Traceback" not in demo.log()
    summary = demo.summary()
    assert summary["ok"]
    assert summary["accepted"] == summary["stored"] + summary["spooled"]


@pytest.mark.parametrize("after_ready", [False, True])
def test_a_signal_during_start_up_ends_it_too(tmp_path, after_ready):
    demo = DemoProcess(tmp_path)
    wait_until((demo.data / ("spool.sqlite" if after_ready else "air.duckdb")).exists, 20)
    assert demo.stop(seconds=5) == 0
    assert "Traceback" not in demo.log()


def test_killed_again_and_again_it_loses_nothing_and_stores_nothing_twice(tmp_path):
    data = tmp_path / "data"
    for _ in range(3):
        demo = DemoProcess(tmp_path, "--speed", "30", data=data).wait_ready()
        rows = len(demo.get("values"))
        wait_until(lambda demo=demo, rows=rows: len(demo.get("values")) >= max(rows, 20))
        demo.stop(signal.SIGKILL)
    demo = DemoProcess(tmp_path, "--speed", "30", "--seconds", "150", data=data)
    assert demo.process.wait(40) == 0, demo.log()
    summary = demo.summary()
    assert summary["ok"]
    assert summary["accepted"] == summary["stored"] + summary["spooled"] > 0
    assert summary["duplicates"] == 0


def test_time_never_runs_backwards_in_a_data_folder(tmp_path):
    demo = DemoProcess(tmp_path, "--speed", "100").wait_ready()
    wait_until(lambda: demo.get("values"))
    before = demo.get("health")["now"]
    demo.stop()
    demo = DemoProcess(tmp_path, "--speed", "1").wait_ready()
    assert demo.get("health")["now"] > before
    demo.stop()


def test_a_data_folder_in_use_is_a_clear_refusal(tmp_path):
    demo = DemoProcess(tmp_path).wait_ready()
    second = DemoProcess(tmp_path, data=demo.data)
    assert second.process.wait(20) == 2
    assert str(demo.process.pid) in second.log()
    assert "Traceback" not in second.log()
    assert demo.stop() == 0
