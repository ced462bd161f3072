"""The entry point: takes the signals before anything slow is imported, so that an early Ctrl-C is kept."""

from venueair import stopping


def main() -> None:
    stopping.install()
    from venueair.cli import main as cli

    cli()
