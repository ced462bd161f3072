import json
import math
import re
from pathlib import Path

import cbor2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venueair import messages
from venueair.messages import MAX_BYTES, Data, Message, MessageError, decode, encode, encode_cbor

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
KINDS: dict[str, type[Message]] = {
    "data": messages.Data,
    "status": messages.Status,
    "committed": messages.Committed,
    "command": messages.Command,
    "lease": messages.Lease,
    "ack": messages.Ack,
    "state": messages.PurifierState,
    "alarm": messages.AlarmEdge,
    "alarm_seen": messages.AlarmSeen,
    "open": messages.OpenAlarms,
    "live": messages.Live,
}
EXAMPLES = re.findall(
    r"^```json (\w+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
examples = pytest.mark.parametrize(
    ("kind", "text"), EXAMPLES, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(EXAMPLES)]
)


@examples
def test_example_of_the_page_decodes_and_comes_back_the_same(kind, text):
    message = decode(text.encode(), KINDS[kind])
    assert decode(encode(message), KINDS[kind]) == message


@examples
def test_example_of_the_page_has_no_key_that_the_code_would_ignore(kind, text):
    known = {field.encode_name for field in msgspec.structs.fields(KINDS[kind])}
    assert json.loads(text).keys() <= known | {"v"}


@examples
def test_encoding_an_example_changes_no_value_of_it(kind, text):
    example = json.loads(text)
    again = json.loads(encode(decode(text.encode(), KINDS[kind])))
    defaults = {
        field.name: field.default
        for field in msgspec.structs.fields(KINDS[kind])
        if not isinstance(field.default, msgspec.UnsetType)
    }
    assert {**defaults, **again} == {**defaults, **example}


def test_every_message_has_an_example():
    assert {kind for kind, _ in EXAMPLES} == set(KINDS)
    ours = {kind for kind in Message.__subclasses__() if kind.__module__ == Message.__module__}
    assert ours == set(KINDS.values())


names = st.sampled_from(["pm2_5", "co2", "temperature"])
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
millis = st.integers(-(2**53) + 1, 2**53 - 1)


@st.composite
def batches(draw) -> Data:
    n = draw(st.integers(1, 20))
    columns = st.lists(numbers, min_size=n, max_size=n)
    return Data(
        boot=draw(st.text(st.characters(codec="ascii"), min_size=1, max_size=64)),
        seq=draw(st.integers(0, 2**53 - 1)),
        t=draw(st.lists(millis, min_size=n, max_size=n)),
        q=draw(st.dictionaries(names, columns, max_size=3)),
        via=draw(st.none() | st.just("gw1")),
        status=draw(st.sampled_from(["ok", "warming", "fault"])),
        resent=draw(st.booleans()),
        dropped=draw(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=3)),
    )


@given(batches())
def test_a_batch_comes_back_from_cbor_and_from_json(data):
    assert decode(encode_cbor(data), Data) == data
    assert decode(encode(data), Data) == data


@given(millis, st.dictionaries(names, numbers, max_size=3))
def test_one_row_comes_back_from_cbor_and_from_json(t, q):
    data = Data(boot="b", seq=0, t=t, q=q)
    assert decode(encode_cbor(data), Data) == data
    assert decode(encode(data), Data) == data


def cbor(**fields: object) -> bytes:
    return cbor2.dumps({"v": 1, "boot": "b", "seq": 0, **fields})


@pytest.mark.parametrize(
    ("tag", "dtype"), [(79, "<i8"), (75, ">i8"), (71, "<u8"), (85, "<f4"), (86, "<f8"), (82, ">f8")]
)
def test_typed_arrays_are_read_in_their_byte_order(tag, dtype):
    column = cbor2.CBORTag(tag, np.array([1, 704, 2**20], dtype=dtype).tobytes())
    assert decode(cbor(t=[1, 2, 3], q={"co2": column}), Data).q == {"co2": [1.0, 704.0, 1048576.0]}


@pytest.mark.parametrize(("tag", "dtype"), [(79, "<i8"), (75, ">i8"), (71, "<u8")])
def test_times_can_be_a_typed_array_of_integers(tag, dtype):
    t = cbor2.CBORTag(tag, np.array([1795447518905, 1795447519905], dtype=dtype).tobytes())
    assert decode(cbor(t=t, q={}), Data).t == [1795447518905, 1795447519905]


@pytest.mark.parametrize(("tag", "dtype"), [(85, "<f4"), (86, "<f8"), (82, ">f8")])
def test_nan_in_a_typed_array_is_a_missing_value(tag, dtype):
    column = cbor2.CBORTag(tag, np.array([0.5, math.nan], dtype=dtype).tobytes())
    assert decode(cbor(t=[1, 2], q={"co2": column}), Data).q == {"co2": [0.5, None]}


def test_missing_value_is_never_zero():
    data = decode(b'{"v":1,"boot":"b","seq":0,"t":[1,2],"q":{"co2":[null,0]}}', Data)
    assert data.q == {"co2": [None, 0.0]}


def test_nan_is_sent_as_null():
    edge = messages.AlarmEdge(
        id="i", alarm="a", rule="r", scope="s", quantity="co2", t=1, level=1, value=math.nan, limit=None
    )
    assert json.loads(encode(edge))["value"] is None


def test_fields_that_are_not_ours_are_ignored():
    assert decode(b'{"v":1,"state":"online","rssi":-61,"x":{"y":[1]}}', messages.Status).state == "online"


@pytest.mark.parametrize("encoder", [encode, encode_cbor])
def test_what_is_too_large_to_be_read_is_not_sent(encoder):
    data = Data(boot="b", seq=0, t=list(range(9000)), q={"co2": [float(n) for n in range(9000)]})
    with pytest.raises(MessageError) as caught:
        encoder(data)
    assert caught.value.reason == "oversize"


def test_the_largest_payload_is_read_and_one_byte_more_is_not():
    frame = b'{"v":1,"ids":[""],"x":""}'
    fits = frame.replace(b'"x":""', b'"x":"' + b"a" * (MAX_BYTES - len(frame)) + b'"')
    assert decode(fits, messages.AlarmSeen).ids == [""]
    with pytest.raises(MessageError) as caught:
        decode(fits + b" ", messages.AlarmSeen)
    assert caught.value.reason == "oversize"


def an_edge(n: int, source: str) -> messages.AlarmEdge:
    name = f"pm/zone-{n}"
    return messages.AlarmEdge(
        id=f"{name}/1/1",
        alarm=name,
        rule="pm",
        scope=f"zone-{n}",
        quantity="pm2_5",
        t=1,
        level=1,
        value=1.0,
        limit=0.5,
        source=source,
    )


@given(st.lists(st.text(max_size=200), max_size=60), st.integers(1, 40))
def test_a_list_of_open_alarms_is_cut_into_messages_that_can_be_sent(texts, many):
    edges = [an_edge(n, text * many) for n, text in enumerate(texts)]
    parts = messages.open_parts(edges, 2**53 - 1)
    assert [edge for part in parts for edge in part.alarms] == edges
    assert [(part.part, part.parts, part.t) for part in parts] == [
        (nth, len(parts), 2**53 - 1) for nth in range(1, len(parts) + 1)
    ]
    assert all(len(encode(part)) <= MAX_BYTES for part in parts)


def test_an_empty_list_of_open_alarms_is_said_too():
    (part,) = messages.open_parts([], 5)
    assert (part.alarms, part.part, part.parts) == ([], 1, 1)


def test_an_edge_of_an_older_ingest_has_the_usual_fields():
    old = {
        "v": 1,
        "id": "a",
        "alarm": "r/z",
        "rule": "r",
        "scope": "z",
        "quantity": "co2",
        "t": 1,
        "level": 1,
    }
    edge = decode(json.dumps(old | {"value": 1, "limit": 0}).encode(), messages.AlarmEdge)
    assert (edge.family, edge.latching, edge.historical, edge.until) == ("operating", False, False, None)
