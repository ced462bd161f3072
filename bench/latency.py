"""At a fixed rate: how long until a reading is stored, until an alarm is out, and what little load costs.

Readings are sent by a process of its own, evenly spread, with the time of sending inside (bench/paced.py).
"""

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import ours as venueair
from bench.figures import percentile, row
from bench.paced import started
from bench.payloads import VENUE, topic
from bench.processes import BenchError, MissingError, Process
from bench.publisher import Publisher, packet
from bench.report import Report, Settings
from bench.runs import progress
from bench.stage import OURS, TELEGRAF, Entry, Stage, ours, peer, stage

SETTLE_S = 2.0
ALARMS = 200


@dataclass(frozen=True, slots=True)
class Load:
    """Cores and memory of the processes of a stage over some seconds."""

    service: float
    database: float
    rss_mb: float


@contextmanager
def _paced(here: Stage, rate: int, seconds: float, qos: int = 1) -> Iterator[Process]:
    """Ends when the time is over, or with the block."""
    with started(here.broker.port, rate, seconds, qos, here.folder / "paced.log") as process:
        time.sleep(SETTLE_S)
        yield process


def _load(here: Stage, seconds: float) -> Load:
    before = [process.cpu_s() for process in here.processes]
    start = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - start
    cores = [(p.cpu_s() - cpu) / took for p, cpu in zip(here.processes, before, strict=True)]
    return Load(cores[0], sum(cores[2:]), here.service.rss_mb())


def stored(settings: Settings) -> Report:
    """Publish -> committed at 5,000 singles a second, QoS 1. Telegraf's, to a server that stores nothing."""
    report, rate, seconds = Report(), 5000, settings.seconds * 2
    found: dict[str, tuple[float, float, float]] = {}
    for entry in (
        ours("DuckDB", "single", 0),
        ours("InfluxDB", "single", 0),
        peer(TELEGRAF, "nothing", "single", 0),
    ):
        try:
            lags, load = _stored(entry, rate, seconds)
        except MissingError as error:
            progress(f"stored: {entry.name}: skipped: {error}")
            continue
        except BenchError as error:
            report.failures.append(f"stored: {entry.name}: {error}")
            continue
        found[entry.name] = percentile(lags, 50), percentile(lags, 99), load.service
        report.facts[entry.name] = {"p50_ms": found[entry.name][0], "p99_ms": found[entry.name][1]} | {
            "cores": load.service,
            "readings": len(lags),
        }
        progress(
            "stored: {}: p50 {:.0f} ms, p99 {:.0f} ms, {:.2f} core".format(entry.name, *found[entry.name])
        )
    beside = found.get(f"{TELEGRAF} > nothing", (None, None, None))
    for store in ("DuckDB", "InfluxDB"):
        if mine := found.get(f"{OURS} > {store}"):
            name = f"publish to stored in {store} at 5,000/s"
            who = f"{TELEGRAF}, until sent"
            report.rows += [
                row(f"{name}: p50", mine[0], "ms", peer=beside[0], peer_name=who),
                row(f"{name}: p99", mine[1], "ms", "<= 100", peer=beside[1], peer_name=who),
                row(f"{name}: ingest", mine[2], "cores", "<= 0.5", peer=beside[2], peer_name=TELEGRAF),
            ]
    return report


def _stored(entry: Entry, rate: int, seconds: float) -> tuple[list[float], Load]:
    with stage(entry, 1) as here, _paced(here, rate, seconds + SETTLE_S):
        is_ours = entry.system == OURS
        first = 0
        if is_ours:
            here.service.watch()
        else:
            first = here.rows.count()
        load = _load(here, seconds)
        lags = here.service.lags() if is_ours else here.database.lags[first:]  # type: ignore[union-attr]  # a Sink
        if len(lags) < 0.9 * rate * seconds:
            raise BenchError(f"only {len(lags)} of {rate * seconds:.0f} readings were stored in time")
        return lags, load


def alarm(settings: Settings) -> Report:
    """Publish -> alarm edge: a device crosses its limit amid 500 or 5,000 quiet readings a second."""
    report = Report()
    for rate in (500, 5000):
        entry = ours("DuckDB", "single", 0, rules="devices")
        try:
            lags = _alarms(entry, rate, ALARMS * (2 if settings.long else 1))
        except MissingError as error:
            progress(f"alarm: skipped: {error}")
            return report
        except BenchError as error:
            report.failures.append(f"alarm at {rate}/s: {error}")
            continue
        p50, p99 = percentile(lags, 50), percentile(lags, 99)
        progress(f"alarm at {rate}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(lags)}")
        report.facts[f"{rate}/s"] = {"p50_ms": p50, "p99_ms": p99, "alarms": len(lags)}
        report.rows += [
            row(f"publish to alarm edge at {rate:,}/s: p50", p50, "ms", "<= 5"),
            row(f"publish to alarm edge at {rate:,}/s: p99", p99, "ms", "<= 20"),
        ]
    return report


def _alarms(entry: Entry, rate: int, count: int) -> list[float]:
    """Each probe crosses, then clears; between two of them a time that keeps no step with any timer."""
    dice = random.Random(7)  # noqa: S311  # the same pauses in every run
    names, boot, lags = venueair.probes(), f"{time.time_ns():016x}", []
    with (
        stage(entry, 1) as here,
        _paced(here, rate, count * 0.1 + 10),
        Publisher(here.broker.port, "api") as api,
    ):
        api.subscribe(f"venueair/v1/{VENUE}/alarm")
        for nth in range(count):
            seq, place = divmod(nth, len(names))
            t = time.time_ns() // 1_000_000
            value = venueair.LIMIT + 10 if seq % 2 == 0 else 10
            payload = b'{"v":1,"boot":"%b","seq":%d,"t":%d,"q":{"pm2_5":%.1f}}' % (
                boot.encode(),
                seq,
                t,
                value,
            )
            start = time.perf_counter()
            here.publisher.send(packet(topic(names[place]), payload, 1, nth % 60_000 + 1))
            told = api.wait(b'"t":%d,' % t)
            lags.append(1000 * (time.perf_counter() - start))
            seen = b",".join(set(re.findall(rb'"id":("[^"]+")', told)))
            api.send(packet(f"venueair/v1/{VENUE}/alarm_seen".encode(), b'{"v":1,"ids":[%b]}' % seen, 0, 0))
            here.publisher.read()
            time.sleep(dice.uniform(0.01, 0.06))
    return lags


def idle(settings: Settings) -> Report:
    """500 singles a second, QoS 1: cores and memory that stand still should cost."""
    report, seconds = Report(), settings.seconds * 2
    found: dict[str, Load] = {}
    influx, duck = ours("InfluxDB", "single", 0), ours("DuckDB", "single", 0)
    telegraf = peer(TELEGRAF, "InfluxDB", "single", 0)
    for entry in (influx, duck, telegraf):
        try:
            with stage(entry, 1) as here, _paced(here, 500, seconds + SETTLE_S + 1):
                load = _load(here, seconds)
        except MissingError as error:
            progress(f"idle: {entry.name}: skipped: {error}")
            continue
        except BenchError as error:
            report.failures.append(f"idle: {entry.name}: {error}")
            continue
        found[entry.name] = load
        report.facts[entry.name] = {"service": load.service, "database": load.database, "rss_mb": load.rss_mb}
        progress(f"idle: {entry.name}: {load.service:.3f} + {load.database:.3f} core, {load.rss_mb:.0f} MB")
    beside, who = found.get(telegraf.name), f"{TELEGRAF} and InfluxDB"
    both = beside.service + beside.database if beside else None
    if mine := found.get(influx.name):
        name = "idle at 500/s: ingest and InfluxDB"
        report.rows += [
            row(name, mine.service + mine.database, "cores", "<= 0.10", peer=both, peer_name=who),
            row(
                "idle at 500/s: resident, without DuckDB",
                mine.rss_mb,
                "MB",
                "<= 100",
                peer=beside.rss_mb if beside else None,
                peer_name=TELEGRAF,
            ),
        ]
    if mine := found.get(duck.name):
        name = "idle at 500/s: ingest with DuckDB in it"
        report.rows.append(row(name, mine.service, "cores", "<= 0.10", peer=both, peer_name=who))
    return report
