"""The link on real brokers, and what it does when they die, freeze or refuse."""

import socket
import threading

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from tests.integration.brokers import HOST, KINDS, USER, Broker, Mosquitto, address, free_port
from tests.waiting import wait_until
from venueair import mqtt_link
from venueair.mqtt_link import Address, Incoming, MqttLink

pytestmark = pytest.mark.integration
TOPIC = "venueair/v1/expo/pm-1/data"


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(mqtt_link, "RETRY_S", (0.1, 0.4))


@pytest.fixture(params=KINDS)
def broker(request, tmp_path):
    opened = KINDS[request.param](tmp_path)
    opened.start()
    yield opened
    opened.kill()


@pytest.fixture
def mosquitto(tmp_path):
    opened = Mosquitto(tmp_path)
    opened.start()
    yield opened
    opened.kill()


@pytest.fixture
def connect():
    """Makes links that are stopped when the test ends."""
    links: list[MqttLink] = []

    def make(at: Broker | Address, name: str, handler=None, **options) -> MqttLink:
        link = MqttLink(at if isinstance(at, Address) else address(at), name, **options)
        links.append(link)
        if handler:
            link.subscribe("venueair/v1/expo/+/data", handler)
        link.start()
        return link

    yield make
    for link in links:
        link.stop()


def cut(link: MqttLink) -> None:
    """The network goes away below the link, and comes back."""
    before = link.generation
    link._client.socket().shutdown(socket.SHUT_RDWR)
    wait_until(lambda: link.generation > before and link.connected)


def test_messages_go_through_whole(broker, connect):
    heard: list[Incoming] = []
    sender, receiver = connect(broker, "sender"), connect(broker, "receiver", heard.append)
    wait_until(lambda: sender.connected and receiver.connected)
    payload = bytes(range(256)) * 200
    assert sender.publish(TOPIC, payload)
    wait_until(lambda: heard)
    assert (heard[0].topic, heard[0].payload, heard[0].retained, heard[0].qos) == (TOPIC, payload, False, 1)
    assert (sender.last_error, sender.generation) == ("", 1)


def test_retained_messages_say_so(broker, connect):
    sender = connect(broker, "sender")
    wait_until(lambda: sender.connected)
    assert sender.publish(TOPIC, b"last known", retain=True)
    heard: list[Incoming] = []

    def arrived() -> bool:
        receiver = connect(broker, "receiver", heard.append)
        wait_until(lambda: receiver.connected)
        return bool(heard)

    wait_until(lambda: heard or arrived())
    wait_until(lambda: heard)
    assert heard[0].retained


def test_a_wrong_password_is_named_and_tried_again(broker, connect):
    link = connect(address(broker, "wrong"), "stranger")
    wait_until(lambda: "refused" in link.last_error)
    assert "check user name and password" in link.last_error
    assert not link.connected
    assert not link.publish(TOPIC, b"x")
    wait_until(lambda: link.counts["connection_lost"] >= 2)
    assert "check user name and password" in link.last_error


def test_a_broker_that_is_not_there_is_named_with_its_address(connect):
    port = free_port()
    link = connect(Address(HOST, port, USER, "x", mqtt5=True), "lonely")
    wait_until(lambda: f"{HOST}:{port}" in link.last_error)
    assert not link.connected


@pytest.mark.parametrize("manual_ack", [False, True])
def test_a_handler_that_raises_does_not_kill_the_link(broker, connect, manual_ack):
    heard: list[bytes] = []

    def handler(message: Incoming) -> None:
        heard.append(message.payload)
        if message.payload == b"bad":
            raise RuntimeError("this handler has a bug")

    receiver = connect(broker, "receiver", handler, manual_ack=manual_ack)
    sender = connect(broker, "sender")
    wait_until(lambda: sender.connected and receiver.connected)
    for payload in (b"bad", b"good"):
        sender.publish(TOPIC, payload)
    wait_until(lambda: heard[-1:] == [b"good"])
    assert receiver.counts["handler_errors"] == 1
    assert receiver.connected
    assert receiver.generation == 1


def test_a_callback_on_connection_may_publish_and_may_raise(broker, connect):
    heard: list[bytes] = []
    receiver = connect(broker, "receiver", lambda message: heard.append(message.payload))
    wait_until(lambda: receiver.connected)
    link = MqttLink(address(broker), "starter")

    def hello() -> None:
        link.publish(TOPIC, b"hello")
        raise RuntimeError("and a bug")

    link.on_connected(hello)
    link.start()
    wait_until(lambda: heard == [b"hello"])
    assert link.connected
    link.stop()


def test_a_stale_ack_is_dropped_and_its_message_comes_again(mosquitto, connect):
    heard: list[Incoming] = []
    receiver = connect(mosquitto, "receiver", heard.append, manual_ack=True, durable=True)
    sender = connect(mosquitto, "sender")
    wait_until(lambda: sender.connected and receiver.connected)
    sender.publish(TOPIC, b"precious")
    wait_until(lambda: len(heard) == 1)
    cut(receiver)
    wait_until(lambda: len(heard) == 2)
    receiver.ack(heard[0])  # of the connection that is gone; its number means the new delivery now
    assert receiver.counts["stale_ack"] == 1
    cut(receiver)
    wait_until(lambda: len(heard) == 3)
    assert [message.generation for message in heard] == [1, 2, 3]
    receiver.ack(heard[2])
    sender.publish(TOPIC, b"next")
    wait_until(lambda: len(heard) == 4)
    cut(receiver)
    sender.publish(TOPIC, b"last")
    wait_until(lambda: heard[-1].payload == b"last")
    assert [message.payload for message in heard].count(b"precious") == 3


def test_an_ack_of_an_older_connection_is_dropped_after_a_broker_restart(broker, connect):
    heard: list[Incoming] = []
    receiver = connect(broker, "receiver", heard.append, manual_ack=True)
    sender = connect(broker, "sender")
    wait_until(lambda: sender.connected and receiver.connected)
    sender.publish(TOPIC, b"x")
    wait_until(lambda: heard)
    broker.kill()
    wait_until(lambda: not receiver.connected)
    receiver.ack(heard[0])
    broker.start()
    wait_until(lambda: receiver.connected)
    receiver.ack(heard[0])
    assert receiver.counts["stale_ack"] >= 1
    assert receiver.counts["handler_errors"] == 0


def test_a_restarted_broker_is_found_and_subscribed_again(broker, connect):
    heard: list[bytes] = []
    receiver = connect(broker, "receiver", lambda message: heard.append(message.payload))
    sender = connect(broker, "sender")
    for n in range(3):
        wait_until(lambda: sender.connected and receiver.connected)
        assert sender.publish(TOPIC, b"%d" % n)
        wait_until(lambda n=n: heard[-1:] == [b"%d" % n])
        if n < 2:
            broker.kill()
            wait_until(lambda: not sender.connected and not receiver.connected)
            assert sender.last_error
            broker.start()
    assert receiver.generation >= 3


def test_what_is_published_without_a_connection_is_refused_and_never_sent_later(broker, connect):
    heard: list[bytes] = []
    receiver = connect(broker, "receiver", lambda message: heard.append(message.payload))
    sender = connect(broker, "sender")
    wait_until(lambda: sender.connected and receiver.connected)
    broker.kill()
    wait_until(lambda: not sender.connected and not receiver.connected)
    assert not sender.publish(TOPIC, b"too late", qos=1)
    broker.start()
    wait_until(lambda: sender.connected and receiver.connected)
    assert sender.publish(TOPIC, b"now")
    wait_until(lambda: heard)
    assert heard == [b"now"]


def test_a_frozen_broker_is_noticed_within_two_keepalives_and_found_again(mosquitto, connect, monkeypatch):
    monkeypatch.setattr(mqtt_link, "KEEPALIVE_S", 1)
    monkeypatch.setattr(mqtt_link, "CONNECT_TIMEOUT_S", 0.5)
    link = connect(mosquitto, "watcher")
    wait_until(lambda: link.connected)
    mosquitto.freeze()
    wait_until(lambda: not link.connected, 2.5)
    wait_until(lambda: link.last_error)
    mosquitto.thaw()
    wait_until(lambda: link.connected)
    assert link.publish(TOPIC, b"x")


def test_a_quiet_link_stays_up_by_its_pings(mosquitto, connect, monkeypatch):
    monkeypatch.setattr(mqtt_link, "KEEPALIVE_S", 1)
    link = connect(mosquitto, "quiet")
    wait_until(lambda: link.connected)
    first = link._client.heard_at
    wait_until(lambda: link._client.heard_at > first + 2.5)
    assert link.generation == 1


def test_the_last_will_is_sent_when_the_connection_breaks(broker, connect):
    heard: list[bytes] = []
    receiver = connect(broker, "receiver", lambda message: heard.append(message.payload))
    mortal = connect(broker, "mortal", will=(TOPIC, b"offline"))
    wait_until(lambda: mortal.connected and receiver.connected)
    mortal._client.socket().shutdown(socket.SHUT_RDWR)
    wait_until(lambda: heard == [b"offline"])


def test_stopping_is_quick_clean_and_possible_twice(broker, connect):
    heard: list[bytes] = []
    receiver = connect(broker, "receiver", lambda message: heard.append(message.payload))
    link = connect(broker, "leaver", will=(TOPIC, b"offline"))
    wait_until(lambda: link.connected and receiver.connected)
    done = threading.Thread(target=lambda: (link.stop(), link.stop()))
    done.start()
    done.join(3)
    assert not done.is_alive()
    assert not link.connected
    assert not link.publish(TOPIC, b"x")
    sender = connect(broker, "sender")
    wait_until(lambda: sender.connected)
    sender.publish(TOPIC, b"after")
    wait_until(lambda: heard)
    assert heard == [b"after"]  # a clean goodbye sends no will


def test_an_answer_to_a_connection_that_was_given_up_does_not_count(broker, connect):
    link = connect(broker, "late")
    wait_until(lambda: link.connected)
    given_up, accepted = link._new_client(), ReasonCode(PacketTypes.CONNACK, "Success")
    broker.kill()
    wait_until(lambda: not link.connected)
    given_up.on_connect(given_up, None, None, accepted, None)
    assert not link.connected
    assert not link.publish(TOPIC, b"x")


def test_a_link_that_was_never_started_can_be_stopped():
    MqttLink(Address(HOST, 1, USER, "x", mqtt5=True), "unborn").stop()
