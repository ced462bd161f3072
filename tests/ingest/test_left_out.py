"""Which sensors are named as left out: from when on, why, and until when."""

import numpy as np
import pytest

from ingest.left_out import NAMED_AT_MOST, SILENT_MS, left_out
from ingest.zone_members import Members
from ingest.zone_values import State, zone_values
from venueair.block import Block, Flag, Why

T0 = 1_795_447_500_000
STEP = 5000
NAMES = [("pm-1", "co2"), ("pm-2", "co2"), ("pm-3", "co2"), ("stage", "co2"), ("door", "co2")]
ZONE = "stage co2"


class Zone:
    """Sensors pm-1, pm-2, pm-3 that speak every 5 s in one zone."""

    def __init__(self) -> None:
        self.members = Members.of(NAMES, np.array([3, 3, 3, -1, -1]))
        self.state, self.t = State(), T0

    def speak(self, *values: float, why=None, steps: int = 1) -> "Zone":
        """Of None there is no reading."""
        for _ in range(steps):
            self.t += STEP
            there = [n for n, value in enumerate(values) if value is not None]
            block = Block.of([self.t] * len(there), there, [values[n] for n in there])
            block.why[:] = [(why or {}).get(n, 0) for n in there]
            block.flag[:] = np.where(block.why > 0, Flag.SUSPECT, Flag.GOOD)
            zone_values(block, self.state, self.members)
        return self

    def named(self, silent_ms=None) -> dict[str, tuple[str, int]]:
        """device -> (why, since in steps)."""
        found = left_out(self.state, self.members, NAMES, silent_ms or {})
        assert found.keys() <= {ZONE}
        return {one.device: (" ".join(one.why), (one.since - T0) // STEP) for one in found.get(ZONE, [])}


def test_a_stuck_sensor_is_named_from_the_first_step_on_and_no_longer_when_it_is_well():
    zone = Zone().speak(600, 610, 620, steps=13)
    assert zone.named() == {}
    zone.speak(600, 610, 620, why={0: Why.FLAT_LINE}, steps=30)
    ((why, since),) = [zone.named()["pm-1"]]
    assert why == "flat_line"
    assert 13 < since <= 13 + 12  # as soon as nothing in its last minute speaks for it
    assert zone.speak(600, 610, 620, why={0: Why.FLAT_LINE}, steps=5).named() == {"pm-1": (why, since)}
    assert zone.speak(605, 610, 620, steps=13).named() == {}


def test_a_sensor_that_is_left_out_again_is_so_since_then():
    stuck = {0: Why.FLAT_LINE}
    zone = Zone().speak(600, 610, 620, why=stuck, steps=20)
    first = zone.named()["pm-1"][1]
    zone.speak(600, 610, 620, steps=20).speak(600, 610, 620, why=stuck, steps=20)
    assert zone.named()["pm-1"][1] >= first + 40


def test_a_liar_is_named_after_half_an_hour_and_two_that_differ_are_called_so():
    zone = Zone().speak(600, 610, 5000, steps=362)
    assert zone.named() == {"pm-3": ("cross_sensor", 361)}
    pair = Zone().speak(600, None, 5000, steps=362)
    assert pair.named() == {"pm-1": ("disagrees", 361), "pm-3": ("disagrees", 361)}


def test_a_liar_that_the_value_cannot_do_without_is_not_called_left_out():
    zone = Zone().speak(600, 610, 5000, steps=362)
    zone.speak(600, 2500, 5000, steps=13)  # two others that differ: any of the three may be wrong
    assert zone.named() == {}
    assert zone.speak(600, 610, 5000, steps=13).named()["pm-3"][0] == "cross_sensor"


@pytest.mark.parametrize(("interval_ms", "is_named"), [(0, False), (300_000, True)])
def test_a_sensor_that_has_fallen_silent_is_not_left_out_but_silent(interval_ms, is_named):
    zone = Zone().speak(600, 610, 620, why={0: Why.FLAT_LINE}, steps=20)
    zone.speak(None, 610, 620, steps=SILENT_MS // STEP - 2)
    assert "pm-1" in zone.named()
    zone.speak(None, 610, 620, steps=8)
    assert ("pm-1" in zone.named({"pm-1": 3 * interval_ms} if interval_ms else {})) == is_named


def test_of_very_many_as_many_are_named_as_fit_a_message():
    state, names = State(), [(f"pm-{n}", "co2") for n in range(300)] + [("stage", "co2")]
    members = Members.of(names, np.array([300] * 300 + [-1]))
    for t in range(T0, T0 + 6 * STEP, STEP):
        block = Block.of([t] * 300, range(300), [600.0] * 300)
        block.why[:299], block.flag[:] = Why.FLAT_LINE, Flag.GOOD
        zone_values(block, state, members)
    assert len(state.left_out) == 299
    assert len(left_out(state, members, names, {})[ZONE]) == NAMED_AT_MOST
