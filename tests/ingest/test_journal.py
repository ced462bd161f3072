import sqlite3

import pytest

from ingest.journal import MAX_DEAD_LETTERS, MAX_PAYLOAD, Journal
from venueair.messages import AlarmEdge

T0 = 1_795_447_500_000


def edge(level: int = 1, t: int = T0, alarm: str = "pm/stage") -> AlarmEdge:
    return AlarmEdge(
        id=f"{alarm}/{t}/{level}",
        alarm=alarm,
        rule="pm",
        scope="stage",
        quantity="pm2_5",
        t=t,
        level=level,
        value=61.5,
        limit=50.0,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ingest" / "journal.sqlite"


@pytest.fixture
def journal(path):
    opened = Journal(path)
    yield opened
    opened.close()


def unseen(journal) -> list[str]:
    return [found.id for _, found in journal.unseen()]


def stands(journal) -> list[tuple[str, int]]:
    return [(found.alarm, found.level) for _, found in journal.open_alarms()]


def test_an_edge_waits_until_it_was_seen(journal):
    first, second = edge(), edge(0, T0 + 1)
    journal.record([("expo", first), ("expo", second)], {})
    assert journal.unseen() == [("expo", first), ("expo", second)]
    journal.seen([first.id, "never heard of"])
    assert unseen(journal) == [second.id]


def test_the_same_edge_found_twice_is_entered_once(journal):
    journal.record([("expo", edge())], {})
    journal.record([("expo", edge()), ("expo", edge())], {})
    assert unseen(journal) == [edge().id]


def test_the_same_edge_found_after_it_was_seen_is_not_told_again(journal):
    journal.record([("expo", edge())], {})
    journal.seen([edge().id])
    journal.record([("expo", edge())], {})
    assert unseen(journal) == []


def test_an_old_edge_found_again_does_not_open_a_cleared_alarm(journal):
    journal.record([("expo", edge()), ("expo", edge(0, T0 + 1))], {})
    journal.record([("expo", edge())], {})
    assert stands(journal) == []


def test_open_alarms_are_the_last_edge_of_each_alarm_that_is_not_cleared(journal):
    journal.record([("expo", edge()), ("expo", edge(2, T0 + 5)), ("expo", edge(alarm="co2/stage"))], {})
    assert stands(journal) == [("co2/stage", 1), ("pm/stage", 2)]
    journal.record([("expo", edge(0, T0 + 9))], {})
    assert stands(journal) == [("co2/stage", 1)]


def test_an_alarm_can_be_raised_again_later(journal):
    for n, level in enumerate((1, 0, 1)):
        journal.record([("expo", edge(level, T0 + n))], {})
    assert stands(journal) == [("pm/stage", 1)]
    assert len(unseen(journal)) == 3


def test_seeing_an_edge_does_not_close_the_alarm(journal):
    journal.record([("expo", edge())], {})
    journal.seen([edge().id])
    assert stands(journal) == [("pm/stage", 1)]


def test_everything_is_there_after_reopening(path):
    journal = Journal(path)
    journal.record([("expo", edge())], {"pm/stage/1": (True, -5, 0), "pm/stage/2": (False, T0, 2)})
    journal.record([], {"pm/stage/2": (True, T0 + 1, 1)})
    journal.bury(T0, "topic", "malformed", "why", b"\xff")
    journal.close()
    again = Journal(path)
    assert unseen(again) == [edge().id]
    assert stands(again) == [("pm/stage", 1)]
    assert again.channels() == {"pm/stage/1": (True, -5, 0), "pm/stage/2": (True, T0 + 1, 1)}
    assert again.dead_letters() == [(T0, "topic", "malformed", "why", b"\xff")]
    again.close()


def test_edges_and_channels_are_entered_together_or_not_at_all(journal):
    with pytest.raises(sqlite3.Error):
        journal.record([("expo", edge())], {"pm/stage/1": (None, T0)})
    assert unseen(journal) == []
    journal.record([("expo", edge())], {})
    assert unseen(journal) == [edge().id]


def test_dead_letters_are_bounded_and_the_newest_are_kept(journal, monkeypatch):
    monkeypatch.setattr("ingest.journal.MAX_DEAD_LETTERS", 20)
    for n in range(35):
        journal.bury(T0 + n, "topic", "malformed", "why", b"x")
    assert [t - T0 for t, *_ in journal.dead_letters()] == list(range(15, 35))


def test_the_bound_of_dead_letters_is_a_thousand():
    assert MAX_DEAD_LETTERS == 1000


def test_a_dead_letter_is_cut(journal):
    journal.bury(T0, "topic", "oversize", "w" * 9000, b"x" * 200_000)
    ((_, _, _, detail, payload),) = journal.dead_letters()
    assert len(payload) == MAX_PAYLOAD == 1024
    assert len(detail) == 500
