"""The CSV of a reference instrument: what is read, and which words a wrong one gets."""

from datetime import UTC
from math import isnan
from zoneinfo import ZoneInfo

import pytest

from ingest.reference_file import ReferenceFileError, reference_readings

NINE = 1_795_392_000_000  # 2026-11-23T00:00Z


def read(text: str, zone=UTC) -> list[tuple[int, float]]:
    t, value = reference_readings(text.splitlines(keepends=True), zone)
    assert (t.dtype, value.dtype) == ("int64", "float64")
    return list(zip(t.tolist(), value.tolist(), strict=True))


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-23",
        "2026-11-23T00:00",
        "2026-11-23 00:00:00",
        "2026-11-23T00:00:00Z",
        "2026-11-23T09:00:00+09:00",
        "1795392000",
        "1795392000.0",
        "1795392000000",
    ],
)
def test_a_time_is_read_however_it_is_written(time):
    assert read(f"time,value\n{time},12.5\n") == [(NINE, 12.5)]


def test_a_time_without_an_offset_is_local_to_the_zone():
    seoul = ZoneInfo("Asia/Seoul")
    assert read("time,value\n2026-11-23 09:00,1\n2026-11-23T00:00Z,2\n1795392000,3", seoul) == [
        (NINE, 1),
        (NINE, 2),
        (NINE, 3),
    ]


def test_order_other_columns_quotes_and_line_ends_do_not_matter():
    text = 'Station, Value ,TIME\r\n"A, north",7,2026-11-23T01:00\r\n\r\n  ,  ,\r\nB,-0.5,2026-11-23\r\n'
    assert read(text) == [(NINE + 3_600_000, 7), (NINE, -0.5)]


def test_a_missing_value_stays_missing():
    values = [value for _, value in read("time,value\n2026-11-23,\n2026-11-23T01:00,NaN\n2026-11-23T02:00,3")]
    assert [isnan(value) for value in values] == [True, True, False]


def test_a_header_alone_gives_no_rows():
    assert read("time,value\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; it should begin with time,value"),
        ("\n\n", "is empty"),
        ("date,pm25\n2026-11-23,1", "has the columns date, pm25; it should have time,value: rename them"),
        ("2026-11-23,1\n", "has the columns 2026-11-23, 1;"),
        ("time;value\n2026-11-23;1", "has the columns time;value;"),
        (
            "time,value\n2026-11-23,12,5",
            r"line 2 has 3 cells, the header 2 \(a decimal comma\? use a point\)",
        ),
        ("time,value\n\n2026-11-23", "line 3 has 1 cells"),
        ('time,value\n2026-11-23,"12,5"', "line 2: '12,5' is no number"),
        ("time,value\n2026-11-23,<2", "line 2: '<2' is no number"),
        ("time,value\n2026-11-23,inf", "line 2: 'inf' is not finite"),
        ("time,value\n23.11.2026,1", r"line 2: '23\.11\.2026' is no time; write it like 2026-11-23T09:00"),
        ("time,value\n20261123,1", "line 2: '20261123' is no time: neither seconds nor milliseconds"),
        ("time,value\n1795392000000000,1", "neither seconds nor milliseconds since 1970"),
        ("time,value\nnan,1", "line 2: 'nan' is no time"),
        ("time,value\n,1", "line 2: '' is no time"),
        ('time,value\n"2026-11-23,1\n' + "x" * 140_000, "line 3 is no CSV: field larger"),
    ],
    ids=range(16),
)
def test_a_wrong_file_is_refused_with_line_and_advice(text, said):
    with pytest.raises(ReferenceFileError, match=said):
        read(text)
