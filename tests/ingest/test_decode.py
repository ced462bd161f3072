import json
import math

import cbor2
import numpy as np
import pytest

from ingest.decode import EARLIEST_MS, LATEST_AHEAD_MS, Rows, decode_data, rows_of
from venueair.messages import MAX_ROWS, Data, MessageError, encode, encode_cbor

NOW = 1_795_447_518_905


def _rows(payload: bytes) -> Rows:
    return rows_of(decode_data(payload), NOW)


def readings(rows: Rows, mask) -> int:
    return sum(int((~np.isnan(column) & mask).sum()) for column in rows.values.values())


def json_of(**fields) -> bytes:
    return json.dumps({"v": 1, "boot": "b", "seq": 0, "t": NOW, "q": {"co2": 704}, **fields}).encode()


def cbor_of(**fields) -> bytes:
    return cbor2.dumps({"v": 1, "boot": "b", "seq": 0, "t": NOW, "q": {"co2": 704.0}, **fields})


ROW = b'{"v":1,"boot":"b","seq":0,"t":1795447518905,"q":{"co2":704}}'
BAD = {
    "no rows": ("shape", json_of(t=[], q={})),
    "too many rows": ("shape", json_of(t=[NOW] * (MAX_ROWS + 1), q={})),
    "list where t is none": ("shape", json_of(q={"co2": [704]})),
    "none where t is a list": ("shape", json_of(t=[NOW])),
    "missing value where t is a list": ("shape", json_of(t=[NOW], q={"co2": None})),
    "fewer values than times": ("shape", json_of(t=[NOW, NOW + 1], q={"co2": [704]})),
    "more values than times": ("shape", json_of(t=[NOW], q={"co2": [704, 705]})),
    "empty column": ("shape", json_of(t=[NOW], q={"co2": []})),
    "shape of an unknown name": ("shape", json_of(q={"smell": [1]})),
    "infinite": ("not_finite", cbor_of(q={"co2": math.inf})),
    "infinite in a typed array": (
        "not_finite",
        cbor_of(t=[NOW, NOW + 1], q={"co2": cbor2.CBORTag(86, np.array([704, -np.inf]).tobytes())}),
    ),
    "infinite as float32": (
        "not_finite",
        cbor_of(t=[NOW], q={"co2": cbor2.CBORTag(85, np.array([np.inf], "<f4").tobytes())}),
    ),
    "NaN token": ("malformed", ROW.replace(b"704", b"NaN")),
    "1e400": ("invalid", ROW.replace(b"704", b"1e400")),
    "no json": ("malformed", b"\xff\xff"),
    "oversize": ("oversize", ROW + b" " * 70_000),
}


@pytest.mark.parametrize(("reason", "payload"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_rows_is_refused_with_a_reason(reason, payload):
    with pytest.raises(MessageError) as caught:
        _rows(payload)
    assert caught.value.reason == reason
    assert str(caught.value)


@pytest.mark.parametrize("encoder", [encode, encode_cbor])
def test_one_row_and_many_rows_have_the_same_columns(encoder):
    one = _rows(encoder(Data(boot="b", seq=7, t=NOW, q={"co2": 704, "pm2_5": None})))
    many = _rows(encoder(Data(boot="b", seq=7, t=[NOW], q={"co2": [704], "pm2_5": [None]})))
    for rows in (one, many):
        assert rows.t.tolist() == [NOW]
        assert rows.values["co2"].tolist() == [704]
        assert np.isnan(rows.values["pm2_5"]).all()
        assert rows.kept.tolist() == [True]
        assert readings(rows, rows.kept) == 1


@pytest.mark.parametrize(
    "wrong",
    [0, -1, 86_400_000, EARLIEST_MS - 1, NOW + LATEST_AHEAD_MS + 1, 4_070_908_800_000, 2**53 - 1],
    ids=["1970", "before 1970", "2nd of January 1970", "end of 2019", "a day ahead", "2099", "far ahead"],
)
def test_good_rows_beside_one_of_an_impossible_time_are_kept(wrong):
    payload = json_of(t=[NOW, wrong, NOW + 1], q={"co2": [704, 705, 706]})
    rows = _rows(payload)
    assert rows.kept.tolist() == [True, False, True]
    assert readings(rows, ~rows.kept) == 1


def test_the_first_and_the_last_possible_time_are_kept():
    rows = _rows(json_of(t=[EARLIEST_MS, NOW + LATEST_AHEAD_MS], q={}))
    assert rows.kept.all()


def test_the_largest_batch_is_read():
    data = Data(boot="b", seq=0, t=[NOW + n for n in range(MAX_ROWS)], q={"co2": [None] * MAX_ROWS})
    rows = _rows(encode_cbor(data))
    assert len(rows.t) == MAX_ROWS
    assert readings(rows, rows.kept) == 0
