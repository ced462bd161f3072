"""`venueair import` and `export` on a real InfluxDB, whose retention refuses old rows."""

import os
import subprocess
import time

import pytest

from tests.integration.test_run import VENUEAIR, write_config

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.influxdb"]

MINUTE = 60_000
DAY = 1440 * MINUTE
OLD, NEW = 30, 120
DEVICE = "hall-a-pm"


class Imports:
    """The commands of one venue, with its settings and its history.csv: some rows are older than 90 days."""

    def __init__(self, folder, influxd):
        self.folder, self.influxd = folder, influxd
        config, _ = write_config(folder, "127.0.0.1", 1883)
        store = f'kind = "influxdb"\nurl = "{influxd.url}"\norg = "{influxd.org}"\nbucket = "history"'
        config.write_text(config.read_text().replace('kind = "duckdb"', store))
        now = int(time.time() * 1000) // MINUTE * MINUTE
        times = [now - 200 * DAY + n * MINUTE for n in range(OLD)]
        times += [now - DAY + n * MINUTE for n in range(NEW)]
        self.rows = {t: (9 + n % 7 / 10 + 1e-9, 600.25 + n % 5) for n, t in enumerate(times)}
        lines = [f"{t},{pm!r},{co2!r}\n" for t, (pm, co2) in self.rows.items()]
        (folder / "history.csv").write_text("time,pm2_5,co2\n" + "".join(lines))
        self.kept = {t: row for t, row in self.rows.items() if t > now - 2 * DAY}

    def venueair(self, *words):
        own = {"VENUEAIR_STORE__TOKEN": self.influxd.token, "COLUMNS": "100"}
        command = [VENUEAIR, *words, "--config", "venueair.toml"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | own,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    def stored(self) -> int:
        rows = self.influxd.query_flux(
            'from(bucket: "history") |> range(start: 0)'
            f' |> filter(fn: (r) => r._measurement == "air" and r.device == "{DEVICE}")'
            ' |> filter(fn: (r) => r._field == "pm2_5" or r._field == "co2") |> count() |> group() |> sum()'
        )
        return int(rows[0]["_value"]) if rows else 0

    def exported(self) -> dict[int, dict[str, float]]:
        done = self.venueair("export", "--device", DEVICE, "-o", "out.csv")
        assert done.returncode == 0, done.stderr
        found: dict[int, dict[str, float]] = {}
        for line in (self.folder / "out.csv").read_text().splitlines()[1:]:
            at, device, quantity, value, *_ = line.split(",")
            assert device == DEVICE
            t = next(t for t in self.rows if time.strftime("%Y-%m-%dT%H:%M", time.gmtime(t / 1000)) in at)
            found.setdefault(t, {})[quantity] = float(value)
        return found


@pytest.fixture
def imports(tmp_path, own_influxd):
    return Imports(tmp_path, own_influxd)


def test_rows_that_retention_would_refuse_are_asked_about_and_then_counted(imports):
    asked = imports.venueair("import", "history.csv", "--device", DEVICE)
    assert asked.returncode == 2
    assert f"{2 * OLD} readings are older than" in asked.stderr
    assert "--drop-old" in asked.stderr
    assert imports.stored() == 0
    done = imports.venueair("import", "history.csv", "--device", DEVICE, "--drop-old")
    assert done.returncode == 0, done.stderr
    counts = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines() if line.strip())
    assert counts["outside_retention"] == str(2 * OLD)
    assert counts["readings stored"] == str(2 * NEW)
    assert imports.stored() == 2 * NEW
    again = imports.venueair("import", "history.csv", "--device", DEVICE, "--drop-old")
    assert again.returncode == 0, again.stderr
    assert imports.stored() == 2 * NEW
    assert imports.exported() == {t: {"pm2_5": pm, "co2": co2} for t, (pm, co2) in imports.kept.items()}
