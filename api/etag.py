"""Strong ETags and If-Match (RFC 9110, sections 8.8.3 and 13.1.1): nobody overwrites what he has not seen.

A route computes the Version of what it is about to change, calls `check` with the If-Match of the request,
and acts under the same lock: of two who read the same version one acts, and the other learns who did.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import HTTPException


@dataclass(frozen=True, slots=True)
class Version:
    """`by` changed it last, at `at` (ms UTC); None where nobody is known to have."""

    etag: str
    by: str | None = None
    at: int | None = None


class PreconditionError(HTTPException):
    """412 or 428 as problem+json; `extra` are members of the problem beside the standard ones."""

    def __init__(self, status: int, detail: str, headers: dict[str, str], extra: dict[str, Any]) -> None:
        super().__init__(status, detail, headers)
        self.extra = extra


def etag_of(*said: Any) -> str:
    """Equal for equal values (what JSON can say), and, but for 1 in 2^64, different for different ones."""
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f'"{digest[:16]}"'


def check(if_match: str | None, now: Version, what: str, *, is_required: bool = False) -> None:
    """Raises PreconditionError: 412 when `what` is not as it was seen, 428 without If-Match when required."""
    headers = {"ETag": now.etag}
    if if_match is None:
        if is_required:
            detail = f"say which {what} you have seen: read it, and send its ETag as If-Match with the change"
            raise PreconditionError(428, detail, headers, {})
        return
    seen = [tag.strip() for tag in if_match.split(",")]
    if "*" in seen or now.etag in seen:
        return
    extra = {"changed_by": now.by, "changed_at": now.at, "etag": now.etag}
    detail = f"{what} was changed {_by_whom(now)}: look at it again, then decide"
    raise PreconditionError(412, detail, headers, extra)


def _by_whom(now: Version) -> str:
    who = f"by {now.by}" if now.by is not None else "by nobody that is written down"
    if now.at is None:
        return who
    return f"{who} at {datetime.fromtimestamp(now.at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
