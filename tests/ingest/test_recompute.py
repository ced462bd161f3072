"""`recompute` makes a period again from raw, with the corrections that hold now, and says what changed."""

import pytest

from ingest import pipeline
from ingest.plan import Plan
from ingest.recompute import recompute
from tests.ingest.small_site import IN_FORCE, NAMES, SITE, T0, ZONE_OF, block_of
from venueair.block import Block
from venueair.settings import Settings
from venueair.store.duckdb_store import DuckDbStore

HOUR = 3_600_000
ROWS = [
    (device, "pm2_5", T0 + 1000 * n, 20.0 + n % 3, 0) for n in range(1, 301) for device in ("a1", "a2", "a3")
]


def settings_in(folder, *corrections) -> Settings:
    return Settings(
        data=folder,
        gateway={"venue": "v"},
        venue=SITE.venues,
        hall=SITE.halls,
        zone=SITE.zones,
        sensor=SITE.sensors,
        rules={"built_in": False},
        correction=corrections,
    )


def twice(device: str) -> dict:
    return {
        "kind": "linear",
        "device": device,
        "quantity": "pm2_5",
        "from": "2026-01-01",
        "version": 1,
        "offset": 0.0,
        "gain": 2.0,
    }


@pytest.fixture
def store(tmp_path):
    opened = DuckDbStore(tmp_path / "air.duckdb")
    for source, quantity in NAMES:
        opened.series(source, quantity)
    plan = Plan.of(NAMES, SITE, IN_FORCE)
    result = pipeline.run(block_of(ROWS), Block.empty(), pipeline.State(), plan)
    opened.write(Block.concat([result.rows, result.zone_values]), {})
    yield opened
    opened.close()


def run(store, settings, device=None):
    seen = []
    changes = recompute(store, settings, device, T0, T0 + HOUR, T0 + HOUR, lambda *p: seen.append(p))
    assert seen[-1][0] == seen[-1][1] > 0
    return changes


def test_nothing_changes_where_nothing_has_changed(store, tmp_path):
    assert run(store, settings_in(tmp_path)).rows.total() == 0
    assert store.owed() == []


def test_a_new_correction_changes_values_zone_values_and_rollups_and_leaves_raw(store, tmp_path):
    corrected = settings_in(tmp_path, *(twice(device) for device in ZONE_OF))
    before = store.range(None, T0, T0 + HOUR)
    changes = run(store, corrected)
    assert {name for name, _ in changes.rows} == {"a1", "a2", "a3", "hall-a"}
    assert changes.rows["a1", "pm2_5"] == 300
    after = store.range(None, T0, T0 + HOUR)
    assert (
        after.raw[after.series < len(ZONE_OF)].tolist() == before.raw[before.series < len(ZONE_OF)].tolist()
    )
    number = NAMES.index(("hall-a", "pm2_5"))
    assert min(after.value[after.series == number]) > 39
    minutes = store.rollup_range(60, [NAMES.index(("a1", "pm2_5"))], T0, T0 + HOUR)
    assert 40 <= float(minutes.mean[0]) <= 44
    assert run(store, corrected).rows.total() == 0
