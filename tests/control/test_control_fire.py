"""The fire panel's contact: closed is no fire; open, silent, unreadable or unknown is fire."""

import pytest

from api.control_port import ControlRefusedError
from tests.control.bench import make_bench, settings_of
from venueair.rules import FireInput
from venueair.site import Sensor

CLOSED, OPEN = 1.0, 0.0


def with_contact(settings):
    sensor = Sensor(id="panel", zone="hall-a", model="canonical-node", quantities=("fire",))
    control = settings.control.model_copy(
        update={"fire_inputs": (FireInput(sensor="panel", halls=("hall",)),)}
    )
    return settings.model_copy(update={"sensor": (sensor,), "control": control})


@pytest.fixture
def bench():
    return make_bench(settings=with_contact(settings_of(units=("p1", "p2"))))


def told(bench, seconds, contact, pm=10.0, flag=1):
    """Each second the contact and the dust of the hall."""
    for _ in range(seconds):
        if contact is not None:
            bench.control.on_live(bench.live(contact, zone="panel", quantity="fire", flag=flag))
        bench.run(1, pm=pm)


def modes(bench):
    return {unit.mode for unit in bench.units.values()}


def running(bench):
    told(bench, 400, CLOSED, pm=90)
    assert modes(bench) == {"run"}


def test_a_closed_contact_lets_automatic_control_run_the_units(bench):
    running(bench)
    assert bench.control.hall_stops() == []


def test_an_open_contact_stops_the_hall_at_once(bench):
    running(bench)
    bench.control.on_live(bench.live(OPEN, zone="panel", quantity="fire"))
    bench.link.pump()
    assert modes(bench) == {"stopped"}
    (stop,) = bench.control.hall_stops()
    assert (stop["by"], stop["reason"]) == ("panel", "the fire contact panel is open")


def test_a_contact_that_falls_silent_is_fire(bench):
    running(bench)
    told(bench, 119, None, pm=90)
    assert modes(bench) == {"run"}
    told(bench, 5, None, pm=90)
    assert modes(bench) == {"stopped"}
    assert "silent" in bench.control.hall_stops()[0]["reason"]


@pytest.mark.parametrize("flag", [2, 3, 4, 9])
def test_readings_that_are_not_good_are_as_good_as_none(bench, flag):
    running(bench)
    told(bench, 125, CLOSED, pm=90, flag=flag)
    assert modes(bench) == {"stopped"}


def test_half_closed_is_open(bench):
    running(bench)
    told(bench, 1, 0.99)
    assert modes(bench) == {"stopped"}


def test_a_contact_that_closes_again_restarts_nothing(bench):
    running(bench)
    told(bench, 1, OPEN)
    told(bench, 1000, CLOSED, pm=300)
    assert modes(bench) == {"stopped"}
    bench.control.release_hall("hall", by="kim", reason="false alarm, looked at")
    told(bench, 300, CLOSED, pm=90)
    assert modes(bench) == {"run"}


def test_nobody_can_release_the_hall_while_the_contact_is_not_closed(bench):
    running(bench)
    told(bench, 1, OPEN)
    with pytest.raises(ControlRefusedError, match="is open: hall is released once it is closed again"):
        bench.control.release_hall("hall", by="kim", reason="x")
    told(bench, 200, None)
    with pytest.raises(ControlRefusedError):
        bench.control.release_hall("hall", by="kim", reason="x")
    assert modes(bench) == {"stopped"}


def test_before_the_first_reading_nothing_is_started_and_then_it_is_fire(bench):
    told(bench, 118, None, pm=300)
    assert modes(bench) == {"idle"}
    assert bench.control.hall_stops() == []
    told(bench, 5, None, pm=300)
    assert modes(bench) == {"stopped"}


def test_before_the_first_reading_orders_start_nothing_either():
    bench = make_bench(settings=with_contact(settings_of(min_off_s=0)))
    told(bench, 5, None)
    bench.order(level=2)
    told(bench, 60, None)
    assert bench.unit.mode == "idle"
    assert bench.view().slot == "interlock"
    assert "not read yet" in bench.view().why
    told(bench, 5, CLOSED)
    assert bench.unit.mode == "run"


def test_after_a_restart_what_runs_goes_on_until_the_contact_is_read(bench):
    running(bench)
    again = make_bench(
        engine=bench.engine,
        clock=bench.clock,
        link=bench.link,
        connect=False,
        settings=with_contact(settings_of(units=("p1", "p2"))),
    )
    told(again, 60, None, pm=90)
    assert modes(again) == {"run"}
    told(again, 10, CLOSED, pm=90)
    assert modes(again) == {"run"}
    assert again.control.hall_stops() == []


def test_an_old_reading_after_a_newer_one_changes_nothing(bench):
    running(bench)
    past = bench.clock.now_ms() - 30_000
    bench.control.on_live(bench.live(OPEN, zone="panel", quantity="fire", t=past))
    bench.run(1, pm=90)
    assert modes(bench) == {"run"}


def test_a_wall_clock_set_back_does_not_keep_an_open_contact_unread(bench):
    running(bench)
    bench.clock.jump_wall(-3600)
    told(bench, 200, OPEN, pm=90)
    assert modes(bench) == {"stopped"}


def test_other_halls_are_left_alone():
    settings = with_contact(settings_of(units=("p1",)))
    hall = settings.hall[0]
    zone, unit = settings.zone[0], settings.purifier[0]
    settings = settings.model_copy(
        update={
            "hall": (hall, hall.model_copy(update={"id": "other"})),
            "zone": (zone, zone.model_copy(update={"id": "other-a", "hall": "other"})),
            "purifier": (unit, unit.model_copy(update={"id": "p2", "zone": "other-a"})),
        }
    )
    bench = make_bench(settings=settings)
    told(bench, 130, CLOSED)
    told(bench, 5, OPEN)
    assert bench.units["p1"].mode == "stopped"
    assert bench.units["p2"].mode == "idle"
