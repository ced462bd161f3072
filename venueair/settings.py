"""venueair.toml + environment -> frozen settings. All mistakes are reported at once, with line or key.

The environment wins over the file: VENUEAIR_MQTT__PASSWORD sets `password` below `[mqtt]`.
"""

import os
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as EnvironmentProblem

from venueair.corrections import Correction
from venueair.limits import FACILITIES
from venueair.rules import ControlSettings, Rule
from venueair.settings_control import fire_mistakes
from venueair.settings_corrections import correction_mistakes, without_kind
from venueair.settings_lines import Loc, line_of
from venueair.settings_rules import rule_mistakes
from venueair.settings_store import SECRETS, Store
from venueair.site import Hall, Id, Part, Positive, Purifier, Sensor, Site, Venue, Zone

# Beside the venueair.toml: the [[correction]] tables that `venueair calibrate --save` writes.
CALIBRATIONS: Final = "calibrations.toml"


class Mqtt(Part):
    broker: str = "embedded"
    port: int = Field(default=1883, ge=0, le=65535)
    username: str = "venueair"
    password: SecretStr = SecretStr("")


class Api(Part):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


class Ingest(Part):
    """`metrics_port`: where `venueair ingest`, alone in its process, answers Prometheus; None is nowhere."""

    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)


class Rules(Part):
    """`built_in` false: only the rules of the settings, none of built_in_rules.toml or of the limits."""

    built_in: bool = True


class Gateway(Part):
    id: Id = "gw1"
    venue: Id
    spool_max_mb: Positive = 1024


class Settings(BaseSettings):
    """The whole venueair.toml. `data` is the folder of store, spool and ops database."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="VENUEAIR_", env_nested_delimiter="__"
    )

    data: Path = Path("data")
    mqtt: Mqtt = Mqtt()
    store: Store = Store()
    api: Api = Api()
    ingest: Ingest = Ingest()
    gateway: Gateway
    venue: tuple[Venue, ...] = Field(min_length=1)
    hall: tuple[Hall, ...] = ()
    zone: tuple[Zone, ...] = ()
    sensor: tuple[Sensor, ...] = ()
    purifier: tuple[Purifier, ...] = ()
    rules: Rules = Rules()
    rule: tuple[Rule, ...] = ()
    control: ControlSettings = ControlSettings()
    correction: tuple[Correction, ...] = ()

    @property
    def site(self) -> Site:
        return Site(
            venues=self.venue,
            halls=self.hall,
            zones=self.zone,
            sensors=self.sensor,
            purifiers=self.purifier,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic passes it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


@dataclass(frozen=True, slots=True)
class Mistake:
    line: int | None
    key: str
    what: str
    file: str = ""  # where that is not the venueair.toml

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        where = f"{self.file}, {where}" if self.file else where
        return f"{where}{self.key}: {self.what}" if self.key else f"{where}{self.what}"


class SettingsError(ValueError):
    """All that is wrong with one venueair.toml."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self.path = path
        self.mistakes = mistakes
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"{path} has {len(mistakes)} mistake{'s'[: len(mistakes) != 1]}:\n{lines}")


def load(path: Path, models: Collection[str]) -> Settings:
    """Reads and checks `path`, with the calibrations.toml beside it; `models` can be wired.

    Raises SettingsError.
    """
    text, raw = _read(path)
    saved = path.with_name(CALIBRATIONS)
    saved_text, saved_raw = _read(saved) if saved.exists() else ("", {})
    own = _rows(raw.get("correction"))
    if isinstance(raw.setdefault("correction", own), list):
        raw["correction"] = own + _rows(saved_raw.get("correction"))
    found = _reference_mistakes(raw, models)
    settings = None
    try:
        settings = Settings(**raw)
    except ValidationError as error:
        found += [
            (without_kind(tuple(e["loc"])), _sentence(e))
            for e in error.errors(include_url=False)
            if e["type"] != "too_short" or not e["input"]  # pydantic leaves wrong rows out, then misses them
        ]
    except EnvironmentProblem as error:
        found.append((("environment",), f"{error}: a variable for a whole table holds JSON"))
    mistakes = [_mistake_of_either(text, saved_text, len(own), loc, what) for loc, what in found]
    mistakes += [
        Mistake(line_of(saved_text, (key,)), key, "only [[correction]] belongs here", CALIBRATIONS)
        for key, value in saved_raw.items()
        if key != "correction" or not isinstance(value, list)
    ]
    if mistakes or settings is None:
        raise SettingsError(path, sorted(mistakes, key=lambda m: (m.file, m.line or 0, m.key)))
    return settings


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """(text, its content). Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, [Mistake(None, "", f"cannot be read: {error}")]) from error
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(path, [Mistake(None, "", f"is not TOML: {error}")]) from error


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a key that venueair knows here"
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "tuple_type":
        return "should be a list: [a, b], or tables below [[double brackets]]"
    what = str(error["msg"]).removeprefix("Value error, ")
    if {"password", *SECRETS}.intersection(error["loc"][-1:]):
        return what
    shown = repr(error["input"])
    return f"{what} (found {shown if len(shown) <= 60 else shown[:60] + '…'})"


def _mistake(text: str, loc: Loc, what: str) -> Mistake:
    names = [str(part) for part in loc]
    variables = {"VENUEAIR_" + "__".join(names[:n]).upper() for n in range(1, len(names) + 1)}
    for name in os.environ:
        if name.upper() in variables:
            return Mistake(None, name, what)
    return Mistake(line_of(text, loc), _key(loc), what)


def _mistake_of_either(text: str, saved_text: str, own: int, loc: Loc, what: str) -> Mistake:
    """Corrections from number `own` on are those of calibrations.toml."""
    if loc[:1] == ("correction",) and loc[1:2] and isinstance(loc[1], int) and loc[1] >= own:
        mistake = _mistake(saved_text, ("correction", loc[1] - own, *loc[2:]), what)
        return replace(mistake, file=CALIBRATIONS)
    return _mistake(text, loc, what)


def _key(loc: Loc) -> str:
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _reference_mistakes(raw: dict[str, Any], models: Collection[str]) -> list[tuple[Loc, str]]:
    """Mistakes between tables, found on the raw file so that they are listed together with all others.

    A reference that is no text is left to the check of types.
    """
    rows = {
        name: [(i, row) for i, row in enumerate(_rows(raw.get(name))) if isinstance(row, dict)]
        for name in ("venue", "hall", "zone", "sensor", "purifier", "rule", "correction")
    }
    ids = {name: {str(row.get("id")) for _, row in table} for name, table in rows.items()}
    found: list[tuple[Loc, str]] = []

    def must_exist(loc: Loc, kind: str, value: object) -> None:
        if isinstance(value, str) and value not in ids[kind]:
            found.append((loc, f"there is no {kind} {value!r}"))

    for child, parent in (("hall", "venue"), ("zone", "hall"), ("sensor", "zone"), ("purifier", "zone")):
        for i, row in rows[child]:
            must_exist((child, i, parent), parent, row.get(parent))
    for i, row in rows["zone"]:
        if isinstance(kind_of_room := row.get("facility"), str) and kind_of_room not in FACILITIES:
            known = ", ".join(FACILITIES)
            found.append((("zone", i, "facility"), f"unknown {kind_of_room!r}; venueair knows {known}"))
    for i, row in rows["rule"]:
        for kind in ("venue", "hall"):
            must_exist(("rule", i, kind), kind, row.get(kind))
        for zone in _rows(row.get("zones")):
            must_exist(("rule", i, "zones"), "zone", zone)
    found += rule_mistakes(rows["rule"])
    found += correction_mistakes(rows["correction"], rows["sensor"], rows["zone"])
    if isinstance(gateway := raw.get("gateway"), dict):
        must_exist(("gateway", "venue"), "venue", gateway.get("venue"))
    control = raw.get("control")
    for i, target in enumerate(_rows(control.get("targets")) if isinstance(control, dict) else []):
        if isinstance(target, dict):
            must_exist(("control", "targets", i, "zone"), "zone", target.get("zone"))
    found += fire_mistakes(control, rows["sensor"], ids["hall"])
    # Zones and devices share one name space: both are sources of readings.
    for kinds in (("venue",), ("hall",), ("zone", "sensor", "purifier")):
        seen: set[str] = set()
        for kind in kinds:
            for i, row in rows[kind]:
                if not isinstance(row.get("id"), str):
                    continue
                if row["id"] in seen:
                    found.append(((kind, i, "id"), f"{row['id']!r} is used twice"))
                seen.add(row["id"])
    for i, row in rows["sensor"]:
        model, port = row.get("model"), row.get("port")
        if port is not None and isinstance(model, str) and model not in models:
            known = ", ".join(sorted(models))
            found.append((("sensor", i, "model"), f"unknown model {model!r}; venueair knows {known}"))
        if port is None and not row.get("quantities"):
            found.append(
                (("sensor", i), "needs a port (wired) or quantities (a node that publishes by itself)")
            )
    return found


def _rows(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
