"""The book in the database, against repeats, any order of arrival, restarts and a failing disk."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from api.alarm import episodes
from api.alarm_book import AlarmBook
from api.ops_db import alarm_edges, alarms, open_ops_db
from tests.api.parts import edge
from venueair.messages import OpenAlarms


@pytest.fixture
def engine(tmp_path):
    return open_ops_db(tmp_path / "ops.db")


def shape(rows):
    return sorted((a.raised, a.cleared, a.level, a.peak_level) for a in rows)


def test_a_repeated_edge_changes_nothing(engine):
    book = AlarmBook(engine)
    assert len(book.enter([edge(1, 1)], "expo")) == 1
    book.acknowledge("pm/zone-a/1/1", "kim", "on my way", 2)
    before = book.page(only_open=False, limit=9)
    assert book.enter([edge(1, 1), edge(1, 1)], "expo") == []
    assert book.page(only_open=False, limit=9) == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2), max_size=8), st.data())
def test_edges_in_any_order_and_number_give_the_same_book(engine, levels, data):
    with engine.begin() as connection:
        connection.execute(delete(alarm_edges))
        connection.execute(delete(alarms))
    edges = [edge(t, level) for t, level in enumerate(levels)]
    order = data.draw(st.permutations(edges + edges[:2]))
    book = AlarmBook(engine)
    for sent in order:
        book.enter([sent], "expo")
    assert shape(book.page(only_open=False, limit=50)) == shape(episodes(edges, "expo"))


def test_a_late_edge_keeps_the_acknowledgement_that_people_saw(engine):
    book = AlarmBook(engine)
    book.enter([edge(5, 2)], "expo")
    book.acknowledge("pm/zone-a/5/2", "kim", "", 6)
    book.enter([edge(1, 1)], "expo")
    (found,) = book.page(only_open=True, limit=9)
    assert (found.id, found.raised, found.acknowledged_by) == ("pm/zone-a/5/2", 1, "kim")
    book.enter([edge(3, 0)], "expo")
    rows = book.page(only_open=False, limit=9)
    assert [(a.raised, a.cleared, a.acknowledged_by) for a in rows] == [(5, None, "kim"), (1, 3, None)]


def test_open_enters_what_is_unknown_here_and_closes_nothing(engine):
    book = AlarmBook(engine)
    book.enter([edge(1, 1, "hint/zone-a")], "expo")
    changed = book.reconcile(OpenAlarms(alarms=[edge(2, 1)]), "expo")
    assert [a.alarm for a in changed] == ["pm/zone-a"]
    confirmed = {a.alarm: book.is_confirmed(a) for a in book.page(only_open=True, limit=9)}
    assert confirmed == {"pm/zone-a": True, "hint/zone-a": False}


def test_a_stale_open_does_not_reopen_what_an_edge_cleared(engine):
    book = AlarmBook(engine)
    book.enter([edge(1, 1), edge(2, 0)], "expo")
    assert book.reconcile(OpenAlarms(alarms=[edge(1, 1)]), "expo") == []
    assert book.page(only_open=True, limit=9) == []


def test_a_new_book_on_the_same_file_knows_what_the_old_one_knew(engine):
    AlarmBook(engine).enter([edge(1, 1)], "expo")
    book = AlarmBook(engine)
    assert book.enter([edge(1, 1)], "expo") == []
    assert book.count_open() == 1


def test_when_the_book_cannot_be_written_nothing_of_the_edge_stays(engine):
    book = AlarmBook(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE alarms RENAME TO gone")
    with pytest.raises(SQLAlchemyError):
        book.enter([edge(1, 1)], "expo")
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(alarm_edges)).scalar_one() == 0


def test_pages_follow_each_other_without_gap_or_repeat(engine):
    book = AlarmBook(engine)
    for t in range(0, 20, 2):
        book.enter([edge(t // 4, 1, f"pm/z{t}"), edge(t + 1, 0, f"pm/z{t}")], "expo")
    seen, after = [], None
    while page := book.page(only_open=False, limit=3, after=after):
        seen += [a.id for a in page]
        after = seen[-1]
    assert len(seen) == len(set(seen)) == 10
    with pytest.raises(KeyError):
        book.page(only_open=False, limit=3, after="nothing")
