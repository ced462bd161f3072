"""The audit log: rows in a chain, and what is found when somebody has touched them."""

import hashlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from api.audit import EMPTY, GENESIS, Entry, Head, Row, canonical, head_of, next_row, verify
from api.audit_book import AuditBook, noted_head, verify_book
from api.ops_db import open_ops_db
from api.tables import metadata
from api.tables.audit import audit

T0 = 1_795_447_500_000
texts = st.text(max_size=20)
values = (
    st.none()
    | st.booleans()
    | st.integers(-9, 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
entries = st.builds(
    Entry,
    t=st.integers(0, 2**53),
    who=texts,
    what=texts,
    target=texts,
    before=values | st.dictionaries(texts, values, max_size=3),
    after=values,
    reason=st.none() | texts,
    status=st.none() | st.integers(100, 599),
)
chains = st.lists(entries, min_size=3, max_size=8)


def entry(n=0, **said):
    return Entry(
        **{"t": T0 + n, "who": "k1", "what": "asked POST", "target": "purifiers/pf1/commands"} | said
    )


def chain(said):
    rows, last = [], EMPTY
    for one in said:
        rows.append(next_row(last, one))
        last = Head(rows[-1].number, rows[-1].hash)
    return rows


def test_a_hash_is_sha256_of_the_hash_before_and_the_row_with_sorted_keys():
    row = next_row(EMPTY, entry(after={"b": 1, "a": "미세"}))
    said = (
        '{"after":{"a":"미세","b":1},"answers":null,"before":null,"command":null,"number":1,"reason":null,'
        '"remote":null,"slot":null,"status":null,"t":1795447500000,"target":"purifiers/pf1/commands",'
        '"what":"asked POST","who":"k1"}'
    )
    assert canonical(1, row.entry).decode() == said
    assert row.hash == hashlib.sha256((GENESIS + said).encode()).hexdigest()


@given(chains)
def test_an_untouched_chain_is_whole_and_its_head_is_its_last_row(said):
    rows = chain(said)
    last = Head(len(rows), rows[-1].hash)
    assert verify(rows, [last, EMPTY, Head(1, rows[0].hash)]) == verify(rows, [])
    assert verify(rows, []).last == last
    assert verify(rows, []).broken is None
    assert head_of(f"{last}\n") == last


@given(chains, st.data())
def test_the_first_row_that_was_changed_removed_swapped_or_put_in_is_named(said, data):
    rows = chain(said)
    at = data.draw(st.integers(0, len(rows) - 2))
    changed = replace(rows[at], entry=replace(rows[at].entry, t=rows[at].entry.t + 1))
    swapped = [replace(rows[at + 1], number=at + 1), replace(rows[at], number=at + 2)]
    for touched, broken in (
        ([*rows[:at], changed, *rows[at + 1 :]], at + 1),
        ([*rows[:at], *rows[at + 1 :]], at + 1),
        ([*rows[:at], *swapped, *rows[at + 2 :]], at + 1),
        ([*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]], at + 1),
        ([*rows[: at + 1], rows[at], *rows[at + 1 :]], at + 2),
    ):
        verdict = verify(touched, [])
        assert (verdict.broken, verdict.last.number) == (broken, broken - 1), verdict
        assert verdict.problem


@given(chains)
def test_a_lost_end_and_a_log_written_anew_are_found_by_a_head_that_was_noted(said):
    rows = chain(said)
    noted = Head(len(rows), rows[-1].hash)
    assert verify(rows[:-1], []).broken is None  # nothing in the table itself shows it
    assert verify(rows[:-1], [noted]).broken == len(rows)
    assert verify([], [noted]).broken == 1
    anew = chain([replace(said[0], t=said[0].t + 1), *said[1:]])
    assert verify(anew, []).broken is None
    assert verify(anew, [noted]).broken == len(rows)


@pytest.mark.parametrize(
    "text", ["", "1", "x:" + "0" * 64, "1:" + "0" * 63, "1:" + "G" * 64, "-1:" + "0" * 64]
)
def test_what_is_no_head_is_refused(text):
    with pytest.raises(ValueError, match="no head"):
        head_of(text)


@pytest.fixture
def engine(tmp_path):
    return open_ops_db(tmp_path / "ops.sqlite")


def file_of(engine):
    return Path(engine.url.database).with_name("ops.audit-head")


def tamper(engine, *statements):
    """As somebody with the file would: the triggers are no obstacle."""
    with sqlite3.connect(engine.url.database) as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_no_update")
        connection.execute("DROP TRIGGER IF EXISTS audit_no_delete")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def verdict(engine, *known):
    with engine.connect() as connection:
        return verify_book(connection, *known, noted_head(file_of(engine)) or EMPTY)


def test_rows_are_read_back_as_they_were_hashed(engine):
    book = AuditBook(engine)
    before = {"level": 1, "ratio": 0.1, "name": "홀", "list": [1, None, True]}
    said = [entry(0, before=before, reason="개장"), entry(1, after=[], status=202, answers=1, command="c1")]
    assert [book.append(one) for one in said] == [1, 2]
    assert verdict(engine).broken is None
    assert [row.entry for row in book.page(limit=9)] == said[::-1]
    assert noted_head(file_of(engine)) == book.head() == Head(2, book.page(limit=1)[0].hash)


def test_the_database_itself_refuses_to_change_or_delete_a_row(engine):
    book = AuditBook(engine)
    book.append(entry())
    for statement in (update(audit).values(who="k2"), delete(audit)):
        with pytest.raises(DatabaseError, match="only appended to"), engine.begin() as connection:
            connection.execute(statement)
    assert verdict(engine).broken is None


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET who = 'k2' WHERE number = 3", 3),
        ("UPDATE audit SET status = 202 WHERE number = 5", 5),
        ("UPDATE audit SET before = '{\"level\":2}' WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number IN (3, 4)", 3),
        ("DELETE FROM audit WHERE number = 5", 5),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET hash = (SELECT hash FROM audit WHERE number = 1) WHERE number = 4", 4),
    ],
)
def test_a_touched_database_is_found_by_the_number_of_the_row(engine, statement, broken):
    book = AuditBook(engine)
    for n in range(5):
        book.append(entry(n, before={"level": 1}))
    tamper(engine, statement)
    assert verdict(engine).broken == broken


def test_a_row_written_after_a_lost_end_does_not_close_the_gap(engine):
    book = AuditBook(engine)
    for n in range(5):
        book.append(entry(n))
    tamper(engine, "DELETE FROM audit WHERE number > 3")
    assert book.append(entry(6)) == 6
    restarted = AuditBook(engine)
    assert restarted.append(entry(7)) == 7
    assert verdict(engine).broken == 4


def test_a_lost_end_is_remembered_also_when_the_file_goes_with_it(engine):
    book = AuditBook(engine)
    for n in range(5):
        book.append(entry(n))
    file_of(engine).unlink()
    tamper(engine, "DELETE FROM audit WHERE number > 3")
    assert book.append(entry(6)) == 6
    assert verdict(engine).broken == 4


def test_a_head_that_is_behind_after_a_crash_is_no_damage(engine):
    book = AuditBook(engine)
    book.append(entry(0))
    behind = file_of(engine).read_text()
    book.append(entry(1))
    file_of(engine).write_text(behind)
    assert verdict(engine).broken is None
    assert AuditBook(engine).append(entry(2)) == 3
    assert verdict(engine).broken is None


@pytest.mark.parametrize("spoil", ["unreadable", "unwritable"])
def test_a_head_that_cannot_be_kept_is_counted_and_the_row_is_safe(engine, spoil):
    book = AuditBook(engine)
    book.append(entry(0))
    file = file_of(engine)
    if spoil == "unreadable":
        file.write_bytes(b"\xff")
    else:
        file.unlink()
        file.mkdir()
    assert book.append(entry(1)) == 2
    assert sum(n for name, n in book.counts.items() if name.startswith("head_")) >= 1
    assert [row.number for row in book.page(limit=9)] == [2, 1]


def test_two_processes_write_one_chain(engine):
    other = AuditBook(open_ops_db(engine.url.database))
    book = AuditBook(engine)
    for n in range(6):
        (book if n % 2 else other).append(entry(n))
    assert verdict(engine).last.number == 6
    assert verdict(engine).broken is None


def test_a_row_that_is_not_written_is_counted_and_told(engine):
    book = AuditBook(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(DatabaseError):
        book.append(entry())
    assert book.counts == {"failed": 1}


def test_rows_are_found_by_who_target_and_time(engine):
    book = AuditBook(engine)
    for n, (who, target) in enumerate(
        [
            ("k1", "purifiers/pf1/commands"),
            ("k2", "purifiers/pf10"),
            ("k1", "purifiers/pf1"),
            ("k1", "purifiers/pf%"),
        ]
    ):
        book.append(entry(n, who=who, target=target))
    numbers = lambda **wanted: [row.number for row in book.page(limit=9, **wanted)]  # noqa: E731  # named for its use
    assert numbers(who="k1") == [4, 3, 1]
    assert numbers(target="purifiers/pf1") == [3, 1]
    assert numbers(target="purifiers/pf%") == [4]
    assert numbers(start=T0 + 1, end=T0 + 3) == [3, 2]
    assert numbers(after=3) == [2, 1]
    assert isinstance(book.page(limit=1)[0], Row)


def test_numbers_are_the_order_whatever_the_clock_says(engine):
    book = AuditBook(engine)
    for jump in (0, 86_400_000, -86_400_000):
        book.append(entry(jump))
    assert [row.entry.t - T0 for row in book.page(limit=9)] == [-86_400_000, 86_400_000, 0]
    assert verdict(engine).broken is None


def test_a_database_in_memory_has_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine)
    book = AuditBook(engine)
    assert [book.append(entry(n)) for n in range(2)] == [1, 2]
    assert list(tmp_path.iterdir()) == []
