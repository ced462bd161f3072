import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from venueair.topics import (
    DEVICE_KINDS,
    VENUE_KINDS,
    Topic,
    TopicError,
    any_device,
    device_topic,
    is_id,
    parse,
    venue_topic,
)

ids = st.from_regex("[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)
INJECTIONS = {
    "empty": "",
    "plus": "+",
    "hash": "#",
    "plus inside": "a+b",
    "hash at the end": "a#",
    "slash": "a/b",
    "only a slash": "/",
    "empty level": "a//b",
    "parent": "..",
    "dot": "a.b",
    "broker's own": "$SYS",
    "shared": "$share",
    "nul": "a\0b",
    "newline inside": "a\nb",
    "newline at the end": "a\n",
    "carriage return": "a\r",
    "control character": "a\x1bb",
    "space": "a b",
    "capital": "Hall-A",
    "korean": "전시장",
    "digit of another script": "a٣",
    "leading dash": "-a",
    "leading underscore": "_a",
    "65 characters": "a" * 65,
    "65 thousand characters": "a" * 65_000,
    "percent": "a%2fb",
    "quote": "a'b",
}
injections = pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS.keys())


@given(ids, ids, st.sampled_from(sorted(DEVICE_KINDS)))
def test_a_device_topic_parses_back(venue, device, kind):
    assert parse(device_topic(venue, device, kind)) == Topic(venue, device, kind)


@given(ids, st.sampled_from(sorted(VENUE_KINDS)))
def test_a_venue_topic_parses_back(venue, kind):
    assert parse(venue_topic(venue, kind)) == Topic(venue, None, kind)


@given(
    st.text() | st.lists(st.sampled_from(["venueair", "v1", "a", "data", "live", "", "+", "#"])).map("/".join)
)
@example("venueair/v1/a/data/data")
@example("venueair/v1/a/live")
def test_whatever_parses_is_built_again_the_same(text):
    try:
        topic = parse(text)
    except TopicError:
        return
    if topic.device is None:
        assert venue_topic(topic.venue, topic.kind) == text
    else:
        assert device_topic(topic.venue, topic.device, topic.kind) == text


@injections
def test_what_is_no_id_gets_no_topic(text):
    assert not is_id(text)
    with pytest.raises(TopicError, match="is not an id"):
        device_topic(text, "d", "data")
    with pytest.raises(TopicError, match="is not an id"):
        device_topic("v", text, "data")
    with pytest.raises(TopicError, match="is not an id"):
        venue_topic(text, "live")


@injections
def test_what_is_no_id_is_not_read_from_a_topic(text):
    for topic in (f"venueair/v1/{text}/d/data", f"venueair/v1/v/{text}/data", f"venueair/v1/{text}/live"):
        with pytest.raises(TopicError):
            parse(topic)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "venueair",
        "venueair/v1",
        "venueair/v1/v",
        "venueair/v2/v/d/data",
        "Venueair/v1/v/d/data",
        "/venueair/v1/v/d/data",
        "venueair/v1/v/d/data/",
        "venueair/v1/v/d/data/x",
        "x/venueair/v1/v/d",
        "$SYS/broker/uptime",
    ],
)
def test_what_is_not_below_the_root_is_refused(topic):
    with pytest.raises(TopicError):
        parse(topic)


def test_kinds_of_devices_and_of_venues_are_not_mixed():
    for kind in DEVICE_KINDS:
        with pytest.raises(TopicError):
            venue_topic("v", kind)
        with pytest.raises(TopicError):
            parse(f"venueair/v1/v/{kind}")
    for kind in VENUE_KINDS:
        with pytest.raises(TopicError):
            device_topic("v", "d", kind)
        with pytest.raises(TopicError):
            parse(f"venueair/v1/v/d/{kind}")
    with pytest.raises(TopicError):
        any_device("v", "live")


def test_subscription_to_all_devices_matches_their_topics():
    assert any_device("v", "data").split("/") == ["venueair", "v1", "v", "+", "data"]
