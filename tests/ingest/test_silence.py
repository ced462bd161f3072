"""Tables: when which quantity was heard, and what then stands silent."""

import pytest

from ingest.equipment import ALL, equipment_edges, of_quantity
from ingest.silence import AT_LEAST_MS, RULES, Expected, Way, silent

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
    found = silent(EXPECTED, heard, START, START + minutes * MINUTE)
    assert {(alarm.scope, alarm.quantity) for alarm in found} == expected
    assert {alarm.rule for alarm in found} <= {"silence"}


def test_patience_is_three_intervals_and_at_least_five_minutes():
    assert Expected((), 1.0).patience_ms == AT_LEAST_MS == PATIENCE
    assert Expected((), 600.0).patience_ms == 1_800_000


class Follow:
    """Minute by minute, with the alarms that stand as the journal would keep them."""

    def __init__(self, expected=EXPECTED, **ways) -> None:
        self.expected, self.ways = expected, ways
        self.heard = {}
        self.stands = {}
        self.start = START

    def at(self, minute, heard=(), **ways):
        now = START + minute * MINUTE
        self.ways |= ways
        self.heard |= dict.fromkeys(heard, now)
        found = silent(self.expected, self.heard, self.start, now, open_alarms=self.stands, **self.ways)
        edges = equipment_edges(found, RULES, self.stands, now)
        for edge in edges:
            if edge.level:
                self.stands[edge.alarm] = edge
            else:
                del self.stands[edge.alarm]
        return [(edge.alarm, edge.level) for edge in edges]


NODE = {"node": EXPECTED["node"]}
NODE_HEARD = [("node", "temperature")]
PM_HEARD = [("pm-1", q) for q in ("pm1", "pm2_5", "pm10")]


def test_a_silent_device_is_raised_once_and_cleared_when_it_returns():
    site = Follow(NODE)
    assert [site.at(0, NODE_HEARD), site.at(5), site.at(6), site.at(7)] == [
        [],
        [],
        [("silence/node/*", 1)],
        [],
    ]
    assert [site.at(8, NODE_HEARD), site.at(9)] == [[("silence/node/*", 0)], []]


def test_when_the_rest_of_a_device_falls_silent_the_smaller_alarm_gives_way():
    site = Follow({"pm-1": EXPECTED["pm-1"]})
    site.at(0, PM_HEARD)
    assert site.at(6, PM_HEARD[:2]) == [("silence/pm-1/pm10", 1)]
    assert site.at(12) == [("silence/pm-1/*", 1), ("silence/pm-1/pm10", 0)]
    assert site.at(13, PM_HEARD[:2]) == [("silence/pm-1/pm10", 1), ("silence/pm-1/*", 0)]


def test_a_restart_neither_ends_nor_repeats_what_stands():
    site = Follow(NODE)
    site.at(0, NODE_HEARD)
    assert site.at(6) == [("silence/node/*", 1)]
    site.heard, site.start = {}, START + 7 * MINUTE
    assert [site.at(minute) for minute in (7, 8, 20)] == [[], [], []]
    assert site.at(21, NODE_HEARD) == [("silence/node/*", 0)]


def test_while_our_own_connection_is_down_nothing_is_called_silent_and_nothing_ends():
    site = Follow(NODE, own=Way(is_up=True, since_ms=START))
    site.at(0, NODE_HEARD)
    assert site.at(60, own=Way(is_up=False, since_ms=START)) == []
    assert site.at(61, own=Way(is_up=True, since_ms=START + 61 * MINUTE)) == []
    assert site.at(66) == []
    assert site.at(67) == [("silence/node/*", 1)]
    assert site.at(68, own=Way(is_up=False, since_ms=START)) == []
    assert site.at(69, NODE_HEARD, own=Way(is_up=True, since_ms=START + 69 * MINUTE)) == [
        ("silence/node/*", 0)
    ]


def behind_a_gateway():
    up = Way(is_up=True, since_ms=START)
    site = Follow(via={"pm-1": "gw1", "slow": "gw1"}, gateways={"gw1": up})
    site.at(0, EVERYTHING)
    return site


def test_a_gateway_that_is_away_is_one_alarm_in_place_of_all_its_devices():
    site = behind_a_gateway()
    gone = {"gw1": Way(is_up=False, since_ms=START + MINUTE)}
    assert site.at(5, NODE_HEARD, gateways=gone) == []
    assert site.at(6, NODE_HEARD) == [("silence-gateway/gw1/*", 1)]
    assert site.at(40, NODE_HEARD) == []
    assert site.at(46) == [("silence/node/*", 1)]


def test_when_a_gateway_returns_its_devices_get_time_to_speak():
    site = behind_a_gateway()
    site.at(6, NODE_HEARD, gateways={"gw1": Way(is_up=False, since_ms=START + MINUTE)})
    back = {"gw1": Way(is_up=True, since_ms=START + 20 * MINUTE)}
    assert site.at(20, NODE_HEARD, gateways=back) == [("silence-gateway/gw1/*", 0)]
    assert site.at(25, NODE_HEARD) == []
    assert site.at(26, NODE_HEARD) == [("silence/pm-1/*", 1)]


def test_a_device_that_was_silent_before_its_gateway_went_away_stays_so():
    site = behind_a_gateway()
    assert site.at(6, NODE_HEARD) == [("silence/pm-1/*", 1)]
    assert site.at(7, NODE_HEARD, gateways={"gw1": Way(is_up=False, since_ms=START)}) == [
        ("silence-gateway/gw1/*", 1)
    ]
    back = {"gw1": Way(is_up=True, since_ms=START + 8 * MINUTE)}
    assert site.at(8, NODE_HEARD, gateways=back) == [("silence-gateway/gw1/*", 0)]
    assert site.at(9, [*NODE_HEARD, *PM_HEARD]) == [("silence/pm-1/*", 0)]


def test_after_a_restart_a_gateway_that_was_away_is_away_until_it_or_a_device_of_it_speaks():
    site = behind_a_gateway()
    site.at(6, NODE_HEARD, gateways={"gw1": Way(is_up=False, since_ms=START + MINUTE)})
    site.heard, site.start = {}, START + 7 * MINUTE
    site.at(40, NODE_HEARD, gateways={})
    assert list(site.stands) == ["silence-gateway/gw1/*"]
    everything = [*NODE_HEARD, *PM_HEARD, ("slow", "radon")]
    assert site.at(41, everything) == [("silence-gateway/gw1/*", 0)]


def test_edges_of_silence_say_who_what_and_when():
    (edge,) = equipment_edges({of_quantity("silence", "pm-1", "pm10")}, RULES, {}, START)
    assert (edge.rule, edge.scope, edge.quantity, edge.t, edge.value) == (
        "silence",
        "pm-1",
        "pm10",
        START,
        None,
    )
    (gone,) = equipment_edges(set(), RULES, {edge.alarm: edge}, START + 1)
    assert (gone.alarm, gone.scope, gone.quantity, gone.level) == (edge.alarm, "pm-1", "pm10", 0)
    assert edge.id != gone.id
