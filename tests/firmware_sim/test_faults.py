import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.faults import Fault, damage

FRAMES = st.binary(min_size=2, max_size=40)
SEEDS = st.integers(0, 2**32)


def distance(a, b):
    return sum((x ^ y).bit_count() for x, y in zip(a, b, strict=True))


@given(FRAMES, SEEDS)
def test_a_flipped_bit_is_exactly_one_bit(frame, seed):
    assert distance(frame, damage(frame, Fault.FLIPPED_BIT, random.Random(seed))) == 1


@given(FRAMES, SEEDS)
def test_an_inserted_byte_leaves_all_others_in_place(frame, seed):
    hurt = damage(frame, Fault.INSERTED_BYTE, random.Random(seed))
    assert any(hurt[:i] + hurt[i + 1 :] == frame for i in range(1, len(frame)))


@given(FRAMES, SEEDS)
def test_a_dropped_byte_is_one_byte(frame, seed):
    hurt = damage(frame, Fault.DROPPED_BYTE, random.Random(seed))
    assert any(frame[:i] + frame[i + 1 :] == hurt for i in range(len(frame)))


@given(FRAMES, SEEDS)
def test_a_truncated_tail_leaves_a_true_beginning(frame, seed):
    hurt = damage(frame, Fault.TRUNCATED_TAIL, random.Random(seed))
    assert 0 < len(hurt) < len(frame)
    assert frame.startswith(hurt)


@given(FRAMES, SEEDS)
def test_a_duplicate_comes_twice(frame, seed):
    assert damage(frame, Fault.DUPLICATE_FRAME, random.Random(seed)) == frame * 2


@pytest.mark.parametrize("fault", [None, Fault.STUCK_VALUE, Fault.HEADER_IN_PAYLOAD, Fault.ERROR_CODE])
def test_faults_of_the_sensor_leave_the_wire_alone(fault):
    assert damage(b"BM1234", fault, random.Random(1)) == b"BM1234"
