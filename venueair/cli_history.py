"""The command `venueair import`. docs/history.md."""

from pathlib import Path
from typing import Annotated

import typer

from venueair.cli_settings import DEFAULT_CONFIG, Config, fail, settings_of


def import_history(
    file: Annotated[Path, typer.Argument(help="CSV with a header time,<quantity>…; Parquet; an export.")],
    device: Annotated[str, typer.Option(help="The sensor that measured it.")],
    tz: Annotated[str, typer.Option(help="Of times without an offset, such as Asia/Seoul.")] = "UTC",
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OLD=QUANTITY:UNIT", help="What a column is; or OLD=time. Repeatable."),
    ] = None,
    ignored: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="OLD", help="Leaves a column out. Repeatable.")
    ] = None,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Leaves out what the store would refuse as too old.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the readings, if not the settings'.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Reads history of one sensor into the store: flags, zone values, rollups and alarms as if it were live.

    Killed, or out of disk: the same command again goes on where it was. The service must not run (DuckDB).
    """
    from ingest.history.wide import Reading
    from venueair.cli_store import without_file
    from venueair.import_history import import_file
    from venueair.starting import StartError
    from venueair.topics import is_id

    if not is_id(device):
        raise fail(f"--device {device!r}: use a-z, 0-9, _ and -, at most 64, not _ or - first")
    is_without_file = config == DEFAULT_CONFIG and not config.exists()
    settings = without_file(data, device) if is_without_file else settings_of(config)
    if data is not None:
        settings = settings.model_copy(update={"data": data})
    how = Reading(device, tz, tuple(maps or ()), tuple(ignored or ()))
    try:
        import_file(file, how, settings, drop_old=drop_old)
    except StartError as error:
        raise fail(str(error)) from error
