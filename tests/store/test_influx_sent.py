"""What may be on the server already, against a model that remembers everything."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from venueair.block import Block
from venueair.store.influx_sent import NEVER, Sent

WRITES = st.lists(
    st.tuples(
        st.booleans(),
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.sampled_from([1.0, 2.0, np.nan]))),
    )
)


@given(WRITES, st.integers(-1, 9))
def test_a_row_that_was_sent_before_is_never_taken_for_a_new_one(writes, upto):
    sent, model, newest = Sent(), set(), {}
    for series in range(4):
        sent.add(series, upto if series == 3 else NEVER)
    for succeeds, rows in writes:
        block = Block.of([t for _, t, _ in rows], [s for s, *_ in rows], [v for *_, v in rows]).last_of_each()
        keys = list(zip(block.series.tolist(), block.t.tolist(), strict=True))
        again = sent.try_(block).tolist()
        assert all(may for key, may in zip(keys, again, strict=True) if key in model)
        assert all(may for (s, t), may in zip(keys, again, strict=True) if s == 3 and t <= upto)
        assert not any(
            may
            for (s, t), may in zip(keys, again, strict=True)
            if all(t > old for series, old in model if series == s) and (s != 3 or t > upto)
        )
        model |= set(keys)
        if succeeds:
            replaced = sum(
                newest.get(s, (NEVER, 0))[0] == t and str(newest[s][1]) != str(v)
                for (s, t), v in zip(keys, block.value.tolist(), strict=True)
            )
            assert sent.stored(block) == replaced
            for (s, t), v in zip(keys, block.value.tolist(), strict=True):
                if t >= newest.get(s, (NEVER, 0))[0]:
                    newest[s] = (t, v)


def test_it_grows_with_the_series():
    sent = Sent()
    for series in range(1000):
        sent.add(series, series)
    block = Block.of(np.full(1000, 500), np.arange(1000), np.ones(1000))
    assert sent.try_(block).sum() == 500
    sent.all_upto(2000)
    assert sent.try_(block).all()
    assert sent.stored(block) == 0
    assert sent.stored(block) == 0
    other = Block.of(block.t, block.series, block.value + 1)
    assert sent.stored(other) == 1000


def test_no_row_is_nothing():
    sent = Sent()
    assert sent.try_(Block.empty()).tolist() == []
    assert sent.stored(Block.empty()) == 0
