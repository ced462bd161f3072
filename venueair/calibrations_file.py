"""calibrations.toml: `[[correction]]` tables that `venueair calibrate` writes beside the venueair.toml.

Changed as text, so that what people note in it stays; read again by the loader of settings before it replaces
the file.
"""

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from venueair.corrections import Calibration, Correction
from venueair.settings import CALIBRATIONS, Settings, SettingsError

_HEADER: Final = re.compile(r"\s*\[\[\s*correction\s*\]\]")
_STRANGE: Final = "{} is written in a way that cannot be added to: put the table in by hand"
_UNTIL: Final = re.compile(r"\s*until\s*=")


class NotSavedError(Exception):
    """The file is as it was; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Saved:
    path: Path
    ended: tuple[str, ...]  # what was in force until then


def when(ms: int) -> str:
    """As TOML and people write a time."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def table(new: Calibration) -> str:
    """The TOML of one calibration; numbers to 7 digits."""
    rows: dict[str, str] = {
        "kind": _text(new.kind),
        "device": _text(new.device),
        "quantity": _text(new.quantity),
        "from": when(new.since),
        "version": _text(new.version) if isinstance(new.version, str) else str(new.version),
        "offset": _number(new.offset),
        "gain": _number(new.gain),
        **{name: _number(getattr(new, name)) for name in new.needs},
        "reference": _text(new.reference),
        "period": f"[{when(new.period[0])}, {when(new.period[1])}]",
        "range": f"[{_number(new.range[0])}, {_number(new.range[1])}]",
        "n": str(new.n),
        "r2": f"{new.r2:.4f}",
        "rmse": _number(new.rmse),
    }
    return "[[correction]]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items())


def next_version(settings: Settings, device: str, quantity: str) -> int:
    """1 more than the highest number of any correction of this reading."""
    own = [c.version for c in settings.correction if (c.device, c.quantity) == (device, quantity)]
    return 1 + max((version for version in own if isinstance(version, int)), default=0)


def save(
    config: Path,
    settings: Settings,
    new: Calibration,
    load: Callable[[Path], Settings],
    *,
    replaces: bool,
) -> Saved:
    """Appends `new`. What corrects the same reading from then on ends where `new` begins, if `replaces`.

    `settings` are those of `config`; `load` raises SettingsError. Raises NotSavedError.
    """
    path = config.with_name(CALIBRATIONS)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    blocks = _blocks(text)
    if len(blocks) - 1 != len(tomllib.loads(text).get("correction", [])):
        raise NotSavedError(_STRANGE.format(path))
    first = len(settings.correction) - (len(blocks) - 1)
    kept: list[Correction] = []
    ended: list[str] = []
    for i, old in enumerate(settings.correction):
        if not _is_at_once(old, new):
            kept.append(old)
            continue
        if i < first or not replaces:
            raise NotSavedError(_refusal(old, new, config.name if i < first else path.name))
        ended.append(_named(old))
        block = i - first + 1
        if old.since < new.since:
            blocks[block] = _ended(blocks[block], new.since)
            kept.append(old.model_copy(update={"until": new.since}))
        else:
            blocks[block] = _taken_out(blocks[block])
    whole = "".join(blocks)
    _replace(path, f"{whole.rstrip()}\n\n{table(new)}" if whole.strip() else table(new), config, load, kept)
    return Saved(path, tuple(ended))


def _is_at_once(old: Correction, new: Calibration) -> bool:
    """A calibration stands alone."""
    same = (old.device, old.quantity) == (new.device, new.quantity)
    return same and old.until > new.since and new.until > old.since


def _refusal(old: Correction, new: Calibration, file: str) -> str:
    what = f"{new.quantity} of {new.device} is corrected at that time already, by {_named(old)} in {file}"
    if file == CALIBRATIONS:
        return f"{what}: --replace ends it where the new one begins"
    if old.since < new.since:
        return f"{what}: give it until = {when(new.since)} there, then save again"
    return f"{what}: take it out there, then save again"


def _named(correction: Correction) -> str:
    return f"{correction.kind} version {correction.version}"


def _blocks(text: str) -> list[str]:
    """What is before the first table, then each [[correction]] up to the next."""
    blocks = [""]
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            blocks.append("")
        blocks[-1] += line
    return blocks


def _ended(block: str, until: int) -> str:
    header, *rest = block.splitlines(keepends=True)
    others = [line for line in rest if not _UNTIL.match(line)]
    return "".join([header.rstrip() + "\n", f"until = {when(until)}\n", *others])


def _taken_out(block: str) -> str:
    """As comments: what was in force once can be looked up."""
    lines = block.splitlines()
    return "# replaced:\n" + "".join(f"# {line}\n" if line.strip() else "\n" for line in lines)


def _replace(
    path: Path, text: str, config: Path, load: Callable[[Path], Settings], kept: list[Correction]
) -> None:
    """Only if the settings can be read with it, and hold what they should."""
    with tempfile.TemporaryDirectory(prefix="venueair-") as folder:
        copy = Path(shutil.copy(config, folder))
        copy.with_name(CALIBRATIONS).write_text(text, encoding="utf-8")
        try:
            found = load(copy).correction
        except SettingsError as error:
            mistakes = "; ".join(str(mistake) for mistake in error.mistakes)
            raise NotSavedError(f"it does not fit the settings: {mistakes}") from error
    if found[:-1] != tuple(kept):
        raise NotSavedError(_STRANGE.format(path))
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise NotSavedError(f"{path} cannot be written: {error}") from error


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # what JSON escapes, TOML reads


def _number(value: float) -> str:
    return f"{value:.7g}"
