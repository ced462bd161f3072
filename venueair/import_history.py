"""`venueair import`: a file into the store; progress on stderr, the result on stdout."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingest.history import run
from ingest.history.columns import HistoryError
from ingest.history.files import HistoryFile
from ingest.history.wide import Reading
from ingest.recompute import Changes, settle_all
from venueair.calibrations_file import when
from venueair.cli_store import open_alone
from venueair.clock import SystemClock
from venueair.settings import Settings
from venueair.starting import StartError
from venueair.store.store import StoreError

DAY_MS: Final = 86_400_000


def import_file(path: Path, how: Reading, settings: Settings, *, drop_old: bool) -> None:
    """Raises StartError where it cannot be done as it was asked; what is stored until then stays."""
    now = SystemClock().now_ms()
    if how.device not in settings.site.sensor:
        known = ", ".join(settings.site.sensor) or "none"
        raise StartError(f"--device: the settings have no sensor {how.device!r}; they have {known}")
    if not path.exists():
        raise StartError(f"{path} is not there")
    try:
        with HistoryFile(path, how) as file:
            report, changes, period = _imported(file, how.device, settings, now, drop_old=drop_old)
    except (HistoryError, StoreError) as error:
        raise StartError(str(error)) from error
    _print(_lines(report, changes))
    if period is not None:
        _say_what_goes(settings, period[0], now)


def _imported(
    file: HistoryFile, device: str, settings: Settings, now: int, *, drop_old: bool
) -> tuple[run.Report, Changes, tuple[int, int] | None]:
    store = open_alone(settings, writes=True)
    try:
        with _bars() as bars:
            reading = _shown(bars, "reading")
            file.read_all(latest=now + DAY_MS)
            reading(1, 1)
            oldest = run.oldest_taken(file, store, now, drop_old=drop_old)
            report = run.write_history(file, store, settings, device, oldest, _shown(bars, "storing"))
            changes = settle_all(store, settings, now, _shown(bars, "zone values, rollups, alarms"))
        run.forget(file, store, device)
        return report, changes, file.period()
    finally:
        store.close()


def _bars() -> Progress:
    columns = (TextColumn("{task.description:<30}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _shown(bars: Progress, what: str) -> run.Progress:
    task = bars.add_task(what, total=None)
    return lambda done, of: bars.update(task, completed=done if of else 1, total=of or 1)


def _lines(report: run.Report, changes: Changes) -> Iterable[tuple[str, int]]:
    yield "rows read", report.read
    yield "readings stored", report.stored
    if report.resumed:
        yield "  of them before this run", report.resumed
    if report.replaced:
        yield "  in place of another value", report.replaced
    for reason, count in sorted(report.flagged.items()):
        yield f"flagged {reason.lower()}", count
    for reason, count in report.rejected.items():
        if count:
            yield f"rejected {reason}", count
    yield "rejected", report.rejected.total()
    if report.repeated:
        yield "repeated", report.repeated
    if report.outside_retention:
        yield "outside_retention", report.outside_retention
    yield "alarms entered as history", changes.historical_alarms


def _print(lines: Iterable[tuple[str, int]]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, count in lines:
        table.add_row(name, f"{count:,}")
    Console(markup=False, highlight=False).print(table)


def _say_what_goes(settings: Settings, first: int, now: int) -> None:
    """DuckDB takes any time, but the service drops months that are past `raw_days`."""
    days = settings.store.raw_days
    if settings.store.kind == "duckdb" and first < now - days * DAY_MS:
        Console(markup=False, highlight=False, soft_wrap=True).print(
            f"Readings before {when(now - days * DAY_MS)} are older than raw_days = {days}: when the service"
            " runs it thins them, whole months at a time, to their rollups of a minute and of an hour."
            " To keep them, set raw_days under [store] before it starts."
        )
