"""If-Match: of two people who saw the same, one acts and the other learns who did."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.control_port import OverrideView
from api.etag import PreconditionError, Version, check, etag_of
from api.order_version import order_version
from tests.api.parts import T0, FakeControl
from tests.api.test_audit_routes import ORDER, PATH

HERE = "/api/v1/purifiers/pf1"
json = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)


@given(st.lists(json, max_size=4), st.lists(json, max_size=4))
def test_etags_are_equal_for_equal_values_and_only_for_those(one, other):
    is_same = [(type(a), a) for a in one] == [(type(b), b) for b in other]
    assert (etag_of(*one) == etag_of(*other)) == is_same
    assert etag_of(*one).startswith('"')


@pytest.mark.parametrize("seen", ['"a"', '"x", "a"', "*", ' "x","a" '])
def test_what_is_as_it_was_seen_may_be_changed(seen):
    check(seen, Version('"a"'), "pf1")


@pytest.mark.parametrize("seen", ['"b"', 'W/"a"', "a", "", '"x", W/"a"'])
def test_what_was_changed_is_refused_with_who_and_when(seen):
    with pytest.raises(PreconditionError) as caught:
        check(seen, Version('"a"', "kim", T0), "pf1")
    error = caught.value
    assert (error.status_code, error.headers) == (412, {"ETag": '"a"'})
    assert error.extra == {"changed_by": "kim", "changed_at": T0, "etag": '"a"'}
    assert "by kim at 2026-11-23 " in error.detail


def test_without_if_match_a_change_is_refused_only_where_it_is_required():
    check(None, Version('"a"'), "rule pm")
    with pytest.raises(PreconditionError) as caught:
        check(None, Version('"a"'), "rule pm", is_required=True)
    assert (caught.value.status_code, caught.value.headers["ETag"]) == (428, '"a"')
    assert "If-Match" in caught.value.detail


class OrderedControl(FakeControl):
    """Remembers the order in force, as control does."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.order_in_force = None
        self.changes = {}

    def purifiers(self):
        return [super().purifiers()[0].model_copy(update={"override": self.order_in_force} | self.changes)]

    def order(self, purifier, **order):
        accepted = super().order(purifier, **order)
        now = self.clock.now_ms()
        kept = OverrideView(by=order["by"], reason=order["reason"], until=now + 60_000, since=now)
        self.order_in_force = None if order["mode"] == "auto" else kept
        return accepted


@pytest.fixture
def ordered(site):
    site.service.control = site.control = OrderedControl(site.clock)
    return site


def test_the_second_of_two_operators_learns_who_was_first(ordered):
    seen = ordered.client().get(HERE).headers["etag"]
    ordered.clock.advance(5)
    assert ordered.client("admin").post(PATH, json=ORDER, headers={"If-Match": seen}).status_code == 202
    answer = ordered.client("operator").post(PATH, json=ORDER, headers={"If-Match": seen})
    assert (answer.status_code, answer.headers["content-type"]) == (412, "application/problem+json")
    told = answer.json()
    assert (told["changed_by"], told["changed_at"], told["status"]) == ("admin", T0 + 5000, 412)
    assert answer.headers["etag"] == told["etag"] == ordered.client().get(HERE).headers["etag"] != seen
    assert len(ordered.control.orders) == 1
    again = ordered.client("operator").post(PATH, json=ORDER, headers={"If-Match": told["etag"]})
    assert again.status_code == 202


def test_who_gave_the_unit_back_to_automation_is_told_too(ordered):
    ordered.client("operator").post(PATH, json=ORDER)
    seen = ordered.client().get(HERE).headers["etag"]
    ordered.clock.advance(9)
    ordered.client("admin").post(PATH, json=ORDER | {"mode": "auto"})
    told = ordered.client("operator").post(PATH, json=ORDER, headers={"If-Match": seen}).json()
    assert (told["changed_by"], told["changed_at"]) == ("admin", T0 + 9000)


def test_a_stop_and_an_order_without_if_match_are_not_held_up(ordered):
    ordered.client("admin").post(PATH, json=ORDER)
    client = ordered.client("operator")
    stop = client.post(PATH, json=ORDER | {"mode": "stopped"}, headers={"If-Match": '"old"'})
    assert stop.status_code == 202
    assert client.post(PATH, json=ORDER).status_code == 202


def test_what_automatic_control_does_is_no_order_of_a_person():
    (view,) = FakeControl().purifiers()
    now = order_version(view).etag
    busier = view.model_copy(update={"desired_level": 3, "level": 3, "why": "pm2_5 90 > 35"})
    assert order_version(busier).etag == now
    for slot in ("safety", "maintenance", "local"):
        assert order_version(view.model_copy(update={"slot": slot})).etag != now


def test_of_many_at_once_exactly_one_acts_on_what_it_saw(ordered):
    seen = ordered.client().get(HERE).headers["etag"]
    ready, found = threading.Barrier(6), []

    def order():
        client = ordered.client("operator")
        ready.wait()
        found.append(client.post(PATH, json=ORDER, headers={"If-Match": seen}).status_code)

    threads = [threading.Thread(target=order) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [202] + [412] * 5
    assert len(ordered.control.orders) == 1


def test_of_two_who_race_the_last_accepted_order_stands_and_every_try_is_audited(ordered):
    codes = {"operator": [], "admin": []}

    def race(role):
        client = ordered.client(role)
        for n in range(20):
            seen = client.get(HERE).headers["etag"]
            order = ORDER | {"reason": f"{role} {n}"}
            codes[role].append(client.post(PATH, json=order, headers={"If-Match": seen}).status_code)

    threads = [threading.Thread(target=race, args=(role,)) for role in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = codes["operator"] + codes["admin"]
    assert set(found) <= {202, 412}
    assert len(ordered.control.orders) == found.count(202) > 0
    assert ordered.control.order_in_force.reason == ordered.control.orders[-1]["reason"]
    told = [row.entry.status for row in ordered.service.audit.page(limit=99)]
    assert [told.count(status) for status in (None, 202, 412)] == [40, found.count(202), found.count(412)]
