"""`venueair audit verify`: was the audit log changed since it was written?"""

import sqlite3
from pathlib import Path
from typing import Annotated, Any

import typer

from venueair.cli_settings import DEFAULT_CONFIG, Config, fail, settings_of

audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)


@audit_app.callback()
def _group() -> None:
    """The audit log."""


@audit_app.command()
def verify(
    expect: Annotated[
        str | None, typer.Option(help="NUMBER:HASH of an earlier verify: that row must still be there.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Walks the whole log; names the first row that is not as it was written, and ends with 1."""
    from sqlalchemy.exc import SQLAlchemyError

    from api.audit import EMPTY, head_of
    from api.audit_book import head_file, noted_head, verify_book

    path: Path = settings_of(config).data / "ops.sqlite"
    if not path.exists():
        raise fail(f"there is no {path}: name the settings of the service with --config")
    file, noted, damage = head_file(path), None, ""
    try:
        expected = EMPTY if expect is None else head_of(expect)
    except ValueError as error:
        raise fail(f"--expect: {error}") from error
    try:
        noted = noted_head(file)
        damage = "" if noted else f"{file} is gone"
    except (ValueError, OSError) as error:
        damage = f"{file} cannot be read ({error})"
    try:
        with _read_only(path).connect() as connection:
            verdict = verify_book(connection, expected, noted or EMPTY)
    except SQLAlchemyError as error:
        raise fail(f"the audit log in {path} cannot be read: {error}") from error
    if verdict.broken is not None:
        typer.echo(f"row {verdict.broken}: {verdict.problem}")
        raise typer.Exit(1)
    if damage and verdict.last != EMPTY:
        typer.echo(f"{damage}: rows may be missing at the end. Up to row {verdict.last.number} all is well.")
        raise typer.Exit(1)
    typer.echo(f"{verdict.last.number:,} rows, none changed or missing. Note this elsewhere: {verdict.last}")


def _read_only(path: Path) -> Any:
    """A look must not change what it looks at, nor bring an old database to a new schema."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    address = f"{path.resolve().as_uri()}?mode=ro"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
