"""The vectorised pipeline equals the scalar reference on any input and any way of cutting it into blocks."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.pipeline import Plan, State, run
from tests.ingest.reference import Reference
from venueair.block import Block, Why
from venueair.rules import Level, Rule
from venueair.site import Hall, Name, Sensor, Site, Venue, Zone

T0 = 1_795_447_500_000
NAME = Name(ko="가", en="a")
ZONE_OF = {"a1": "hall-a", "a2": "hall-a", "a3": "hall-a", "b1": "hall-b"}
QUANTITIES = ("pm2_5", "co2")
SITE = Site(
    venues=(Venue(id="v", name=NAME),),
    halls=(Hall(id="h", venue="v", name=NAME),),
    zones=tuple(Zone(id=zone, hall="h", name=NAME, volume_m3=100) for zone in ("hall-a", "hall-b")),
    sensors=tuple(
        Sensor(id=device, zone=zone, model="pms5003", port="/dev/x") for device, zone in ZONE_OF.items()
    ),
)


def level(limit: float, on: float, off: float) -> Level:
    return Level(limit=limit, deadband=limit / 5, on_delay_s=on, off_delay_s=off)


RULES = [
    Rule(id="pm", quantity="pm2_5", levels=(level(50, 20, 40), level(80, 0, 10), level(120, 10, 0))),
    Rule(id="air", quantity="co2", zones=("hall-b",), levels=(level(1000, 0, 0),)),
]
NAMES = [(source, q) for q in QUANTITIES for source in (*ZONE_OF, "hall-a", "hall-b")]
NUMBER = {name: n for n, name in enumerate(NAMES)}
PLAN = Plan.of(NAMES, SITE, RULES)

# Steps of time from none over a sensor's pace to gaps beyond every grace; values on both sides of all limits,
# multiples of 0.5 so that sums are exact. Runs make flat lines and held exceedances likely.
steps = st.sampled_from([0, 1, 900, 1000, 2500, 5000, 14_000, 16_000, 61_000, 200_000])
values = st.sampled_from(
    [0.0, 5.0, 39.5, 45.0, 50.0, 50.5, 64.0, 90.0, 130.0, 999.0, 1001.0, 1400.0, -3.0, 41000.0]
)
whys = st.sampled_from([0] * 8 + [Why.WARM_UP, Why.DEVICE_FAULT])
readings = st.lists(
    st.tuples(
        st.sampled_from(sorted(ZONE_OF)), st.sampled_from(QUANTITIES), steps, values, whys, st.integers(1, 12)
    ),
    max_size=25,
)
Row = tuple[str, str, int, float, int]


def rows_of(script) -> list[Row]:
    """By time; each series has one row at one time."""
    t, rows = T0, {}
    for device, quantity, step, value, why, repeat in script:
        for _ in range(repeat):
            t += step
            rows[device, quantity, t] = (value, int(why))
    return [(*key, *rest) for key, rest in rows.items()]


def vectorised(rows: list[Row], cuts: list[int]):
    state, flags, zone_values, edges = State.start(PLAN), {}, [], []
    bounds = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    for start, end in pairwise(bounds):
        part = rows[start:end]
        block = Block.of([r[2] for r in part], [NUMBER[r[0], r[1]] for r in part], [r[3] for r in part])
        block.why[:] = [r[4] for r in part]
        result, state = run(block, state, PLAN)
        for t, s, flag, why in zip(
            result.rows.t, result.rows.series, result.rows.flag, result.rows.why, strict=True
        ):
            flags[NAMES[s], int(t)] = (int(flag), int(why))
        found = result.zone_values
        for t, s, value, flag in zip(found.t, found.series, found.value, found.flag, strict=True):
            zone_values.append((*NAMES[s], int(t), float(value), int(flag)))
        for edge in result.edges:
            rule, zone = PLAN.ladders[edge.ladder]
            edges.append((edge.t, rule.id, zone, edge.level))
    return flags, sorted(zone_values), sorted(edges)


@settings(max_examples=150, deadline=None)
@given(readings, st.lists(st.integers(0, 400), max_size=8))
@example([("a1", "pm2_5", 1000, 130.0, 0, 12)] * 12 + [("a1", "pm2_5", 1000, 5.0, 0, 12)] * 12, [7, 100])
@example([("b1", "co2", 61_000, 1400.0, 0, 12)] * 4, [13, 14])
def test_any_input_cut_anywhere_gives_what_the_reference_gives(script, cuts):
    rows = rows_of(script)
    reference = Reference(ZONE_OF, RULES)
    for row in rows:
        reference.take(*row)
    flags, zone_values, edges = vectorised(rows, cuts)
    assert flags == reference.flags()
    assert zone_values == sorted(reference.zone_values)
    assert edges == sorted(reference.edges)


@pytest.mark.parametrize("cuts", [[], list(range(1, 300))])
def test_the_examples_are_no_empty_ones(cuts):
    script = [("a1", "pm2_5", 1000, 130.0, 0, 12)] * 12 + [("a1", "pm2_5", 1000, 5.0, 0, 12)] * 12
    _, zone_values, edges = vectorised(rows_of(script), cuts)
    assert [level for *_, level in edges] == [2, 3, 2, 0] or [level for *_, level in edges][-1] == 0
    assert len(zone_values) > 50
    flags, *_ = vectorised(rows_of([("b1", "co2", 61_000, 1400.0, 0, 12)] * 4), cuts)
    assert any(why & Why.FLAT_LINE for _, why in flags.values())
