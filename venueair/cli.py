"""`venueair …`: the commands. stdout carries a command's result, logs go to stderr.

A part is imported inside the command that needs it: importing all of them takes a second.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from venueair import stopping
from venueair.cli_audit import audit_app
from venueair.cli_calibrate import calibrate
from venueair.cli_export import export
from venueair.cli_history import import_history
from venueair.cli_settings import DEFAULT_CONFIG, Config, fail, settings_of

app = typer.Typer(
    help="Watches and cleans the air of venues: sensors in, alarms and purifiers out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
key_app = typer.Typer(help="API keys.", no_args_is_help=True)
app.add_typer(key_app, name="key")
app.add_typer(audit_app, name="audit")

SERVICES = frozenset({"demo", "run", "gateway", "ingest", "api"})


@app.callback()
def _before(context: typer.Context) -> None:
    if context.invoked_subcommand not in SERVICES:
        stopping.uninstall()


def main() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(os.environ.get("VENUEAIR_LOG", "INFO").upper(), logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    app()


@app.command()
def demo(
    speed: Annotated[float, typer.Option(help="Hall seconds per real second.", min=0.1, max=100)] = 10,
    seconds: Annotated[float | None, typer.Option(help="Stop after so many hall seconds.", min=1)] = None,
    port: Annotated[int, typer.Option(help="Port of page and API; 0 takes any free one.")] = 8000,
    mqtt_port: Annotated[int, typer.Option(help="Port of the MQTT broker; 0 takes any free one.")] = 0,
    data: Annotated[Path, typer.Option(help="Folder of all data; used again when it is there.")] = Path(
        "data/demo"
    ),
    ready: Annotated[
        Path | None, typer.Option(help="Written once everything answers (JSON: url, key, mqtt_…).")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(help="Written at the end: counts and checks (JSON).")
    ] = None,
) -> None:
    """Everything on this machine, with a simulated hall: a crowd, a cooking show, an alarm, purifiers."""
    from venueair.demo import Demo, Options
    from venueair.starting import StartError

    stopping.hold()
    options = Options(speed, seconds, port, mqtt_port, data, ready, summary)
    try:
        is_ok = Demo(options).run(stopping.requested)
    except StartError as error:
        raise fail(str(error)) from error
    raise typer.Exit(0 if is_ok else 1)


@app.command()
def run(config: Config = DEFAULT_CONFIG) -> None:
    """All parts in one process: what a small venue runs on one box."""
    from venueair.starting import StartError
    from venueair.whole import Whole

    settings = settings_of(config)
    stopping.hold()
    try:
        whole = Whole(settings)
        whole.start_services()
    except StartError as error:
        raise fail(str(error)) from error
    typer.echo(f"venueair is at {whole.url}; `venueair key create NAME` makes a key")
    whole.start_gateway()
    stopping.requested.wait()
    whole.drain()
    whole.stop_services()
    whole.close()


@app.command()
def gateway(config: Config = DEFAULT_CONFIG) -> None:
    """The gateway alone, on the box with the wires: sensors in, MQTT out."""
    from venueair.apart import gateway

    _alone(gateway, config)


@app.command()
def ingest(config: Config = DEFAULT_CONFIG) -> None:
    """Ingest alone: readings from MQTT into InfluxDB, alarms out."""
    from venueair.apart import ingest

    _alone(ingest, config)


@app.command()
def api(config: Config = DEFAULT_CONFIG) -> None:
    """API, page and control alone: live values from MQTT, history from InfluxDB."""
    from venueair.apart import api

    _alone(api, config)


def _alone(part: Callable[[Any], None], config: Path) -> None:
    from venueair.starting import StartError

    settings = settings_of(config)
    try:
        part(settings)
    except StartError as error:
        raise fail(f"{config}: {error}") from error


@app.command()
def recompute(
    start: Annotated[str, typer.Option("--from", help="Begin, ISO 8601; UTC where no offset is given.")],
    end: Annotated[str, typer.Option("--to", help="End, not included.")],
    device: Annotated[str | None, typer.Option(help="Only the zone of this sensor; else all.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Makes corrected values, flags, zone values and rollups again from raw; says what changed."""
    from venueair.cli_recompute import recompute_period
    from venueair.starting import StartError

    try:
        recompute_period(settings_of(config), device, start, end)
    except StartError as error:
        raise fail(str(error)) from error


app.command()(calibrate)
app.command("import")(import_history)
app.command()(export)


@app.command()
def init(path: Annotated[Path, typer.Argument(help="Where to write it.")] = DEFAULT_CONFIG) -> None:
    """Writes a commented venueair.toml to start from."""
    template = Path(__file__).parent / "templates" / "venueair.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template.read_text(encoding="utf-8"))
    except FileExistsError as error:
        raise fail(f"{path} is there already; it was not touched") from error
    except OSError as error:
        raise fail(f"{path} cannot be written: {error}") from error
    typer.echo(f"{path} is written: fill in your halls and ports, then `venueair check`")


@app.command()
def check(config: Config = DEFAULT_CONFIG) -> None:
    """Lists all mistakes of a venueair.toml; touches no device."""
    settings = settings_of(config)
    site = settings.site
    typer.echo(
        f"{config} is right. zones: {len(site.zones)}, sensors: {len(site.sensors)},"
        f" purifiers: {len(site.purifiers)}, rules: {len(settings.rule)}"
    )


@key_app.command("create")
def key_create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    role: Annotated[str, typer.Option(help="viewer, operator or admin.")] = "viewer",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Prints a new API key once; only its SHA-256 is kept."""
    from api.auth import ROLES, create_key
    from api.ops_db import open_ops_db
    from venueair.clock import SystemClock

    if role not in ROLES:
        raise fail(f"unknown role {role!r}: {', '.join(ROLES)}")
    settings = settings_of(config)
    settings.data.mkdir(parents=True, exist_ok=True)
    engine = open_ops_db(settings.data / "ops.sqlite")
    typer.echo(create_key(engine, name, role, SystemClock().now_ms()))
    engine.dispose()


@app.command()
def sensors() -> None:
    """Lists the sensor models that a gateway can read."""
    from gateway.sensors import MODELS

    for model in MODELS.values():
        way = "polled" if model.poll else "sends by itself"
        typer.echo(
            f"{model.name:<14} {model.vendor:<12} {model.baud} baud, {way}, every {model.interval_s:g} s,"
            f" warm-up {model.warm_up_s:g} s: {', '.join(model.quantities)}"
        )


@app.command()
def decode(
    model: Annotated[str, typer.Argument(help="As `venueair sensors` lists it.")],
    file: Annotated[str | None, typer.Argument(help="Raw bytes; - is standard input.")] = None,
    hex_: Annotated[str | None, typer.Option("--hex", help='Bytes as text: "42 4D 00 1C …".')] = None,
    request: Annotated[str | None, typer.Option(help="What the bytes answer, as hex.")] = None,
) -> None:
    """Prints what recorded bytes of a sensor mean: one JSON line per frame and per reject."""
    from gateway.decode import lines, parse_hex
    from gateway.sensors import MODELS

    if model not in MODELS:
        raise fail(f"unknown model {model!r}: {', '.join(MODELS)}")
    if (file is None) == (hex_ is None):
        raise fail('give the bytes either as --hex "42 4D …", or as a FILE, or as - for standard input')
    try:
        data = parse_hex(hex_) if hex_ is not None else _read(str(file))
        asked = parse_hex(request) if request is not None else None
        found = list(lines(MODELS[model], data, asked))
    except (ValueError, OSError) as error:
        raise fail(str(error)) from error
    for line in found:
        sys.stdout.write(json.dumps(line) + "\n")
    raise typer.Exit(0 if any("frame" in line for line in found) else 1)


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
