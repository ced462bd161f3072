"""What the stage promises, case by case."""

from math import nan

import numpy as np
import pytest
from pydantic import TypeAdapter

from ingest.corrections import Corrections, State, correct
from venueair.block import Block, Flag, Why
from venueair.corrections import Correction

T0 = 1_795_392_000_000  # 2026-11-23 00:00 UTC
MINUTE_MS = 60_000
NAMES = [("pm", "pm2_5"), ("pm", "humidity"), ("co2", "co2"), ("co2", "pressure"), ("other", "humidity")]
PM, HUMIDITY, CO2, PRESSURE, OTHER = range(5)
EPA = {"kind": "epa_pm2_5", "device": "pm", "quantity": "pm2_5"}
AT_50_PERCENT = 11.92  # of 20 ug/m3 by the EPA form


def plan(*rows: dict[str, object]) -> Corrections:
    return Corrections.of(NAMES, [TypeAdapter(Correction).validate_python(row) for row in rows])


def values(block: Block, columns: Corrections, state: State | None = None) -> list[float]:
    return correct(block, columns, state or State()).value.tolist()


def line(**more: object) -> dict[str, object]:
    return {"kind": "linear", "device": "pm", "quantity": "pm2_5", **more}


def test_a_block_that_has_nothing_to_correct_is_returned_itself():
    block = Block.of([T0, T0], [CO2, OTHER], [800.0, 40.0])
    assert correct(block, plan(EPA), State()) is block
    assert correct(block, plan(), State()) is block
    assert correct(Block.empty(), plan(EPA), State()).t.size == 0


def test_raw_flags_and_reasons_stay_and_the_block_that_came_is_not_written_into():
    block = Block.of([T0, T0], [PM, HUMIDITY], [20.0, 50.0])
    block.why[:] = [Why.WARM_UP, 0]
    after = correct(block, plan(EPA), State())
    assert after.value.tolist() == pytest.approx([AT_50_PERCENT, 50.0])
    assert after.raw.tolist() == block.value.tolist() == [20.0, 50.0]
    assert (after.why.tolist(), after.flag.tolist()) == ([Why.WARM_UP, 0], [2, 2])


def test_a_missing_value_stays_missing_and_is_not_counted_as_uncorrected():
    state = State()
    after = correct(Block.of([T0], [PM], [nan]), plan(EPA), state)
    assert np.isnan(after.value).all()
    assert after.flag.tolist() == [Flag.MISSING]
    assert state.uncorrected.sum() == 0


@pytest.mark.parametrize(
    ("age_ms", "wanted"), [(0, AT_50_PERCENT), (10 * MINUTE_MS, AT_50_PERCENT), (10 * MINUTE_MS + 1, 20.0)]
)
def test_humidity_counts_for_ten_minutes(age_ms, wanted):
    state, columns = State(), plan(EPA)
    correct(Block.of([T0], [HUMIDITY], [50.0]), columns, state)
    assert values(Block.of([T0 + age_ms], [PM], [20.0]), columns, state) == pytest.approx([wanted])
    assert state.uncorrected[PM] == (wanted == 20)


def test_pressure_counts_for_an_hour():
    columns = plan({"kind": "co2_pressure", "device": "co2", "quantity": "co2", "model": "ideal"})
    for age_ms, wanted in ((60 * MINUTE_MS, 1066.6), (60 * MINUTE_MS + 1, 1000.0)):
        rows = Block.of([T0 + age_ms, T0], [CO2, PRESSURE], [1000.0, 950.0])
        assert values(rows, columns)[0] == pytest.approx(wanted, abs=0.1)


def test_humidity_of_later_and_of_other_devices_is_not_used():
    state = State()
    rows = Block.of([T0, T0 + 1, T0], [PM, HUMIDITY, OTHER], [20.0, 50.0, 50.0])
    assert values(rows, plan(EPA), state)[0] == 20
    assert state.uncorrected.tolist() == [1, 0, 0, 0, 0]


def test_humidity_that_cannot_be_is_as_none():
    state, columns = State(), plan(EPA)
    rows = Block.of([T0, T0 + 1, T0 - 1, T0], [PM, PM, HUMIDITY, HUMIDITY], [20.0, 20.0, 50.0, 250.0])
    assert values(rows, columns, state)[:2] == pytest.approx([AT_50_PERCENT] * 2)
    assert values(Block.of([T0 + 2], [PM], [20.0]), columns, state) == pytest.approx([AT_50_PERCENT])


def test_a_row_of_a_wrong_clock_takes_what_came_with_it_and_leaves_nothing_behind():
    state, columns = State(), plan(EPA)
    ahead = T0 + 5 * MINUTE_MS
    wrong = Block.of([ahead, ahead], [PM, HUMIDITY], [20.0, 50.0])
    wrong.why[:] = Why.CLOCK
    assert values(wrong, columns, state)[0] == pytest.approx(AT_50_PERCENT)
    assert values(Block.of([ahead + 1], [PM], [20.0]), columns, state) == [20.0]


def test_a_late_reading_does_not_replace_a_newer_one():
    state, columns = State(), plan(EPA)
    correct(Block.of([T0], [HUMIDITY], [50.0]), columns, state)
    correct(Block.of([T0 - MINUTE_MS], [HUMIDITY], [90.0]), columns, state)
    assert values(Block.of([T0], [PM], [20.0]), columns, state) == pytest.approx([AT_50_PERCENT])


def test_corrections_begin_and_end_at_their_times():
    columns = plan(
        line(gain=2.0, until="2026-11-23"), line(gain=3.0, **{"from": "2026-11-23"}, until="2026-11-24")
    )
    day = 86_400_000
    rows = Block.of([0, T0 - 1, T0, T0 + day - 1, T0 + day], [PM] * 5, [10.0] * 5)
    assert values(rows, columns) == [20.0, 20.0, 30.0, 30.0, 10.0]


def test_a_line_follows_the_humidity_correction_and_not_the_order_of_the_file():
    rows = Block.of([T0, T0], [PM, HUMIDITY], [20.0, 50.0])
    wanted = [1 + 2 * AT_50_PERCENT, 50.0]
    assert values(rows, plan(line(offset=1.0, gain=2.0), EPA)) == pytest.approx(wanted)
    assert values(rows, plan(EPA, line(offset=1.0, gain=2.0))) == pytest.approx(wanted)


def test_a_line_alone_is_not_made_where_the_step_before_it_misses_its_humidity():
    state = State()
    assert values(Block.of([T0], [PM], [20.0]), plan(EPA, line(gain=2.0)), state) == [20.0]
    assert state.uncorrected[PM] == 1


@pytest.mark.parametrize(
    ("more", "raw", "wanted"),
    [
        ({"offset": -30.0}, 20.0, 0.0),
        ({"gain": 0.1}, 1000.0, 100.0),
        ({"gain": 0.1}, 1000.5, 1000.5),  # above its range a sensor says "more than 1000"
        ({"gain": 2.0}, 1000.5, 2001.0),
    ],
)
def test_a_correction_neither_leaves_the_possible_nor_hides_what_is_over_range(more, raw, wanted):
    assert values(Block.of([T0], [PM], [raw]), plan(line(**more))) == [wanted]


def test_humidity_ends_at_100_percent():
    row = {"kind": "linear", "device": "pm", "quantity": "humidity", "offset": 8.0}
    assert values(Block.of([T0], [HUMIDITY], [97.0]), plan(row)) == [100.0]


def test_what_humidity_is_corrected_to_does_not_change_what_it_corrects():
    row = {"kind": "linear", "device": "pm", "quantity": "humidity", "offset": 20.0}
    rows = Block.of([T0, T0], [PM, HUMIDITY], [20.0, 50.0])
    assert values(rows, plan(EPA, row)) == pytest.approx([AT_50_PERCENT, 70.0])


def test_series_that_come_later_find_the_memory_as_it_was():
    rows = [TypeAdapter(Correction).validate_python(EPA)]
    state = State()
    correct(Block.of([T0], [HUMIDITY], [50.0]), Corrections.of(NAMES, rows), state)
    more = Corrections.of([*NAMES, *((f"d{n}", "pm2_5") for n in range(1000))], rows)
    after = correct(Block.of([T0 + 1, T0 + 1], [PM, 1004], [20.0, 20.0]), more, state)
    assert after.value.tolist() == pytest.approx([AT_50_PERCENT, 20.0])


def test_the_version_that_corrected_a_reading_is_known_afterwards():
    columns = plan(
        {**EPA, "version": 3, "until": "2026-11-23"}, line(version="shop 7", **{"from": "2026-11-01"})
    )
    assert columns.version_at("pm", "pm2_5", T0 - 1) == "epa_pm2_5 3 + linear shop 7"
    assert columns.version_at("pm", "pm2_5", T0) == "linear shop 7"
    assert columns.version_at("pm", "pm2_5", 0) == "epa_pm2_5 3"
    assert columns.version_at("co2", "co2", T0) is None
    assert plan(EPA).version_at("pm", "humidity", T0) is None


def test_the_cost_of_a_block_does_not_depend_on_the_number_of_series():
    class Counting(np.ndarray):
        """Refuses to be read whole."""

        def __array_ufunc__(self, *_: object, **__: object) -> object:
            raise AssertionError("a column of all series was computed with")

        def __array_function__(self, *_: object) -> object:
            raise AssertionError("a column of all series was computed with")

        def __getitem__(self, at: object) -> object:
            return np.asarray(super().__getitem__(at))

    columns = plan(EPA, line(gain=2.0))
    guarded = Corrections(columns.role.view(Counting), columns.steps, columns.by_reading)
    state = State()
    state.fit(len(NAMES))
    state.t, state.raw, state.uncorrected = (
        column.view(Counting) for column in (state.t, state.raw, state.uncorrected)
    )
    rows = Block.of([T0, T0], [PM, HUMIDITY], [20.0, 50.0])
    assert values(rows, guarded, state) == pytest.approx([2 * AT_50_PERCENT, 50.0])
