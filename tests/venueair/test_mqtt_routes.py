"""Each message reaches the handlers of the filters that match it, in the order of the wire, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from venueair import mqtt_routes
from venueair.mqtt_routes import Routes, Subscription
from venueair.mqtt_wave import Incoming, Wave

FILTERS = ("v/+/data", "v/pm-1/data", "v/#", "v/+/status", "#", "other")
TOPICS = (b"v/pm-1/data", b"v/pm-2/data", b"v/pm-1/status", b"elsewhere", b"other", b"\xff", b"", b"$SYS/x")


def wave_of(topics: list[bytes]) -> Wave:
    numbers = range(1, len(topics) + 1)
    payloads = [b"%d" % n for n in numbers]
    return Wave(
        topics, payloads, list(numbers), [n % 2 == 0 for n in numbers], [n % 3 == 0 for n in numbers], 4, 9.0
    )


def plainly(handler, message) -> None:
    handler(message)


def matches(topic_filter: str, topic: bytes) -> bool:
    name = topic.decode(errors="replace")
    return topic not in (b"\xff", b"") and topic_matches_sub(topic_filter, name)


@given(
    st.lists(st.tuples(st.sampled_from(FILTERS), st.booleans()), max_size=5),
    st.lists(st.lists(st.sampled_from(TOPICS), min_size=1, max_size=12), max_size=3),
)
def test_every_handler_gets_what_its_filter_matches_and_the_rest_is_unclaimed(subscriptions, waves):
    routes, heard = Routes(plainly), [[] for _ in subscriptions]
    for (topic_filter, in_waves), got in zip(subscriptions, heard, strict=True):
        if in_waves:
            routes.add(Subscription(topic_filter, 1, wave_handler=lambda wave, got=got: got.append(wave)))
        else:
            routes.add(Subscription(topic_filter, 1, handler=lambda one, got=got: got.append(one)))
    for topics in waves:
        wave = wave_of(topics)
        for got in heard:
            got.clear()
        unclaimed = routes.deliver(wave)
        taken = {n for n, topic in enumerate(topics) if any(matches(f, topic) for f, _ in subscriptions)}
        assert unclaimed == [n + 1 for n in range(len(topics)) if n not in taken]
        for (topic_filter, in_waves), got in zip(subscriptions, heard, strict=True):
            rows = [n for n, topic in enumerate(topics) if matches(topic_filter, topic)]
            if in_waves:
                assert got == ([wave.pick(rows)] if rows else [])
            else:
                assert got == [wave.message(n) for n in rows]


def test_a_wave_that_is_all_for_one_handler_is_handed_on_as_it_is():
    routes, heard = Routes(plainly), []
    routes.add(Subscription("v/+/data", 1, wave_handler=heard.append))
    wave = wave_of([b"v/pm-1/data", b"v/pm-2/data"])
    assert routes.deliver(wave) == []
    assert heard[0] is wave


def test_messages_of_different_handlers_keep_the_order_of_the_wire():
    routes, heard = Routes(plainly), []
    routes.add(Subscription("v/+/ack", 1, handler=heard.append))
    routes.add(Subscription("v/+/state", 1, handler=heard.append))
    topics = [b"v/a/ack", b"v/a/state", b"v/b/ack", b"v/a/ack"]
    routes.deliver(wave_of(topics))
    assert [message.topic.encode() for message in heard] == topics


def test_a_handler_of_two_filters_gets_a_wave_once():
    routes, heard = Routes(plainly), []
    for topic_filter in ("v/#", "v/+/data"):
        routes.add(Subscription(topic_filter, 1, wave_handler=heard.append))
    routes.deliver(wave_of([b"v/pm-1/data", b"v/pm-1/status"]))
    assert [wave.topics for wave in heard] == [[b"v/pm-1/data", b"v/pm-1/status"]]


def test_a_message_of_a_wave_says_all_about_itself():
    wave = Wave([b"t", b"u"], [b"x", b"y"], [0, 7], [True, False], [False, True], 3, 1.0)
    assert wave.message(0) == Incoming("t", b"x", True, 0, 0, 3, dup=False)
    assert wave.message(1) == Incoming("u", b"y", False, 7, 1, 3, dup=True)


def test_qos_2_is_refused():
    routes = Routes(plainly)
    with pytest.raises(ValueError, match="QoS 0 or 1, not 2"):
        routes.add(Subscription("v/#", 2, handler=print))
    assert routes.subscriptions == []


def test_remembered_topics_are_bounded_and_forgetting_them_changes_nothing(monkeypatch):
    monkeypatch.setattr(mqtt_routes, "MAX_TOPICS", 10)
    routes, heard = Routes(plainly), []
    routes.add(Subscription("v/+/data", 1, wave_handler=heard.append))
    topics = [b"v/pm-%d/data" % (n % 25) for n in range(100)]
    for start in range(0, 100, 20):
        assert routes.deliver(wave_of(topics[start : start + 20])) == []
    assert [topic for wave in heard for topic in wave.topics] == topics
    assert len(routes._by_topic) <= 10


def test_a_subscription_added_later_counts_for_topics_already_seen():
    routes, heard = Routes(plainly), []
    assert routes.deliver(wave_of([b"v/pm-1/data"])) == [1]
    routes.add(Subscription("v/#", 0, handler=heard.append))
    assert routes.deliver(wave_of([b"v/pm-1/data"])) == []
    assert len(heard) == 1
