"""Decisions of the real control, in the journal, in words, and on pages."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import OperationalError

from api.audit_book import AuditBook, verify_book
from api.control.loop import Control
from api.decision import SLOTS, Decided, Inputs, decided, inputs_of, row_of, sentence, version_of
from api.decision_book import DecisionBook
from api.journal import Journal
from api.ops_db import open_ops_db
from tests.api.parts import FakeControl, FakeStore, settings
from tests.control.bench import Bench, settings_of
from tests.control.fake_purifier import FakeLink, FakePurifier
from venueair.api_part import ApiPart
from venueair.clock import ManualClock
from venueair.mqtt_link import Address
from venueair.rules import ControlSettings, Target
from venueair.site import Name

NOWHERE = Address("nowhere", 1, "", "", mqtt5=False)
ZONE = Name(ko="B구역", en="Zone B")
T = 1_795_442_580_000  # 2026-11-23 14:03 in London
WHY = "zone-b pm2_5 41.0 > 35 for 180 s: level 2 -> 3"
ROW = Decided(
    t=T,
    purifier="pf1",
    zone="zone-b",
    mode="run",
    level=3,
    from_level=2,
    slot="automatic",
    why=WHY,
    inputs=Inputs("zone-b", "pm2_5", 41.0, ">", 35.0, 180.0),
    version="3f9a01bc",
    phase="show",
)


def test_a_decision_is_one_sentence_in_each_language():
    said = sentence(ROW, ZONE)
    assert said.en == (
        "unit pf1 to level 3 at 14:03 UTC because Zone B PM2.5 41 > 35 for 3 min, rule v3f9a01bc, phase show"
    )
    assert said.ko == (
        "pf1: 14:03 UTC에 3단계로. 이유: B구역 PM2.5 41 > 35, 3분 동안, 규칙 v3f9a01bc, 행사 단계 show"
    )
    assert "at 23:03 KST" in sentence(ROW, ZONE, ZoneInfo("Asia/Seoul")).en
    assert "phase" not in sentence(replace(ROW, phase=None), ZONE).en


@pytest.mark.parametrize(
    ("slot", "mode", "level", "ko", "en"),
    [
        (
            "override",
            "stopped",
            0,
            "정지로. 이유: 운영자 지시 (kim: haze)",
            "to stopped at 14:03 UTC because an operator's",
        ),
        (
            "offline",
            None,
            None,
            "그대로 둠. 이유: 연결 끊김",
            "is left alone at 14:03 UTC because kim: haze, rule",
        ),
        ("advice", "run", 2, "2단계 권고(명령 없음)", "would go to level 2 (nothing sent)"),
        ("degraded", "idle", 0, "대기로. 이유: 제어 저하", "to idle at 14:03 UTC because degraded control"),
        ("newer", "run", 1, "1단계로. 이유: newer", "to level 1 at 14:03 UTC because newer"),
    ],
)
def test_every_slot_says_what_it_does_and_why(slot, mode, level, ko, en):
    row = replace(ROW, slot=slot, mode=mode, level=level, inputs=None, why="kim: haze")
    said = sentence(row, ZONE)
    assert ko in said.ko
    assert en in said.en


@pytest.mark.parametrize(
    ("why", "inputs"),
    [
        (WHY, ROW.inputs),
        ("hall-a pm10 7.5 < 25 for 300 s: level 1 -> 0", Inputs("hall-a", "pm10", 7.5, "<", 25.0, 300.0)),
        ("advice only: hall-a pm2_5 12.0: level 0", Inputs("hall-a", "pm2_5", 12.0)),
        ("minimum on time, 200 s left, then: kim: 3 doors open", None),
        ("hall-a pm2_5: no usable value for 300 s: control degraded, safe level 2", None),
        ("the unit is offline: no commands; check its power and network", None),
    ],
)
def test_the_numbers_in_the_words_of_control_are_found(why, inputs):
    assert inputs_of(why) == inputs


def test_a_decision_without_a_value_has_empty_columns_for_it():
    (view,) = FakeControl().purifiers()
    row = row_of(decided(view.model_dump() | {"why": "local"}, T, "v", None))
    assert [row[name] for name in ("source", "quantity", "value", "relation", "limit", "for_s")] == [None] * 6
    assert (row["purifier"], row["from_level"], row["level"]) == ("pf1", 2, None)


def test_the_version_changes_with_any_setting_of_control():
    one, other = settings_of(min_on_s=0).control, settings_of(min_on_s=1).control
    assert version_of(one) != version_of(other)
    assert version_of(one) == version_of(settings_of(min_on_s=0).control)


@pytest.fixture
def journal(tmp_path):
    return make(tmp_path)


def make(tmp_path, clock=None, link=None, phase="show"):
    """A bench whose control tells the journal, over a real database."""
    clock, link = clock or ManualClock(), link or FakeLink()
    of_control = settings_of(min_on_s=0, min_off_s=0)
    engine = open_ops_db(tmp_path / "ops.sqlite")
    events = []
    audit = AuditBook(engine)
    told = Journal(
        of_control, clock, engine, audit, lambda *event: events.append(event), lambda _zone, _now: phase
    )
    control = Control(of_control, clock, link, engine, told)
    unit = link.units.get("p1") or FakePurifier(link, clock, "p1")
    bench = Bench(
        control=control,
        clock=clock,
        link=link,
        units={"p1": unit},
        unit=unit,
        engine=engine,
        events=events,
        beat=0,
        audit=audit,
        told=told,
        book=DecisionBook(engine),
    )
    unit.connect()
    link.pump()
    return bench


def decisions(bench, **wanted):
    return [row for _, row in bench.book.page(limit=100, **wanted)][::-1]


def test_each_change_is_one_row_with_its_numbers_and_its_command(journal):
    journal.run(1)
    journal.run(200, pm=41)
    rows = [row for row in decisions(journal) if row.slot == "automatic"]
    assert [(row.mode, row.level, row.from_level) for row in rows] == [
        ("idle", 0, 0),
        ("run", 1, 0),
        ("run", 2, 1),
        ("run", 3, 2),
    ]
    for row in rows[1:]:
        assert row.inputs == Inputs("hall-a", "pm2_5", 41.0, ">", 35.0, 60.0)
        command = journal.control.command(row.command)
        assert (command["mode"], command["level"], command["purifier"]) == ("run", row.level, "p1")
        assert (row.phase, row.version) == ("show", rows[0].version)
    assert len({row.command for row in rows[1:]}) == 3
    journal.run(60, pm=41)
    assert len(decisions(journal)) == journal.told.counts["decision_written"]
    assert len([row for row in decisions(journal) if row.slot == "automatic"]) == 4


def test_orders_of_people_and_a_lost_unit_are_decisions_too(journal):
    journal.run(2, pm=10)
    journal.order(mode="stopped", minutes=0)
    journal.run(2, pm=10)
    stopped = decisions(journal)[-1]
    assert (stopped.slot, stopped.mode, stopped.inputs) == ("override", "stopped", None)
    assert journal.control.command(stopped.command)["mode"] == "stopped"
    journal.order(mode="auto", release=True)
    journal.run(3, pm=10)
    assert decisions(journal)[-1].slot == "automatic"


def test_every_command_is_audited_before_it_is_sent_and_names_nobody(journal):
    journal.run(2, pm=10)
    journal.order(mode="run", level=3, by="kim", reason="doors of kim")
    journal.run(70, pm=41)
    rows = journal.audit.page(limit=100)[::-1]
    commands = journal.control.commands(purifier=None, state=None, limit=100)[::-1]
    assert [row.entry.command for row in rows] == [command["id"] for command in commands]
    assert {row.entry.who for row in rows} == {"control"}
    assert rows[0].entry.slot == "override"
    assert rows[0].entry.after == {"mode": "run", "level": 3, "release": False}
    assert "kim" not in str(rows)
    with journal.engine.connect() as connection:
        assert verify_book(connection, journal.audit.head()).broken is None


def test_control_says_why_it_commands_of_its_own_accord(journal):
    journal.run(70, pm=41)
    entry = journal.audit.page(limit=1)[0].entry
    assert (entry.slot, entry.target) == ("automatic", "purifiers/p1")
    assert entry.reason == "hall-a pm2_5 41.0 > 35 for 60 s: level 0 -> 1"


def test_a_restart_adds_no_row_for_what_was_decided_before(journal, tmp_path):
    journal.run(70, pm=41)
    before = decisions(journal)
    again = make(tmp_path, journal.clock, journal.link)
    again.run(1, pm=41)
    known = [row.what for row in before]
    assert decisions(again)[: len(before)] == before
    assert [row.what for row in decisions(again)].count(("automatic", "run", 1)) <= known.count(
        ("automatic", "run", 1)
    ) + 1
    newest = dict(again.book.newest())
    assert newest["p1"][1] == decisions(again)[-1]


def test_control_goes_on_when_nothing_can_be_written_and_it_is_counted(journal):
    with journal.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone")
        connection.exec_driver_sql("ALTER TABLE decisions RENAME TO gone_too")
    journal.run(70, pm=41)
    assert journal.unit.level == 1
    assert journal.told.counts["command_lost"] == 1
    assert journal.told.counts["purifier_lost"] >= 2
    kinds = {kind for kind, _ in journal.events}
    assert kinds == {"command", "purifier"}
    with pytest.raises(OperationalError):
        journal.book.page(limit=1)


def test_the_route_gives_pages_of_rows_with_sentences(site):
    book = DecisionBook(site.engine)
    for n in range(5):
        book.append(replace(ROW, t=T + n, purifier=f"pf{n % 2}", zone="zone-a"))
    book.append(replace(ROW, t=T + 9, zone="gone"))
    client = site.client()
    seen, following = [], "/api/v1/decisions?limit=2&zone=zone-a"
    while following:
        answer = client.get(following).json()
        seen += [row["number"] for row in answer["rows"]]
        book.append(replace(ROW, t=T + 10, zone="zone-a"))
        following = answer["next"] and f"/api/v1/decisions?limit=2&zone=zone-a&after={answer['next']}"
    assert seen == [5, 4, 3, 2, 1]
    (row,) = client.get(f"/api/v1/decisions?purifier=pf1&from={T + 2}&to={T + 4}").json()["rows"]
    assert (row["t"], row["value"], row["limit"]) == (T + 3, 41.0, 35.0)
    assert row["sentence_en"].startswith("unit pf1 to level 3 at 14:03 UTC because Hall A PM2.5 41 > 35")
    assert row["sentence_ko"].startswith("pf1: 14:03 UTC에 3단계로. 이유: 에이홀")
    (gone,) = client.get("/api/v1/decisions?zone=gone").json()["rows"]
    assert "because gone PM2.5" in gone["sentence_en"]
    link = client.get("/api/v1/decisions?limit=1").headers["link"]
    assert re.fullmatch(r'</api/v1/decisions\?limit=1&after=[\w-]+>; rel="next"', link)


def test_what_is_no_page_of_decisions_is_refused(site):
    for query in ["limit=0", "after=x", "from=-1", "to=x"]:
        assert site.client().get(f"/api/v1/decisions?{query}").status_code == 422, query


def test_every_slot_has_words_in_both_languages():
    assert all(name.ko and name.en and name.ko != name.en for name in SLOTS.values())


def test_the_part_joins_control_journal_audit_log_and_stream(tmp_path):
    engine = open_ops_db(tmp_path / "ops.sqlite")
    part = ApiPart(settings(), ManualClock(), NOWHERE, FakeStore(), engine)
    told = []
    part.hub.subscribe_local(lambda event, row: told.append((event, row)))
    (view,) = part.control.purifiers()
    part.control.on_status("pf1", False)
    assert [row["id"] for event, row in told if event == "purifier"] == ["pf1"]
    assert [row.slot for _, row in part.service.decisions.page(limit=9)] == [view.slot] == ["unknown"]
    assert part.service.audit is part.audit
    counters = {metric.name for metric in part.metrics() if metric.type == "counter"}
    assert counters == {"venueair_control", "venueair_audit", "venueair_journal"}


def test_metrics_say_how_many_halls_are_stopped_and_zones_degraded(tmp_path):
    clock = ManualClock()
    with_target = settings().model_copy(
        update={
            "control": ControlSettings(
                targets=(Target(zone="zone-a", quantity="pm2_5", up_above=35, down_below=25),)
            )
        }
    )
    part = ApiPart(with_target, clock, NOWHERE, FakeStore(), open_ops_db(tmp_path / "ops.sqlite"))

    def gauges():
        return {m.name: m.samples[0].value for m in part.metrics() if m.type == "gauge"}

    assert gauges() == {"venueair_control_zones_degraded": 0, "venueair_control_halls_stopped": 0}
    part.control.stop_hall("hall-a", by="kim", reason="test")
    for _ in range(2):
        clock.advance(1000)
        part.control.tick()
    assert gauges() == {"venueair_control_zones_degraded": 1, "venueair_control_halls_stopped": 1}
