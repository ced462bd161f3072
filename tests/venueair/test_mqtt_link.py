"""What the link does with messages, without a broker; tests/integration has it with brokers."""

import struct

import pytest

from tests.venueair.mqtt_streams import TOPIC, FakeSocket, connack, connect, message, packet
from venueair.mqtt_link import Address, Incoming, MqttLink, Wave


def opened(link: MqttLink, stream: bytes) -> FakeSocket:
    """The link with all of `stream` read, and what it sent."""
    client, sock = link._new_client(), FakeSocket(stream)
    link._client, link._generation = client, 1
    connect(client, sock)
    client.loop_read()
    client.loop_write()
    return sock


@pytest.mark.parametrize("manual_ack", [False, True])
def test_a_message_whose_qos_the_broker_raised_to_2_is_completed_and_delivered_once(manual_ack):
    waves: list[Wave] = []
    link = MqttLink(Address("broker", 1, "", "", mqtt5=False), "link", manual_ack=manual_ack)
    link.subscribe_waves("venueair/#", waves.append)
    raised = message(TOPIC, b"x", qos=2, mid=9, retain=True)
    sock = opened(link, connack(False) + raised + raised + packet(0x62, struct.pack("!H", 9)))
    assert [(wave.payloads, wave.mids, wave.retained) for wave in waves] == [([b"x"], [0], [True])]
    assert sock.sent.endswith(b"\x50\x02\x00\x09\x50\x02\x00\x09\x70\x02\x00\x09")
    link.ack_wave(waves[0].mids, 1)
    assert link.counts["stale_ack"] == 0


def test_without_manual_ack_a_wave_is_acknowledged_when_its_handlers_are_through():
    heard: list[Incoming] = []
    link = MqttLink(Address("broker", 1, "", "", mqtt5=False), "link")
    link.subscribe("venueair/#", heard.append)
    stream = message(TOPIC, b"0") + message(TOPIC, b"1", qos=1, mid=4) + message(b"other", b"2", qos=1, mid=5)
    sock = opened(link, connack(False) + stream)
    assert [(one.payload, one.qos, one.mid, one.generation) for one in heard] == [
        (b"0", 0, 0, 1),
        (b"1", 1, 4, 1),
    ]
    assert sock.sent.endswith(bytes.fromhex("40020004 40020005"))
    assert (link.counts["received"], link.counts["unclaimed"]) == (3, 1)


def test_with_manual_ack_nothing_is_acknowledged_but_what_nobody_takes():
    heard: list[Incoming] = []
    link = MqttLink(Address("broker", 1, "", "", mqtt5=False), "link", manual_ack=True)
    link.subscribe("venueair/#", heard.append)
    stream = message(TOPIC, b"1", qos=1, mid=4) + message(b"other", b"2", qos=1, mid=5)
    sock = opened(link, connack(False) + stream)
    assert sock.sent.endswith(bytes.fromhex("40020005"))
    sock.sent = b""
    link.ack(heard[0])
    link._client.loop_write()
    assert sock.sent == bytes.fromhex("40020004")
    link.ack_wave([7, 0, 8], 2)
    link._client.loop_write()
    assert sock.sent == bytes.fromhex("40020004")
    assert link.counts["stale_ack"] == 2
