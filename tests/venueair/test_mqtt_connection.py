"""Reading, pausing and acknowledging on one connection."""

import socket
import time

import pytest

from tests.venueair.mqtt_streams import TOPIC, FakeSocket, FakeTls, connack, connect, message, ours, replay
from venueair.mqtt_connection import READ_BYTES


def test_one_read_is_one_wave_and_its_acks_are_one_packet():
    mids = [1, 2, 0, 513, 65535]
    sock = FakeSocket(b"".join(message(TOPIC, b"%d" % n, qos=int(n > 0), mid=n) for n in mids))
    heard = replay(ours(mqtt5=False), sock)
    (wave,) = heard.waves
    assert wave.mids == mids
    assert wave.payloads == [b"%d" % n for n in mids]
    assert wave.generation == 7
    assert abs(wave.arrived - time.monotonic()) < 5
    assert len(wave) == 5
    assert sock.sent == bytes.fromhex("40020001 40020002 40020201 4002ffff")
    assert sock.reads == 1


def test_tls_records_are_read_until_nothing_is_left_and_count_as_one_read():
    stream = b"".join(message(TOPIC, b"x" * 1000, qos=1, mid=n) for n in range(1, 101))
    heard = replay(ours(mqtt5=False), FakeTls(stream))
    assert [len(wave) for wave in heard.waves] == [100]
    flood = FakeTls(stream * 20)
    client, _ = ours(mqtt5=False)
    connect(client, flood)
    client.loop_read()
    assert len(stream) * 20 - len(flood.chunks[0]) == READ_BYTES


@pytest.mark.parametrize("kind", [FakeSocket, FakeTls])
def test_an_end_or_a_reset_after_messages_loses_none_of_them(kind):
    stream = message(TOPIC, b"x", qos=1, mid=1)
    heard = replay(ours(mqtt5=False), kind(stream, ended=True))
    assert (heard.events[0][2], heard.is_open, heard.result) == (b"x", False, 7)
    sock = kind(stream)
    sock.fails_after = 1
    client, heard = ours(mqtt5=False)
    connect(client, sock)
    assert client.loop_read() == 0
    assert client.loop_read() == 7
    assert (heard.events[0][2], sock.is_open) == (b"x", False)


@pytest.mark.parametrize("paused", [False, True])
def test_a_paused_connection_is_not_read_and_pings_without_waiting_for_answers(paused):
    client, _ = ours(mqtt5=False, paused=lambda: paused)
    sock = FakeSocket(connack(False))
    connect(client, sock)
    client.loop_read()  # a pause does not hold back the answer to CONNECT
    assert client.is_connected()
    long_ago = time.monotonic() - 1000
    for _ in range(3):
        client._ping_t = client._last_msg_out = client._last_bytes_received = client.heard_at = long_ago
        client.loop_misc()
    client._ping_t = long_ago  # what was sent since is no reason to wait for the answer
    client.loop_misc()
    assert sock.is_open == paused
    if paused:
        assert sock.sent == b"\xc0\x00" * 3
        assert time.monotonic() - client.heard_at < 5


def test_a_paused_connection_leaves_what_comes_in_the_socket_but_sees_its_end():
    client, heard = ours(mqtt5=False, paused=lambda: True)
    connect(client, FakeSocket(connack(False)))
    client.loop_read()
    client._sock, broker = socket.socketpair()
    with client._sock, broker:
        broker.sendall(message(TOPIC, b"x"))
        assert client.loop_read() == 0
        assert heard.waves == []
        broker.close()
        assert client.loop_read() == 7
        assert heard.events[-1][0] == "disconnect"


class Recording(socket.socket):
    def setsockopt(self, *option: object) -> None:
        self.options = [*getattr(self, "options", []), option]
        super().setsockopt(*option)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux only")
def test_each_read_is_confirmed_to_the_broker_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialled = socket.create_connection(server.getsockname())
        broker, _ = server.accept()
    client, heard = ours(mqtt5=False)
    connect(client, FakeSocket())
    with broker, Recording(fileno=dialled.detach()) as client._sock:
        for n in (1, 2):
            broker.sendall(message(TOPIC, b"x"))
            client.loop_read()
            assert len(heard.waves) == n
            assert client._sock.options == [(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)] * n


def test_bytes_that_are_no_whole_packet_yet_are_a_sign_of_life():
    client, _ = ours(mqtt5=False)
    connect(client, FakeSocket(b"\x30"))
    client._last_bytes_received = client.heard_at = 0.0
    client.loop_read()
    assert min(client.heard_at, client._last_bytes_received) > 0
