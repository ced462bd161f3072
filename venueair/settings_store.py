"""`[store]` of venueair.toml: where readings rest, and for how long."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from venueair.site import Part
from venueair.store.flux import BUCKET_PATTERN

# Never shown, not even in a mistake about them.
SECRETS: Final = frozenset({"token", "write_token", "read_token"})
Days = Annotated[int, Field(ge=1, le=36_500)]


class Store(Part):
    """DuckDB needs nothing. InfluxDB needs url, org and tokens: `token` may read and write, or `write_token`
    and `read_token` share that; a process that only reads needs no other. `token_file` holds `token`.

    `write_only`: a server that takes writes and no queries; then there is neither history nor rollups.
    """

    kind: Literal["duckdb", "influxdb"] = "duckdb"
    url: Annotated[str | None, Field(validate_default=True)] = None
    org: Annotated[str | None, Field(min_length=1, validate_default=True)] = None
    bucket: Annotated[str, Field(pattern=f"^{BUCKET_PATTERN}$")] = "venueair"
    token: SecretStr = SecretStr("")
    write_token: SecretStr = SecretStr("")
    read_token: SecretStr = SecretStr("")
    token_file: Path | None = None
    write_only: bool = False
    raw_days: Days = 90
    minutes_days: Days = 730
    hours_days: Days = 3650

    @field_validator("url", "org")
    @classmethod
    def _is_needed(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("kind") == "influxdb":
            raise PydanticCustomError("missing", "is missing")
        return value

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("should begin with http:// or https://")
        return value

    @field_validator("token_file")
    @classmethod
    def _is_the_only_one(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        token: Any = info.data.get("token")
        if value is not None and token:
            raise ValueError("token is given too: which of them holds?")
        return value
