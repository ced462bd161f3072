"""The command `venueair export`. docs/history.md."""

from pathlib import Path
from typing import Annotated

import typer

from venueair.cli_settings import DEFAULT_CONFIG, Config, fail, settings_of


def export(
    out: Annotated[Path, typer.Option("--output", "-o", help="The file; for parquet a new folder.")],
    device: Annotated[str | None, typer.Option(help="Only this sensor; else all.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Begin, ISO 8601; UTC where no offset is given.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="End, not included.")] = None,
    kind: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
    data: Annotated[Path | None, typer.Option(help="Folder of the readings, if not the settings'.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Writes stored readings: time, device, quantity, value, raw and flag; every number bit for bit.

    The service must not run (DuckDB); while it does, its API streams the same: /api/v1/readings/export.
    """
    from venueair.cli_store import without_file
    from venueair.export_history import export_to
    from venueair.starting import StartError

    if kind not in ("csv", "parquet"):
        raise fail(f"--format {kind!r}: csv or parquet")
    is_without_file = config == DEFAULT_CONFIG and not config.exists()
    settings = without_file(data) if is_without_file else settings_of(config)
    if data is not None:
        settings = settings.model_copy(update={"data": data})
    try:
        export_to(out, settings, device, start, end, is_parquet=kind == "parquet")
    except StartError as error:
        raise fail(str(error)) from error
