"""All stages together: the same rows give the same results however they were cut into blocks."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest import pipeline
from ingest.plan import series_needed
from tests.ingest.small_site import (
    NUMBER,
    PLAN,
    RISE_AND_FALL,
    SITE,
    T0,
    as_dict,
    block_of,
    readings,
    rows_of,
)
from venueair.block import Block, Why
from venueair.store.store import Period


def run(rows, cuts=()):
    """(final rows, zone values, edges as (t, alarm, level))"""
    state, found, values, edges = pipeline.State(), {}, {}, []
    bounds = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    for start, end in pairwise(bounds):
        result = pipeline.run(block_of(rows[start:end]), Block.empty(), state, PLAN)
        found |= as_dict(result.rows)
        values |= as_dict(result.zone_values)
        edges += [(e.t, PLAN.ladders[e.ladder].entry.key, e.level) for e in result.edges]
    return found, values, sorted(edges)


@settings(max_examples=150, deadline=None)
@given(readings, st.lists(st.integers(0, 400), max_size=8))
@example(RISE_AND_FALL, [7, 100])
@example([("b1", "co2", 61_000, 1400.0, 0, 12)] * 4, [13, 14])
def test_any_input_cut_anywhere_gives_the_same(script, cuts):
    rows = rows_of(script)
    assert run(rows, cuts) == run(rows)


@pytest.mark.parametrize("cuts", [[], list(range(1, 300))])
def test_the_examples_are_no_empty_ones(cuts):
    _, values, edges = run(rows_of(RISE_AND_FALL), cuts)
    assert len(values) > 50
    assert {alarm for _, alarm, _ in edges} == {"pm/hall-a", "smoke/a1"}
    assert [level for _, alarm, level in edges if alarm == "pm/hall-a"][-1] == 0


def test_a_zone_gets_what_its_sensors_measure_and_what_follows_from_it():
    names = [("a1", "temperature"), ("a2", "humidity"), ("b1", "co2"), ("gone", "co2")]
    assert set(series_needed(names, SITE, [])) == {
        ("hall-a", "temperature"),
        ("hall-a", "humidity"),
        ("hall-a", "dew_point"),
        ("hall-b", "co2"),
        ("hall-b", "rebreathed_fraction"),
    }


def test_one_reading_of_carbon_monoxide_is_no_alarm_and_two_are():
    _, _, edges = run(rows_of([("a1", "co", 1000, 40.0, 0, 1), ("a1", "co", 1000, 5.0, 0, 1)]))
    assert edges == []
    rows = rows_of([("a1", "co", 1000, 40.0, 0, 2), ("a2", "co", 0, 0.0, 0, 1), ("a3", "co", 0, 0.0, 0, 1)])
    assert [(alarm, level) for _, alarm, level in run(rows)[2]] == [("co/a1", 1)]


def test_one_of_three_sensors_at_zero_or_stuck_high_neither_hides_nor_invents_a_problem():
    true = [("a2", "pm2_5"), ("a3", "pm2_5")]
    for lie, truth, is_alarm in [(0.0, 90.0, True), (999.0, 5.0, False)]:
        rows = [
            (device, quantity, T0 + 1000 * n, truth + n % 3 / 10, 0)
            for n in range(1, 300)
            for device, quantity in true
        ]
        rows += [("a1", "pm2_5", T0 + 1000 * n, lie, 0) for n in range(1, 300)]
        edges = run(sorted(rows, key=lambda row: row[2]))[2]
        assert any(alarm == "pm/hall-a" for _, alarm, _ in edges) is is_alarm
        assert any(alarm == "smoke/a1" for _, alarm, _ in edges) is not is_alarm


def test_late_rows_are_judged_and_owed_and_raise_nothing():
    rows = rows_of([("a1", "pm2_5", 1000, 130.0, 0, 60)])
    result = pipeline.run(block_of(rows, Why.LATE), Block.empty(), pipeline.State(), PLAN)
    assert len(result.rows) == 60
    assert (len(result.zone_values), result.edges) == (0, [])
    names = [name for name, _ in sorted(NUMBER.items(), key=lambda item: item[1])]
    assert pipeline.owed(result.late, names, PLAN) == [Period("a1", T0 + 1000, T0 + 60_001)]


def test_rows_of_a_wrong_clock_are_detected_when_they_came_and_stored_as_they_say():
    rows = rows_of([("a1", "pm2_5", 1000, 130.0, 0, 90)])
    stored = block_of([(d, q, t + 10**9, v, why) for d, q, t, v, why in rows], Why.CLOCK)
    result = pipeline.run(stored, block_of(rows), pipeline.State(), PLAN)
    assert set(result.rows.t.tolist()) == set(stored.t.tolist())
    assert {PLAN.ladders[e.ladder].entry.key for e in result.edges} == {"pm/hall-a", "smoke/a1"}
    assert len(result.late) == 0
