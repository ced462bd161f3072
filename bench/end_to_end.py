"""From MQTT into the database: singles and batches, venueair beside its peers, rates and CPU."""

from bench.figures import row
from bench.report import Report, Settings
from bench.runs import Group
from bench.stage import NODE_RED, SCRIPT, TELEGRAF, Entry, ours, peer

RATE = "readings/s"
CPU = "us of CPU a reading"


class _Rows:
    """Rows of one group; a figure of a system that did not run makes no row."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self.report = Report(facts=group.facts(), failures=group.failures)

    def compare(
        self, name: str, mine: Entry, theirs: Entry, goal: str | None, what: str = "rate", unit: str = RATE
    ) -> None:
        ours, peer = self._group.figure(mine, what), self._group.figure(theirs, what)
        if ours is not None and peer is not None:
            self.report.rows.append(row(name, ours, unit, goal, peer=peer, peer_name=theirs.name))

    def lost(self, mine: Entry) -> None:
        """Over all rounds, not the median: one lost reading is one too many."""
        if outcomes := self._group.outcomes.get(mine.name):
            wrong = sum(outcome.lost + outcome.duplicates for outcome in outcomes)
            name = f"{self._group.name}: lost or doubled, {mine.name}"
            self.report.rows.append(row(name, wrong, "readings", "<= 0"))


def singles_q1(settings: Settings) -> Report:
    """One reading per message, acknowledged after it is stored."""
    mine, duck = ours("VictoriaMetrics", "single", 60_000), ours("DuckDB", "single", 60_000)
    telegraf = peer(TELEGRAF, "VictoriaMetrics", "single", 40_000)
    node_red = peer(NODE_RED, "VictoriaMetrics", "single", 22_000)
    script = peer(SCRIPT, "VictoriaMetrics", "single", 12_000)
    group = Group("singles QoS 1", 1, [mine, telegraf, duck, node_red, script])
    group.run(settings.rounds, settings.seconds)
    rows = _Rows(group)
    rows.compare("singles QoS 1: rate beside Telegraf", mine, telegraf, ">= 1.3x")
    rows.compare("singles QoS 1: rate beside Node-RED", mine, node_red, ">= 2.2x")
    rows.compare("singles QoS 1: rate beside the paho script", mine, script, ">= 3x")
    rows.compare("singles QoS 1: CPU of the service", mine, telegraf, "<= 0.2x", "cpu_us", CPU)
    rows.compare("singles QoS 1: into DuckDB, rate", duck, telegraf, None)
    rows.compare("singles QoS 1: into DuckDB, CPU with the store in it", duck, telegraf, None, "cpu_us", CPU)
    rows.compare("singles QoS 1: resident memory", mine, telegraf, None, "rss_mb", "MB")
    rows.lost(mine)
    rows.lost(duck)
    return rows.report


def singles_q0(settings: Settings) -> Report:
    mine, duck = ours("VictoriaMetrics", "single", 100_000), ours("DuckDB", "single", 100_000)
    telegraf = peer(TELEGRAF, "VictoriaMetrics", "single", 60_000)
    group = Group("singles QoS 0", 0, [mine, telegraf, duck])
    group.run(settings.rounds, settings.seconds)
    rows = _Rows(group)
    rows.compare("singles QoS 0: rate beside Telegraf", mine, telegraf, ">= 1.6x")
    rows.compare("singles QoS 0: CPU of the service", mine, telegraf, None, "cpu_us", CPU)
    rows.compare("singles QoS 0: into DuckDB, rate", duck, telegraf, None)
    return rows.report


def batches(settings: Settings) -> Report:
    """50 readings of one device in a message: canonical columns for us, a JSON list of rows for the peers."""
    mine, duck = ours("VictoriaMetrics", "columns", 600_000), ours("DuckDB", "columns", 500_000)
    cbor = ours("DuckDB", "cbor", 500_000)
    telegraf = peer(TELEGRAF, "VictoriaMetrics", "rows", 200_000)
    node_red = peer(NODE_RED, "VictoriaMetrics", "rows", 50_000)
    group = Group("batches of 50, QoS 1", 1, [mine, telegraf, duck, cbor, node_red])
    group.run(settings.rounds, settings.seconds)
    rows = _Rows(group)
    rows.compare("batches: rate beside Telegraf", mine, telegraf, ">= 2.5x")
    rows.compare("batches: rate beside Node-RED", mine, node_red, ">= 7x")
    rows.compare("batches: into DuckDB, beside Telegraf into VictoriaMetrics", duck, telegraf, ">= 2.5x")
    rows.compare("batches: CBOR typed arrays, beside our own JSON", cbor, duck, ">= 1.0x")
    rows.compare("batches: CPU of the service", mine, telegraf, None, "cpu_us", CPU)
    rows.compare("batches: bytes of a message, JSON columns", duck, telegraf, None, "message_bytes", "bytes")
    rows.compare("batches: bytes of a message, CBOR", cbor, telegraf, None, "message_bytes", "bytes")
    for entry in (mine, duck, cbor):
        rows.lost(entry)
    return rows.report


def batches_influxdb(settings: Settings) -> Report:
    mine = ours("InfluxDB", "columns", 200_000)
    telegraf = peer(TELEGRAF, "InfluxDB", "rows", 150_000)
    group = Group("batches of 50, QoS 1, into InfluxDB 2.7", 1, [mine, telegraf])
    group.run(settings.rounds, settings.seconds)
    rows = _Rows(group)
    rows.compare("batches into InfluxDB 2.7: rate beside Telegraf", mine, telegraf, ">= 1.4x")
    rows.compare("batches into InfluxDB 2.7: CPU of the service", mine, telegraf, None, "cpu_us", CPU)
    rows.lost(mine)
    return rows.report
