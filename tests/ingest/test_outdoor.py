"""US AQI and CAI of outdoor zones: hours from zone values, completeness, cuts, alarms, late rows."""

from datetime import date
from itertools import pairwise
from math import isnan, nan
from statistics import fmean

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest import pipeline
from ingest.indices import aqi_us, cai
from ingest.indices.nowcast import nowcast_pm
from ingest.outdoor import HOUR_MS, MINUTE_MS, WAIT_MS, Outdoor, State, advance, needed
from ingest.plan import Plan, series_needed
from ingest.settle import settle, tasks
from tests.ingest.small_site import NAME
from venueair.block import Block, Flag, Why
from venueair.built_in_rules import built_in_rules
from venueair.rules_in_force import in_force
from venueair.site import Hall, Sensor, Site, Venue, Zone
from venueair.store.duckdb_store import DuckDbStore

T0 = 1_795_446_000_000 // HOUR_MS * HOUR_MS
FOUR = ("pm2_5", "pm10", "no2", "o3")
CLEAN = {"pm2_5": 10.0, "pm10": 20.0, "no2": 15.0, "o3": 20.0, "co": 0.4}
DIRTY = {"pm2_5": 80.0, "pm10": 160.0, "no2": 70.0, "o3": 100.0, "co": 1.0}


def site_of(*measured: tuple[str, ...], interval_s: float | None = None) -> Site:
    """An outdoor zone with a sensor for each of `measured`, and a room with the same."""
    sensors = [
        Sensor(id=f"{zone}{n}", zone=zone, model="node", quantities=some, interval_s=interval_s)
        for zone in ("yard", "room")
        for n, some in enumerate(measured)
    ]
    return Site(
        venues=(Venue(id="v", name=NAME),),
        halls=(Hall(id="h", venue="v", name=NAME),),
        zones=(
            Zone(id="yard", hall="h", name=NAME, outdoor=True),
            Zone(id="room", hall="h", name=NAME, volume_m3=100),
        ),
        sensors=tuple(sensors),
    )


def names_of(site: Site) -> list[tuple[str, str]]:
    rules = in_force((), site, built_in_rules(site, date(2026, 11, 24)))
    names = [(sensor.id, q) for sensor in site.sensors for q in sensor.quantities]
    return names + sorted(series_needed(names, site, rules))


def hours_of(means: list[float | None], quantity: str = "pm2_5") -> list[tuple[str, int, float]]:
    """(quantity, t, value) at the full minutes of hours from T0 on."""
    return [
        (quantity, T0 + nth * HOUR_MS + minute * MINUTE_MS, mean)
        for nth, mean in enumerate(means)
        for minute in range(1, 61)
        if mean is not None
    ]


def run(site: Site, rows: list[tuple[str, int, float]], cuts=()) -> dict[tuple[str, int], float]:
    """Zone values in their order of arrival -> (index, hour of its time after T0): value."""
    names, found, state = names_of(site), {}, State()
    plan = Plan.of(names, site, ())
    for start, end in pairwise([0, *sorted(cuts), len(rows)]):
        part = rows[start:end]
        series = [names.index(("yard", q)) for q, *_ in part]
        block = Block.of([t for _, t, _ in part], series, [v for *_, v in part])
        block.flag[:] = Flag.GOOD
        for n, t, value in zip(*columns(advance(block.sorted(), state, plan.outdoor)), strict=True):
            assert (names[n][1], t) not in found
            found[names[n][1], t] = value
    return {(quantity, (t - T0) // HOUR_MS): value for (quantity, t), value in found.items()}


def columns(block: Block) -> tuple[list, list, list]:
    return block.series.tolist(), block.t.tolist(), block.value.tolist()


EPA = [34.9, 43, 50, 64.9, 69.2, 66.2, 53.7, 48.6, 49.2, 35, None, 21]  # AirNow's example of NowCast


def test_the_index_of_an_hour_is_that_of_the_twelve_hours_before_its_end():
    assert run(site_of(("pm2_5",)), hours_of(EPA))["aqi_us", 12] == 87


def test_korea_needs_all_four_and_adds_for_several_that_are_bad():
    rows = sorted((row for q in FOUR for row in hours_of([DIRTY[q]] * 12, q)), key=lambda row: row[1])
    found = run(site_of(FOUR), rows)
    pm = {q: cai.c24e(q, np.full(12, DIRTY[q])) for q in ("pm2_5", "pm10")}
    each = [cai.sub_index(q, pm.get(q, DIRTY[q])) for q in FOUR]
    assert sum(index > 100 for index in each) == 4
    assert found["cai", 12] == max(each) + 75
    assert min(hour for quantity, hour in found if quantity == "cai") == 9
    three = run(site_of(FOUR[:3]), [row for row in rows if row[0] != "o3"])
    assert {quantity for quantity, _ in three} == {"aqi_us"}


def test_an_hour_with_too_few_minutes_has_no_index_and_one_with_just_enough_has():
    rows = hours_of([20.0] * 6)
    last = [row for row in rows if row[1] > T0 + 5 * HOUR_MS]
    for minutes, there in ((44, False), (45, True)):
        short = [row for row in rows if row not in last] + last[-minutes:]
        assert (("aqi_us", 6) in run(site_of(("pm2_5",)), short)) is there


def test_without_two_of_the_newest_three_hours_there_is_none():
    found = run(site_of(("pm2_5",)), hours_of([20.0, None, None, 20.0, 20.0, None, 20.0]))
    assert sorted(hour for _, hour in found) == [5, 7]


def test_a_pollutant_that_has_fallen_silent_leaves_no_index_instead_of_a_better_one():
    clean = hours_of([CLEAN["pm2_5"]] * 12)
    dirty = hours_of([400.0] * 6, "pm10")
    rows = sorted(clean + dirty, key=lambda row: row[1])
    found = run(site_of(("pm2_5", "pm10")), rows)
    assert [hour for _, hour in found] == [2, 3, 4, 5, 6]
    assert all(value > 200 for value in found.values())


def test_without_particles_there_is_no_index():
    site = site_of(("no2", "o3", "co"))
    assert needed(names_of(site), site) == []
    assert Plan.of(names_of(site), site, ()).outdoor.stations == ()


def test_rooms_have_no_index():
    names = names_of(site_of(FOUR))
    assert {source for source, quantity in names if quantity in {"cai", "aqi_us"}} == {"yard"}


def test_a_sensor_that_sends_an_index_itself_keeps_its_own():
    site = site_of((*FOUR, "aqi_us"))
    assert needed(names_of(site), site) == [("yard", "cai")]
    (station,) = Outdoor.of(names_of(site), site, [0.0] * len(names_of(site))).stations
    assert station.indices.keys() == {"cai"}


def test_carbon_monoxide_and_ozone_count_over_eight_hours():
    co = [1.0] * 4 + [9.4] * 8
    rows = hours_of([5.0] * 12) + hours_of(co, "co") + hours_of([20.0] * 4 + [70.0] * 8, "o3")
    found = run(site_of(("pm2_5", "co", "o3")), sorted(rows, key=lambda row: row[1]))
    assert found["aqi_us", 12] == 100
    assert ("aqi_us", 5) not in found  # eight hours need six
    assert found["aqi_us", 6] == aqi_us.sub_index("co", fmean(co[:6]))


some_hours = st.lists(
    st.tuples(st.sampled_from([0.0, 12.5, 35.4, 90.0, 160.0]), st.sampled_from([0, 44, 45, 60])),
    min_size=1,
    max_size=20,
)


def reference(hours: dict[str, list[tuple[float, int]]]) -> dict[tuple[str, int], float]:
    """Hour by hour; (mean, minutes) of each hour and pollutant."""
    found = {}
    for nth in range(max(map(len, hours.values()))):
        twelve = {
            q: [
                values[n][0] if 0 <= n < len(values) and values[n][1] >= 45 else nan
                for n in range(nth - 11, nth + 1)
            ]
            for q, values in hours.items()
        }
        if any(isnan(of[-1]) for of in twelve.values()):
            continue
        eight = [v for v in twelve["o3"][-8:] if not isnan(v)]
        us = {q: nowcast_pm(np.array(twelve[q])) for q in ("pm2_5", "pm10")}
        us |= {"no2": twelve["no2"][-1], "o3_1h": twelve["o3"][-1]}
        us["o3_8h"] = fmean(eight) if len(eight) >= 6 else nan
        korea = {q: cai.c24e(q, np.array(twelve[q])) for q in ("pm2_5", "pm10")}
        korea |= {q: twelve[q][-1] for q in ("no2", "o3")}
        for name, overall, inputs in (("aqi_us", aqi_us.overall, us), ("cai", cai.overall, korea)):
            if not any(isnan(value) for value in inputs.values()):
                found[name, nth + 1] = float(overall(inputs))
    return found


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[some_hours] * 4), st.lists(st.integers(0, 4000), max_size=8))
@example(([(90.0, 60)] * 14,) * 4, [600, 601, 2000])
@example(([(35.4, 45)] * 13,) * 4, [])
def test_any_hours_cut_anywhere_give_what_a_plain_loop_gives(script, cuts):
    hours = dict(zip(FOUR, script, strict=True))
    end = max(map(len, script))
    rows = [
        (q, T0 + nth * HOUR_MS + minute * MINUTE_MS, mean)
        for q, of in hours.items()
        for nth, (mean, minutes) in enumerate(of)
        for minute in range(61 - minutes, 61)
    ]
    rows += [(q, T0 + end * HOUR_MS + WAIT_MS + 5_000, 1.0) for q in FOUR]  # time goes on
    rows.sort(key=lambda row: row[1])
    expected = reference(hours)
    assert run(site_of(FOUR), rows) == expected
    assert run(site_of(FOUR), rows, [min(cut, len(rows)) for cut in cuts]) == expected


def readings(site: Site, values: list[dict[str, float]], step_s: int = 60) -> list[tuple]:
    """(sensor, quantity, t, value): for an hour each."""
    return [
        (sensor.id, q, T0 + nth * HOUR_MS + 1000 * s + 400, hour[q] + (s // step_s) % 2)
        for nth, hour in enumerate(values)
        for s in range(0, 3600, step_s)
        for sensor in site.sensors
        if sensor.zone == "yard"
        for q in sensor.quantities
    ]


def block_of(rows: list[tuple], names: list[tuple[str, str]]) -> Block:
    series = [names.index(row[:2]) for row in rows]
    return Block.of([t for *_, t, _ in rows], series, [v for *_, v in rows])


@pytest.mark.parametrize(("step_s", "interval_s"), [(60, None), (300, 300.0)])
def test_readings_end_as_an_index_that_is_stored_and_raises_its_alarm(step_s, interval_s):
    site = site_of(("pm2_5", "pm10"), ("no2", "o3"), interval_s=interval_s)
    names = names_of(site)
    plan = Plan.of(names, site, in_force((), site, built_in_rules(site, date(2026, 11, 24))))
    rows = readings(site, [CLEAN] * 12 + [DIRTY] * 6 + [CLEAN] * 16, step_s)
    result = pipeline.run(block_of(rows, names), Block.empty(), pipeline.State(), plan)
    index = result.zone_values.where(result.zone_values.series == names.index(("yard", "cai")))
    assert ((index.t % HOUR_MS) == 0).all()
    assert len(index) >= 24
    assert index.value[0] < 60
    assert index.value.max() > 250
    alarm = [
        ((e.t - T0) // HOUR_MS, e.level)
        for e in result.edges
        if plan.ladders[e.ladder].entry.rule.id == "cai-outdoor"
    ]
    assert alarm[0][0] == 13  # at the end of the first dirty hour: NO2 and ozone count at once
    assert {level for _, level in alarm} == {0, 1, 2}
    assert alarm[-1][1] == 0


def test_hours_that_came_late_end_with_the_index_that_they_would_have_had(tmp_path):
    site = site_of(("pm2_5", "pm10"), ("no2", "o3"))
    names = names_of(site)
    plan = Plan.of(names, site, in_force((), site, built_in_rules(site, date(2026, 11, 24))))
    rows = readings(site, [CLEAN] * 13 + [DIRTY] * 4 + [CLEAN] * 6)
    late = [row for row in rows if T0 + 3 * HOUR_MS < row[2] <= T0 + 15 * HOUR_MS and row[0] == "yard0"]
    missing = set(late)
    indices = [names.index(("yard", q)) for q in ("cai", "aqi_us")]

    def stored(folder: str, parts: list[tuple[list[tuple], int]]) -> list[tuple]:
        store = DuckDbStore(tmp_path / folder / "air.duckdb")
        for name in names:
            store.series(*name)
        state = pipeline.State()
        for part, why in parts:
            block = block_of(part, names)
            block.why[:] |= why
            result = pipeline.run(block, Block.empty(), state, plan)
            store.write(
                Block.concat([result.rows, result.zone_values]), {}, pipeline.owed(result.late, names, plan)
            )
        for task in tasks(store.owed(), site):
            settle(store, plan, task)
            store.settle(task.periods)
        found = store.range(indices, T0, rows[-1][2])
        store.close()
        return list(zip(*columns(found), found.flag.tolist(), strict=True))

    live = [row for row in rows if row not in missing]
    in_order = stored("sorted", [(rows, 0)])
    assert stored("late", [(live, 0), (late, int(Why.LATE))]) == in_order
    assert len(stored("without", [(live, 0)])) < len(in_order)
