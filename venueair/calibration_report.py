"""What `venueair calibrate` shows a technician: lines of text. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from ingest.calibration import Fit, Score
from ingest.calibration_verdict import TARGETS, Verdict
from ingest.hourly import Pairs
from venueair.quantities import Quantity

_WIDTH: Final = 11


def report(
    device: str, reference: str, quantity: Quantity, pairs: Pairs, fit: Fit, verdict: Verdict
) -> Iterator[str]:
    start, end = (datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M") for ms in pairs.period)
    yield f"{device} beside {reference}: {quantity.en} in {quantity.unit}, hourly means"
    yield f"{len(pairs)} hours of {pairs.days} days, {start} to {end} UTC"
    yield (
        f"{device} from {pairs.sensor.min():.4g} to {pairs.sensor.max():.4g};"
        + "".join(
            f" {name} from {column.min():.4g} to {column.max():.4g};" for name, column in pairs.beside.items()
        )
        + " a line says little outside"
    )
    yield ""
    yield from _scores(fit, has_targets=quantity.name == "pm2_5")
    yield ""
    yield f"corrected = {fit.offset:.4g} + {fit.gain:.4g} x {device}" + "".join(
        f" {'-' if factor < 0 else '+'} {abs(factor):.4g} x {name}" for name, factor in fit.factors.items()
    )
    yield ""
    yield from verdict.sentences


def _scores(fit: Fit, *, has_targets: bool) -> Iterator[str]:
    columns = [fit.found, fit.fitted]
    above = f"{'':10}{'all days':>{2 * _WIDTH}}"
    if fit.held_out:
        columns += [fit.held_out.found, fit.held_out.corrected]
        above += f"{f'{fit.held_out.days} days held out':>{2 * _WIDTH}}"
    yield above
    names = ["as it is", "corrected"] * (len(columns) // 2)
    yield f"{'':10}" + "".join(f"{name:>{_WIDTH}}" for name in names) + "   US EPA target" * has_targets
    for row in TARGETS:
        cells = "".join(f"{_cell(row, score):>{_WIDTH}}" for score in columns)
        yield f"{row:10}{cells}" + f"   {TARGETS[row]}" * has_targets


def _cell(row: str, score: Score) -> str:
    if row == "NRMSE":
        return f"{100 * score.nrmse:.1f} %"
    value = {"slope": score.slope, "intercept": score.intercept, "R2": score.r2, "RMSE": score.rmse}[row]
    return f"{value:.3f}" if row in {"slope", "R2"} else f"{value:.2f}"
