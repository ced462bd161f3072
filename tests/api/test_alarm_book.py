"""The book in the database, against repeats, any order of arrival, restarts and a failing disk."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from api.alarm import QUIET_MS, episodes
from api.alarm_book import AlarmBook
from api.alarm_flood import Flood
from api.ops_db import open_ops_db
from api.tables.alarms import alarm_edges, alarms
from tests.api.parts import edge, latching, replace_edge
from tests.api.test_alarm import MINUTE, SECOND, seconds
from venueair.messages import OpenAlarms, open_parts

LATER = 10**12


@pytest.fixture
def engine(tmp_path):
    return open_ops_db(tmp_path / "ops.db")


@pytest.fixture
def book(engine):
    return AlarmBook(engine)


def every(book):
    return book.page("all", LATER, limit=50)


def opened(book, now=LATER):
    return book.page("open", now, limit=50)


def shape(rows):
    return sorted((a.raised, a.cleared, a.level, a.peak_level, a.turns, a.held_until or 0) for a in rows)


def test_a_repeated_edge_changes_nothing(book):
    assert len(book.enter([edge(1, 1)], "expo")) == 1
    book.acknowledge("pm/zone-a/1/1", "kim", "on my way", 2)
    before = every(book)
    assert book.enter([edge(1, 1), edge(1, 1)], "expo") == []
    assert every(book) == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([3, 25, 61, 700]), st.integers(0, 2)), max_size=8), st.data())
def test_edges_in_any_order_and_number_give_the_same_book(engine, steps, data):
    with engine.begin() as connection:
        connection.execute(delete(alarm_edges))
        connection.execute(delete(alarms))
    t, edges = 0, []
    for gap, level in steps:
        t += gap * SECOND
        edges.append(edge(t, level))
    book = AlarmBook(engine)
    for sent in data.draw(st.permutations(edges + edges[:2])):
        book.enter([sent], "expo")
    assert shape(every(book)) == shape(episodes(edges, "expo"))


def test_a_late_edge_keeps_the_acknowledgement_that_people_saw(book):
    book.enter([edge(5 * MINUTE, 2)], "expo")
    seen = f"pm/zone-a/{5 * MINUTE}/2"
    book.acknowledge(seen, "kim", "", 6 * MINUTE)
    book.enter([edge(MINUTE, 1)], "expo")
    (found,) = opened(book)
    assert (found.id, found.raised, found.acknowledged_by) == (seen, MINUTE, "kim")
    book.enter([edge(3 * MINUTE, 0)], "expo")
    rows = every(book)
    assert [(a.raised, a.cleared, a.acknowledged_by) for a in rows] == [
        (5 * MINUTE, None, "kim"),
        (MINUTE, 3 * MINUTE, None),
    ]


def test_open_enters_what_is_unknown_here_and_closes_nothing(book):
    book.enter([edge(1, 1, "hint/zone-a")], "expo")
    changed = book.reconcile(OpenAlarms(alarms=[edge(2, 1)]), "expo")
    assert [a.alarm for a in changed] == ["pm/zone-a"]
    assert {a.alarm: book.is_confirmed(a) for a in opened(book)} == {"pm/zone-a": True, "hint/zone-a": False}


def test_a_list_of_open_alarms_counts_once_all_its_parts_are_there(book):
    many = [replace_edge(edge(t, 1, f"pm/zone-{t}"), source="x" * 200) for t in range(300)]
    first, second, *more = open_parts(many, 7)
    assert more == []
    book.enter([edge(1, 1, "hint/zone-a")], "expo")
    hint = book.get("hint/zone-a/1/1")
    assert len(book.reconcile(first, "expo")) == len(first.alarms)
    assert book.is_confirmed(hint) is True
    assert book.reconcile(replace_edge(second, t=6), "expo") != []
    assert book.is_confirmed(hint) is True
    book.reconcile(second, "expo")
    assert book.is_confirmed(hint) is True
    book.reconcile(first, "expo")
    assert book.is_confirmed(hint) is False
    assert all(book.is_confirmed(book.get(sent.id)) for sent in many)


def test_a_stale_open_does_not_reopen_what_an_edge_cleared(book):
    book.enter([edge(1, 1), edge(2, 0)], "expo")
    assert book.reconcile(OpenAlarms(alarms=[edge(1, 1)]), "expo") == []
    assert opened(book) == []


def test_a_new_book_on_the_same_file_knows_what_the_old_one_knew(engine, book):
    book.enter([edge(1, 1)], "expo")
    again = AlarmBook(engine)
    assert again.enter([edge(1, 1)], "expo") == []
    assert len(again.opened(2)) == 1


def test_when_the_book_cannot_be_written_nothing_of_the_edge_stays(engine, book):
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE alarms RENAME TO gone")
    with pytest.raises(SQLAlchemyError):
        book.enter([edge(1, 1)], "expo")
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(alarm_edges)).scalar_one() == 0


def test_pages_follow_each_other_without_gap_or_repeat(book):
    for t in range(0, 20, 2):
        book.enter([edge(t // 4, 1, f"pm/z{t}"), edge(t + 1, 0, f"pm/z{t}")], "expo")
    seen, after = [], None
    while page := book.page("all", LATER, limit=3, after=after):
        seen += [a.id for a in page]
        after = page[-1].raised, page[-1].id
    assert len(seen) == len(set(seen)) == 10
    assert [a.id for a in book.page("all", LATER, limit=3, after=(4, "merged away"))] == seen[2:5]


def test_a_value_that_swings_across_its_limit_is_one_row_that_says_how_often(engine, book):
    for sent in seconds(*((10 * n, (n + 1) % 2) for n in range(40))):
        book.enter([sent], "expo")
    (row,) = every(book)
    assert (row.turns, row.cleared, row.raised) == (40, 390 * SECOND, 0)
    quiet = row.held_until
    assert quiet == 390 * SECOND + QUIET_MS
    assert opened(book, quiet - 1) == [row]
    assert opened(book, quiet) == []
    assert AlarmBook(engine).released(quiet) == [row]
    assert book.released(quiet - 1) == []
    assert book.released(quiet) == [row]
    assert book.released(quiet) == []


def test_late_edges_that_show_chattering_leave_one_row_with_its_acknowledgement(book):
    first, second = seconds((0, 1), (70, 1))
    late = seconds((20, 0), (40, 2), (60, 0))
    book.enter([first], "expo")
    book.enter([late[0], second], "expo")
    book.acknowledge(second.id, "kim", "", 80 * SECOND)
    changed = {a.id: a for a in book.enter(late[1:], "expo")}
    (row,) = every(book)
    assert (row.id, row.turns, row.peak_level, row.acknowledged_by) == (first.id, 5, 2, "kim")
    assert not changed[second.id].is_open(LATER)


def test_a_latched_alarm_stays_open_over_a_restart_until_it_is_reset(engine, book):
    book.enter([latching(edge(1, 3)), latching(edge(2, 0))], "expo")
    book = AlarmBook(engine)
    (row,) = opened(book)
    assert row.state(LATER) == "latched_unacknowledged"
    assert book.reset(row.id, "kim", 9).reset_by == "kim"
    assert opened(book) == []
    with pytest.raises(KeyError):
        book.reset("nothing", "kim", 9)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 3, 0, 1), (3, 2, 1, 0)])
def test_of_latched_alarms_of_one_name_only_the_newest_asks_for_a_reset(book, order):
    sent = [latching(edge(3 * n * MINUTE, (n + 1) % 2)) for n in range(4)]
    for n in order:
        book.enter([sent[n]], "expo")
    newest, before = every(book)
    assert [a.id for a in opened(book)] == [newest.id]
    assert (before.reset, before.reset_by) == (newest.raised, "raised again")


def test_what_late_data_show_is_entered_closed_and_touches_nothing_live(book):
    late = replace_edge(edge(2 * MINUTE, 3), historical=True, until=4 * MINUTE, family="operating")
    book.enter([edge(3 * MINUTE, 1), late, late], "expo")
    live, old = every(book)
    assert (live.cleared, live.historical) == (None, False)
    assert (old.raised, old.cleared, old.historical) == (2 * MINUTE, 4 * MINUTE, True)
    book.enter([edge(5 * MINUTE, 0)], "expo")
    assert opened(book) == []
    assert [a.id for a in book.page("attention", LATER, limit=9)] == [live.id]
    assert book.flood(5 * MINUTE) == Flood(1, None)


def test_attention_holds_what_was_over_before_anybody_saw_it(book):
    for n, alarm in enumerate(("pm/a", "pm/b")):
        book.enter([edge(n, 1, alarm), edge(9, 0, alarm)], "expo")
    book.enter([replace_edge(edge(3, 1, "co2-screening/a"), family="screening")], "expo")
    book.enter([replace_edge(edge(4, 0, "co2-screening/a"), family="screening")], "expo")
    book.acknowledge("pm/a/0/1", "kim", "", 10)
    assert [a.alarm for a in book.page("attention", LATER, limit=9)] == ["pm/b"]
    assert [a.alarm for a in book.page("all", LATER, limit=9, family="screening")] == ["co2-screening/a"]


def test_a_flood_counts_what_asks_people_to_act(book):
    for n in range(12):
        family = "screening" if n < 3 else "operating"
        book.enter([replace_edge(edge(n * SECOND, 1, f"pm/z{n}"), family=family)], "expo")
    assert book.flood(MINUTE) == Flood(9, None)
    book.enter([edge(MINUTE, 1, "pm/more")], "expo")
    assert book.flood(MINUTE) == Flood(10, MINUTE)


def test_the_reason_of_an_end_stays_with_the_row(book):
    book.enter([edge(1, 1), replace_edge(edge(MINUTE, 0), reason="no longer in the settings")], "expo")
    assert every(book)[0].reason == "no longer in the settings"
    book.enter([edge(2, 2)], "expo")
    assert (every(book)[0].peak_level, every(book)[0].reason) == (2, "no longer in the settings")
