"""History as CSV while the service runs: what `venueair export` writes."""

import numpy as np
import pytest

from tests.api.parts import T0
from venueair.block import Block, Flag
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.export import rows_as_csv
from venueair.store.store import StoreError

URL = "/api/v1/readings/export"
DAY = 86_400_000


@pytest.fixture
def store(site, tmp_path):
    """Three days of two sensors, and what their zone made of them, behind the application."""
    store = DuckDbStore(tmp_path / "air.duckdb")
    t = T0 - 60_000 * np.arange(1, 3 * 1440)
    for n, name in enumerate([("pm1", "pm2_5"), ("node1", "temperature"), ("zone-a", "pm2_5")]):
        rows = Block.of(t, np.full(len(t), store.series(*name)), 10 * n + np.linspace(0, 1, len(t)))
        rows.flag[:] = Flag.GOOD
        store.write(rows, {})
    site.service.store = store
    yield store
    store.close()


def test_it_is_what_the_command_writes_of_all_devices_and_of_the_last_day(site, store):
    answer = site.client().get(URL)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "readings.csv" in answer.headers["content-disposition"]
    devices = [("pm1", "pm2_5"), ("node1", "temperature")]
    assert answer.content == b"".join(rows_as_csv(store, devices, T0 - DAY, T0))
    assert answer.text.count("\n") == 1 + 2 * 1440


def test_device_start_and_end_narrow_it(site, store):
    query = {"device": "node1", "start": T0 - 3 * DAY, "end": "2026-11-23T15:20:00Z"}
    lines = site.client().get(URL, params=query).text.splitlines()
    assert {line.split(",")[1] for line in lines[1:]} == {"node1"}
    assert lines[-1].startswith("2026-11-23T15:19:00.000Z,node1,temperature,")
    assert len(lines) > 2 * 1440


def test_a_device_that_is_no_longer_in_the_settings_still_has_its_history(site, store):
    store.write(Block.of([T0 - 1], [store.series("gone", "co2")], [700]), {})
    lines = site.client().get(URL, params={"device": "gone"}).text.splitlines()
    assert lines[1:] == ["2026-11-23T15:24:59.999Z,gone,co2,700.0,700.0,2"]


def test_a_known_device_without_readings_is_a_header(site):
    assert site.client().get(URL, params={"device": "node1"}).text == "time,device,quantity,value,raw,flag\n"


@pytest.mark.parametrize(
    ("params", "status", "hint"),
    [
        ({"device": "nowhere"}, 404, "unknown device"),
        ({"device": "zone-a"}, 404, "unknown device"),
        ({"start": "yesterday"}, 422, "ISO 8601"),
        ({"start": T0, "end": T0}, 422, "before end"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_change(site, params, status, hint):
    answer = site.client().get(URL, params=params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]


def test_a_store_that_does_not_answer_is_a_503_and_not_an_empty_file(site, store, monkeypatch):
    def fails(*_):
        raise StoreError("the disk is gone")

    monkeypatch.setattr(store, "range", fails)
    answer = site.client().get(URL)
    assert answer.status_code == 503
    assert "the disk is gone" in answer.json()["detail"]


def test_it_needs_a_key(site):
    assert site.client(None).get(URL).status_code == 401
