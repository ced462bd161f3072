import sqlite3

import pytest

from venueair.store.books import MAX_BAD, MAX_LINE, Books
from venueair.store.store import Marks, Period, StoreError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "books.sqlite"


def test_everything_is_there_after_opening_again(path):
    books = Books(path)
    here, there = ("expo", "h1", "stage", "d1"), ("expo", "h1", "foyer", "d1")
    books.enter([(0, "d1", "pm2_5"), (1, "stage", "pm2_5")], [("d1", 7, there), ("d1", -5, here)])
    books.stored({("d1", "b1"): Marks(4, ((7, 9), (12, 12)))}, [Period("d1", 0, 60)])
    books.note("tried", 5)
    books.note("tried", 6)
    books.bury([(b"a line", "no field")])
    books.close()
    books = Books(path)
    assert books.series() == [("d1", "pm2_5"), ("stage", "pm2_5")]
    assert books.places() == {"d1": [(-5, here), (7, there)]}
    assert books.marks() == {("d1", "b1"): Marks(4, ((7, 9), (12, 12)))}
    assert books.owed() == [Period("d1", 0, 60)]
    assert (books.fact("tried"), books.fact("floor")) == (6, None)
    assert (books.bad(), books.buried()) == ([("no field", b"a line")], 1)
    books.close()


def test_marks_and_periods_enter_together_or_not_at_all(path):
    books = Books(path)
    with pytest.raises(StoreError, match=r"books\.sqlite cannot be written"):
        books.stored({("d1", "b1"): Marks(1)}, [Period("d1", None, 60)])
    assert (books.marks(), books.owed()) == ({}, [])
    books.stored({("d1", "b1"): Marks(2)}, [])
    assert books.marks() == {("d1", "b1"): Marks(2)}
    books.close()


def test_of_bad_lines_the_newest_are_kept_cut_and_all_are_counted():
    books = Books(None)
    books.bury([(b"x" * 5000, "r" * 900)] + [(b"%d" % n, "why") for n in range(MAX_BAD)])
    assert (len(books.bad()), books.buried()) == (MAX_BAD, MAX_BAD + 1)
    assert books.bad()[0] == ("why", b"0")
    books.bury([(b"x" * 5000, "r" * 900)])
    assert [len(part) for part in books.bad()[-1]] == [500, MAX_LINE]
    books.close()


def test_a_second_process_may_not_number_series_too(path):
    books = Books(path)
    with pytest.raises(StoreError, match="in use: does another venueair write from here"):
        Books(path)
    books.close()
    Books(path).close()


def test_a_file_that_is_no_books_is_named(path):
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StoreError, match=r"books\.sqlite cannot be opened"):
        Books(path)


def test_books_of_a_later_version_are_refused(path):
    Books(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(StoreError, match="version 9; this venueair reads 1"):
        Books(path)


def test_closed_books_say_so(path):
    books = Books(path)
    books.close()
    books.close()
    for ask in (books.marks, lambda: books.note("tried", 1)):
        with pytest.raises(StoreError, match="closed"):
            ask()
