"""The benchmark itself is no test; what it writes and what the page shows of it are."""

import dataclasses
import json

import pytest

from bench import page
from bench.figures import HERE, RESULTS, Row, is_met, keep, percentile, read, row, table
from bench.payloads import DEVICES, LAST, Plan
from bench.publisher import packets, remaining_length
from venueair.messages import Data, decode

KEYS = {"name", "ours", "peer", "peer_name", "unit", "ratio", "goal", "ok"}
MACHINE = {
    "when": "2026-11-23 20:00 UTC",
    "cpu": "x",
    "cores": 2,
    "memory_gb": 8,
    "kernel": "6",
    "python": "3",
}


def facts(**more) -> dict:
    return {"machine": MACHINE, **more}


def test_a_row_in_the_results_has_the_promised_keys(tmp_path):
    keep("idle", [row("idle", 0.08, "cores", "<= 0.10")], facts(), ["idle"], tmp_path)
    (written,) = json.loads((tmp_path / RESULTS).read_text())
    assert set(written) == KEYS == {field.name for field in dataclasses.fields(Row)}
    assert written["ok"] is True
    assert read(tmp_path) == [Row(**written)]


def test_a_benchmark_run_again_replaces_its_own_rows_only(tmp_path):
    order = ["singles", "idle"]
    keep("idle", [row("idle", 1, "cores")], facts(), order, tmp_path)
    keep("singles", [row("rate", 1, "readings/s"), row("gone", 1, "MB")], facts(), order, tmp_path)
    keep("singles", [row("rate", 2, "readings/s")], facts(), order, tmp_path)
    assert [(r.name, r.ours) for r in read(tmp_path)] == [("rate", 2), ("idle", 1)]


@pytest.mark.parametrize(
    ("goal", "ours", "peer", "met"),
    [
        (">= 1.3x", 130, 100, True),
        (">= 1.3x", 129, 100, False),
        ("<= 0.2x", 21, 100, False),
        ("<= 100", 99, None, True),
        ("<= 100", 101, 1000, False),
        (">= 3x", 9, None, False),  # a ratio without a peer is no success
        (None, 1, None, True),
    ],
)
def test_a_goal_is_judged_on_the_ratio_or_on_ours(goal, ours, peer, met):
    assert row("x", ours, "unit", goal, peer=peer, peer_name="peer").ok is met


def test_a_goal_that_cannot_be_read_is_an_error():
    with pytest.raises(ValueError, match="no goal"):
        is_met("about 3", 3, None)


def test_a_goal_is_judged_before_the_figure_is_rounded():
    judged = row("x", 100.001, "ms", "<= 100")
    assert (judged.ours, judged.ok) == (100.0, False)


def test_a_percentile_is_a_figure_that_was_seen():
    assert percentile([5, 1, 4, 2, 3], 50) == 3
    assert percentile(list(range(1, 101)), 99) == 99
    assert percentile([7], 99) == 7


def test_the_table_names_what_was_missed():
    text = table([row("fast", 2, "MB", "<= 1"), row("small", 1, "MB", "<= 1")])
    assert [line.split()[-1] for line in text.splitlines()[1:]] == ["MISSED", "ok"]


def test_the_page_shows_the_rows_between_its_markers():
    text = f"head\n{page.BEGIN}\nold\n{page.END}\nfoot\n"
    filled = page.filled(
        text, [row("rate", 10, "readings/s", ">= 2x", peer=4, peer_name="peer")], {"a": facts()}
    )
    assert "| rate | 10 readings/s | 4 (peer) | 2.5x | >= 2x | ok |" in filled
    assert "old" not in filled
    assert page.filled(filled, [], {"a": facts()}) != filled
    with pytest.raises(ValueError, match="no <!--"):
        page.filled("no markers", [], {})


def test_the_page_in_docs_has_the_figures_of_the_results():
    text = page.PAGE.read_text()
    assert text == page.filled(text, read(HERE), page.run_facts(HERE)), "run: python -m bench.page"


@pytest.mark.parametrize("form", ["single", "columns", "cbor"])
def test_our_messages_are_canonical_and_their_rows_consecutive(form):
    plan = Plan(form, 100 * DEVICES, 1_795_447_500_000, "b" * 16)
    seq: dict[bytes, int] = {}
    newest: dict[bytes, int] = {}
    rows = 0
    for topic, payload in plan.messages():
        data = decode(payload, Data)
        t = data.t if isinstance(data.t, list) else [data.t]
        assert data.seq == seq.get(topic, 0)
        assert t[0] > newest.get(topic, 0)
        assert sorted(set(t)) == list(t)
        seq[topic], newest[topic] = data.seq + len(t), t[-1]
        rows += len(t)
    assert rows == 100 * DEVICES
    assert len(seq) == DEVICES


def test_peers_get_the_same_readings_as_we_do():
    ours, theirs = (Plan(form, 50 * DEVICES, 1_795_447_500_000, "b") for form in ("columns", "rows"))
    for (topic, mine), (same, rows) in zip(ours.messages(), theirs.messages(), strict=True):
        data = json.loads(mine)
        assert topic == same
        assert json.loads(rows) == [
            {"t": t, "pm2_5": v} for t, v in zip(data["t"], data["q"]["pm2_5"], strict=True)
        ]


def test_publish_packets_are_as_the_standard_says():
    assert packets([(b"a/b", b"hi")], 0).data == b"\x30\x07\x00\x03a/bhi"
    assert packets([(b"a/b", b"hi")], 1).data == b"\x32\x09\x00\x03a/b\x00\x01hi"
    assert [remaining_length(n) for n in (0, 127, 128, 16_384)] == [
        b"\x00",
        b"\x7f",
        b"\x80\x01",
        b"\x80\x80\x01",
    ]
    assert Plan("single", 0, 1_795_447_500_000, "b").one(LAST, 0)[0].endswith(b"/last/data")
