import json

import pytest

from ingest.mail import Lines, Mail
from ingest.plain import Device
from venueair.messages import Data, encode_cbor
from venueair.mqtt_wave import Wave

NOW = 1_795_447_518_905
TOPIC = b"venueair/v1/expo/co-1/data"
LIMIT, CLEAR = 30.0, 25.0
CO, PM = 4, 5


@pytest.fixture
def devices():
    device = Device("co-1", "expo", series={"co": CO, "pm2_5": PM}, streams={"b": 0})
    return {TOPIC: device}


@pytest.fixture
def lines():
    return Lines({CO: [CLEAR, LIMIT]})


def wave(*payloads: bytes, retained: bool = False) -> Wave:
    n = len(payloads)
    return Wave([TOPIC] * n, [*payloads], [*range(1, n + 1)], [retained] * n, [False] * n, 1, 0.0)


def message(q: dict, t: object = NOW, boot: str = "b") -> bytes:
    return json.dumps({"v": 1, "boot": boot, "seq": 0, "t": t, "q": q}).encode()


def is_urgent(devices, lines, *payloads: bytes) -> bool:
    mail = Mail()
    mail.add(wave(*payloads), NOW, devices, lines)
    return mail.is_urgent


def test_values_that_stay_on_their_side_of_a_limit_can_wait(devices, lines):
    assert not is_urgent(devices, lines, message({"co": 3.0}), message({"co": 24.9}))


@pytest.mark.parametrize(
    "crossing",
    [
        message({"co": 31.0}),
        message({"pm2_5": 9.0, "co": 31.0}),
        message({"co": [3.0, None, 31.0, 3.0]}, t=[NOW, NOW + 1, NOW + 2, NOW + 3]),
        encode_cbor(Data(boot="b", seq=0, t=[NOW, NOW + 1], q={"co": [3.0, 31.0]})),
    ],
    ids=["one value", "beside others", "in a list, there and back", "in a typed array"],
)
def test_a_value_that_passes_a_limit_cannot_wait(devices, lines, crossing):
    assert is_urgent(devices, lines, message({"co": 3.0}), crossing)


def test_the_way_down_cannot_wait_and_what_stays_beyond_can(devices, lines):
    assert is_urgent(devices, lines, message({"co": 31.0}))
    assert not is_urgent(devices, lines, message({"co": 44.0}), message({"co": 31.0}))
    assert is_urgent(devices, lines, message({"co": 27.0}))
    assert is_urgent(devices, lines, message({"co": 20.0}))


@pytest.mark.parametrize("payload", [message({"pm2_5": 999.0}), message({"co": None})])
def test_what_no_rule_takes_as_it_is_can_wait(devices, lines, payload):
    assert not is_urgent(devices, lines, payload)


def test_the_first_message_of_a_stream_cannot_wait_for_nobody_knows_yet_what_it_says(devices, lines):
    assert is_urgent(devices, lines, message({"co": 3.0}, boot="new"))
    assert is_urgent(devices, lines, message({"o3": 3.0}))


def test_what_is_not_plain_is_set_aside_with_everything_that_burying_it_needs(devices):
    good, cut, other_boot = message({"co": 3.0}), b'{"v":1,"boo', message({"co": 3.0}, boot="new")
    mail = Mail()
    mail.add(wave(good, cut), NOW, devices, Lines())
    mail.add(wave(good, retained=True), NOW + 1, devices, Lines())
    mail.add(wave(other_boot, good), NOW + 2, devices, Lines())
    assert (mail.taken, mail.odd) == ([0, 4], [1, 2, 3])
    assert mail.payloads == [good, cut, good, other_boot, good]
    assert mail.retained == [False, False, True, False, False]
    assert mail.t == [NOW, NOW, NOW + 1, NOW + 2, NOW + 2]
    assert mail.acks == [(1, [1, 2]), (1, [1]), (1, [1, 2])]
    assert (len(mail), mail.readings) == (5, 2)
