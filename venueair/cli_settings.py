"""What commands share: the settings file, and how one says that it cannot."""

from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
DEFAULT_CONFIG = Path("venueair.toml")


def fail(message: str) -> typer.Exit:
    """Exit code 2: what was asked for cannot be done as it was asked."""
    typer.echo(f"venueair: {message}", err=True)
    return typer.Exit(2)


def settings_of(config: Path) -> Any:
    """venueair.settings.Settings, which takes long to import."""
    from gateway.sensors import MODELS
    from venueair.settings import SettingsError, load

    try:
        return load(config, MODELS)
    except SettingsError as error:
        raise fail(str(error)) from error
