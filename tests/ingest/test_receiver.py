import json
import math

import cbor2
import pytest

from ingest.clocks import AHEAD_MS, LAG_MS
from ingest.intake import Intake, Receiver
from ingest.journal import Journal
from ingest.ledger import Ledger
from ingest.mail import Mail
from ingest.silence import Expected
from venueair.block import Why
from venueair.mqtt_wave import Wave
from venueair.store.store import Marks

NOW = 1_795_447_518_905
EXPECTED = {
    "pm-1": Expected(("pm2_5", "co2"), 1.0),
    "slow": Expected(("radon",), 600.0),
    "other-venue": Expected(("pm2_5",), 1.0),
}
COMMITTED = "venueair/v1/expo/gw1/committed"
VENUE_OF = {"pm-1": "expo", "slow": "expo", "other-venue": "museum"}


class Numbers:
    """The one thing of a store that a Receiver needs: numbers of series."""

    def __init__(self) -> None:
        self.names: list[tuple[str, str]] = []

    def series(self, source: str, quantity: str) -> int:
        if (source, quantity) not in self.names:
            self.names.append((source, quantity))
        return self.names.index((source, quantity))


class Bench:
    def __init__(self, folder) -> None:
        self.store = Numbers()
        self.journal = Journal(folder / "journal.sqlite")
        self.receiver = Receiver(self.store, self.journal, Ledger({}), EXPECTED, VENUE_OF)

    def take(self, *messages: dict | bytes, device="pm-1", venue="expo", retained=False, t=NOW) -> Intake:
        topic = f"venueair/v1/{venue}/{device}/data"
        self.receiver.heard[:] = 0
        n = len(messages)
        payloads = [m if isinstance(m, bytes) else message(**m) for m in messages]
        return self.receiver.take(self.mail([topic.encode()] * n, payloads, retained=retained, t=t))

    def mail(self, topics: list[bytes], payloads: list[bytes], *, retained=False, t=NOW) -> Mail:
        n, mail = len(topics), Mail()
        self.receiver.read(mail, Wave(topics, payloads, [0] * n, [retained] * n, [False] * n, 1, 0.0), t)
        return mail

    def marks(self, intake: Intake) -> dict[tuple[str, str], Marks]:
        ledger = self.receiver.ledger
        return {ledger.keys[stream]: ledger.marks(stream) for stream in intake.streams}

    def announce(self, intake: Intake) -> dict[str, set[tuple[str, str]]]:
        keys = self.receiver.ledger.keys
        return {topic: {keys[stream] for stream in streams} for topic, streams in intake.announce.items()}

    def heard(self) -> dict[tuple[str, str], int]:
        heard = self.receiver.heard[: len(self.store.names)].tolist()
        return {name: t for name, t in zip(self.store.names, heard, strict=True) if t}

    def rows(self, intake: Intake) -> list[tuple[str, int, float, int]]:
        block = intake.block
        return [
            (self.store.names[s][1], t - NOW, value, why)
            for s, t, value, why in zip(
                block.series.tolist(), block.t.tolist(), block.raw.tolist(), block.why.tolist(), strict=True
            )
        ]

    def buried(self) -> list[str]:
        return [reason for _, _, reason, *_ in self.journal.dead_letters()]


def message(**fields) -> bytes:
    return json.dumps({"v": 1, "boot": "b", "seq": 0, "t": NOW, "q": {"pm2_5": 12.0}, **fields}).encode()


@pytest.fixture
def bench(tmp_path):
    opened = Bench(tmp_path)
    yield opened
    opened.journal.close()


def test_readings_of_a_wave_come_out_in_the_order_of_their_arrival(bench):
    found = bench.take(
        {"q": {"pm2_5": 12, "co2": None}}, {"seq": 1, "t": [NOW + 1, NOW + 2], "q": {"co2": [700, None]}}
    )
    assert bench.rows(found) == [("pm2_5", 0, 12.0, 0), ("co2", 1, 700.0, 0)]
    assert bench.marks(found) == {("pm-1", "b"): Marks(2)}
    assert bench.heard() == {("pm-1", "pm2_5"): NOW, ("pm-1", "co2"): NOW}


def test_duplicates_are_counted_by_reading_and_not_stored_again(bench):
    two = {"t": [NOW, NOW + 1], "q": {"pm2_5": [12, 13], "co2": [700, None]}}
    bench.take(two)
    again = bench.take(two, {"seq": 1, "t": [NOW + 1, NOW + 2], "q": {"pm2_5": [13, 14]}})
    assert bench.receiver.duplicates == 3 + 1
    assert bench.rows(again) == [("pm2_5", 2, 14.0, 0)]


def test_a_duplicate_within_one_wave_is_one_too(bench):
    found = bench.take({}, {})
    assert len(found.block) == 1
    assert bench.receiver.duplicates == 1


def test_a_resent_row_below_the_mark_makes_the_mark_announced_again(bench):
    bench.take({"via": "gw1"})
    again = bench.take({"via": "gw1", "resent": True})
    assert len(again.block) == 0
    assert bench.announce(again) == {COMMITTED: {("pm-1", "b")}}
    assert bench.marks(again) == {("pm-1", "b"): Marks(0)}


def test_every_gateway_is_told_of_marks_and_a_node_without_one_is_not(bench):
    assert set(bench.announce(bench.take({"via": "gw9"}))) == {COMMITTED.replace("gw1", "gw9")}
    assert bench.take({"seq": 1}, {"seq": 2, "via": "no/id"}).announce == {}


def test_rows_declared_dropped_count_as_settled(bench):
    found = bench.take({"seq": 10, "dropped": [[0, 3], [4, 9]]})
    assert bench.marks(found) == {("pm-1", "b"): Marks(10)}


@pytest.mark.parametrize(
    ("fields", "arrival", "is_late"),
    [
        ({}, {}, False),
        ({"t": NOW - 120_000}, {}, False),
        ({"t": NOW - 120_001}, {}, True),
        ({"resent": True}, {}, True),
        ({}, {"retained": True}, True),
    ],
    ids=["live", "two minutes old", "older", "resent", "retained"],
)
def test_late_rows_are_marked_stored_and_no_sign_of_life(bench, fields, arrival, is_late):
    found = bench.take(fields, **arrival)
    ((_, _, value, why),) = bench.rows(found)
    assert value == 12.0
    assert bool(why & Why.LATE) is is_late
    assert (not bench.heard()) is is_late
    assert bench.receiver.late == is_late


def test_a_slow_device_is_late_after_three_of_its_intervals(bench):
    for seq, (age, is_late) in enumerate([(1_800_000, False), (1_800_001, True)]):
        found = bench.take({"seq": seq, "t": NOW - age, "q": {"radon": 40}}, device="slow")
        assert [bool(why & Why.LATE) for *_, why in bench.rows(found)] == [is_late]


def by_arrival(bench, intake) -> list[tuple[int, float]]:
    return list(zip((intake.by_arrival.t - NOW).tolist(), intake.by_arrival.raw.tolist(), strict=True))


def test_a_clock_that_runs_ahead_is_marked_and_its_rows_are_detected_when_they_came(bench):
    ahead = {"t": [NOW + 70_000, NOW + 71_000], "q": {"pm2_5": [1, 2]}}
    found = bench.take(ahead)
    assert bench.rows(found) == [("pm2_5", 70_000, 1.0, Why.CLOCK), ("pm2_5", 71_000, 2.0, Why.CLOCK)]
    assert by_arrival(bench, found) == [(-1000, 1.0), (0, 2.0)]
    assert bench.heard() == {("pm-1", "pm2_5"): NOW}
    assert bench.receiver.clocks.wrong == {"pm-1": NOW}


def test_a_clock_that_was_set_right_is_believed_again(bench):
    bench.take({"t": NOW + AHEAD_MS + 1})
    found = bench.take({"seq": 1, "t": NOW})
    assert bench.rows(found) == [("pm2_5", 0, 12.0, 0)]
    assert len(found.by_arrival) == 0
    assert bench.receiver.clocks.wrong == {}


def test_a_clock_that_says_itself_that_it_is_wrong_is_not_believed(bench):
    bench.receiver.clocks.says("pm-1", clock_ok=False)
    assert bench.rows(bench.take({"t": NOW - 5000})) == [("pm2_5", -5000, 12.0, Why.CLOCK)]
    bench.receiver.clocks.says("pm-1", clock_ok=True)
    assert bench.rows(bench.take({"seq": 1, "t": NOW - 4000})) == [("pm2_5", -4000, 12.0, 0)]


def test_live_rows_that_keep_their_lag_are_of_a_wrong_clock_and_a_draining_queue_is_only_late(bench):
    hour = 3_600_000
    for n in range(0, LAG_MS + 1, 1000):  # one row a second, each an hour old
        found = bench.take({"seq": n // 1000, "t": NOW + n - hour}, t=NOW + n)
        assert bool(found.block.why[0] & Why.LATE) is (n < LAG_MS)
    assert by_arrival(bench, found) == [(LAG_MS, 12.0)]
    bench.receiver.clocks.wrong.clear()
    for n in range(200):  # a second's row each 100 ms
        found = bench.take({"seq": 100 + n, "t": NOW + 1000 * n - hour}, device="pm-1", t=NOW + 100 * n)
        assert found.block.why[0] == Why.LATE


@pytest.mark.parametrize("status", ["ok", "warming", "fault"])
def test_the_status_of_the_device_goes_with_its_rows(bench, status):
    ((*_, why),) = bench.rows(bench.take({"status": status}))
    assert why == {"ok": 0, "warming": Why.WARM_UP, "fault": Why.DEVICE_FAULT}[status]


def test_an_unknown_quantity_is_counted_and_keeps_the_others(bench):
    found = bench.take({"t": [NOW, NOW + 1], "q": {"pm2_5": [1, 2], "smell": [3, 4]}})
    assert [name for name, *_ in bench.rows(found)] == ["pm2_5", "pm2_5"]
    assert bench.receiver.rejected_of({"pm-1"}) == {"unknown_quantity": 2}
    assert bench.receiver.rejected_of({"slow"}) == {}
    assert bench.buried() == ["unknown_quantity"]


@pytest.mark.parametrize("wrong", [0, 4_070_908_800_000], ids=["1970", "2099"])
def test_rows_of_an_impossible_time_are_counted_buried_and_settled_and_the_others_stored(bench, wrong):
    found = bench.take(
        {"via": "gw1", "t": [NOW, wrong, NOW + 1], "q": {"pm2_5": [1, 2, 3], "co2": [7, 8, None]}}
    )
    assert bench.rows(found) == [("pm2_5", 0, 1.0, 0), ("pm2_5", 1, 3.0, 0), ("co2", 0, 7.0, 0)]
    assert bench.receiver.rejected_of({"pm-1"}) == {"time": 2}
    assert bench.buried() == ["time"]
    assert bench.marks(found) == {("pm-1", "b"): Marks(2)}


POISON = {
    "malformed": b"{",
    "invalid": message().replace(b"12.0", b"1e400"),
    "oversize": b" " * 70_000,
    "shape": message(t=[NOW], q={"pm2_5": [1, 2]}),
    "not_finite": cbor2.dumps({"v": 1, "boot": "b", "seq": 0, "t": NOW, "q": {"pm2_5": math.inf}}),
}


@pytest.mark.parametrize(("reason", "payload"), POISON.items(), ids=POISON)
def test_poison_is_counted_and_buried_and_the_messages_around_it_are_stored(bench, reason, payload):
    found = bench.take({}, payload, {"seq": 1, "t": NOW + 1})
    assert [t for _, t, *_ in bench.rows(found)] == [0, 1]
    assert bench.receiver.messages == {reason: 1}
    assert bench.buried() == [reason]


def test_rows_that_are_buried_whole_are_settled_or_their_gateway_would_send_them_for_ever(bench):
    bad = message(seq=3, t=[NOW, NOW + 1], q={"pm2_5": [1]}, via="gw1", dropped=[[0, 2]])
    found = bench.take(bad)
    assert len(found.block) == 0
    assert bench.marks(found) == {("pm-1", "b"): Marks(4)}
    assert bench.announce(found) == {COMMITTED: {("pm-1", "b")}}


def test_a_device_that_is_not_in_the_settings_is_not_settled_it_may_be_added(bench):
    found = bench.take({"via": "gw1"}, device="pm-9")
    assert (found.streams, found.announce) == (set(), {})
    assert bench.receiver.messages == {"unknown_device": 1}


def test_a_device_speaks_below_its_own_venue_only(bench):
    assert len(bench.take({}, device="other-venue", venue="expo").block) == 0
    assert bench.receiver.messages == {"unknown_device": 1}
    assert len(bench.take({}, device="other-venue", venue="museum").block) == 1


@pytest.mark.parametrize("topic", ["venueair/v1/expo/live", "venueair/v1/expo/PM/data", "other", ""])
def test_a_topic_that_names_no_device_is_counted_and_buried(bench, topic):
    bench.receiver.take(bench.mail([topic.encode()], [message()]))
    assert bench.receiver.messages == {"topic": 1}
    assert bench.buried() == ["topic"]


def test_dead_letters_stay_bounded_under_a_flood_of_poison(bench, monkeypatch):
    monkeypatch.setattr("ingest.journal.MAX_DEAD_LETTERS", 10)
    bench.take(*[b"{" + b"x" * 5000] * 40)
    assert len(bench.buried()) == 10
    assert bench.receiver.messages == {"malformed": 40}
    assert all(len(payload) <= 1024 for *_, payload in bench.journal.dead_letters())


def test_a_row_of_nothing_but_missing_values_is_settled_and_no_reading(bench):
    found = bench.take({"q": {"pm2_5": None}})
    assert len(found.block) == 0
    assert bench.heard() == {}
    assert bench.marks(found) == {("pm-1", "b"): Marks(0)}
