"""A stored sensor beside a reference -> a `[[correction]]` for it.

What a technician reads goes to stderr, the correction to stdout. Raises StartError where it cannot be done as
it was asked.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ingest.calibration import CalibrationError, Fit, fit
from ingest.calibration_verdict import verdict
from ingest.hourly import DAY_MS, Pairs
from venueair import calibrations_file
from venueair.calibration_report import report
from venueair.clock import SystemClock
from venueair.colocation import Colocation, Wanted, colocation, is_device
from venueair.corrections import Calibration
from venueair.quantities import QUANTITIES
from venueair.settings import Settings
from venueair.starting import StartError

BESIDE: Final = ("humidity", "temperature")


def calibrated(wanted: Wanted, hold_out: float, settings: Settings) -> Calibration | None:
    """Says what it found. None where that is not worth using."""
    _check(wanted)
    quantity, reference = QUANTITIES[wanted.quantity], _name(wanted.reference)
    found = colocation(wanted, settings)
    _say_what_there_is(wanted, found)
    try:
        line = fit(found.pairs, hold_out)
    except CalibrationError as error:
        raise StartError(f"no calibration: {error}") from error
    judged = verdict(line, found.pairs, quantity.name, quantity.unit)
    for text in report(wanted.device, reference, quantity, found.pairs, line, judged):
        _say(text)
    if not judged.is_useful:
        return None
    _say("")
    version = calibrations_file.next_version(settings, wanted.device, wanted.quantity)
    new = _calibration(wanted, line, found.pairs, version)
    sys.stdout.write(calibrations_file.table(new))
    return new


def saved(
    new: Calibration, config: Path, settings: Settings, load: Callable[[Path], Settings], *, replaces: bool
) -> None:
    """Raises StartError; then nothing was saved."""
    try:
        done = calibrations_file.save(config, settings, new, load, replaces=replaces)
    except calibrations_file.NotSavedError as error:
        raise StartError(f"not saved: {error}") from error
    tomorrow = datetime.fromtimestamp((SystemClock().now_ms() + DAY_MS) / 1000, UTC).date()
    _say(f"\nSaved in {done.path} as version {new.version}.")
    for ended in done.ended:
        _say(f"It takes the place of {ended}.")
    _say("It corrects new readings when the service is started again. For those that are stored already:")
    _say(
        f"  venueair recompute --from {calibrations_file.when(new.since)} --to {tomorrow}"
        f" --device {new.device} --config {config}"
    )
    _say("Put it beside a reference again in 3 to 6 months: sensors drift.")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _check(wanted: Wanted) -> None:
    if wanted.quantity not in Calibration.corrects:
        known = ", ".join(sorted(Calibration.corrects))
        raise StartError(f"{wanted.quantity!r} cannot be calibrated; these can: {known}")
    if strange := [name for name in wanted.beside if name not in BESIDE]:
        raise StartError(f"--with takes {' and '.join(BESIDE)}, not {', '.join(strange)}")
    if wanted.quantity in wanted.beside:
        raise StartError(f"--with {wanted.quantity}: that is what is to be calibrated")
    if wanted.reference == wanted.device:
        raise StartError("--reference is the device itself")


def _say_what_there_is(wanted: Wanted, found: Colocation) -> None:
    reference = _name(wanted.reference)
    _say(
        f"{wanted.device} has {found.sensor_hours} hours, {reference} {found.reference_hours},"
        f" both {len(found.pairs)}."
    )
    if found.left_out:
        _say(f"{found.left_out} readings are left out: failed, stuck, over range, or of a wrong clock.")
    if found.hours_late:
        way = "earlier" if found.hours_late > 0 else "later"
        _say(
            f"CAUTION: the two agree clearly better with the times of {reference}"
            f" {abs(found.hours_late)} h {way}. Is its clock right? Should --tz name its time zone?"
        )
    if wanted.start is None and is_device(wanted.reference):
        _say("CAUTION: no --from. This is right only if both stood side by side all the time.")
    _say("")


def _calibration(wanted: Wanted, line: Fit, pairs: Pairs, version: int) -> Calibration:
    start, end = pairs.period
    return Calibration.model_validate(
        {
            "kind": "calibration",
            "device": wanted.device,
            "quantity": wanted.quantity,
            "from": calibrations_file.when(start),
            "version": version,
            "offset": line.offset,
            "gain": line.gain,
            **line.factors,
            "reference": _name(wanted.reference),
            "period": (calibrations_file.when(start), calibrations_file.when(end)),
            "range": (float(pairs.sensor.min()), float(pairs.sensor.max())),
            "n": len(pairs),
            "r2": line.fitted.r2,
            "rmse": line.fitted.rmse,
        }
    )


def _name(reference: str) -> str:
    return Path(reference).name.encode(errors="replace").decode()[-200:]
