"""The ledger against a plain set: which rows are stored, whatever came in whatever order."""

import itertools

import msgspec
import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.ledger import Ledger, add, forget_gaps, fresh
from venueair.store.store import Marks

ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda r: (r[0], r[0] + r[1])), max_size=15
)


def rows_of(found) -> set[int]:
    return {seq for low, high in found for seq in range(low, high + 1)}


def rows_in(marks: Marks) -> set[int]:
    return set(range(marks.upto + 1)) | rows_of(marks.above)


@given(ranges, st.lists(st.integers(1, 5), max_size=5))
@example([(2, 3), (0, 0), (1, 1)], [])
@example([(5, 9), (5, 9), (0, 6)], [])
def test_any_order_duplicates_and_gaps_give_the_rows_of_a_set(found, sizes):
    marks, i = Marks(), 0
    for size in sizes:
        marks = add(marks, found[i : i + size])
        i += size
    marks = add(marks, found[i:])
    stored = rows_of(found)
    assert rows_in(marks) == stored
    assert marks.upto == next(n for n in range(100) if n not in stored) - 1


@given(ranges)
def test_ranges_above_the_mark_are_sorted_apart_and_not_at_it(found):
    marks = add(Marks(), found)
    edges = [marks.upto, *(seq for pair in marks.above for seq in pair)]
    assert all(high >= low for low, high in marks.above)
    assert all(low > high + 1 for high, low in zip(edges[::2], edges[1::2], strict=False))


@given(ranges, st.integers(0, 80), st.integers(1, 30))
def test_fresh_rows_are_those_that_no_range_holds(found, first, count):
    new = fresh(add(Marks(), found), first, count)
    assert new.tolist() == [seq not in rows_of(found) for seq in range(first, first + count)]


@given(ranges, ranges)
def test_a_message_can_be_added_again_at_any_time(found, again):
    marks = add(Marks(), [*found, *again])
    assert add(marks, again) == marks


def test_a_range_that_ends_before_it_begins_says_nothing():
    assert rows_in(add(Marks(3), [(9, 5)])) == {0, 1, 2, 3}
    assert fresh(add(Marks(3), [(9, 5)]), 4, 8).all()
    assert add(add(Marks(3), [(9, 5)]), [(4, 8)]).upto == 8


def test_numbers_far_beyond_any_count_are_kept_exactly():
    far = 2**53 - 10
    marks = add(Marks(), [(far, far + 4)])
    assert fresh(marks, far - 1, 7).tolist() == [True, *[False] * 5, True]
    assert msgspec.json.decode(msgspec.json.encode(marks.above)) == [[far, far + 4]]


def test_devices_and_boots_have_marks_of_their_own():
    ledger = Ledger({("d", "b"): Marks(4)})
    ledger.add("d", "b", [(5, 6)])
    ledger.add("d", "c", [(0, 1)])
    assert ledger.of("d", "b") == Marks(6)
    assert ledger.of("d", "c") == Marks(1)
    assert ledger.of("e", "b") == Marks()


messages = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 5)),  # stream, first row, rows
    max_size=20,
)


@given(messages, st.lists(st.integers(0, 20), max_size=4))
@example([(0, 0, 2), (0, 2, 1), (1, 5, 1), (1, 6, 1)], [2])
def test_following_in_sequence_is_the_same_as_adding_row_by_row(found, cuts):
    ledger, plain = Ledger({}), {n: Marks() for n in range(3)}
    for n in range(3):
        ledger.stream("d", str(n))
    bounds = sorted({0, len(found), *(cut for cut in cuts if cut < len(found))})
    for start, end in itertools.pairwise(bounds):
        wave = found[start:end]
        columns = np.array(wave, dtype=np.int64).reshape(-1, 3)
        followed = ledger.follow(columns[:, 0], columns[:, 1], columns[:, 2])
        for fits, (stream, first, count) in zip(followed.tolist(), wave, strict=True):
            if fits:
                assert fresh(plain[stream], first, count).all()
            else:
                ledger.add("d", str(stream), [(first, first + count - 1)], via="gw1")
            plain[stream] = add(plain[stream], [(first, first + count - 1)])
    assert [ledger.marks(n) for n in range(3)] == [plain[n] for n in range(3)]


def test_gaps_that_nobody_will_fill_are_given_up_the_oldest_first():
    marks = Marks(0, tuple((n, n) for n in range(10, 100, 10)))
    assert forget_gaps(marks, 3) == Marks(60, ((70, 70), (80, 80), (90, 90)))
    assert forget_gaps(marks, 9) == marks


def test_only_a_device_without_a_gateway_gives_up_gaps():
    for via, gaps in [("gw1", 200), (None, 64)]:
        ledger = Ledger({})
        for n in range(1, 201):
            ledger.add("d", "b", [(2 * n, 2 * n)], via)
        assert len(ledger.of("d", "b").above) == gaps
