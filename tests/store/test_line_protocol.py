"""Lines are read back by a parser of the tests' own."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.store.line_protocol_reader import parse
from venueair.block import Block, Flag, Why
from venueair.store.line_protocol import NO_RAW, NO_VALUE, head, readings, rollups
from venueair.store.store import Rollup

T0 = 1_795_447_518_905
TAGS = [("venue", "expo"), ("hall", "h1"), ("zone", "stage"), ("device", "pm-1")]
HEADS = [head("air", TAGS), head("air", TAGS[:3])]
FIELDS = [b"pm2_5", b"co2"]


def one(value: float, raw: float, flag: int = Flag.GOOD, why: int = 0, *, again: bool = False):
    block = Block(
        np.array([T0]),
        np.array([0], dtype=np.int32),
        np.array([value]),
        np.array([raw]),
        np.array([flag], dtype=np.uint8),
        np.array([why], dtype=np.uint16),
    )
    ((name, tags, fields, t),) = parse(readings(block, block.series, HEADS, FIELDS, np.array([again])))
    assert (name, tags, t) == ("air", tuple(TAGS), T0)
    return fields


def test_a_good_reading_is_one_field():
    assert one(12.3, 12.3) == {"pm2_5": 12.3}


def test_a_corrected_reading_has_raw_beside_it():
    assert one(9.5, 12.3) == {"pm2_5": 9.5, "pm2_5_raw": 12.3}


def test_flag_and_why_are_there_where_they_say_something():
    assert one(1.0, 1.0, Flag.SUSPECT, Why.SPIKE) == {"pm2_5": 1.0, "pm2_5_flag": 3.0, "pm2_5_why": 8.0}
    assert one(1.0, 1.0, Flag.GOOD, Why.LATE) == {"pm2_5": 1.0, "pm2_5_why": 128.0}


def test_what_may_be_there_already_says_everything():
    assert one(1.0, 1.0, again=True) == {
        "pm2_5": 1.0,
        "pm2_5_raw": 1.0,
        "pm2_5_flag": 1.0,
        "pm2_5_why": 0.0,
    }


def test_a_missing_reading_is_only_flagged():
    assert one(np.nan, np.nan, Flag.MISSING) == {"pm2_5_flag": 9.0}
    assert one(np.nan, 4.0, Flag.FAIL, 1) == {"pm2_5_raw": 4.0, "pm2_5_flag": 4.0, "pm2_5_why": 1.0}
    assert one(np.nan, np.nan) == {"pm2_5_flag": 1.0}


def test_a_missing_reading_in_place_of_another_says_that_the_old_numbers_do_not_count():
    assert one(np.nan, np.nan, Flag.MISSING, 5, again=True) == {
        "pm2_5_flag": 9.0,
        "pm2_5_why": 5.0 + NO_VALUE + NO_RAW,
    }


def test_infinite_is_left_out_as_missing():
    assert one(np.inf, -np.inf, Flag.FAIL) == {"pm2_5_flag": 4.0}
    assert one(1.0, np.inf) == {"pm2_5": 1.0, "pm2_5_why": float(NO_RAW)}


def test_each_row_begins_as_its_line_number_says():
    block = Block.of([T0, T0, T0 + 1], [0, 1, 0], [1.0, 2.0, 3.0])
    block.flag[:] = Flag.GOOD
    lines = np.array([1, 0, 1], dtype=np.int32)
    found = parse(readings(block, lines, HEADS, FIELDS, np.zeros(3, dtype=bool)))
    assert [(dict(tags).get("device"), fields, t) for _, tags, fields, t in found] == [
        (None, {"co2": 1.0}, T0),
        ("pm-1", {"pm2_5": 2.0}, T0),
        (None, {"co2": 3.0}, T0 + 1),
    ]


def test_nothing_to_write_is_nothing():
    assert readings(Block.empty(), np.zeros(0, dtype=np.int32), HEADS, FIELDS, np.zeros(0, dtype=bool)) == b""


def test_a_rollup_is_one_line_of_four_fields():
    columns = [np.array([1.5]), np.array([1.0]), np.array([2.0])]
    rollup = Rollup(np.array([60_000]), np.array([7], dtype=np.int32), *columns, np.array([3]))
    heads = [head("air_1m", TAGS)]
    ((name, tags, fields, t),) = parse(rollups(rollup, np.array([0], dtype=np.int32), heads, FIELDS))
    assert (name, tags, t) == ("air_1m", tuple(TAGS), 60_000)
    assert fields == {"pm2_5_mean": 1.5, "pm2_5_min": 1.0, "pm2_5_max": 2.0, "pm2_5_count": 3.0}


@given(
    st.lists(
        st.tuples(
            st.floats(),
            st.floats(),
            st.sampled_from(list(Flag)),
            st.integers(0, 65535),
            st.booleans(),
            st.integers(-(2**52), 2**52),
        ),
        max_size=20,
    )
)
@example([(5e-324, 5e-324, Flag.GOOD, 0, False, 0), (1e22, 1e22, Flag.GOOD, 0, False, 1)])
def test_every_finite_number_reads_back_the_same_and_nothing_else_is_written(rows):
    value, raw, flag, why, again, t = (
        (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 6
    )
    block = Block(
        np.array(t, dtype=np.int64),
        np.zeros(len(rows), dtype=np.int32),
        np.array(value, dtype=float),
        np.array(raw, dtype=float),
        np.array(flag, dtype=np.uint8),
        np.array(why, dtype=np.uint16),
    )
    text = readings(block, block.series, HEADS, FIELDS, np.array(again, dtype=bool))
    found = sorted(((when, sorted(fields.items())) for *_, fields, when in parse(text)), key=repr)
    assert found == sorted(((row[5], sorted(expected(*row).items())) for row in rows), key=repr)


def expected(value, raw, flag, why, again, _t):
    fields = {}
    if np.isfinite(value):
        fields["pm2_5"] = value
    if np.isfinite(raw) and (again or raw != value):
        fields["pm2_5_raw"] = raw
    if again or flag != 1 or not fields:
        fields["pm2_5_flag"] = float(flag)
    bits = why + (NO_VALUE if again and not np.isfinite(value) else 0)
    bits += NO_RAW if not np.isfinite(raw) and (again or np.isfinite(value)) else 0
    if again or bits:
        fields["pm2_5_why"] = float(bits)
    return fields


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\\"), min_size=1).filter(str.isprintable)


@given(NAMES, st.lists(st.tuples(NAMES, NAMES), max_size=3))
@example("a b,c=d", [("k y,=", "v =,"), (" ", ",")])
def test_names_with_commas_spaces_and_equals_signs_read_back_the_same(name, tags):
    ((found, read, fields, t),) = parse(head(name, tags) + b"x=1.0 5\n")
    assert (found, list(read), fields, t) == (name, tags, {"x": 1.0}, 5)


@pytest.mark.parametrize("name", ["", "a\\", "a\nb", "a\rb", "a\tb", "\x00"])
def test_a_name_that_cannot_be_written_without_doubt_is_refused(name):
    with pytest.raises(ValueError, match="cannot be a name"):
        head(name, [])
    with pytest.raises(ValueError, match="cannot be a name"):
        head("air", [("k", name)])
