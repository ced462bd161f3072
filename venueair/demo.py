"""`venueair demo`: the whole product and a simulated site on one machine, at a multiple of real time."""

import json
import os
import secrets
import threading
import time
import tomllib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any, Final

import httpx
import typer

from api.auth import create_key, revoke_key
from api.page import simulation_banner
from firmware_sim.rehearsal import Rehearsal
from venueair.clock import RehearsalClock
from venueair.settings import Settings
from venueair.summary import check_nodes, check_quiet, summarise, wired
from venueair.whole import Whole

KEY_NAME: Final = "demo"
READY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    speed: float
    seconds: float | None
    port: int
    mqtt_port: int
    data: Path
    ready: Path | None
    summary: Path | None


def demo_settings(options: Options) -> Settings:
    template = Path(__file__).parent / "templates" / "demo.toml"
    ports = (options.data / "ports").resolve()
    raw = tomllib.loads(Template(template.read_text(encoding="utf-8")).substitute(ports=ports))
    return Settings(
        data=options.data,
        mqtt={"port": options.mqtt_port, "password": secrets.token_urlsafe(16)},
        api={"port": options.port},
        **raw,
    )


class Demo:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._printing = threading.Lock()

    def run(self, stopping: threading.Event) -> bool:
        """Until `stopping` or for the given hall seconds; True when all invariants held."""
        options = self._options
        began = time.monotonic()
        settings = demo_settings(options)
        Path(options.data / "ports").mkdir(parents=True, exist_ok=True)
        whole = Whole(
            settings,
            lambda newest: RehearsalClock(max(time.time_ns() // 1_000_000, newest), options.speed),
            banner=simulation_banner(options.speed),
        )
        clock = whole.clock
        started = clock.now_ms()
        nodes = [sensor.id for sensor in settings.sensor if sensor.port is None]
        before = {node: whole.store.count([node])[1] for node in nodes}
        whole.hub.subscribe_local(self._print_event)
        sim = Rehearsal(
            settings,
            clock,
            host=whole.address.host,
            port=whole.address.port,
            username=whole.address.username,
            password=whole.address.password,
        )
        captions = whole.captions
        if captions is not None:
            sim.on_caption(lambda _crowd: captions.crowd())
        whole.start_services()
        sim.start()
        whole.start_gateway()
        try:
            self._announce(whole, clock.now_ms(), stopping)
            until = None if options.seconds is None else clock.monotonic() + options.seconds
            while not stopping.is_set() and (until is None or clock.monotonic() < until):
                left = 1.0 if until is None else (until - clock.monotonic()) / options.speed
                stopping.wait(max(0.0, min(0.2, left)))
        finally:
            whole.gateway.stop_sensors()
            sim.stop_sensors()
            whole.drain()
            whole.stop_services()
            sim.stop()
        summary = summarise(
            settings,
            whole.store,
            whole.engine,
            started_ms=started,
            accepted=whole.gateway.accepted,
            spooled=whole.gateway.spooled,
            rejected=whole.worker.receiver.rejected_of(wired(settings)),
            wall_seconds=time.monotonic() - began,
        )
        check_nodes(summary, whole.store, before, {n: sim.nodes[n].acknowledged for n in nodes})
        check_quiet(summary, whole.failures())
        whole.close()
        if options.summary is not None:
            _write(options.summary, summary.as_json())
        for problem in summary.problems:
            typer.echo(f"not as it should be: {problem}", err=True)
        return summary.ok

    def _announce(self, whole: Whole, now: int, stopping: threading.Event) -> None:
        """Prints where it is and writes the ready file, once everything answers."""
        revoke_key(whole.engine, KEY_NAME, now)
        key = create_key(whole.engine, KEY_NAME, "admin", now)
        deadline = time.monotonic() + READY_S
        while not _answers(whole) and time.monotonic() < deadline:
            if stopping.wait(0.02):
                return
        self._say(f"venueair   {whole.url}/#key={key}")
        self._say(f"           {whole.url}   key {key}")
        self._say("           Ctrl-C ends it; the next start goes on from the same data")
        if self._options.ready is not None:
            address = whole.address
            ready = {
                "url": whole.url,
                "key": key,
                "mqtt_host": address.host,
                "mqtt_port": address.port,
                "mqtt_user": address.username,
                "mqtt_password": address.password,
            }
            _write(self._options.ready, ready, mode=0o600)

    def _print_event(self, event: str, row: dict[str, Any]) -> None:
        if event == "caption":
            self._say(f"★ {row['ko']} / {row['en']}")
        elif event == "alarm":
            self._say(_alarm_line(row))
        elif event == "command" and row["state"] == "SENT":
            self._say(f"{'command':<9}{row['purifier']} -> {row['mode']} {row['level']} ({row['reason']})")
        elif event == "command" and row["state"] != "CREATED":
            self._say(f"{'ack':<9}{row['purifier']} -> {row['mode']} {row['level']}: {row['state']}")

    def _say(self, text: str) -> None:
        with self._printing:
            typer.echo(text)


def _answers(whole: Whole) -> bool:
    return (
        whole.gateway.connected and httpx.get(f"{whole.url}/readyz", timeout=2).status_code == HTTPStatus.OK
    )


def _alarm_line(row: dict[str, Any]) -> str:
    value = "" if row["value"] is None else f" {row['value']:.0f} > {row['limit']:.0f} {row['unit']}"
    word_ko, word_en = (row["level_ko"], row["level_en"]) if row["level"] else ("해제", "cleared")
    what = f"{row['scope_en']} {row['name_en']}"
    return f"{'alarm':<9}{what}: {word_ko} / {word_en}{value if row['level'] else ''}"


def _write(path: Path, content: dict[str, Any], mode: int = 0o644) -> None:
    """By rename: who waits for the file never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)
