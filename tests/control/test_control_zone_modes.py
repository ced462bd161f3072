"""A zone only advises until a person turns automatic control on, and what people said outlives a restart."""

import pytest

from tests.control.bench import make_bench


def turn(bench, *, on):
    bench.control.set_automatic("hall-a", automatic=on, by="kim", reason="test")
    bench.link.pump()


def test_a_zone_that_advises_acts_once_it_is_turned_on_and_over_a_restart():
    bench = make_bench(automatic=False)
    bench.run(400, pm=90)
    assert bench.unit.mode == "idle"
    assert bench.view().slot == "advice"
    turn(bench, on=True)
    bench.run(60, pm=90)
    assert bench.unit.mode == "run"
    again = make_bench(
        engine=bench.engine, clock=bench.clock, link=bench.link, connect=False, automatic=False
    )
    assert again.control.zones()[0]["automatic"] is True
    again.run(400, pm=90)
    assert again.view().slot == "automatic"


def test_turned_off_nothing_is_sent_and_no_lease_is_renewed():
    bench = make_bench()
    bench.run(400, pm=90)
    turn(bench, on=False)
    sent, leases = len(bench.sent()), len(bench.link.leases)
    bench.run(1200, pm=10)
    assert (len(bench.sent()), len(bench.link.leases)) == (sent, leases)
    assert bench.view().slot == "advice"


def test_turned_on_it_starts_no_stopped_unit():
    bench = make_bench(automatic=False)
    bench.order(mode="stopped", minutes=0)
    bench.run(300, pm=90)
    turn(bench, on=True)
    bench.run(1000, pm=90)
    assert bench.unit.mode == "stopped"


def test_an_unknown_zone_is_a_key_error_and_changes_nothing():
    bench = make_bench()
    with pytest.raises(KeyError):
        bench.control.set_automatic("attic", automatic=False, by="kim", reason="test")
    assert bench.control.zones()[0]["automatic"] is True


def test_everybody_who_listens_is_told():
    bench = make_bench()
    turn(bench, on=False)
    assert [row["automatic"] for kind, row in bench.events if kind == "zone"] == [False]
