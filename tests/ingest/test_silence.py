"""Tables: when which quantity was heard, and what then stands silent."""

import pytest

from ingest.alarms import silence_edges
from ingest.silence import ALL, AT_LEAST_MS, Expected, silent

MINUTE = 60_000
START = 1_795_447_500_000
EXPECTED = {
    "pm-1": Expected(("pm1", "pm2_5", "pm10"), 1.0),
    "node": Expected(("temperature",), 10.0),
    "slow": Expected(("radon",), 600.0),
    "fan-1": Expected((), 60.0),
}
PATIENCE = 5 * MINUTE
EVERYTHING = {("pm-1", q) for q in ("pm1", "pm2_5", "pm10")} | {("node", "temperature"), ("slow", "radon")}


@pytest.mark.parametrize(
    ("minutes", "last_heard", "expected"),
    [
        pytest.param(5, {}, set(), id="nothing was to be heard yet"),
        pytest.param(6, {}, {("pm-1", ALL), ("node", ALL)}, id="never heard: one alarm a device"),
        pytest.param(
            31, {}, {("pm-1", ALL), ("node", ALL), ("slow", ALL)}, id="slow ones get three intervals"
        ),
        pytest.param(60, dict.fromkeys(EVERYTHING, 58), set(), id="all heard"),
        pytest.param(
            60, dict.fromkeys(EVERYTHING, 58) | {("pm-1", "pm10"): 54}, {("pm-1", "pm10")}, id="one quantity"
        ),
        pytest.param(
            60,
            dict.fromkeys(EVERYTHING, 58) | {("pm-1", "pm10"): 54, ("pm-1", "pm1"): 40},
            {("pm-1", "pm10"), ("pm-1", "pm1")},
            id="two of three quantities",
        ),
        pytest.param(
            60,
            dict.fromkeys(EVERYTHING, 58) | {("pm-1", q): 54 for q in ("pm1", "pm2_5", "pm10")},
            {("pm-1", ALL)},
            id="all of a device: one alarm",
        ),
        pytest.param(60, dict.fromkeys(EVERYTHING, 55), set(), id="exactly at its patience"),
        pytest.param(
            60, dict.fromkeys(EVERYTHING, 58) | {("node", "temperature"): 54}, {("node", ALL)}, id="its only"
        ),
        pytest.param(
            3, dict.fromkeys(EVERYTHING, -400), set(), id="what was heard before the start counts from it"
        ),
    ],
)
def test_silence_table(minutes, last_heard, expected):
    heard = {key: START + at * MINUTE for key, at in last_heard.items()}
    assert silent(EXPECTED, heard, START, START + minutes * MINUTE) == expected


def test_patience_is_three_intervals_and_at_least_five_minutes():
    assert Expected((), 1.0).patience_ms == AT_LEAST_MS == PATIENCE
    assert Expected((), 600.0).patience_ms == 1_800_000


def follow(steps):
    """Runs `steps` (now silent, …) through the edges as the journal would keep them; (alarm, level) each."""
    stands, said = {}, []
    for minute, now in enumerate(steps):
        edges = silence_edges(set(now), stands, START + minute * MINUTE)
        for edge in edges:
            if edge.level:
                stands[edge.alarm] = edge
            else:
                del stands[edge.alarm]
        said.append([(edge.alarm, edge.level) for edge in edges])
    return said


def test_a_silent_device_is_raised_once_and_cleared_when_it_returns():
    assert follow([[], [("pm-1", ALL)], [("pm-1", ALL)], [], []]) == [
        [],
        [("silence/pm-1/*", 1)],
        [],
        [("silence/pm-1/*", 0)],
        [],
    ]


def test_when_the_rest_of_a_device_falls_silent_the_smaller_alarm_gives_way():
    assert follow([[("pm-1", "pm10")], [("pm-1", ALL)], [("pm-1", "pm10")]]) == [
        [("silence/pm-1/pm10", 1)],
        [("silence/pm-1/*", 1), ("silence/pm-1/pm10", 0)],
        [("silence/pm-1/pm10", 1), ("silence/pm-1/*", 0)],
    ]


def test_edges_of_silence_say_who_what_and_when():
    (edge,) = silence_edges({("pm-1", "pm10")}, {}, START)
    assert (edge.rule, edge.scope, edge.quantity, edge.t, edge.value) == (
        "silence",
        "pm-1",
        "pm10",
        START,
        None,
    )
    (gone,) = silence_edges(set(), {edge.alarm: edge}, START + 1)
    assert (gone.alarm, gone.scope, gone.quantity, gone.level) == (edge.alarm, "pm-1", "pm10", 0)
    assert edge.id != gone.id


def test_alarms_of_other_rules_are_left_alone():
    (edge,) = silence_edges({("pm-1", "pm10")}, {}, START)
    other = edge.__class__(**{name: getattr(edge, name) for name in edge.__struct_fields__} | {"rule": "pm"})
    assert silence_edges(set(), {"pm/stage": other}, START) == []
