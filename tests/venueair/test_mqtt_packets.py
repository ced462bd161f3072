"""Packets come whole and in order from any bytes, however cut; what cannot be right ends the stream."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venueair.mqtt_streams import (
    TOPIC,
    FakeSocket,
    connack,
    cut_up,
    every_packet,
    message,
    ours,
    packet,
    replay,
)
from venueair.mqtt_packets import Malformed, Packet, PacketReader, pubacks
from venueair.mqtt_wave import Wave


def test_packet_id_0_and_properties_beyond_the_packet_are_malformed():
    for stream, mqtt5 in (
        (message(TOPIC, b"x", qos=1, mid=0), False),
        (message(b"", b"x"), False),
        (message(TOPIC, b"", props=b"\x05\x01"), True),
        (message(TOPIC, b"", props=b"\xff\xff\xff\xff\x01"), True),
        (message(TOPIC, b"", props=b"\x80"), True),
    ):
        for cut in range(len(stream)):
            events = PacketReader(1, mqtt5=mqtt5)
            found = [*events.feed(stream[:cut], 0.0), *events.feed(stream[cut:], 0.0)]
            assert [type(event) for event in found] == [Malformed]
        heard = replay(ours(mqtt5=mqtt5), FakeSocket(connack(mqtt5) + stream))
        assert not heard.is_open


def content(events: list[object]) -> list[object]:
    """The same for the same packets, however they were cut into waves."""
    rows: list[object] = []
    for event in events:
        if isinstance(event, Wave):
            assert event.topics
            columns = (event.topics, event.payloads, event.mids, event.retained, event.dup)
            rows += zip(*columns, strict=True)
        else:
            rows.append(event)
    return rows


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(max_size=30) | st.sampled_from(list(every_packet(True).values())), max_size=8).map(
        b"".join
    ),
    st.lists(st.floats(0, 1), max_size=8),
    st.booleans(),
)
def test_any_bytes_cut_anywhere_give_the_same_packets(stream, cuts, mqtt5):
    expected = content(PacketReader(1, mqtt5=mqtt5).feed(stream, 0.0))
    reader, found = PacketReader(1, mqtt5=mqtt5), []
    for chunk in cut_up(stream, cuts):
        found += reader.feed(chunk, 0.0)
        if found and isinstance(found[-1], Malformed):
            break
    assert content(found) == expected


def test_acks_of_nothing_are_nothing():
    assert pubacks([]) == pubacks([0, 0]) == b""
    client, _ = ours(mqtt5=True)
    client.queue_acks([0])
    assert not client.want_write()


def test_messages_before_another_packet_come_before_it():
    reader = PacketReader(1, mqtt5=False)
    events = reader.feed(
        message(b"a", b"1") + packet(0xD0) + message(b"b", b"2") + packet(0x40, b"\0\1"), 5.0
    )
    assert [type(event) for event in events] == [Wave, Packet, Wave, Packet]
    assert events[1] == Packet(0xD0, b"")
    assert [event.topics for event in events if isinstance(event, Wave)] == [[b"a"], [b"b"]]


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 60 * 1024, 2_097_151, 2_200_000])
def test_payloads_of_every_size_come_whole_from_reads_of_any_size(size):
    payload = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    stream = message(b"t", b"first") + message(b"t", payload, qos=1, mid=7) + message(b"t", b"last")
    for chunk in (1448, 65_536, len(stream)):
        reader, events = PacketReader(1, mqtt5=False), []
        for at in range(0, len(stream), chunk):
            events += reader.feed(stream[at : at + chunk], 0.0)
        assert [row[1] for row in content(events)] == [b"first", payload, b"last"]


def test_a_huge_packet_in_small_reads_is_not_copied_at_each():
    reader, payload = PacketReader(1, mqtt5=False), b"x" * 40_000_000
    stream = message(b"t", payload)
    started = time.process_time()
    events = [
        event for at in range(0, len(stream), 4096) for event in reader.feed(stream[at : at + 4096], 0.0)
    ]
    assert (
        time.process_time() - started < 2
    )  # 10,000 reads; copying what is there at each takes over a minute
    assert content(events) == [(b"t", payload, 0, False, False)]
