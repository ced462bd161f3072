"""Shapes of answers and requests, for OpenAPI and for checking what people send. Times are ms UTC."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.auth import Role
from api.control_port import MaintenanceView, OrderMode, PurifierView


class HallRow(BaseModel):
    id: str
    venue: str
    name_ko: str | None
    name_en: str | None
    area_m2: float | None
    height_m: float | None


class ZoneRow(BaseModel):
    """`demand_level` is what control wants of the purifiers; `why` says it in words."""

    id: str
    hall: str
    venue: str
    name_ko: str | None
    name_en: str | None
    volume_m3: float | None
    outdoor: bool
    automatic: bool
    degraded: bool | None
    demand_level: int | None
    why: str | None
    in_maintenance: list[str]


class DeviceRow(BaseModel):
    id: str
    kind: Literal["sensor", "node", "purifier", "gateway"]
    model: str | None
    zone: str | None
    hall: str | None
    state: Literal["online", "offline", "fault", "unknown"]
    detail: str | None
    last_seen: int | None
    age_s: float | None
    interval_s: float | None
    firmware: str | None
    clock_ok: bool | None
    maintenance: MaintenanceView | None


class HallTree(HallRow):
    zones: list[ZoneRow]
    devices: list[DeviceRow]


class VenueTree(BaseModel):
    id: str
    name_ko: str | None
    name_en: str | None
    halls: list[HallTree]


class SiteTree(BaseModel):
    venues: list[VenueTree]


class LeftOutRow(BaseModel):
    """`reasons` are names of tests in small letters; `since` in ms UTC."""

    device: str
    reasons: list[str]
    reason_ko: str
    reason_en: str
    since: int


class ValueRow(BaseModel):
    """`left_out`: sensors that this value of a zone leaves out; `at_odds`: two in it, one of them wrong."""

    source: str
    kind: Literal["device", "zone"]
    zone: str | None
    hall: str | None
    quantity: str
    name_ko: str
    name_en: str
    unit: str | None
    decimals: int | None
    t: int | None
    age_s: float | None
    value: float | None
    flag: int
    quality: str
    stale: bool
    stale_after_s: float
    is_good: bool
    limit: float | None
    is_over_limit: bool | None
    left_out: list[LeftOutRow]
    at_odds: list[LeftOutRow]


class ReadingRow(BaseModel):
    """One point; `time` is `t` in ISO form. Raw: value, raw, flag, quality. Rollup: mean, min, max, count."""

    time: str
    t: int
    value: float | None = None
    raw: float | None = None
    flag: int | None = None
    quality: str | None = None
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    count: int | None = None


class Readings(BaseModel):
    """Columns of equal length. Raw: t, value, raw, flag, quality. Rollups: t, mean, min, max, count."""

    source: str
    quantity: str
    unit: str
    every: str
    start: int
    end: int
    t: list[int]
    value: list[float | None] | None = None
    raw: list[float | None] | None = None
    flag: list[int] | None = None
    quality: list[str] | None = None
    mean: list[float | None] | None = None
    min: list[float | None] | None = None
    max: list[float | None] | None = None
    count: list[int] | None = None


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AckRequest(Request):
    comment: Annotated[str, Field(max_length=500)] = ""


class CommandRequest(Request):
    """`minutes` is how long the order holds over automation; `auto` gives the unit back to automation.

    0 minutes are for `stopped` alone: until somebody releases it.
    """

    mode: OrderMode
    level: Annotated[int, Field(ge=0, le=10)] = 0
    minutes: Annotated[float, Field(ge=0, le=24 * 60, allow_inf_nan=False)] = 60
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    release: bool = False


class Accepted(BaseModel):
    id: str
    status_url: str


class PurifierRow(PurifierView):
    zone_name_ko: str | None
    zone_name_en: str | None


class CommandRow(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    state: str


class PartState(BaseModel):
    ok: bool
    detail: str
    facts: dict[str, float] = {}


class DeadLetterRow(BaseModel):
    """`payload`: its first 1,024 bytes as text, those that are not UTF-8 in hex; `t` in ms UTC."""

    id: int
    t: int
    topic: str
    reason: str
    detail: str
    payload: str


class HealthReport(BaseModel):
    """`role` is that of the key which asks."""

    ok: bool
    role: Role
    now: int
    speed: float
    version: str
    live_age_s: float | None
    streams: int
    parts: dict[str, PartState]
    counts: dict[str, int]
    captions: list[dict[str, Any]]
    banner_ko: str | None
    banner_en: str | None


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []
