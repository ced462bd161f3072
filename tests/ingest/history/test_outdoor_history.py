"""Imported CO2 from outdoors is what the venue's halls are judged by, whichever file comes first."""

import pytest

from ingest.history import run
from ingest.history.files import HistoryFile
from ingest.history.wide import Reading
from ingest.recompute import settle_all
from tests.ingest.history.reading import LATEST, T0
from tests.ingest.quality.test_below_outdoor import SITE
from venueair.block import Why
from venueair.settings import Settings
from venueair.store.duckdb_store import DuckDbStore

MINUTE = 60_000


def settings_in(folder) -> Settings:
    return Settings(
        data=folder,
        gateway={"venue": "v"},
        venue=SITE.venues,
        hall=SITE.halls,
        zone=SITE.zones,
        sensor=SITE.sensors,
        rules={"built_in": False},
    )


def co2_of_five_hours(folder, device: str, ppm: float) -> tuple[str, object]:
    path = folder / f"{device}.csv"
    rows = [f"{T0 - (300 - n) * MINUTE},{ppm + n % 3}\n" for n in range(300)]
    path.write_text("time,co2\n" + "".join(rows))
    return device, path


def below_outdoor_after(folder, *files) -> set[tuple[str, int]]:
    folder.mkdir()
    store, settings = DuckDbStore(folder / "air.duckdb"), settings_in(folder)
    try:
        for device, path in files:
            with HistoryFile(path, Reading(device)) as file:
                file.read_all(LATEST)
                run.write_history(file, store, settings, device, None, lambda *_: None)
                settle_all(store, settings, T0, lambda *_: None)
        rows, names = store.range(None, 0, LATEST), store.names()
        below = rows.where((rows.why & Why.BELOW_OUTDOOR) != 0)
        return {(names[n][0], t) for n, t in zip(below.series.tolist(), below.t.tolist(), strict=True)}
    finally:
        store.close()


@pytest.fixture
def files(tmp_path):
    return [co2_of_five_hours(tmp_path, "out", 480), co2_of_five_hours(tmp_path, "in", 440)]


def test_a_hall_is_judged_again_when_outdoor_air_is_imported_after_it(files, tmp_path):
    in_order = below_outdoor_after(tmp_path / "one", *files)
    assert {device for device, _ in in_order} == {"in"}
    assert below_outdoor_after(tmp_path / "two", *reversed(files)) == in_order
