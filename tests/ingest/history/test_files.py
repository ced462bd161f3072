"""A file of history -> rows in order of time; what does not fit is counted."""

import struct

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.history.columns import HistoryError
from tests.ingest.history.reading import LATEST, T0, Read, read

MINUTE = 60_000
PLAIN = "time,pm2_5,co2\n2026-11-23T12:00:00Z,5.5,700\n2026-11-23T12:01:00Z,,701\n"
PLAIN_ROWS = {"pm2_5": [(0, 5.5)], "co2": [(0, 700.0), (MINUTE, 701.0)]}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "history.csv"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\n\n"),
        PLAIN.replace("5.5", '"5.5"').replace("time,", '"time",'),
        PLAIN.rstrip("\n"),
        PLAIN.replace(",", " , ").replace("\n", " \n"),
    ],
    ids=["plain", "CRLF", "BOM", "blank lines", "quoted", "no last newline", "spaces"],
)
def test_a_csv_reads_the_same_however_its_lines_are_written(file, content):
    assert read(file, content) == Read(PLAIN_ROWS, 2, 0, {})


@pytest.mark.parametrize(
    ("time", "tz"),
    [
        ("2026-11-23T12:00:00Z", "UTC"),
        ("2026-11-23 12:00:00", "UTC"),
        ("2026-11-23T21:00:00+09:00", "UTC"),
        ("2026-11-23T21:00:00", "Asia/Seoul"),
        ("2026-11-23 21:00", "Asia/Seoul"),
        ("2026-11-23T12:00:00.000Z", "Asia/Seoul"),
        (str(T0), "Asia/Seoul"),
        (str(T0 // 1000), "Asia/Seoul"),
        (f"{T0 // 1000}.000", "UTC"),
    ],
)
def test_a_time_is_iso_or_local_or_seconds_or_ms(file, time, tz):
    assert read(file, f"time,co2\n{time},700\n", tz=tz).rows == {"co2": [(0, 700.0)]}


def test_milliseconds_are_kept(file):
    text = f"time,co2\n2026-11-23T12:00:00.123Z,1\n{T0 // 1000}.456,2\n{T0 + 789},3\n"
    assert read(file, text).rows == {"co2": [(123, 1.0), (456, 2.0), (789, 3.0)]}


@pytest.mark.parametrize("time", ["yesterday", "20261123", "", "12:00", f"{T0}000", "-5", "23.11.2026"])
def test_a_time_that_cannot_be_is_rejected_and_never_guessed(file, time):
    found = read(file, PLAIN + f"{time},1,2\n")
    assert found == Read(PLAIN_ROWS, 3, 0, {"time": 1})


def test_a_time_later_than_the_latest_is_rejected_and_one_long_ago_is_not(file):
    text = f"time,co2\n{LATEST},1\n{LATEST + 1},2\n1999-01-01T00:00:00Z,3\n"
    found = read(file, text)
    assert [value for _, value in found.rows["co2"]] == [3.0, 1.0]
    assert found.rejected == {"time": 1}


def test_rows_are_put_in_order(file):
    rows = [f"{T0 + n * MINUTE},{n}" for n in (4, 1, 3, 0, 2)]
    found = read(file, "time,co2\n" + "\n".join(rows))
    assert found.rows["co2"] == [(n * MINUTE, float(n)) for n in range(5)]


def test_of_two_readings_of_one_time_the_later_in_the_file_holds_and_the_other_is_counted(file):
    text = f"time,pm2_5,co2\n{T0},1,10\n{T0 + 1},5,50\n{T0},2,\n{T0},x,30\n"
    found = read(file, text)
    assert found.rows == {"pm2_5": [(0, 2.0), (1, 5.0)], "co2": [(0, 30.0), (1, 50.0)]}
    assert (found.repeated, found.rejected) == (2, {"not_a_number": 1})


@pytest.mark.parametrize("cell", ["12,3", "n/a", "1_000", "0x10", "5 ug/m3", "--", "true"])
def test_text_that_is_no_number_is_rejected(file, cell):
    found = read(file, f'time,pm2_5\n{T0},"{cell}"\n{T0 + 1},1\n')
    assert (found.rows, found.rejected) == ({"pm2_5": [(1, 1.0)]}, {"not_a_number": 1})


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_an_infinite_number_is_rejected(file, cell):
    found = read(file, f"time,pm2_5\n{T0},{cell}\n{T0 + 1},1\n")
    assert (found.rows, found.rejected) == ({"pm2_5": [(1, 1.0)]}, {"not_finite": 1})


@pytest.mark.parametrize("cell", ["", '""', "NaN", "nan"])
def test_an_empty_cell_and_nan_are_missing_and_no_reject(file, cell):
    found = read(file, f"time,pm2_5\n{T0},{cell}\n{T0 + 1},1\n")
    assert (found.rows, found.rejected) == ({"pm2_5": [(1, 1.0)]}, {})


def test_a_line_with_too_few_or_too_many_cells_is_counted_as_malformed(file):
    found = read(file, PLAIN + f"{T0 + 5},1\n{T0 + 6},1,2,3\n{T0 + 7},12,3,40\n")
    assert found == Read(PLAIN_ROWS, 5, 0, {"malformed": 3})


def test_bytes_that_are_not_utf_8_are_counted_as_malformed(file):
    found = read(file, PLAIN.encode() + f"{T0 + 5},1,2\n{T0 + 6},\xb5,2\n".encode("latin-1"))
    assert found.rejected == {"malformed": 1}
    assert found.rows["pm2_5"] == [(0, 5.5), (5, 1.0)]


def test_a_header_alone_is_no_rows(file):
    assert read(file, "time,pm2_5\n") == Read({}, 0, 0, {})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no header"),
        (b"\n\n", "has no header"),
        (b"\xff\xfe\x00\x01", "neither CSV in UTF-8 nor Parquet"),
        (b"PAR1 but not quite", "cannot be read"),
        (b"time;pm2_5\n1;2\n", "separated by ';'"),
        (b"time,pm2_5,pm2_5\n", "two columns are named 'pm2_5'"),
        (b"time,pm25\n", "--map 'pm25=pm2_5:ug/m3'"),
        (b"date,pm2_5\n", "unknown column 'date'"),
        (b"pm2_5,co2\n", "no column is `time`"),
        (b"time\n", "no column is a quantity"),
        (b"time,pm2_5\nmonday,1\n", "no row has a time that can be; the first says 'monday'"),
    ],
)
def test_a_file_that_says_nothing_is_an_error_that_says_what_to_do(file, content, says):
    with pytest.raises(HistoryError, match=".*".join(map(__import__("re").escape, [says]))):
        read(file, content)


def test_a_time_zone_that_is_none_is_an_error(file):
    with pytest.raises(HistoryError, match="--tz 'Mars/Base' is no time zone"):
        read(file, PLAIN, tz="Mars/Base")


def test_columns_are_named_and_converted_as_mapped(file):
    text = f"when,PM2.5 (mg/m3),Temp F,door\n{T0},0.0125,68,open\n"
    maps = ("when=time", "PM2.5 (mg/m3)=pm2_5:mg/m3", "Temp F=temperature:degF")
    found = read(file, text, maps=maps, ignored=("door",))
    assert found.rows == {"pm2_5": [(0, 12.5)], "temperature": [(0, 20.0)]}


def parquet(path, sql):
    with duckdb.connect() as db:
        db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize(
    ("time", "tz"),
    [
        ("TIMESTAMP '2026-11-23 12:00:00'", "UTC"),
        ("TIMESTAMP '2026-11-23 21:00:00'", "Asia/Seoul"),
        ("TIMESTAMP_NS '2026-11-23 21:00:00'", "Asia/Seoul"),
        ("TIMESTAMPTZ '2026-11-23 12:00:00+00'", "Asia/Seoul"),
        (f"CAST({T0} AS BIGINT)", "Asia/Seoul"),
        ("'2026-11-23T12:00:00Z'", "Asia/Seoul"),
    ],
)
def test_a_parquet_file_reads_like_a_csv_and_a_time_without_zone_is_local(tmp_path, time, tz):
    path = tmp_path / "history.parquet"
    parquet(path, f"SELECT {time} AS time, CAST(0.1 AS DOUBLE) AS pm2_5, 700 AS co2, NULL AS co")
    assert read(path, None, tz=tz).rows == {"pm2_5": [(0, 0.1)], "co2": [(0, 700.0)]}


def test_a_folder_of_parquet_files_is_read_as_one_and_its_partitions_are_no_columns(tmp_path):
    rows = "(VALUES (0, 'pm2_5', 5.5), (0, 'co2', 700), (60000, 'co2', 701)) AS r(n, quantity, raw)"
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT make_timestamp_ms({T0} + n) AT TIME ZONE 'UTC' AS time, 'dev1' AS device,"
            " quantity, CAST(raw AS DOUBLE) AS value, CAST(raw AS DOUBLE) AS raw,"
            f" CAST(1 AS UTINYINT) AS flag, CAST(n AS VARCHAR) AS date, 'v' AS venue FROM {rows})"
            f" TO '{tmp_path / 'out'}' (FORMAT parquet, PARTITION_BY (date, venue))"
        )
    assert len(list(tmp_path.glob("out/**/*.parquet"))) == 2
    assert read(tmp_path / "out", None) == Read(PLAIN_ROWS, 3, 0, {})


def test_a_parquet_float_keeps_its_value_and_infinity_is_rejected(tmp_path):
    path = tmp_path / "history.parquet"
    parquet(
        path,
        f"SELECT {T0} + n AS time, CAST(v AS FLOAT) AS pm2_5"
        " FROM (VALUES (0, '0.1'), (1, 'inf'), (2, 'nan'), (3, NULL)) AS t(n, v)",
    )
    found = read(path, None)
    assert found.rows == {"pm2_5": [(0, struct.unpack("f", struct.pack("f", 0.1))[0])]}
    assert found.rejected == {"not_finite": 1}


doubles = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=30, deadline=None)
@given(st.lists(doubles, min_size=1, max_size=30))
def test_every_double_is_read_bit_for_bit(tmp_path_factory, values):
    values = [*values, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1]
    text = "time,co2\n" + "".join(f"{T0 + n},{value!r}\n" for n, value in enumerate(values))
    found = read(tmp_path_factory.mktemp("bits") / "history.csv", text, chunk=7)
    assert [struct.pack("d", v) for _, v in found.rows["co2"]] == [struct.pack("d", v) for v in values]


def test_an_export_is_read_back_by_raw_and_other_devices_are_counted(file):
    text = (
        "time,device,quantity,value,raw,flag\n"
        "2026-11-23T12:00:00.000Z,dev1,pm2_5,6.5,5.5,1\n"
        "2026-11-23T12:00:00.000Z,dev1,co2,700,700,3\n"
        "2026-11-23T12:00:00.000Z,hall-a,pm2_5,6.5,6.5,1\n"
        "2026-11-23T12:01:00.000Z,dev1,co2,701,701,1\n"
    )
    assert read(file, text) == Read(PLAIN_ROWS, 4, 0, {"other_device": 1})
    with pytest.raises(HistoryError, match="no row is of device 'dev1', but of dev2"):
        read(file, text.replace("dev1", "dev2").replace("hall-a", "dev2"))
