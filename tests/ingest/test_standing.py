from hypothesis import given
from hypothesis import strategies as st

from ingest.ledger import Ledger
from ingest.standing import newest
from venueair.store.store import Marks

KEYS = [("pm-1", "b"), ("pm-2", "b"), ("node", "c")]
STEPS = st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 12), st.integers(1, 3)), max_size=30)


def test_a_look_keeps_what_stood_when_the_ledger_goes_on():
    ledger = Ledger({})
    ledger.add("pm-1", "b", [(0, 4)])
    look = ledger.standing([0])
    ledger.add("pm-1", "b", [(5, 9)])
    assert newest([look]) == {("pm-1", "b"): Marks(4)}


def test_nothing_looked_at_stands_for_nothing():
    assert newest([]) == newest([Ledger({}).standing([])]) == {}


@given(STEPS)
def test_several_looks_say_what_the_ledger_says_at_the_last_of_them(steps):
    ledger, looks, expected = Ledger({}), [], {}
    for (device, boot), first, count in steps:
        ledger.add(device, boot, [(first, first + count - 1)], via="gw1")
        looks.append(ledger.standing([ledger.stream(device, boot)]))
        expected[device, boot] = ledger.of(device, boot)
    assert newest(looks) == expected
