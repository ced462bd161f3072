"""What comes over the purifiers' topics, and what leaves on them."""

import pytest

from venueair.messages import Ack, Command, PurifierState, encode


@pytest.mark.parametrize(
    ("device", "kind", "payload", "reason"),
    [
        ("p1", "state", b"{", "malformed"),
        ("p1", "state", b'{"v":1,"session":"s","mode":"boost","level":1,"source":"auto","t":1}', "invalid"),
        ("p1", "ack", b"x" * 70_000, "oversize"),
        ("p9", "state", b"{}", "unknown_purifier"),
        ("p9", "ack", b"{}", "unknown_purifier"),
        ("p1", "ack", encode(Ack(id="never-sent", result="applied")), "ack_unknown"),
    ],
)
def test_bad_messages_are_counted_with_their_reason(bench, device, kind, payload, reason):
    bench.link.hear(device, kind, payload)
    bench.link.pump()
    assert bench.control.counts[reason] == 1
    bench.run(62, pm=41)
    assert bench.unit.mode == "run"


def test_a_unit_of_another_venue_is_not_ours(bench):
    state = PurifierState(session="x", mode="run", level=3, source="local", t=1)
    bench.link.hear("p1", "state", encode(state), venue="other")
    bench.link.pump()
    assert bench.view().mode == "idle"
    assert bench.control.counts["unknown_purifier"] == 1


def test_status_of_sensors_is_not_an_error(bench):
    bench.link.hear("hall-a-pm1", "status", b'{"v":1,"state":"online"}')
    bench.link.pump()
    assert not bench.control.counts["unknown_purifier"]


def test_the_reason_on_the_wire_is_bounded(bench):
    bench.order(mode="run", level=1, reason="x" * 5000)
    (command,) = bench.sent()
    assert isinstance(command, Command)
    assert len(command.reason) <= 200
