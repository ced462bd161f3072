"""Floods on real brokers: all arrives in waves, joined acks count, a full consumer holds the flood back."""

import socket
import struct
import threading

import pytest

from tests.integration.brokers import PASSWORD, USER, Embedded, Mosquitto
from tests.venueair.mqtt_streams import message, packet
from tests.waiting import wait_until
from venueair import mqtt_link
from venueair.mqtt_link import Address, Incoming, MqttLink, Wave

pytestmark = pytest.mark.integration
FILTER = "venueair/v1/expo/+/data"
KINDS = {
    "embedded 3.1.1": (Embedded, False),
    "mosquitto 3.1.1": (Mosquitto, False),
    "mosquitto 5": (Mosquitto, True),
}


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(mqtt_link, "RETRY_S", (0.1, 0.4))


@pytest.fixture(params=KINDS)
def broker(request, tmp_path):
    """A broker and the address to use it by."""
    kind, mqtt5 = KINDS[request.param]
    opened = kind(tmp_path)
    opened.start()
    yield opened, Address("127.0.0.1", opened.port, USER, PASSWORD, mqtt5)
    opened.kill()


@pytest.fixture
def mosquitto(tmp_path):
    opened = Mosquitto(tmp_path)
    opened.start()
    yield Address("127.0.0.1", opened.port, USER, PASSWORD, mqtt5=True)
    opened.kill()


@pytest.fixture
def links():
    """Makes links that are stopped when the test ends."""
    made: list[MqttLink] = []

    def make(at: Address, name: str, handler=None, **options) -> MqttLink:
        link = MqttLink(at, name, **options)
        made.append(link)
        if handler:
            link.subscribe_waves(FILTER, handler)
        return link

    yield make
    for link in made:
        link.stop()


def start(*links: MqttLink) -> None:
    for link in links:
        link.start()
    wait_until(lambda: all(link.connected for link in links))


def send(sender: MqttLink, numbers: range) -> None:
    for n in numbers:
        assert sender.publish(f"venueair/v1/expo/pm-{n % 50}/data", b'{"v": 1, "seq": %d}' % n)


def pour(at: Address, count: int) -> None:
    """QoS 1 messages as fast as the broker takes them, from bytes that are ready; returns when all are in."""
    parts = (b"MQTT", b"\x04\xc2\x00\x3c", b"pourer", at.username.encode(), at.password.encode())
    sized = [part if part[0] == 4 else struct.pack("!H", len(part)) + part for part in parts]
    numbered = ((b"venueair/v1/expo/pm-%d/data" % (n % 50), b'{"v": 1, "seq": %d}' % n) for n in range(count))
    stream = b"".join(message(*one, qos=1, mid=n + 1) for n, one in enumerate(numbered))
    with socket.create_connection((at.host, at.port)) as sock:
        sock.sendall(packet(0x10, b"".join(sized)))
        assert sock.recv(4, socket.MSG_WAITALL) == b"\x20\x02\x00\x00"
        acks = threading.Thread(target=sock.recv, args=(4 * count, socket.MSG_WAITALL))
        acks.start()
        sock.sendall(stream)
        acks.join(60)
        assert not acks.is_alive()


def numbers(waves: list[Wave]) -> list[int]:
    return [int(payload.split()[-1][:-1]) for wave in waves for payload in wave.payloads]


def cut(link: MqttLink) -> None:
    before = link.generation
    link._client.socket().shutdown(socket.SHUT_RDWR)
    wait_until(lambda: link.generation > before and link.connected)


def test_a_flood_arrives_whole_in_order_and_once_when_its_waves_are_acknowledged(broker, links):
    opened, at = broker
    count = 20_000 if isinstance(opened, Mosquitto) else 1_000  # the embedded broker is 20 times slower
    waves: list[Wave] = []

    def take(wave: Wave) -> None:
        waves.append(wave)
        receiver.ack_wave(wave.mids, wave.generation)

    receiver = links(at, "receiver", take, manual_ack=True, durable=True)
    start(receiver)
    pour(at, count)
    wait_until(lambda: receiver.counts["received"] >= count, 60)
    assert sorted(numbers(waves)) == list(range(count))
    by_device = {topic: [] for wave in waves for topic in wave.topics}
    for wave, all_numbers in zip(waves, map(numbers, [[wave] for wave in waves]), strict=True):
        for topic, n in zip(wave.topics, all_numbers, strict=True):
            by_device[topic].append(n)
    assert all(got == sorted(got) for got in by_device.values())
    assert len(waves) < 5_000
    assert not any(flag for wave in waves for flag in wave.retained + wave.dup)
    assert (receiver.generation, receiver.counts["stale_ack"], receiver.counts["handler_errors"]) == (1, 0, 0)


def test_messages_not_acknowledged_come_again_after_a_reconnect_and_acknowledged_ones_do_not(
    mosquitto, links
):
    waves: list[Wave] = []
    receiver = links(mosquitto, "receiver", waves.append, manual_ack=True, durable=True)
    sender = links(mosquitto, "sender")
    start(receiver, sender)
    send(sender, range(200))
    wait_until(lambda: receiver.counts["received"] == 200)
    first = list(waves)
    mids = [mid for wave in first for mid in wave.mids]
    receiver.ack_wave(mids[:50], 1)
    send(sender, range(200, 210))  # what comes back for these shows that the acks before them were read
    wait_until(lambda: receiver.counts["received"] == 210)
    cut(receiver)
    wait_until(lambda: receiver.counts["received"] == 210 + 160)
    again = [wave for wave in waves if wave.generation == 2]
    assert numbers(again) == list(range(50, 210))
    assert all(flag for wave in again for flag in wave.dup)
    receiver.ack_wave(mids, 1)  # of the connection that is gone
    assert receiver.counts["stale_ack"] == 200
    cut(receiver)
    wait_until(lambda: receiver.counts["received"] == 210 + 2 * 160)
    for wave in [wave for wave in waves if wave.generation == 3]:
        receiver.ack_wave(wave.mids, 3)
    send(sender, range(210, 211))
    wait_until(lambda: numbers(waves[-1:]) == [210])


def test_what_comes_while_away_is_kept_by_the_session_and_comes_at_return(mosquitto, links):
    waves: list[Wave] = []
    first = links(mosquitto, "receiver", waves.append, manual_ack=True, durable=True)
    sender = links(mosquitto, "sender")
    start(first, sender)
    first.stop()
    send(sender, range(3_000))
    second = links(mosquitto, "receiver", waves.append, manual_ack=True, durable=True)
    start(second)
    wait_until(lambda: second.counts["received"] >= 3_000)
    assert numbers(waves) == list(range(3_000))


def test_a_paused_link_takes_nothing_stays_up_and_gets_all_when_it_goes_on(broker, links, monkeypatch):
    monkeypatch.setattr(mqtt_link, "KEEPALIVE_S", 1)
    _, at = broker
    waves: list[Wave] = []
    receiver, sender = links(at, "receiver", waves.append), links(at, "sender")
    start(receiver, sender)
    receiver.pause()
    send(sender, range(500))
    held = receiver.counts["received"]  # a read that was under way may bring a part
    client, since = receiver._client, receiver._client.heard_at
    wait_until(lambda: client.heard_at > since + 3)  # longer than two keepalives
    assert receiver.counts["received"] <= held + 100
    assert receiver.publish("venueair/v1/expo/expo/other", b"a paused link can still send")
    assert (receiver.connected, receiver.generation) == (True, 1)
    receiver.resume()
    wait_until(lambda: receiver.counts["received"] == 500)
    assert sorted(numbers(waves)) == list(range(500))


def test_a_link_that_is_paused_while_it_is_away_connects_and_stops_at_once(mosquitto, links):
    waves: list[Wave] = []
    receiver = links(mosquitto, "receiver", waves.append, manual_ack=True, durable=True)
    start(receiver)
    receiver.pause()
    cut(receiver)
    assert receiver.connected
    done = threading.Thread(target=receiver.stop)
    done.start()
    done.join(3)
    assert not done.is_alive()


def test_wave_handlers_and_single_handlers_share_a_link_and_a_bug_of_one_is_only_its_own(broker, links):
    _, at = broker
    waves: list[Wave] = []
    single: list[Incoming] = []

    def buggy(wave: Wave) -> None:
        raise RuntimeError(f"a bug with {len(wave)}")

    receiver = links(at, "receiver", waves.append)
    receiver.subscribe_waves(FILTER, buggy)
    receiver.subscribe("venueair/v1/expo/+/status", single.append)
    sender = links(at, "sender")
    start(receiver, sender)
    for n in range(20):
        sender.publish("venueair/v1/expo/pm-1/status", b"%d" % n)
        send(sender, range(n, n + 1))
    wait_until(lambda: len(single) == 20 and sum(map(len, waves)) == 20)
    assert [int(message.payload) for message in single] == list(range(20)) == numbers(waves)
    assert receiver.counts["handler_errors"] == len(waves)
    assert (receiver.connected, receiver.generation) == (True, 1)


def test_a_message_for_nobody_is_counted_acknowledged_and_does_not_come_again(mosquitto, links):
    waves: list[Wave] = []
    before = links(mosquitto, "receiver", waves.append, manual_ack=True, durable=True)
    start(before)
    before.stop()
    after = MqttLink(mosquitto, "receiver", manual_ack=True, durable=True)  # its session still has the filter
    sender = links(mosquitto, "sender")
    start(after, sender)
    send(sender, range(30))
    wait_until(lambda: after.counts["unclaimed"] == 30)
    cut(after)
    send(sender, range(30, 31))
    wait_until(lambda: after.counts["unclaimed"] == 31)
    assert after.counts["received"] == 31
    after.stop()
