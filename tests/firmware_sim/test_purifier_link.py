"""The purifier's MQTT shell: session nonces, memory, messages as on the page docs/messages.md, and lies."""

import json
import re
from pathlib import Path

import pytest

from firmware_sim import purifier_memory
from firmware_sim.purifier import Spec
from firmware_sim.purifier_lies import Lies
from firmware_sim.purifier_link import SimulatedPurifier
from firmware_sim.purifier_memory import Memory
from firmware_sim.purifier_wire import MalformedError, parse_command, parse_lease
from venueair import messages
from venueair.clock import ManualClock

from .fake_link import FakeLink

TOPIC = "venueair/v1/demo/p1"
PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")


def example(kind):
    return re.search(rf"```json {kind}\n(.*?)\n```", PAGE, re.DOTALL)[1].encode()


class Plant:
    def __init__(self, folder):
        self.clock = ManualClock()
        self.link = FakeLink(self.clock)
        self.path = folder / "p1.json"
        self.unit = SimulatedPurifier(Spec(5400.0), TOPIC, self.link, self.clock, self.path)
        self.link.connect()
        self.unit.turn()

    @property
    def session(self):
        return self.link.of("state")[-1]["session"]

    def order(self, mode, level, /, *, retained=False, received=None, **more):
        fields = {"v": 1, "id": "c1", "session": self.session, "ttl_s": 60, "mode": mode, "level": level}
        fields |= {"t": self.clock.now_ms(), "release": False, "reason": "test"} | more
        self.link.deliver(f"{TOPIC}/set", fields, retained=retained, received=received)
        self.unit.turn()

    def wait(self, seconds):
        for _ in range(seconds):
            self.clock.advance(1)
            self.unit.turn()


@pytest.fixture
def plant(tmp_path):
    return Plant(tmp_path)


def test_all_that_a_purifier_says_is_what_the_services_read(plant):
    plant.order("run", 2)
    plant.wait(70)
    plant.order("run", 9, id="c2")
    plant.unit.fail("door open")
    plant.wait(1)
    kinds = {"state": messages.PurifierState, "ack": messages.Ack, "status": messages.Status}
    for kind, payload, qos, retain in plant.link.sent:
        messages.decode(payload, kinds[kind])
        assert qos == 1
        assert retain == (kind != "ack")
    assert {kind for kind, *_ in plant.link.sent} == set(kinds)


def test_the_examples_of_the_page_are_understood():
    assert parse_command(example("command")).level == 2
    assert parse_lease(example("lease")) == ("a1b2c3d4", 120.0)


def test_a_command_runs_through_acks_to_the_reported_state(plant):
    plant.order("run", 2)
    assert plant.link.of("ack") == [{"v": 1, "id": "c1", "result": "accepted"}]
    plant.wait(6)
    assert plant.link.of("ack")[-1]["result"] == "applied"
    state = plant.link.of("state")[-1]
    assert (state["mode"], state["level"], state["source"], state["command"]) == ("run", 2, "remote", "c1")
    assert plant.unit.clean_air_m3h == pytest.approx(0.7 * 5400, rel=1e-3)


def test_each_connection_has_a_new_random_session(plant):
    sessions = [plant.session]
    for _ in range(3):
        plant.link.lose()
        plant.link.connect()
        plant.unit.turn()
        sessions.append(plant.session)
    assert len(set(sessions)) == 4
    assert all(re.fullmatch("[0-9a-f]{8,}", session) for session in sessions)


def test_a_retained_command_or_lease_does_nothing(plant):
    plant.order("run", 2, retained=True)
    assert plant.link.of("ack")[-1]["reason"] == "retained"
    plant.link.deliver(f"{TOPIC}/lease", {"v": 1, "session": plant.session, "lease_s": 5}, retained=True)
    plant.wait(20)
    assert plant.link.of("state")[-1]["mode"] == "idle"


@pytest.mark.parametrize("kind", ["state", "status", "ack"])
def test_messages_of_other_topics_are_not_taken_for_commands(plant, kind):
    fields = {"v": 1, "id": "c9", "session": plant.session, "ttl_s": 60, "mode": "run", "level": 2}
    plant.link.deliver(f"{TOPIC}/{kind}", fields)
    plant.wait(10)
    assert plant.unit.counts["other_topic"] == 1
    assert plant.link.of("ack") == []
    assert plant.unit.clean_air_m3h == 0


def test_a_command_that_waited_in_the_queue_of_the_unit_expires(plant):
    received = plant.clock.monotonic()
    plant.clock.advance(60)
    plant.order("run", 2, received=received)
    assert plant.link.of("ack")[-1]["reason"] == "expired"


def test_a_lease_by_mqtt_makes_the_unit_automatic_until_it_is_lost(plant):
    plant.link.deliver(f"{TOPIC}/lease", {"v": 1, "session": plant.session, "lease_s": 120})
    plant.wait(140)
    state = plant.link.of("state")[-1]
    assert (state["mode"], state["level"], state["source"]) == ("run", 2, "lease_lost")


MALFORMED = [
    b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"v": 2}', b'{"v": true, "id": "c1"}', b"[" * 100_000,
    b'{"v": 1}' + b" " * 70_000,
]  # fmt: skip


@pytest.mark.parametrize("payload", MALFORMED, ids=range(len(MALFORMED)))
def test_what_cannot_be_read_is_counted_and_changes_nothing(plant, payload):
    plant.link.deliver(f"{TOPIC}/set", payload)
    plant.link.deliver(f"{TOPIC}/lease", payload)
    plant.wait(10)
    assert plant.unit.counts["malformed"] == 2
    assert plant.unit.unit.setting.mode == "idle"


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": "2"}, {"level": 2.0}, {"level": True}, {"mode": "boost"}, {"mode": ["run"]}, {"ttl_s": 0},
        {"ttl_s": -1}, {"ttl_s": True}, {"ttl_s": None}, {"ttl_s": float("nan")}, {"ttl_s": float("inf")},
        {"ttl_s": 10**400}, {"t": "now"}, {"session": 5}, {"release": "yes"},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_field_is_rejected_as_malformed_by_its_id(plant, wrong):
    plant.order("run", 2, **wrong)
    assert plant.link.of("ack") == [{"v": 1, "id": "c1", "result": "rejected", "reason": "malformed"}]
    plant.wait(10)
    assert plant.unit.clean_air_m3h == 0


@pytest.mark.parametrize("lease_s", [0, -1, None, "120", float("nan"), float("inf"), 10**400])
def test_a_wrong_lease_is_malformed(lease_s):
    with pytest.raises(MalformedError):
        parse_lease(json.dumps({"v": 1, "session": "a", "lease_s": lease_s}).encode())


def test_a_stop_survives_a_power_cut(plant):
    plant.order("stopped", 0)
    plant.wait(10)
    plant.unit.reboot()
    plant.wait(1)
    again = SimulatedPurifier(Spec(5400.0), TOPIC, plant.link, plant.clock, plant.path)
    assert again.unit.is_stopped
    plant.link.connect()
    plant.wait(500)
    assert plant.link.of("state")[-1]["mode"] == "stopped"


def test_a_stop_is_on_disk_before_it_is_acknowledged(plant):
    seen = []
    publish = plant.link.publish

    def looked_at(topic, payload, **more):
        if topic.endswith("/ack"):
            seen.append(purifier_memory.load(plant.path).stopped_by)
        return publish(topic, payload, **more)

    plant.link.publish = looked_at
    plant.order("stopped", 0)
    assert seen[0] == "remote"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"[1]", b'{"stopped_by": "me", "fault": null, "filter_pct": 5}']
)
def test_a_memory_that_cannot_be_understood_counts_as_stopped(tmp_path, content):
    path = tmp_path / "p1.json"
    path.write_bytes(content)
    assert purifier_memory.load(path).stopped_by == "auto"


def test_memory_comes_back_as_it_was_saved(tmp_path):
    path = tmp_path / "deep" / "p1.json"
    assert purifier_memory.load(path) == Memory()
    purifier_memory.save(path, Memory("local", "door open", 81.5))
    assert purifier_memory.load(path) == Memory("local", "door open", 81.5)


def test_the_button_works_from_outside(plant):
    plant.unit.press()
    plant.wait(1)
    state = plant.link.of("state")[-1]
    assert (state["mode"], state["source"]) == ("stopped", "local")


def test_without_a_connection_nothing_is_said_and_the_state_comes_with_the_next_one(plant):
    plant.link.lose()
    plant.unit.press()
    before = len(plant.link.sent)
    plant.wait(100)
    assert len(plant.link.sent) == before
    plant.link.connect()
    plant.wait(1)
    assert plant.link.of("state")[-1]["mode"] == "stopped"


def test_a_unit_that_acks_late_twice_or_never(plant):
    plant.unit.lies = Lies(ack_delay_s=30)
    plant.order("run", 1)
    plant.wait(25)
    assert plant.link.of("ack") == []
    plant.wait(20)
    assert [ack["result"] for ack in plant.link.of("ack")] == ["accepted", "applied"]
    plant.unit.lies = Lies(ack_copies=2)
    plant.order("run", 2, id="c2")
    plant.wait(10)
    assert [ack["result"] for ack in plant.link.of("ack")[2:]] == [
        "accepted",
        "accepted",
        "applied",
        "applied",
    ]
    plant.unit.lies = Lies(ack_copies=0)
    plant.order("run", 1, id="c3")
    plant.wait(10)
    assert len(plant.link.of("ack")) == 6
    assert plant.link.of("state")[-1]["level"] == 1


def test_a_unit_that_acks_but_does_not_move(plant):
    plant.unit.lies = Lies(is_stuck=True)
    plant.order("run", 3)
    plant.wait(20)
    assert plant.link.of("ack")[-1]["result"] == "applied"
    assert plant.unit.clean_air_m3h == 0
    assert plant.link.of("state")[-1]["rpm"] == 0


def test_a_unit_that_reports_another_level(plant):
    plant.unit.lies = Lies(reported_level=3)
    plant.order("run", 1)
    plant.wait(20)
    assert plant.link.of("state")[-1]["level"] == 3
    assert plant.unit.clean_air_m3h == pytest.approx(0.4 * 5400, rel=1e-3)


def test_a_unit_that_is_offline_hears_nothing_until_it_is_back(plant):
    plant.unit.lies = Lies(is_offline=True)
    plant.wait(1)
    assert not plant.link.is_connected
    plant.link.deliver(f"{TOPIC}/set", {"v": 1})
    plant.wait(5)
    assert plant.unit.counts["malformed"] == 0


def test_a_unit_says_goodbye_when_it_is_switched_off(plant):
    plant.unit.stop()
    assert plant.link.of("status")[-1]["state"] == "offline"
    assert plant.link.is_closed
    plant.unit.stop()
