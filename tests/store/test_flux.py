"""Questions in Flux and the answers to them; that a real server understands them shows in the contract."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venueair.store import flux, flux_answer
from venueair.store.flux import FluxError
from venueair.store.line_protocol import NO_RAW, NO_VALUE

T0 = 1_795_447_518_905
HEADER = ",result,table,_field,_time,_value,device,zone"


def table(*rows: str) -> str:
    return "\r\n".join([HEADER, *rows]) + "\r\n"


def numbered():
    names: dict[tuple[str, str], int] = {}
    return names, lambda source, quantity: names.setdefault((source, quantity), len(names))


def test_a_question_names_bucket_period_sources_and_fields():
    device, zone = ('(r.device == "a" or r.device == "b")', '(r.zone == "a" or r.zone == "b")')
    assert flux.rows("air", "air", T0, T0 + 1, ["b", "a"], ["co2_raw", "co2"]).splitlines() == [
        'from(bucket: "air")',
        "  |> range(start: time(v: 1795447518905000000), stop: time(v: 1795447518906000000))",
        '  |> filter(fn: (r) => r._measurement == "air")',
        f"  |> filter(fn: (r) => {device} or (not exists r.device and {zone}))",
        '  |> filter(fn: (r) => (r._field == "co2" or r._field == "co2_raw"))',
        '  |> keep(columns: ["_field", "_time", "_value", "device", "zone"])',
    ]


def test_many_sources_are_not_named():
    assert "device =" not in flux.rows("air", "air", 0, 1, [f"d{n}" for n in range(flux.MAX_NAMED + 1)])


@given(st.text())
def test_no_text_from_outside_enters_a_question(text):
    for ask in (
        lambda: flux.rows(text, "air", 0, 1),
        lambda: flux.rows("air", text, 0, 1),
        lambda: flux.rows("air", "air", 0, 1, [text]),
        lambda: flux.rows("air", "air", 0, 1, None, [text]),
        lambda: flux.counts("air", "air", [text]),
        lambda: flux.distinct_counts("air", "air", text),
        lambda: flux.anything(text),
        lambda: flux.newest(text, "air"),
    ):
        try:
            asked = ask()
        except FluxError:
            continue
        assert not set('"\\\n(){}|$') & set(text)
        assert text in asked


@given(st.integers())
def test_any_time_is_within_what_the_server_takes(ms):
    start = int(flux.rows("air", "air", ms, ms + 1).split("time(v: ")[1].split(")")[0])
    assert -(2**63) < start < 2**63


def test_points_of_one_time_become_one_row():
    names, number = numbered()
    answer = table(
        ",_result,0,pm2_5,2026-11-23T15:25:18.905Z,7.5,pm-1,stage",
        ",_result,0,pm2_5,2026-11-23T15:25:19Z,8,pm-1,stage",
        ",_result,1,pm2_5_raw,2026-11-23T15:25:18.905Z,10,pm-1,stage",
        ",_result,2,pm2_5_flag,2026-11-23T15:25:19Z,3,pm-1,stage",
        ",_result,3,pm2_5_why,2026-11-23T15:25:19Z,8,pm-1,stage",
    )
    found = flux_answer.block(flux_answer.columns(answer), number)
    assert names == {("pm-1", "pm2_5"): 0}
    assert found.t.tolist() == [T0, T0 + 95]
    assert (found.value.tolist(), found.raw.tolist()) == ([7.5, 8.0], [10.0, 8.0])
    assert (found.flag.tolist(), found.why.tolist()) == ([1, 3], [0, 8])


def test_rows_without_a_device_are_of_the_zone():
    names, number = numbered()
    answer = (
        table(",_result,0,co2,2026-11-23T15:25:18.905Z,700,n1,stage")
        + "\r\n"
        + ",result,table,_field,_time,_value,zone\r\n,_result,1,co2,2026-11-23T15:25:18.905Z,800,stage\r\n"
    )
    found = flux_answer.block(flux_answer.columns(answer), number)
    assert names == {("n1", "co2"): 0, ("stage", "co2"): 1}
    assert found.value.tolist() == [700.0, 800.0]


def test_what_was_replaced_by_nothing_is_nothing():
    _, number = numbered()
    answer = table(
        ",_result,0,co2,2026-11-23T15:25:18.905Z,700,n1,stage",
        ",_result,0,co2_raw,2026-11-23T15:25:18.905Z,701,n1,stage",
        f",_result,0,co2_why,2026-11-23T15:25:18.905Z,{NO_VALUE + NO_RAW + 5},n1,stage",
    )
    found = flux_answer.block(flux_answer.columns(answer), number)
    assert np.isnan([found.value[0], found.raw[0]]).all()
    assert found.why.tolist() == [5]


def test_what_is_not_ours_is_left_out():
    answer = table(",_result,0,Strange,2026-11-23T15:25:18.905Z,700,n1,stage")
    assert len(flux_answer.block(flux_answer.columns(answer), lambda _source, _quantity: -1)) == 0


def test_an_empty_answer_is_an_empty_block():
    for answer in ("", "\r\n", table()):
        found = flux_answer.block(flux_answer.columns(answer), lambda _source, _quantity: 0)
        assert (len(found), found.series.dtype, found.flag.dtype) == (0, np.int32, np.uint8)


@pytest.mark.parametrize(
    "answer",
    [
        "error,reference\r\nquery terminated: out of memory,897\r\n",
        table(",_result,0,co2,2026-11-23T15:25:18.905Z,700,n1,stage") + "\r\nerror,reference\r\nbroken,\r\n",
        table(",_result,0,co2,2026-11-23T15:25:18.905Z"),
    ],
    ids=["error", "error after rows", "cut"],
)
def test_an_answer_that_is_none_raises(answer):
    with pytest.raises(FluxError):
        flux_answer.columns(answer)
