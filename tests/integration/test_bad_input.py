"""Bad messages to a running system: each is counted with its reason, and nothing else is lost."""

import json
import re

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.demo_process import DemoProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
NODE = "venueair/v1/demo/hall-a-node/data"


def data(**fields) -> bytes:
    return json.dumps({"v": 1, "boot": "ab" * 8, "seq": 0, "q": {"voc_index": 100}, **fields}).encode()


MESSAGES = {
    "malformed": (NODE, b'{"v":1,"boot":"a","seq":0,"t":1,"q":{"co2":NaN}}'),
    "invalid": (NODE, b'{"v":1,"boot":"a","seq":0,"t":1,"q":{"co2":1e400}}'),
    "oversize": (NODE, b"{" + b" " * 70_000 + b"}"),
    "unknown_device": ("venueair/v1/demo/nobody/data", data(t=1_795_447_518_905)),
    "topic": ("venueair/v1/demo/No-Id/data", data(t=1_795_447_518_905)),
    "shape": (NODE, data(t=[1_795_447_518_905], q={"voc_index": [1, 2]})),
}
READINGS = {
    "time": [data(boot="c1" * 8, t=0), data(boot="c2" * 8, t=4_070_908_800_000)],
    "unknown_quantity": [data(boot="c3" * 8, t=1_795_447_518_905, q={"voc_index": 100, "phlogiston": 3})],
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = DemoProcess(tmp_path_factory.mktemp("bad-input"), "--speed", "1").wait_ready()
    yield demo
    assert demo.stop() == 0
    assert demo.summary()["ok"], demo.log()


@pytest.fixture(scope="module")
def client(demo):
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(demo.ready["mqtt_user"], demo.ready["mqtt_password"])
    client.connect(demo.ready["mqtt_host"], demo.ready["mqtt_port"])
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def counted(demo, metric: str, reason: str) -> float:
    text = demo.http.get("/metrics").text
    found = re.search(rf'^{metric}_total{{reason="{reason}"}} (\S+)$', text, flags=re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("reason", MESSAGES)
def test_a_message_that_cannot_be_read_is_counted_and_the_next_one_is_stored(demo, client, reason):
    before = counted(demo, "venueair_ingest_rejected_messages", reason)
    client.publish(*MESSAGES[reason], qos=1)
    wait_until(lambda: counted(demo, "venueair_ingest_rejected_messages", reason) == before + 1)
    now = demo.get("health")["now"]
    marker = 100 + list(MESSAGES).index(reason)
    client.publish(NODE, data(boot=f"{marker:016x}", t=now, q={"voc_index": marker}), qos=1)
    wait_until(lambda: marker in values(demo, now))


def values(demo, since: int) -> list[float]:
    rows = demo.get("readings", source="hall-a-node", quantity="voc_index", start=since, end=since + 1)
    return [row["value"] for row in rows]


@pytest.mark.parametrize("reason", READINGS)
def test_a_reading_that_cannot_be_is_counted_and_not_stored(demo, client, reason):
    before = counted(demo, "venueair_ingest_rejected_readings", reason)
    for payload in READINGS[reason]:
        client.publish(NODE, payload, qos=1)
    expected = before + len(READINGS[reason])
    wait_until(lambda: counted(demo, "venueair_ingest_rejected_readings", reason) == expected)
    assert demo.get("health")["ok"]


def test_what_was_refused_can_be_looked_at_in_the_api(demo, client):
    client.publish(NODE, b"\xff{ never seen before", qos=1)
    wait_until(lambda: "never seen" in str(demo.get("dead-letters", limit=1)))
    (letter,) = demo.get("dead-letters", limit=1)
    assert (letter["topic"], letter["reason"]) == (NODE, "malformed")
    assert letter["payload"] == "\\xff{ never seen before"
    assert letter["detail"]
