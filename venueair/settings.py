"""venueair.toml + environment -> frozen settings. All mistakes are reported at once, with line or key.

The environment wins over the file: VENUEAIR_MQTT__PASSWORD sets `password` below `[mqtt]`.
"""

import os
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as EnvironmentProblem

from venueair.rules import ControlSettings, Rule
from venueair.settings_lines import Loc, line_of
from venueair.site import Hall, Id, Part, Positive, Purifier, Sensor, Site, Venue, Zone


class Mqtt(Part):
    broker: str = "embedded"
    port: int = Field(default=1883, ge=0, le=65535)
    username: str = "venueair"
    password: SecretStr = SecretStr("")


class Store(Part):
    kind: Literal["duckdb"] = "duckdb"
    raw_days: int = Field(default=90, ge=1)
    minutes_days: int = Field(default=730, ge=1)
    hours_days: int = Field(default=3650, ge=1)


class Api(Part):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


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
    gateway: Gateway
    venue: tuple[Venue, ...] = Field(min_length=1)
    hall: tuple[Hall, ...] = ()
    zone: tuple[Zone, ...] = ()
    sensor: tuple[Sensor, ...] = ()
    purifier: tuple[Purifier, ...] = ()
    rule: tuple[Rule, ...] = ()
    control: ControlSettings = ControlSettings()

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

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.what}" if self.key else f"{where}{self.what}"


class SettingsError(ValueError):
    """All that is wrong with one venueair.toml."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self.path = path
        self.mistakes = mistakes
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"{path} has {len(mistakes)} mistake{'s'[: len(mistakes) != 1]}:\n{lines}")


def load(path: Path, models: Collection[str]) -> Settings:
    """Reads and checks `path`; `models` are the sensor models that can be wired. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, [Mistake(None, "", f"cannot be read: {error}")]) from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(path, [Mistake(None, "", f"is not TOML: {error}")]) from error
    found = _reference_mistakes(raw, models)
    settings = None
    try:
        settings = Settings(**raw)
    except ValidationError as error:
        found += [
            (tuple(e["loc"]), _sentence(e))
            for e in error.errors(include_url=False)
            if e["type"] != "too_short" or not e["input"]  # pydantic leaves wrong rows out, then misses them
        ]
    except EnvironmentProblem as error:
        found.append((("environment",), f"{error}: a variable for a whole table holds JSON"))
    if found or settings is None:
        mistakes = [_mistake(text, loc, what) for loc, what in found]
        raise SettingsError(path, sorted(mistakes, key=lambda m: (m.line or 0, m.key)))
    return settings


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a key that venueair knows here"
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "tuple_type":
        return "should be a list: [a, b], or tables below [[double brackets]]"
    what = str(error["msg"]).removeprefix("Value error, ")
    if error["loc"][-1:] == ("password",):
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
        for name in ("venue", "hall", "zone", "sensor", "purifier", "rule")
    }
    ids = {name: {str(row.get("id")) for _, row in table} for name, table in rows.items()}
    found: list[tuple[Loc, str]] = []

    def must_exist(loc: Loc, kind: str, value: object) -> None:
        if isinstance(value, str) and value not in ids[kind]:
            found.append((loc, f"there is no {kind} {value!r}"))

    for child, parent in (("hall", "venue"), ("zone", "hall"), ("sensor", "zone"), ("purifier", "zone")):
        for i, row in rows[child]:
            must_exist((child, i, parent), parent, row.get(parent))
    for i, row in rows["rule"]:
        for zone in _rows(row.get("zones")):
            must_exist(("rule", i, "zones"), "zone", zone)
    if isinstance(gateway := raw.get("gateway"), dict):
        must_exist(("gateway", "venue"), "venue", gateway.get("venue"))
    control = raw.get("control")
    for i, target in enumerate(_rows(control.get("targets")) if isinstance(control, dict) else []):
        if isinstance(target, dict):
            must_exist(("control", "targets", i, "zone"), "zone", target.get("zone"))
    # Zones and devices share one name space: both are sources of readings.
    for kinds in (("venue",), ("hall",), ("zone", "sensor", "purifier"), ("rule",)):
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
