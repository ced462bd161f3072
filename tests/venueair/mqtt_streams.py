"""What a broker sends, as bytes, and what a paho client makes of it: plain paho and ours side by side."""

import struct
from dataclasses import dataclass, field

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion, _ConnectionState
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from venueair.mqtt_connection import Address, Connection
from venueair.mqtt_pace import Pacing
from venueair.mqtt_wave import Wave

TOPIC = "venueair/v1/expo/홀-1/data".encode()


def variable(value: int) -> bytes:
    head, rest = value % 128, value // 128
    return bytes([head | 128]) + variable(rest) if rest else bytes([head])


def packet(command: int, body: bytes = b"") -> bytes:
    return bytes([command]) + variable(len(body)) + body


def properties(kind: int = PacketTypes.PUBLISH, **values: object) -> bytes:
    made = Properties(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made.pack()


def message(
    topic: bytes, payload: bytes, *, mid=0, qos=0, retain=False, dup=False, props: bytes = b""
) -> bytes:
    """`props`: those of MQTT 5, their length included."""
    ident = struct.pack("!H", mid) if qos else b""
    body = struct.pack("!H", len(topic)) + topic + ident + props + payload
    return packet(0x30 | dup << 3 | qos << 1 | retain, body)


MANY_PROPERTIES = properties(
    PayloadFormatIndicator=1,
    MessageExpiryInterval=60,
    ContentType="application/json",
    CorrelationData=b"\x00\x01",
    UserProperty=[("a", "b"), ("long", "x" * 200)],
)


def connack(mqtt5: bool) -> bytes:
    server = properties(PacketTypes.CONNACK, ServerKeepAlive=30, MaximumQoS=1)
    return packet(0x20, b"\x01\x00" + server if mqtt5 else b"\x01\x00")


def every_packet(mqtt5: bool) -> dict[str, bytes]:
    """One of each kind that a broker sends, by name; the packet ids answer what `connect` published."""
    none, some = (b"\x00", MANY_PROPERTIES) if mqtt5 else (b"", b"")
    packets = {
        "publish 0": message(TOPIC, b'{"v": 1}', props=none),
        "publish 1": message(TOPIC, b'{"v": 2}', qos=1, mid=513, props=some),
        "publish 2": message(TOPIC, b'{"v": 3}', qos=2, mid=9, props=some),
        "pubrel": packet(0x62, struct.pack("!H", 9)),
        "retained": message(TOPIC, b"old", qos=1, mid=3, retain=True, props=none),
        "dup": message(TOPIC, b"again", qos=1, mid=65535, dup=True, props=none),
        "empty payload": message(TOPIC, b"", retain=True, props=none),
        "not utf-8": message(b"\xff\xfe", b"?", props=none),
        "puback": packet(0x40, struct.pack("!H", 1)),
        "pubrec": packet(0x50, struct.pack("!H", 2)),
        "pubcomp": packet(0x70, struct.pack("!H", 2)),
        "suback": packet(0x90, struct.pack("!H", 4) + none + b"\x01\x80"),
        "unsuback": packet(0xB0, struct.pack("!H", 5) + none + (b"\x00" if mqtt5 else b"")),
        "pingresp": packet(0xD0),
        "pingreq": packet(0xC0),
    }
    if mqtt5:
        reason = properties(PacketTypes.PUBACK, ReasonString="no")
        packets["puback with a reason"] = packet(0x40, struct.pack("!HB", 1, 0x97) + reason)
        packets["topic alias"] = message(b"", b"?", props=properties(TopicAlias=3))
    return packets


def last_packets(mqtt5: bool) -> dict[str, bytes]:
    """Each ends the connection, and what follows is not read."""
    return {
        "disconnect": packet(0xE0, b"\x8e\x00" if mqtt5 else b""),
        "auth": packet(0xF0, b"\x18\x00"),
        "type 0": packet(0x00, b"\x00"),
        "qos 3": packet(0x36, b"\x00\x01a\x00\x01\x00x"),
        "pingresp with a body": packet(0xD0, b"x"),
        "refused": packet(0x20, b"\x00\x87\x00" if mqtt5 else b"\x00\x05"),
        "connack cut short": packet(0x20, b""),
        "suback cut short": packet(0x90, b"\x00"),
        "puback cut short": packet(0x40, b"\x00"),
        "publish of nothing": packet(0x30),
        "topic longer than the packet": packet(0x30, b"\x00\x09abc"),
        "no room for the packet id": packet(0x32, b"\x00\x01a\x01"),
        "length of 5 bytes": b"\x30\xff\xff\xff\xff\x01" + b"x" * 20,
        "length of 5 bytes, not a publish": b"\x90\x80\x80\x80\x80\x00",
    }


def cut_up(stream: bytes, cuts: list[float]) -> list[bytes]:
    places = sorted(int(cut * len(stream)) for cut in cuts)
    return [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


def _readable(what: object) -> str:
    if isinstance(what, list):
        return str([str(part) for part in what])
    return str(what.json() if isinstance(what, Properties) else what)


class FakeSocket:
    """Gives the chunks one after the other; then nothing more comes, or when `ended` the stream is over."""

    def __init__(self, *chunks: bytes, ended: bool = False) -> None:
        self.chunks = [chunk for chunk in chunks if chunk]
        self.ended = ended
        self.sent = b""
        self.reads = 0
        self.is_open = True
        self.fails_after: int | None = None

    def recv(self, size: int) -> bytes:
        self.reads += 1
        if self.fails_after is not None and self.reads > self.fails_after:
            raise ConnectionResetError("reset by the broker")
        if not self.chunks:
            if self.ended:
                return b""
            raise BlockingIOError
        head, self.chunks[0] = self.chunks[0][:size], self.chunks[0][size:]
        if not self.chunks[0]:
            self.chunks.pop(0)
        return head

    def send(self, data: bytes) -> int:
        self.sent += bytes(data)
        return len(data)

    def close(self) -> None:
        self.is_open = False


class FakeTls(FakeSocket):
    """Gives at most one record at a time, as ssl.SSLSocket does."""

    def recv(self, size: int) -> bytes:
        return super().recv(min(size, 16 * 1024))

    def pending(self) -> int:
        return 0


@dataclass
class Heard:
    """What callbacks got, in order; neighbouring messages are one by one, however they came."""

    events: list[tuple[object, ...]] = field(default_factory=list)
    waves: list[Wave] = field(default_factory=list)
    result: int = 0
    is_open: bool = True
    sent: bytes = b""
    ping_is_answered: bool = False

    def message(self, _client, _user, arrived: paho.MQTTMessage) -> None:
        try:
            topic = arrived.topic.encode()
        except UnicodeDecodeError:
            topic = arrived._topic
        flags = (arrived.mid, bool(arrived.retain), bool(arrived.dup))
        self.events.append(("message", topic, bytes(arrived.payload), *flags))

    def wave(self, wave: Wave) -> None:
        self.waves.append(wave)
        columns = (wave.topics, wave.payloads, wave.mids, wave.retained, wave.dup)
        self.events += [("message", *row) for row in zip(*columns, strict=True)]

    def outcome(self) -> tuple[object, ...]:
        return (self.events, self.result, self.is_open, self.sent, self.ping_is_answered)


def plain(*, mqtt5: bool, manual_ack: bool = False) -> tuple[paho.Client, Heard]:
    heard = Heard()
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id="plain",
        protocol=MQTTProtocolVersion.MQTTv5 if mqtt5 else MQTTProtocolVersion.MQTTv311,
        manual_ack=manual_ack,
        reconnect_on_failure=False,
    )
    _listen(client, heard)
    return client, heard


def ours(*, mqtt5: bool, manual_ack: bool = False, paused=lambda: False) -> tuple[Connection, Heard]:
    heard = Heard()

    def on_wave(wave: Wave) -> None:
        heard.wave(wave)
        if not manual_ack:
            client.queue_acks(wave.mids)

    client = Connection(
        "ours",
        7,
        Address("broker", 1, "", "", mqtt5),
        manual_ack=manual_ack,
        on_wave=on_wave,
        paused=paused,
        pacing=Pacing(),
    )
    _listen(client, heard)
    return client, heard


def _listen(client: paho.Client, heard: Heard) -> None:
    def note(name: str):
        return lambda _client, _user, *what: heard.events.append((name, *map(_readable, what)))

    client.on_message = heard.message
    client.on_connect, client.on_disconnect = note("connect"), note("disconnect")
    client.on_subscribe, client.on_unsubscribe = note("subscribe"), note("unsubscribe")
    client.on_publish = note("publish")


def connect(client: paho.Client, sock: FakeSocket) -> None:
    """As after `dial`; one QoS 1 and one QoS 2 publish wait for their answers."""
    client._sock = sock
    client._state = _ConnectionState.MQTT_CS_CONNECTING
    client.publish("out", b"1", qos=1)
    client.publish("out", b"2", qos=2)
    client._ping_t = 1.0
    sock.sent = b""


def replay(made: tuple[paho.Client, Heard], sock: FakeSocket) -> Heard:
    """Reads all that the socket has, or up to the first error."""
    client, heard = made
    connect(client, sock)
    while client._sock is not None and (sock.chunks or sock.ended) and not heard.result:
        heard.result = int(client.loop_read())
        if client._sock is not None:
            client.loop_write()
    heard.is_open, heard.sent, heard.ping_is_answered = sock.is_open, sock.sent, client._ping_t == 0
    return heard
