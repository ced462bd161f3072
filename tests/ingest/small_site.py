"""Two zones, four sensors, two rules of the zone and one of each device; scripts of readings for them."""

from hypothesis import strategies as st

from ingest.plan import Plan
from venueair.block import Block, Why
from venueair.rules import Level, Rule
from venueair.rules_in_force import in_force
from venueair.site import Hall, Name, Sensor, Site, Venue, Zone

T0 = 1_795_447_500_000
NAME = Name(ko="가", en="a")
ZONE_OF = {"a1": "hall-a", "a2": "hall-a", "a3": "hall-a", "b1": "hall-b"}
QUANTITIES = ("pm2_5", "co2", "co")
SITE = Site(
    venues=(Venue(id="v", name=NAME),),
    halls=(Hall(id="h", venue="v", name=NAME),),
    zones=tuple(Zone(id=zone, hall="h", name=NAME, volume_m3=100) for zone in ("hall-a", "hall-b")),
    sensors=tuple(
        Sensor(id=device, zone=zone, model="pms5003", port="/dev/x") for device, zone in ZONE_OF.items()
    ),
)


def level(limit: float, on: float, off: float, samples: int = 1) -> Level:
    return Level(limit=limit, deadband=limit / 5, on_delay_s=on, off_delay_s=off, samples=samples)


RULES = [
    Rule(id="pm", quantity="pm2_5", levels=(level(50, 20, 40), level(80, 0, 10), level(120, 10, 0))),
    Rule(id="air", quantity="co2", zones=("hall-b",), levels=(level(1000, 0, 0),)),
    Rule(id="stale", quantity="co2", statistic="median", window_s=300, levels=(level(900, 60, 60),)),
    Rule(id="co", quantity="co", each="device", statistic="reading", levels=(level(35, 0, 0, 2),)),
    Rule(id="smoke", quantity="pm2_5", each="device", levels=(level(110, 0, 0),)),
]
IN_FORCE = in_force(RULES, SITE)
NAMES = [(source, q) for q in QUANTITIES for source in (*ZONE_OF, "hall-a", "hall-b")]
NAMES += [(zone, "rebreathed_fraction") for zone in ("hall-a", "hall-b")]
NUMBER = {name: n for n, name in enumerate(NAMES)}
PLAN = Plan.of(NAMES, SITE, IN_FORCE)

# Steps of time from none over a sensor's pace to gaps beyond every grace; values on both sides of all limits,
# multiples of 0.5 so that sums are exact. Runs make flat lines and held exceedances likely.
steps = st.sampled_from([0, 1, 900, 1000, 2500, 5000, 14_000, 16_000, 61_000, 200_000])
values = st.sampled_from(
    [0.0, 5.0, 39.5, 45.0, 50.0, 50.5, 64.0, 90.0, 130.0, 999.0, 1001.0, 1400.0, -3.0, 41000.0]
)
whys = st.sampled_from([0] * 8 + [int(Why.WARM_UP), int(Why.DEVICE_FAULT)])
readings = st.lists(
    st.tuples(
        st.sampled_from(sorted(ZONE_OF)), st.sampled_from(QUANTITIES), steps, values, whys, st.integers(1, 12)
    ),
    max_size=25,
)
Row = tuple[str, str, int, float, int]
RISE_AND_FALL = [("a1", "pm2_5", 1000, 130.0, 0, 12)] * 12 + [("a1", "pm2_5", 1000, 5.0, 0, 12)] * 12


def rows_of(script) -> list[Row]:
    """By time; each series has one row at one time."""
    t, rows = T0, {}
    for device, quantity, step, value, why, repeat in script:
        for _ in range(repeat):
            t += step
            rows[device, quantity, t] = (value, int(why))
    return [(*key, *rest) for key, rest in rows.items()]


def block_of(rows: list[Row], extra: int = 0) -> Block:
    block = Block.of([r[2] for r in rows], [NUMBER[r[0], r[1]] for r in rows], [r[3] for r in rows])
    block.why[:] = [r[4] | extra for r in rows]
    return block


def as_dict(block: Block) -> dict[tuple[str, str, int], tuple[float, int, int]]:
    """(source, quantity, t) -> (value, flag, why); of rows with one key the last."""
    keys = ((*NAMES[s], t) for s, t in zip(block.series.tolist(), block.t.tolist(), strict=True))
    rows = zip(block.value.tolist(), block.flag.tolist(), block.why.tolist(), strict=True)
    return dict(zip(keys, rows, strict=True))
