"""paho with its reading replaced does what plain paho does, however the stream is cut."""

import paho.mqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venueair.mqtt_streams import (
    MANY_PROPERTIES,
    TOPIC,
    FakeSocket,
    connack,
    cut_up,
    every_packet,
    last_packets,
    message,
    ours,
    plain,
    replay,
)

VERSIONS = pytest.mark.parametrize("mqtt5", [False, True], ids=["3.1.1", "5"])


def test_paho_is_the_version_whose_inside_this_relies_on():
    assert paho.mqtt.__version__ == "2.2.0", (
        "Connection overrides loop_read and loop_misc and uses _sock_recv, _in_packet, _packet_handle,"
        " _packet_queue, _loop_rc_handle, _msgtime_mutex, _last_bytes_received, _ping_t, _sockpairR,"
        " _sockpairW, _in_callback_mutex and _thread: compare loop_read, _packet_read, _loop, loop_misc,"
        " _check_keepalive and _thread_main of paho's client.py with the new version, then change this number"
    )


@VERSIONS
@pytest.mark.parametrize("manual_ack", [False, True], ids=["auto", "manual"])
def test_all_packets_cut_anywhere_have_the_effect_they_have_in_plain_paho(mqtt5, manual_ack):
    stream = connack(mqtt5) + b"".join(every_packet(mqtt5).values())
    expected = replay(plain(mqtt5=mqtt5, manual_ack=manual_ack), FakeSocket(stream)).outcome()
    assert len(expected[0]) >= 10
    assert expected[1:3] == (0, True)
    for cut in range(len(stream)):
        sock = FakeSocket(stream[:cut], stream[cut:])
        assert replay(ours(mqtt5=mqtt5, manual_ack=manual_ack), sock).outcome() == expected, cut


@VERSIONS
def test_all_packets_byte_by_byte_have_the_effect_they_have_in_plain_paho(mqtt5):
    stream = connack(mqtt5) + b"".join(every_packet(mqtt5).values())
    expected = replay(plain(mqtt5=mqtt5), FakeSocket(stream)).outcome()
    assert replay(ours(mqtt5=mqtt5), FakeSocket(*(bytes([b]) for b in stream))).outcome() == expected


@VERSIONS
@pytest.mark.parametrize("name", last_packets(True))
def test_a_packet_that_ends_the_connection_ends_it_as_in_plain_paho(mqtt5, name):
    before = message(TOPIC, b"before", qos=1, mid=1, props=b"\x00" if mqtt5 else b"")
    stream = connack(mqtt5) + before + last_packets(mqtt5)[name]
    after = message(TOPIC, b"after", qos=1, mid=2, props=b"\x00" if mqtt5 else b"")
    expected = replay(plain(mqtt5=mqtt5), FakeSocket(stream))
    assert not expected.is_open
    for cut in range(len(stream)):
        heard = replay(ours(mqtt5=mqtt5), FakeSocket(stream[:cut], stream[cut:] + after))
        assert heard.events == expected.events
        assert (heard.is_open, heard.result) == (False, expected.result)


@st.composite
def streams(draw) -> tuple[bool, list[bytes]]:
    """A version, and packets of a broker in it."""
    mqtt5 = draw(st.booleans())
    props = st.sampled_from([b"\x00", MANY_PROPERTIES]) if mqtt5 else st.just(b"")
    messages = st.builds(
        message,
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=40
        ).map(str.encode),
        st.binary(max_size=300),
        mid=st.integers(1, 65535),
        qos=st.sampled_from([0, 1, 1, 2]),
        retain=st.booleans(),
        dup=st.booleans(),
        props=props,
    )
    others = st.sampled_from([p for p in every_packet(mqtt5).values() if p[0] >> 4 != 3])
    return mqtt5, draw(st.lists(messages | others, max_size=30))


@settings(max_examples=150, deadline=None)
@given(streams(), st.lists(st.floats(0, 1), max_size=8), st.booleans())
def test_any_stream_cut_anywhere_has_the_effect_it_has_in_plain_paho(made, cuts, manual_ack):
    mqtt5, packets = made
    stream = connack(mqtt5) + b"".join(packets)
    expected = replay(plain(mqtt5=mqtt5, manual_ack=manual_ack), FakeSocket(stream)).outcome()
    sock = FakeSocket(*cut_up(stream, cuts))
    assert replay(ours(mqtt5=mqtt5, manual_ack=manual_ack), sock).outcome() == expected
