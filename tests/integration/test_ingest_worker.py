"""The whole of ingest on real brokers: what a plain MQTT client sends is stored, once, whatever breaks."""

import json
import math
import time

import cbor2
import pytest

from ingest import announcer, worker
from ingest.mail import Mail
from tests.integration.brokers import KINDS, Mosquitto
from tests.integration.ingest_bench import T0, Bench, rows
from tests.waiting import wait_until
from venueair import mqtt_link
from venueair.messages import AlarmEdge

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(mqtt_link, "RETRY_S", (0.1, 0.4))
    monkeypatch.setattr(worker, "RETRY_S", (0.1, 0.4))
    monkeypatch.setattr(announcer, "RESEND_S", 0.3)


@pytest.fixture(params=KINDS)
def broker(request, tmp_path):
    opened = KINDS[request.param](tmp_path)
    opened.start()
    yield opened
    opened.kill()


@pytest.fixture
def bench(tmp_path, broker):
    opened = Bench(tmp_path, broker)
    yield opened
    opened.close()


@pytest.fixture
def mosquitto_bench(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    opened = Bench(tmp_path, broker)
    yield opened
    opened.close()
    broker.kill()


def test_rows_are_stored_and_committed_only_when_they_are(bench):
    early = []

    def check() -> None:
        if bench.stored()[0] < 2 * len(bench.client.announcements) + 2:
            early.append(bench.stored())

    bench.client.check = check
    for seq in range(3):
        bench.client.send(rows(seq))
        wait_until(lambda seq=seq: bench.client.upto() == seq)
    assert early == []
    assert bench.stored() == (6, 6)
    found = bench.store.range([bench.store.series("pm-1", "pm2_5")], T0, T0 + 60_000)
    assert found.t.tolist() == [T0, T0 + 1000, T0 + 2000]
    assert found.raw.tolist() == [12.0] * 3


def test_rows_of_a_node_without_a_spool_are_stored_and_not_committed(bench):
    node = {"v": 1, "boot": "n", "seq": 0, "t": T0, "q": {"temperature": 21.5}}
    bench.client.send(json.dumps(node).encode(), "node")
    bench.client.send(rows(0))
    wait_until(lambda: bench.client.upto() == 0)
    wait_until(lambda: bench.stored() == (3, 3))
    assert "node" not in bench.client.committed


POISON = {
    "malformed": b'{"v":1,"boot":"b","seq":0,"t":NaN}',
    "invalid": rows(0).replace(b"12.0", b"1e400"),
    "oversize": b"{" + b" " * 70_000,
    "shape": rows(50).replace(b"[12.0]", b"[12.0, 13.0]"),
    "not_finite": cbor2.dumps({"v": 1, "boot": "x", "seq": 0, "t": T0, "q": {"pm2_5": math.inf}}),
}


def test_poison_is_counted_and_the_next_good_message_is_stored(bench):
    for payload in POISON.values():
        bench.client.send(payload)
    bench.client.send(rows(0), "stranger")
    bench.client.send(rows(0, 2))
    wait_until(lambda: bench.client.upto() == 1)
    assert bench.worker.receiver.messages == dict.fromkeys(POISON, 1) | {"unknown_device": 1}
    assert {reason for _, _, reason, *_ in bench.worker.journal.dead_letters()} == {*POISON, "unknown_device"}
    assert bench.stored() == (4, 4)
    assert bench.worker.counts["worker_restarts"] == 0


def test_a_poisoned_alarm_seen_stops_nothing(bench):
    bench.client._client.publish("venueair/v1/expo/alarm_seen", b"\xff", qos=1)
    wait_until(lambda: bench.worker.receiver.messages["malformed"] == 1)
    bench.client.send(rows(0))
    wait_until(lambda: bench.client.upto() == 0)


def test_while_the_store_fails_rows_are_kept_and_stored_when_it_heals(bench):
    bench.store.is_full = True
    for seq in range(0, 30, 10):
        bench.client.send(rows(seq, 10))
    wait_until(lambda: bench.worker.counts["store_failures"] >= 2)
    assert "no space left" in bench.worker.store_problem
    assert not bench.worker.idle()
    assert bench.stored() == (0, 0)
    assert bench.client.announcements == []
    bench.store.is_full = False
    wait_until(lambda: bench.client.upto() == 29)
    assert bench.stored() == (60, 60)
    assert bench.worker.store_problem == ""
    assert bench.worker.counts["worker_restarts"] == 0


def test_alarms_wait_neither_for_the_store_nor_for_the_housekeeping_in_it(bench):
    bench.client.send(rows(0, 5))
    wait_until(lambda: bench.client.upto() == 4)
    bench.store.is_full = True
    bench.clock.advance(300)  # a rollup is due, and cannot be written
    wait_until(lambda: bench.worker.counts["store_failures"])
    bench.clock.advance(300)
    wait_until(lambda: {edge.alarm for edge in bench.client.edges} >= {"silence/pm-1/*", "silence/node/*"})
    bench.client.send(rows(600, 31, value=90.0))
    wait_until(lambda: any(edge.rule == "pm" for edge in bench.client.edges))
    assert bench.worker.counts["worker_restarts"] == 0
    assert bench.stored() == (10, 10)
    bench.store.is_full = False
    wait_until(lambda: bench.stored() == (72, 72))


def test_after_a_kill_resent_rows_are_stored_once(bench):
    bench.client.send(rows(0, 20))
    wait_until(lambda: bench.client.upto() == 19)
    bench.store.is_full = True
    bench.client.send(rows(20, 20))
    wait_until(lambda: not bench.worker.idle())
    bench.drop()
    bench.open()
    bench.client.committed.clear()
    bench.client.send(rows(10, 30, resent=True))
    wait_until(lambda: bench.client.upto() == 39)
    assert bench.stored() == (80, 80)
    # Of the resent rows ten were stored before the kill; mosquitto brings the other twenty by itself, too.
    wait_until(lambda: bench.worker.receiver.duplicates in (2 * 10, 2 * 30))


def test_a_row_resent_below_the_mark_is_committed_again(bench):
    bench.client.send(rows(0, 5))
    wait_until(lambda: bench.client.upto() == 4)
    bench.client.committed.clear()
    bench.client.send(rows(2, resent=True))
    wait_until(lambda: bench.client.upto() == 4)
    assert bench.stored() == (10, 10)


def test_alarm_edges_are_sent_again_until_they_were_seen(bench):
    bench.client.send(rows(0, 31, value=90.0))
    wait_until(lambda: len(bench.client.edges) >= 3)
    assert len({edge.id for edge in bench.client.edges}) == 1
    edge = bench.client.edges[0]
    assert (edge.rule, edge.scope, edge.level, edge.value) == ("pm", "stage", 1, 90.0)
    wait_until(lambda: bench.client.open == [edge])
    bench.client.say("alarm_seen", ids=[edge.id])
    wait_until(lambda: not bench.worker.journal.unseen())
    bench.client.say("api/status", state="online")
    bench.client.open = None
    wait_until(lambda: bench.client.open == [edge])  # still open, only no longer told as news


def test_an_unseen_edge_is_told_after_a_restart(bench):
    bench.client.send(rows(0, 31, value=90.0))
    wait_until(lambda: bench.client.upto() == 30)
    wait_until(lambda: bench.client.edges)
    told = {edge.id for edge in bench.client.edges}
    bench.drop()
    bench.client.edges.clear()
    bench.open()
    wait_until(lambda: bench.client.edges)
    assert {edge.id for edge in bench.client.edges} == told


def test_a_silent_device_that_leaves_the_settings_stops_neither_ingest_nor_stays_silent(bench):
    bench.clock.advance(600)
    wait_until(lambda: {"silence/node/*"} <= {edge.alarm for edge in bench.client.edges})
    bench.drop()
    bench.open(devices=("pm-1",))
    wait_until(lambda: any((e.alarm, e.level) == ("silence/node/*", 0) for e in bench.client.edges))
    bench.client.send(rows(0))
    wait_until(lambda: bench.client.upto() == 0)
    assert bench.worker.counts["worker_restarts"] == 0


def test_more_open_alarms_than_a_message_holds_do_not_stop_the_readings(bench):
    edges = [
        AlarmEdge(
            id=f"{n}",
            alarm=f"old-{n}",
            rule="x" * 64,
            scope="stage",
            quantity="pm2_5",
            t=T0,
            level=1,
            value=1,
            limit=1,
        )
        for n in range(400)
    ]
    bench.worker.journal.record([("expo", edge) for edge in edges], {})
    bench.worker.journal.seen([edge.id for edge in edges])
    bench.worker.announcer.alarms()
    before = bench.client.live
    bench.client.send(rows(0))
    wait_until(lambda: bench.client.upto() == 0)
    wait_until(lambda: bench.client.live > before)
    assert bench.worker.counts["worker_restarts"] == 0


def test_more_marks_than_a_message_holds_are_committed_in_several(bench):
    marks = {("pm-1", f"{n:064x}"): n for n in range(1200)}
    bench.worker.announcer.committed("venueair/v1/expo/gw1/committed", marks)
    wait_until(lambda: len(bench.client.committed.get("pm-1", {})) == len(marks))
    assert bench.client.committed["pm-1"] == {boot: n for (_, boot), n in marks.items()}
    assert bench.worker.counts["worker_restarts"] == 0


def test_a_broker_restart_loses_nothing_that_is_sent_again(bench):
    bench.client.send(rows(0, 10))
    wait_until(lambda: bench.client.upto() == 9)
    bench.broker.kill()
    wait_until(lambda: not bench.worker.link.connected and not bench.client.connected())
    bench.broker.start()
    wait_until(lambda: bench.worker.link.connected and bench.client.connected())
    bench.client.send(rows(5, 15, resent=True))
    wait_until(lambda: bench.client.upto() == 19)
    assert bench.stored() == (40, 40)


def test_what_a_failed_worker_forgot_the_broker_sends_again(mosquitto_bench):
    bench = mosquitto_bench
    bench.store.blows_up = True
    bench.client.send(rows(0, 10))  # sent once only, as by a node without a spool
    wait_until(lambda: bench.client.upto() == 9)
    assert bench.worker.counts["worker_restarts"] == 1
    assert bench.stored() == (20, 20)


def test_what_could_not_be_read_for_a_bug_is_not_acknowledged_and_comes_again(mosquitto_bench, monkeypatch):
    bench, read = mosquitto_bench, Mail.add

    def breaks_once(*arguments):
        monkeypatch.setattr(Mail, "add", read)
        raise ZeroDivisionError

    monkeypatch.setattr(Mail, "add", breaks_once)
    bench.client.send(rows(0, 10))
    wait_until(lambda: bench.client.upto() == 9)
    assert bench.worker.counts["worker_restarts"] == 1
    assert bench.stored() == (20, 20)


def test_stopping_stores_what_was_taken_within_four_seconds(bench):
    for seq in range(0, 500, 50):
        bench.client.send(rows(seq, 50))
    wait_until(lambda: bench.worker.receiver.ledger.of("pm-1", "b").upto == 499)
    started = time.monotonic()
    bench.worker.stop()
    assert time.monotonic() - started < 4
    assert bench.stored() == (1000, 1000)
    assert bench.store.marks()["pm-1", "b"].upto == 499


def test_stopping_does_not_wait_for_a_store_that_is_full(bench):
    bench.store.is_full = True
    bench.client.send(rows(0))
    wait_until(lambda: bench.worker.counts["store_failures"])
    started = time.monotonic()
    bench.worker.stop()
    assert time.monotonic() - started < 4
    assert bench.client.announcements == []


def test_live_values_are_told_and_age_by_their_time(bench):
    bench.client.send(rows(0, 2))
    wait_until(lambda: bench.client.live)
    bench.client.say("api/status", state="online")
    before = bench.client.live
    wait_until(lambda: bench.client.live > before)
