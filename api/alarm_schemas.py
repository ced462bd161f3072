"""Shapes of rules and alarms in answers. Times are ms UTC."""

from typing import Literal

from pydantic import BaseModel

from api.alarm import State


class LevelRow(BaseModel):
    """`level`: 1 notice, 2 warning, 3 urgent."""

    level: int
    limit: float
    deadband: float
    on_delay_s: float
    off_delay_s: float
    samples: int


class RuleTexts(BaseModel):
    cause_ko: str | None
    cause_en: str | None
    consequence_ko: str | None
    consequence_en: str | None
    action_ko: str | None
    action_en: str | None


class RuleRow(RuleTexts):
    """`zones` is where it holds, `scopes` what has an alarm of its own there: these zones, or devices.

    `source`, `edition` and `confidence` (V, S, G or P, as on the page of limits): where its limits are from.
    """

    id: str
    quantity: str
    name_ko: str
    name_en: str
    unit: str
    statistic: str
    window_s: int
    each: Literal["zone", "device"]
    direction: Literal["above", "below"]
    family: Literal["operating", "screening"]
    latching: bool
    zones: list[str]
    scopes: list[str]
    priority: str
    source: str | None
    edition: str | None
    confidence: str | None
    is_notice: bool
    levels: list[LevelRow]


class AlarmRow(RuleTexts):
    """One episode. `confirmed` is false when it stands open here but not at ingest.

    `state` is open while somebody may have to look: also when it waits for a reset, or chatters. `condition`
    is the state by ISA-18.2. `turns` counts how often it was raised and cleared. `historical`: found only in
    data that came late.
    """

    id: str
    alarm: str
    venue: str
    rule: str
    scope: str
    scope_ko: str
    scope_en: str
    quantity: str
    name_ko: str
    name_en: str
    unit: str | None
    state: Literal["open", "cleared"]
    condition: State
    level: int
    peak_level: int
    level_ko: str
    level_en: str
    priority: str | None
    is_notice: bool
    raised: int
    cleared: int | None
    value: float | None
    limit: float | None
    family: Literal["operating", "screening"]
    source: str | None
    latching: bool
    historical: bool
    reason: str | None
    is_chattering: bool
    turns: int
    held_until: int | None
    acknowledged: int | None
    acknowledged_by: str | None
    comment: str | None
    reset: int | None
    reset_by: str | None
    confirmed: bool | None


class AlarmLoad(BaseModel):
    """How much is asked of people now. `flood_since`: more than they can look at, since then."""

    open: int
    unacknowledged: int
    latched: int
    chattering: int
    new_10_min: int
    is_flood: bool
    flood_since: int | None
