"""Every changing request in the audit log: once when it is asked, before it acts, and once when answered.

What cannot be written is refused (503) before it acts, except what stops a fan. The rows hold the address and
the id of who asked; a route adds with `note` what it knows (reason, command, before, after). Bodies, queries
and headers are never written. Requests without a valid key do not come this far.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import orjson
import structlog
from fastapi import HTTPException, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit import Entry
from api.audit_book import AuditBook
from venueair.clock import Clock

log = structlog.get_logger(__name__)

CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NOBODY: Final = "nobody"  # who, where an address is open without a key: a login
# What is written of strangers, who must not be able to fill the disk: a login, or a wrong one.
_OF_STRANGERS: Final = frozenset({200, 201, 204, 401, 403})
_TARGET_CHARS: Final = 200
_NOTED: Final = frozenset({"reason", "command", "slot", "before", "after"})

F = TypeVar("F", bound=Callable[..., Any])


class Audited:
    """ASGI middleware; inside the door, so that it is known who asks."""

    def __init__(self, app: ASGIApp, book: AuditBook, clock: Clock) -> None:
        self.app = app
        self._book = book
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in CHANGING:
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        is_known = state.get("principal") is not None
        asked = state["audit_asked"] = await self._write(scope, "asked", None, None) if is_known else None
        is_answered = False

        async def answering(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start" and not is_answered:
                is_answered = True
                if is_known or message["status"] in _OF_STRANGERS:
                    await self._write(scope, "answered", asked, message["status"])
            await send(message)

        try:
            await self.app(scope, receive, answering)
        except Exception:
            if is_known and not is_answered:
                await self._write(scope, "answered", asked, 500)
            raise

    async def _write(self, scope: Scope, what: str, asked: int | None, status: int | None) -> int | None:
        """The number of the row; None when it could not be written."""
        state = scope["state"]
        principal = state.get("principal")
        client = scope.get("client")
        entry = Entry(
            t=self._clock.now_ms(),
            who=NOBODY if principal is None else principal.key_id,
            what=f"{what} {scope['method']}",
            target=_target(scope),
            remote=client[0] if client else None,
            status=status,
            answers=asked,
            **(state.get("audit_note", {}) if what == "answered" else {}),
        )
        try:
            return await run_in_threadpool(self._book.append, entry)
        except SQLAlchemyError as error:
            said = {"what": entry.what, "target": entry.target, "problem": str(error)}
            log.error("the audit log cannot be written", **said)  # noqa: TRY400  # a sentence is enough
            return None


def note(request: Request, **said: Any) -> None:
    """What the row of the answer says beside its status: reason, command, slot, before, after; no names."""
    if unknown := said.keys() - _NOTED:
        raise TypeError(f"the audit log has no {', '.join(sorted(unknown))}")
    request.scope["state"].setdefault("audit_note", {}).update(said)


def stops(is_stop: Callable[[Mapping[str, Any]], bool] = lambda _body: True) -> Callable[[F], F]:
    """Declares a route that stops fans where `is_stop(its JSON body)`: it acts also without an audit log."""

    def declare(function: F) -> F:
        vars(function)["is_stop"] = is_stop
        return function

    return declare


async def check_audited(request: Request) -> None:
    """Dependency of the whole application, after check_role: a change that was not written is not made."""
    state = request.scope["state"] if request.method in CHANGING else {}
    if state.get("principal") is None or state.get("audit_asked") is not None:
        return  # without a principal it is a login, which whoever is to stop a fan needs
    is_stop = getattr(request.scope.get("endpoint"), "is_stop", None)
    if is_stop is not None and is_stop(await _body(request)):
        return
    detail = (
        "the audit log cannot be written, so nothing but a stop is done: is the disk full, or another program"
        " using the database? At the unit itself everything can still be done"
    )
    raise HTTPException(503, detail, {"Retry-After": "5"})


async def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _target(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix("/api/v1/")[:_TARGET_CHARS]
