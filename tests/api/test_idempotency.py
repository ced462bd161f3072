"""Idempotency-Key: the same request acts once, also over a restart, and never after a crash in between."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from api.idempotency import KEPT_MS, Answer, Idempotency, KeyBusyError, KeyReusedError
from api.ops_db import open_ops_db
from api.tables.audit import idempotency_keys
from tests.api.parts import T0
from tests.api.test_audit_routes import ORDER, PATH

DONE = Answer(202, '{"id":"c1"}', {"Location": "/api/v1/commands/c1"})


class Acts:
    """Counts; `fails` raises instead."""

    def __init__(self):
        self.count = 0
        self.fails = False

    def __call__(self):
        if self.fails:
            raise ValueError("refused")
        self.count += 1
        return DONE


@pytest.fixture
def engine(tmp_path):
    return open_ops_db(tmp_path / "ops.sqlite")


@pytest.fixture
def act():
    return Acts()


def test_without_a_key_every_request_acts(engine, act):
    for _ in range(2):
        assert Idempotency(engine).once("k", None, "POST /a {}", T0, act) == DONE
    assert act.count == 2


def test_the_answer_of_the_first_time_comes_again_also_after_a_restart(engine, act):
    Idempotency(engine).once("k", "1", "POST /a {}", T0, act)
    engine.dispose()
    again = Idempotency(open_ops_db(engine.url.database))
    assert again.once("k", "1", "POST /a {}", T0 + KEPT_MS, act) == DONE
    assert act.count == 1


def test_a_key_belongs_to_its_caller(engine, act):
    for caller in ("k", "other"):
        Idempotency(engine).once(caller, "1", "POST /a {}", T0, act)
    assert act.count == 2


@pytest.mark.parametrize("other", ["POST /a {1}", "POST /b {}", "PUT /a {}"])
def test_another_request_with_the_same_key_is_refused(engine, act, other):
    once = Idempotency(engine).once
    once("k", "1", "POST /a {}", T0, act)
    with pytest.raises(KeyReusedError, match="another request"):
        once("k", "1", other, T0, act)
    assert act.count == 1


def test_what_was_refused_may_be_tried_again(engine, act):
    act.fails = True
    with pytest.raises(ValueError, match="refused"):
        Idempotency(engine).once("k", "1", "POST /a {}", T0, act)
    act.fails = False
    assert Idempotency(engine).once("k", "1", "POST /a {}", T0, act) == DONE


def test_the_second_of_two_at_once_is_told_to_wait(engine, act):
    working, finish = threading.Event(), threading.Event()

    def slow():
        working.set()
        assert finish.wait(5)
        return act()

    first = threading.Thread(target=Idempotency(engine).once, args=("k", "1", "POST /a {}", T0, slow))
    first.start()
    assert working.wait(5)
    with pytest.raises(KeyBusyError, match="at work"):
        Idempotency(engine).once("k", "1", "POST /a {}", T0, act)
    finish.set()
    first.join()
    assert Idempotency(engine).once("k", "1", "POST /a {}", T0, act) == DONE
    assert act.count == 1


def test_a_request_that_a_crash_cut_short_does_not_act_again(engine, act):
    class Killed(BaseException):
        pass

    def killed():
        act()
        raise Killed

    with pytest.raises(Killed):
        Idempotency(engine).once("k", "1", "POST /a {}", T0, killed)
    with pytest.raises(KeyBusyError, match="/api/v1/commands"):
        Idempotency(engine).once("k", "1", "POST /a {}", T0, act)
    assert act.count == 1


def test_keys_are_forgotten_after_a_day_and_not_before(engine, act):
    once = Idempotency(engine).once
    once("k", "1", "POST /a {}", T0, act)
    once("k", "2", "POST /a {}", T0 + KEPT_MS, act)
    once("k", "1", "POST /a {}", T0 + KEPT_MS, act)
    assert act.count == 2
    once("k", "1", "POST /a {}", T0 + KEPT_MS + 1, act)
    assert act.count == 3
    with engine.connect() as connection:
        assert {row.key for row in connection.execute(select(idempotency_keys))} == {"1", "2"}


def test_a_key_that_cannot_be_kept_lets_nothing_act_but_a_stop(engine, act):
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE idempotency_keys")
    once = Idempotency(engine).once
    with pytest.raises(SQLAlchemyError):
        once("k", "1", "POST /a {}", T0, act)
    assert act.count == 0
    assert once("k", "1", "POST /a {}", T0, act, acts_unkept=True) == DONE
    assert act.count == 1


def test_an_answer_that_cannot_be_kept_is_given_and_the_key_stays_taken(engine, act):
    def break_then_act():
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER full BEFORE UPDATE ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        return act()

    once = Idempotency(engine).once
    assert once("k", "1", "POST /a {}", T0, break_then_act) == DONE
    with pytest.raises(KeyBusyError):
        once("k", "1", "POST /a {}", T0, act)
    assert act.count == 1


def test_an_order_sent_twice_gets_the_same_answer_with_its_address(site):
    client, headers = site.client("operator"), {"Idempotency-Key": "k1"}
    first, second = (client.post(PATH, json=ORDER, headers=headers) for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["location"] == second.headers["location"] == "/api/v1/commands/c1"
    assert len(site.control.orders) == 1
    told = site.client("admin").get("/api/v1/audit").json()["rows"]
    assert [(row["status"], row["command"]) for row in told] == [
        (202, None),  # answered again, and nothing was ordered
        (None, None),
        (202, "c1"),
        (None, None),
    ]


def test_an_order_whose_key_is_busy_is_refused_and_a_stop_without_a_database_for_keys_goes_through(site):
    client, headers = site.client("operator"), {"Idempotency-Key": "k1"}
    client.post(PATH, json=ORDER, headers=headers)
    with site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE idempotency_keys SET status = NULL")
    assert client.post(PATH, json=ORDER, headers=headers).status_code == 409
    with site.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE idempotency_keys")
    assert client.post(PATH, json=ORDER, headers={"Idempotency-Key": "k2"}).status_code == 503
    stop = ORDER | {"mode": "stopped"}
    assert client.post(PATH, json=stop, headers={"Idempotency-Key": "k3"}).status_code == 202
    assert [order["mode"] for order in site.control.orders] == ["run", "stopped"]
