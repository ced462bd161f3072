"""Alarms of smoke reach control as they come and go, and those that stand when the service starts."""

from api.ops_db import open_ops_db
from tests.api.parts import FakeStore, edge, settings
from tests.api.test_decisions import NOWHERE
from venueair.api_part import ApiPart
from venueair.clock import ManualClock
from venueair.messages import encode
from venueair.mqtt_link import Incoming
from venueair.topics import venue_topic

SMOKE = "smoke-level/pm1"


def suspects(part) -> tuple[str, ...]:
    return part.control._steering.smoke.scopes


def part_on(engine) -> ApiPart:
    return ApiPart(settings(), ManualClock(), NOWHERE, FakeStore(), engine)


def hear(part, sent) -> None:
    part.service._alarm(Incoming(venue_topic("expo", "alarm"), encode(sent), False, 1, 1, 1))


def test_an_alarm_of_smoke_holds_from_its_raise_to_its_clear(tmp_path):
    part = part_on(open_ops_db(tmp_path / "ops.sqlite"))
    hear(part, edge(1000, 1, "pm/zone-a"))
    assert suspects(part) == ()
    hear(part, edge(2000, 3, SMOKE))
    assert suspects(part) == ("pm1",)
    hear(part, edge(3000, 0, SMOKE))
    assert suspects(part) == ()


def test_one_that_stands_holds_over_a_restart(tmp_path):
    engine = open_ops_db(tmp_path / "ops.sqlite")
    hear(part_on(engine), edge(2000, 3, SMOKE))
    again = part_on(engine)
    assert suspects(again) == ("pm1",)
    hear(again, edge(3000, 0, SMOKE))
    assert suspects(part_on(engine)) == ()
