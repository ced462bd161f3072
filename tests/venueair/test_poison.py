"""What a broken or hostile device can send: each ends in a MessageError with a reason, in nothing else."""

import tracemalloc
from datetime import UTC, datetime

import cbor2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from venueair.messages import MAX_BYTES, Command, Data, MessageError, Status, decode

GOOD = b'{"v":1,"boot":"b","seq":0,"t":1,"q":{"co2":704}}'


def with_value(text: bytes) -> bytes:
    return GOOD.replace(b"704", text)


def with_part(old: bytes, new: bytes) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new)


def cbor(value: object = 704.0, **fields: object) -> bytes:
    return cbor2.dumps({"v": 1, "boot": "b", "seq": 0, "t": 1, "q": {"co2": value}, **fields})


def typed(tag: int, data: object) -> bytes:
    return cbor([cbor2.CBORTag(tag, data)])


MALFORMED = {
    "empty": b"",
    "NaN": with_value(b"NaN"),
    "Infinity": with_value(b"Infinity"),
    "minus Infinity": with_value(b"-Infinity"),
    "cut in the middle": GOOD[:-5],
    "two messages": GOOD + GOOD,
    "something after the end": GOOD + b"x",
    "deep lists": b'{"v":1,"x":' + b"[" * 30_000,
    "deep objects": b'{"x":' * 10_000,
    "bad utf-8": with_part(b'"b"', b'"b\xff"'),
    "utf-16": GOOD.decode().encode("utf-16"),
    "lone surrogate": with_part(b'"b"', b'"\\ud800"'),
    "NUL in a string": with_part(b'"b"', b'"\0"'),
    "leading zero": with_value(b"0704"),
    "hexadecimal": with_value(b"0x2c0"),
    "comment": with_value(b"704 /* ppm */"),
    "trailing comma": with_value(b"704,"),
    "text": b"hello",
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "blank before the object": b" " + GOOD,
    "cbor cut": cbor()[:-3],
    "cbor with something after the end": cbor() + b"x",
    "cbor with the same key twice": b"\xa2\x61v\x01\x61v\x01",
    "cbor too deep": cbor(x=[[[[[[[[[[1]]]]]]]]]]),
    "cbor that promises 1 TB of list": b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff",
    "cbor that promises 1 TB of bytes": b"\x5b\x00\x00\x00\xff\xff\xff\xff\xff",
    "cbor that promises 2**64 keys": b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    "cbor regular expression": b"\xd8\x23\x61\x28",
    "cbor rational with 0": b"\xd8\x1e\x82\x01\x00",
    "cbor date beyond time": b"\xc1\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    "cbor typed array that is no multiple of 8": typed(86, b"123"),
    "cbor typed array of text": typed(86, "12345678"),
    "cbor typed array of another type": typed(64, b"12345678"),
}
INVALID = {
    "json number": b'{"v":1,"boot":"b","seq":0,"t":1,"q":5}',
    "1e400": with_value(b"1e400"),
    "minus 1e400": with_value(b"-1e400"),
    "integer of 4301 digits": with_value(b"1" * 4301),
    "bool as a number": with_value(b"true"),
    "text as a number": with_value(b'"704"'),
    "object as a number": with_value(b'{"ppm":704}'),
    "list in a list": with_value(b"[[704]]"),
    "version 2": with_part(b'"v":1', b'"v":2'),
    "version as text": with_part(b'"v":1', b'"v":"1"'),
    "no boot": with_part(b'"boot":"b",', b""),
    "boot is a number": with_part(b'"b"', b"7"),
    "boot is empty": with_part(b'"b"', b'""'),
    "boot of 65 characters": with_part(b'"b"', b'"' + b"b" * 65 + b'"'),
    "negative seq": with_part(b'"seq":0', b'"seq":-1'),
    "seq is a fraction": with_part(b'"seq":0', b'"seq":0.5'),
    "seq is bool": with_part(b'"seq":0', b'"seq":true'),
    "seq beyond 2**53": with_part(b'"seq":0', b'"seq":9007199254740992'),
    "time is a fraction": with_part(b'"t":1', b'"t":1.5'),
    "time is text": with_part(b'"t":1', b'"t":"2026-11-23T00:00:00Z"'),
    "time is null": with_part(b'"t":1', b'"t":null'),
    "time beyond 2**53": with_part(b'"t":1', b'"t":9007199254740992'),
    "unknown status": with_part(b'"v":1', b'"v":1,"status":"great"'),
    "dropped is no pair": with_part(b'"v":1', b'"v":1,"dropped":[[1]]'),
    "cbor number": b"\x00",
    "cbor list": b"\x80",
    "cbor key is a number": cbor2.dumps({1: 2}),
    "cbor bytes as a number": cbor(b"704"),
    "cbor undefined": cbor(cbor2.undefined),
    "cbor bool as a number": cbor(value=True),
    "cbor date as a number": cbor(datetime(2026, 11, 23, tzinfo=UTC)),
    "cbor integer beyond a float": cbor(10**400),
    "cbor floats as times": cbor2.dumps(
        {"v": 1, "boot": "b", "seq": 0, "t": cbor2.CBORTag(86, np.array([1.0]).tobytes()), "q": {}}
    ),
    "cbor time beyond 2**53": cbor2.dumps(
        {"v": 1, "boot": "b", "seq": 0, "t": cbor2.CBORTag(71, b"\xff" * 8), "q": {}}
    ),
}
CORPUS = [("malformed", *item) for item in MALFORMED.items()] + [
    ("invalid", *item) for item in INVALID.items()
]


@pytest.mark.parametrize(
    ("reason", "payload"),
    [(r, p) for r, _, p in CORPUS],
    ids=[name.replace(" ", "-") for _, name, _ in CORPUS],
)
def test_poison_is_refused_with_a_reason(reason, payload):
    with pytest.raises(MessageError) as caught:
        decode(payload, Data)
    assert caught.value.reason == reason
    assert str(caught.value)


def test_the_poison_differs_from_a_good_message_by_the_poison_only():
    assert decode(GOOD, Data).q == {"co2": 704.0}
    assert decode(cbor(), Data).q == {"co2": 704.0}


@pytest.mark.parametrize(
    "payload", [b"{" * (MAX_BYTES + 1), b"\x80" * (MAX_BYTES + 1), GOOD + b" " * MAX_BYTES]
)
def test_more_than_64_kib_is_refused_before_it_is_parsed(payload):
    with pytest.raises(MessageError) as caught:
        decode(payload, Data)
    assert caught.value.reason == "oversize"


def test_a_promise_of_much_data_allocates_little():
    tracemalloc.start()
    try:
        for name in ("cbor that promises 1 TB of list", "cbor that promises 1 TB of bytes"):
            with pytest.raises(MessageError):
                decode(MALFORMED[name], Data)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_number_that_json_writes_twice_is_the_last_one():
    assert decode(with_part(b'"co2":704', b'"co2":1,"co2":704'), Data).q == {"co2": 704.0}


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.builds(cbor2.CBORTag, st.integers(0, 300), inner)
    ),
    max_leaves=8,
)


@given(st.binary() | st.binary().map(lambda rest: b"{" + rest) | trees.map(cbor))
@example(b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01")
def test_any_bytes_are_a_message_or_a_message_error(payload):
    for kind in (Data, Status, Command):
        try:
            reason = "" if isinstance(decode(payload, kind), kind) else "of another class"
        except MessageError as error:
            reason = error.reason
        assert reason in ("", "malformed", "invalid", "oversize")
