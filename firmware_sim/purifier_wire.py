"""The JSON of a purifier's messages, written from docs/messages.md: set and lease in, ack and state out."""

import json
from typing import Any, Final

from firmware_sim.purifier import Ack, Command, Report

MAX_BYTES: Final = 64 * 1024
MAX_ID: Final = 128
MAX_SECONDS: Final = 1e6


class MalformedError(ValueError):
    """Not a message that may act; `id` is the command's, when it can be told."""

    def __init__(self, detail: str, command_id: str | None = None) -> None:
        super().__init__(detail)
        self.id = command_id


def parse_command(payload: bytes) -> Command:
    """Raises MalformedError."""
    fields = _fields(payload)
    found = fields.get("id")
    command_id = found if isinstance(found, str) and 0 < len(found) <= MAX_ID else None
    mode, level, t = fields.get("mode"), fields.get("level"), fields.get("t")
    session, release = fields.get("session"), fields.get("release", False)
    if command_id is None or not isinstance(session, str) or not isinstance(release, bool):
        raise MalformedError("id, session or release is missing or wrong", command_id)
    if mode not in ("run", "idle", "stopped"):
        raise MalformedError(f"unknown mode {mode!r:.40}", command_id)
    if type(level) is not int or (t is not None and type(t) is not int):
        raise MalformedError("level and t must be whole numbers", command_id)
    ttl_s = _positive(fields.get("ttl_s"), "ttl_s", command_id)
    return Command(command_id, session, ttl_s, mode, level, t, release)


def parse_lease(payload: bytes) -> tuple[str, float]:
    """(session, lease_s). Raises MalformedError."""
    fields = _fields(payload)
    session = fields.get("session")
    if not isinstance(session, str):
        raise MalformedError("session is missing or not text")
    return session, _positive(fields.get("lease_s"), "lease_s", None)


def encode(message: Ack | Report) -> bytes:
    if isinstance(message, Ack):
        fields: dict[str, Any] = {"v": 1, "id": message.id, "result": message.result}
        optional = {"reason": message.reason}
    else:
        fields = {
            "v": 1,
            "session": message.session,
            "mode": message.setting.mode,
            "level": message.setting.level,
            "source": message.setting.source,
            "t": message.t,
            "rpm": message.rpm,
            "filter_pct": message.filter_pct,
        }
        optional = {"fault": message.fault, "command": message.command}
    fields |= {key: value for key, value in optional.items() if value is not None}
    return json.dumps(fields).encode()


def _fields(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_BYTES:
        raise MalformedError(f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    try:
        fields = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"not JSON: {error}") from error
    if not isinstance(fields, dict) or type(fields.get("v")) is not int or fields["v"] != 1:
        raise MalformedError('not an object with "v": 1')
    return fields


def _positive(value: object, name: str, command_id: str | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(f"{name} must be a number", command_id)
    # Compared as it is: JSON whole numbers may be too large for a float.
    if not 0 < value < MAX_SECONDS:
        raise MalformedError(f"{name} must be above 0 and below {MAX_SECONDS:g}", command_id)
    return float(value)
