import random

import pytest

from firmware_sim.hall import Air
from firmware_sim.nodes.canonical import CanonicalNode
from venueair import messages
from venueair.clock import ManualClock
from venueair.site import Sensor

from .fake_link import FakeLink

AIR = Air(co2=600.0, pm2_5=20.0, temperature=22.0, humidity=44.0, voc_index=120.0)
TOPIC = "venueair/v1/demo/node1"


class Wall:
    def __init__(self, *, acknowledges=True, **sensor):
        self.clock = ManualClock()
        self.link = FakeLink(self.clock, acknowledges=acknowledges)
        known = {"quantities": ("voc_index", "temperature", "humidity")}
        fields = {"id": "node1", "zone": "hall-a", "model": "canonical-node"} | known | sensor
        self.node = CanonicalNode(Sensor(**fields), TOPIC, self.link, self.clock, random.Random(1))

    def wait(self, seconds):
        for _ in range(seconds):
            self.clock.advance(1)
            self.node.turn(self.clock.monotonic(), AIR)

    @property
    def rows(self):
        return [
            messages.decode(payload, messages.Data) for kind, payload, *_ in self.link.sent if kind == "data"
        ]


@pytest.fixture
def wall():
    wall = Wall()
    wall.link.connect()
    return wall


def test_a_row_is_published_every_five_seconds_without_gaps(wall):
    wall.wait(100)
    assert [row.seq for row in wall.rows] == list(range(20))
    assert len({row.boot for row in wall.rows}) == 1
    assert len(wall.rows[0].boot) == 16
    assert all(row.via is None for row in wall.rows)
    assert {b.t - a.t for a, b in zip(wall.rows[1:], wall.rows[2:], strict=False)} == {5000}


def test_values_lie_near_the_air_and_the_voc_index_waits_for_its_algorithm(wall):
    wall.wait(100)
    assert set(wall.rows[0].q) == {"temperature", "humidity"}
    last = wall.rows[-1].q
    assert last["voc_index"] == pytest.approx(120, abs=10)
    assert last["temperature"] == pytest.approx(22, abs=0.5)
    assert last["humidity"] == pytest.approx(44, abs=2)


def test_data_is_sent_with_qos_1_and_not_retained_and_status_is_retained(wall):
    wall.wait(10)
    assert {(kind, qos, retain) for kind, _, qos, retain in wall.link.sent} == {
        ("data", 1, False),
        ("status", 1, True),
    }
    status = messages.decode(wall.link.sent[0][1], messages.Status)
    assert (status.state, status.interval_s, status.boot) == ("online", 5.0, wall.rows[0].boot)


def test_acknowledged_counts_the_values_whose_puback_came(wall):
    wall.wait(100)
    wall.node.listen()
    assert wall.node.acknowledged == sum(len(row.q) for row in wall.rows)
    assert wall.node.in_flight == 0


def test_what_the_broker_never_acknowledged_is_not_counted():
    wall = Wall(acknowledges=False)
    wall.link.connect()
    wall.wait(50)
    assert wall.node.acknowledged == 0
    assert wall.node.in_flight == len(wall.rows)


def test_without_a_connection_no_row_is_made_and_seq_has_no_gap(wall):
    wall.wait(20)
    wall.link.lose()
    wall.wait(60)
    wall.link.connect()
    wall.wait(20)
    assert [row.seq for row in wall.rows] == list(range(len(wall.rows)))
    assert 7 <= len(wall.rows) <= 9


def test_the_interval_of_the_settings_wins():
    wall = Wall(interval_s=20)
    wall.link.connect()
    wall.wait(100)
    assert len(wall.rows) == 5


def test_a_quantity_that_the_node_cannot_measure_is_refused():
    with pytest.raises(ValueError, match=r"node1.*radon"):
        Wall(quantities=("radon",))


def test_a_node_says_goodbye(wall):
    wall.wait(1)
    wall.node.stop()
    assert messages.decode(wall.link.sent[-1][1], messages.Status).state == "offline"
    assert wall.link.is_closed
