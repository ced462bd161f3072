"""Shapes of the audit log and the journal of decisions in answers. Times are ms UTC."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class AuditRow(BaseModel):
    """`who` is the id of a key or user, or `control`. `what`: `asked POST`, `answered POST`, `command` …

    `answers` is the number of the row in which that was asked; `hash` chains the row to the one before.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "number": 18,
                "t": 1795447518905,
                "who": "4f1c22ab90de",
                "what": "answered POST",
                "target": "purifiers/pf1/commands",
                "before": {"mode": "run", "level": 1},
                "after": {"mode": "run", "level": 3, "minutes": 60.0, "release": False},
                "slot": "override",
                "command": "7d0b5e0e-6f1e-4a38-9c2b-0b6e4f7f2d11",
                "reason": "doors open",
                "remote": "192.0.2.7",
                "status": 202,
                "answers": 17,
                "hash": "9f2c" * 16,
            }
        }
    )

    number: int
    t: int
    who: str
    what: str
    target: str
    before: Any
    after: Any
    slot: str | None
    command: str | None
    reason: str | None
    remote: str | None
    status: int | None
    answers: int | None
    hash: str


class AuditPage(BaseModel):
    """Newest first. `next` is the cursor of the page after this; null on the last. `head` is
    `number:hash` of the last row of all.
    """

    rows: list[AuditRow]
    next: str | None
    head: str


class DecisionRow(BaseModel):
    """`quantity` at `source` was `value`, above or below (`relation`) `limit` for `for_s` seconds.

    `mode` null: the unit is left alone. `version` changes with the settings of control; `sentence` says all.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "number": 7,
                "t": 1795447518905,
                "purifier": "pf1",
                "zone": "zone-b",
                "mode": "run",
                "level": 3,
                "from_level": 2,
                "slot": "automatic",
                "why": "zone-b pm2_5 41.0 > 35 for 180 s: level 2 -> 3",
                "source": "zone-b",
                "quantity": "pm2_5",
                "value": 41.0,
                "relation": ">",
                "limit": 35.0,
                "for_s": 180.0,
                "version": "3f9a01bc",
                "phase": "show",
                "command": "7d0b5e0e-6f1e-4a38-9c2b-0b6e4f7f2d11",
                "sentence_ko": "pf1: 14:03 UTC에 3단계로. 이유: B구역 PM2.5 41 > 35, 3분 동안",
                "sentence_en": "unit pf1 to level 3 at 14:03 UTC because Zone B PM2.5 41 > 35 for 3 min",
            }
        }
    )

    number: int
    t: int
    purifier: str
    zone: str
    mode: str | None
    level: int | None
    from_level: int | None
    slot: str
    why: str
    source: str | None
    quantity: str | None
    value: float | None
    relation: str | None
    limit: float | None
    for_s: float | None
    version: str
    phase: str | None
    command: str | None
    sentence_ko: str
    sentence_en: str


class DecisionPage(BaseModel):
    """Newest first. `next` is the cursor of the page after this; null on the last."""

    rows: list[DecisionRow]
    next: str | None
