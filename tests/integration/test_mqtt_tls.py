"""Waves through a real TLS connection, whose records cut packets as they like."""

import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from tests.venueair.mqtt_streams import TOPIC, connack, message
from tests.waiting import wait_until
from venueair.mqtt_connection import Address, Connection
from venueair.mqtt_pace import Pacing
from venueair.mqtt_wave import Wave

pytestmark = pytest.mark.integration
COUNT = 5_000


@pytest.fixture
def certificate(tmp_path):
    """Paths of a key and a certificate for localhost."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("openssl is not installed")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [tool, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", key, "-out", made, "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return key, made


def serve(server: socket.socket, context: ssl.SSLContext, got: list[bytes]) -> None:
    """Takes one client, floods it and keeps what it answers."""
    opened, _ = server.accept()
    with context.wrap_socket(opened, server_side=True) as broker:
        assert broker.recv(1000)[0] == 0x10
        flood = b"".join(message(TOPIC, b"%06d" % n * 30, qos=1, mid=n) for n in range(1, COUNT + 1))
        broker.sendall(connack(False) + flood)
        while sum(map(len, got)) < 4 * COUNT:
            got.append(broker.recv(65_536))


def test_a_flood_through_tls_arrives_whole_and_is_acknowledged(certificate):
    key, made = certificate
    waves: list[Wave] = []
    answers: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)

    def take(wave: Wave) -> None:
        waves.append(wave)
        client.queue_acks(wave.mids)

    with socket.create_server(("localhost", 0)) as server:
        broker = threading.Thread(target=serve, args=(server, context, answers))
        broker.start()
        address = Address("localhost", server.getsockname()[1], "", "", mqtt5=False)
        client = Connection(
            "tls", 1, address, manual_ack=True, on_wave=take, paused=lambda: False, pacing=Pacing()
        )
        client.tls_set_context(ssl.create_default_context(cafile=made))
        client.dial(15, durable=False)
        client.loop_start()
        wait_until(lambda: sum(map(len, waves)) == COUNT)
        broker.join(10)
        client.disconnect()
        client.loop_stop()
    assert [payload for wave in waves for payload in wave.payloads] == [
        b"%06d" % n * 30 for n in range(1, COUNT + 1)
    ]
    assert b"".join(answers) == b"".join(b"\x40\x02" + n.to_bytes(2, "big") for n in range(1, COUNT + 1))
