import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.control import command as life
from api.control.command import NEXT, OPEN, State, Tracked
from venueair.messages import Ack, PurifierState

RANK = [State.CREATED, State.SENT, State.ACCEPTED, State.APPLIED]


def command(**changes):
    fields = {
        "id": "c1",
        "venue": "expo",
        "purifier": "p1",
        "session": "s",
        "mode": "run",
        "level": 2,
        "release": False,
        "reason": "pm",
        "issued_by": "automatic",
        "created_ms": 0,
        "deadline_ms": 60_000,
        "deadline_s": 60.0,
    }
    return Tracked(**(fields | changes))


def report(mode="run", level=2, source="remote", id_="c1"):
    return PurifierState(session="s", mode=mode, level=level, source=source, t=0, command=id_)


def ack(result, reason=None):
    return Ack(id="c1", result=result, reason=reason)


SENT = life.on_sent(command(), 1.0, 1000)
ACCEPTED = life.on_ack(SENT, ack("accepted"), 2.0, 2000)[0]
APPLIED = life.on_ack(ACCEPTED, ack("applied"), 3.0, 3000)[0]
OTHER = report("idle", 0, id_=None)

ACK_TABLE = [
    ("accepted", SENT, "accepted", 2, State.ACCEPTED, None),
    ("applied", ACCEPTED, "applied", 2, State.APPLIED, None),
    ("applied when the accepted was lost", SENT, "applied", 2, State.APPLIED, None),
    ("rejected", SENT, "rejected", 2, State.REJECTED, None),
    ("rejected after all", ACCEPTED, "rejected", 2, State.REJECTED, None),
    ("twice", ACCEPTED, "accepted", 3, State.ACCEPTED, "duplicate"),
    ("applied twice", APPLIED, "applied", 4, State.APPLIED, "duplicate"),
    ("accepted after applied", APPLIED, "accepted", 4, State.APPLIED, "duplicate"),
    ("rejected after applied", APPLIED, "rejected", 4, State.APPLIED, "unexpected"),
    ("before it was sent", command(), "applied", 1, State.CREATED, "unexpected"),
    ("at the deadline", SENT, "applied", 60, State.SENT, "late"),
    ("after the deadline", ACCEPTED, "applied", 61, State.ACCEPTED, "late"),
]


@pytest.mark.parametrize(
    ("before", "result", "now_s", "after", "wrong"),
    [row[1:] for row in ACK_TABLE],
    ids=[r[0] for r in ACK_TABLE],
)
def test_ack(before, result, now_s, after, wrong):
    moved, what = life.on_ack(before, ack(result, "why"), now_s, now_s * 1000)
    assert (moved.state, what) == (after, wrong)
    assert moved == before or moved.history[-1] == (after.value, now_s * 1000, "why")


TIME_TABLE = [
    ("before the deadline nothing", ACCEPTED, None, 59.9, State.ACCEPTED),
    ("never sent", command(), None, 60, State.EXPIRED),
    ("never answered", SENT, OTHER, 60, State.TIMED_OUT),
    ("accepted and not done", ACCEPTED, OTHER, 60, State.DIVERGED),
    ("accepted and never reported", ACCEPTED, None, 60, State.DIVERGED),
    ("acknowledged and not done", APPLIED, OTHER, 60, State.DIVERGED),
    ("acknowledged and done", APPLIED, report(), 60, State.APPLIED),
]


@pytest.mark.parametrize(
    ("before", "reported", "now_s", "after"), [row[1:] for row in TIME_TABLE], ids=[r[0] for r in TIME_TABLE]
)
def test_deadline(before, reported, now_s, after):
    moved = life.on_time(before, reported, now_s, 60_000)
    assert moved.state is after
    assert moved.is_open == (now_s < 60)


REPORT_TABLE = [
    ("its id stands for a lost ack", SENT, report(), 5, State.APPLIED, True),
    ("the same level by chance does not", SENT, report(id_="other"), 5, State.SENT, False),
    ("after accepted the level is enough", ACCEPTED, report(id_=None), 5, State.APPLIED, True),
    ("but not when the button did it", ACCEPTED, report(source="local", id_=None), 5, State.ACCEPTED, False),
    ("applied is confirmed", APPLIED, report(), 5, State.APPLIED, True),
    ("another level confirms nothing", APPLIED, report(level=1), 5, State.APPLIED, False),
    ("too late", SENT, report(), 60, State.SENT, False),
    ("not sent yet", command(), report(), 5, State.CREATED, False),
]


@pytest.mark.parametrize(
    ("before", "reported", "now_s", "after", "is_confirmed"),
    [row[1:] for row in REPORT_TABLE],
    ids=[row[0] for row in REPORT_TABLE],
)
def test_report(before, reported, now_s, after, is_confirmed):
    moved = life.on_report(before, reported, now_s, 5000)
    assert (moved.state, moved.is_confirmed) == (after, is_confirmed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (command(), State.EXPIRED),
        (SENT, State.TIMED_OUT),
        (ACCEPTED, State.TIMED_OUT),
        (APPLIED, State.APPLIED),
    ],
    ids=["created", "sent", "accepted", "applied"],
)
def test_a_new_session_ends_what_was_under_way(before, after):
    voided = life.on_reboot(before, 4000)
    assert voided.state is after
    assert not voided.is_open


def test_a_command_is_sent_again_each_quarter_of_its_ttl_until_answered_or_over():
    times = []
    tracked = command()
    for now_s in range(90):
        if life.is_send_due(tracked, 60.0, float(now_s)):
            tracked = life.on_sent(tracked, float(now_s), now_s * 1000)
            times.append(now_s)
    assert times == [0, 15, 30, 45]
    assert [entry[0] for entry in tracked.history] == ["SENT"]
    assert not life.is_send_due(ACCEPTED, 60.0, 50.0)


def test_no_step_leads_backwards():
    for state, followers in NEXT.items():
        for follower in followers:
            if follower in RANK:
                assert RANK.index(follower) > RANK.index(state)
            else:
                assert follower not in NEXT
    with pytest.raises(ValueError, match="cannot go from APPLIED to ACCEPTED"):
        life.moved(APPLIED, State.ACCEPTED, 0)


EVENT = st.one_of(
    st.tuples(st.just("ack"), st.sampled_from(["accepted", "rejected", "applied"])),
    st.tuples(st.just("report"), st.sampled_from([report(), OTHER, report(level=1), report(source="local")])),
    st.tuples(st.just("send"), st.none()),
    st.tuples(st.just("time"), st.sampled_from([None, OTHER, report()])),
    st.tuples(st.just("reboot"), st.none()),
    st.tuples(st.just("supersede"), st.none()),
)


@given(st.lists(st.tuples(EVENT, st.floats(0, 25)), max_size=30))
def test_whatever_comes_a_command_only_moves_forward_and_is_never_applied_late(events):
    tracked, now_s = command(), 0.0
    for (kind, what), dt_s in events:
        now_s += dt_s
        before, now_ms = tracked, round(now_s * 1000)
        if kind == "ack":
            tracked, _ = life.on_ack(tracked, ack(what), now_s, now_ms)
        elif kind == "report":
            tracked = life.on_report(tracked, what, now_s, now_ms)
        elif kind == "send" and life.is_send_due(tracked, 60.0, now_s):
            tracked = life.on_sent(tracked, now_s, now_ms)
        elif kind == "time":
            tracked = life.on_time(tracked, what, now_s, now_ms)
        elif kind == "reboot":
            tracked = life.on_reboot(tracked, now_ms)
        elif kind == "supersede":
            tracked = life.superseded(tracked, now_ms, "newer")
        assert tracked.state is before.state or tracked.state in NEXT[before.state]
        assert before.is_open or not tracked.is_open
        assert tracked.history[: len(before.history)] == before.history
        if tracked.state is State.APPLIED and before.state is not State.APPLIED:
            assert now_s < 60
    assert now_s < 60 or life.on_time(tracked, None, now_s, 0).state not in OPEN
