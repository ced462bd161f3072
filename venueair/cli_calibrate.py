"""The command `venueair calibrate`. docs/corrections.md."""

from pathlib import Path
from typing import Annotated

import typer

from venueair.cli_settings import DEFAULT_CONFIG, Config, fail, settings_of


def calibrate(
    device: Annotated[str, typer.Option(help="The sensor to calibrate.")],
    reference: Annotated[str, typer.Option(help="A CSV with time,value; or another device of the store.")],
    quantity: Annotated[str, typer.Option(help="Such as pm2_5; the reference is in its unit.")],
    start: Annotated[
        str | None, typer.Option("--from", help="When they were put side by side, ISO 8601.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="When they were taken apart.")] = None,
    beside: Annotated[
        str,
        typer.Option("--with", help="humidity, temperature or both with a comma: what the error follows."),
    ] = "",
    hold_out: Annotated[float, typer.Option(help="Share of days to check it on.", min=0, max=0.5)] = 0.2,
    tz: Annotated[str, typer.Option(help="Of times in the CSV without an offset.")] = "UTC",
    save: Annotated[bool, typer.Option("--save", help="Into calibrations.toml beside the settings.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --save: ends the one that is in force there.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the readings, if not the settings'.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Fits a sensor to a reference beside it; prints the [[correction]] for the settings, or saves it.

    Exit code 1: it would not help; nothing is printed or saved.
    """
    from gateway.sensors import MODELS
    from venueair.calibrate import calibrated, saved
    from venueair.cli_store import without_file
    from venueair.colocation import Wanted
    from venueair.settings import load
    from venueair.starting import StartError

    if replace and not save:
        raise fail("--replace goes with --save")
    is_without_file = config == DEFAULT_CONFIG and not config.exists()
    if save and is_without_file:
        raise fail(f"--save writes beside the settings, and there is no {config} here: name it with --config")
    settings = without_file(data) if is_without_file else settings_of(config)
    names = tuple(name.strip() for name in beside.split(",") if name.strip())
    wanted = Wanted(device, reference, quantity, start, end, names, tz)
    try:
        new = calibrated(wanted, hold_out, settings.model_copy(update={"data": data}) if data else settings)
        if new is None:
            raise typer.Exit(1)
        if save:
            saved(new, config, settings, lambda path: load(path, MODELS), replaces=replace)
    except StartError as error:
        raise fail(str(error)) from error
