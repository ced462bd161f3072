"""API keys and roles: deny by default.

A key is `vk_` and 256 random bits; only its SHA-256 is kept, which needs no salt or slow hash at that length.
`Door` lets nobody pass without a key except to OPEN; `check_role` refuses every route that declares no role.
"""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import structlog
from fastapi import HTTPException, Request
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem
from api.tables.keys import api_keys

log = structlog.get_logger(__name__)

Role = Literal["viewer", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "operator", "admin")  # each may do what those before it may
OPEN: Final = frozenset({"/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"})
OPEN_BELOW: Final = ("/static/", "/display/")  # script and style; what a hall's settings show to visitors
_PREFIX: Final = "vk_"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Principal:
    key_id: str
    name: str
    role: Role


def create_key(engine: Engine, name: str, role: Role, now: int) -> str:
    """The new key; it cannot be shown again. `now` is ms UTC. Raises ValueError for an unknown role."""
    if role not in ROLES:
        raise ValueError(f"unknown role {role!r}; one of {', '.join(ROLES)}")
    key = _PREFIX + secrets.token_urlsafe(32)
    row = {"id": uuid.uuid4().hex[:12], "sha256": _sha256(key), "name": name, "role": role, "created": now}
    with engine.begin() as connection:
        connection.execute(insert(api_keys).values(row))
    return key


def revoke_key(engine: Engine, name: str, now: int) -> int:
    """Revokes every key of that name; returns how many there were."""
    live = api_keys.c.name == name, api_keys.c.revoked.is_(None)
    with engine.begin() as connection:
        return connection.execute(update(api_keys).where(*live).values(revoked=now)).rowcount


def find_key(engine: Engine, key: str) -> Principal | None:
    """Who holds this key; None when it is unknown or revoked."""
    digest = _sha256(key)
    query = select(api_keys).where(api_keys.c.sha256 == digest, api_keys.c.revoked.is_(None))
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    if row is None or not hmac.compare_digest(row.sha256, digest) or row.role not in ROLES:
        return None
    return Principal(row.id, row.name, row.role)


def is_valid(engine: Engine, key_id: str) -> bool:
    query = select(api_keys.c.id).where(api_keys.c.id == key_id, api_keys.c.revoked.is_(None))
    with engine.connect() as connection:
        return connection.execute(query).one_or_none() is not None


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def key_of(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or None


class Door:
    """ASGI middleware: without a valid key nothing but OPEN is reached, whether it exists or not."""

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self.app = app
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and is_open(scope["path"])):
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        key = key_of(Headers(scope=scope))
        try:
            principal = await run_in_threadpool(find_key, self._engine, key) if key else None
        except SQLAlchemyError as error:
            log.error("ops_db", problem=str(error))  # noqa: TRY400  # the sentence is enough
            await problem(503, "keys cannot be checked now", headers={"Retry-After": "5"})(
                scope, receive, send
            )
            return
        if principal is None:
            detail = "this key is unknown or revoked" if key else "send Authorization: Bearer KEY"
            headers = {"WWW-Authenticate": 'Bearer realm="venueair"'}
            await problem(401, detail, headers=headers)(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self.app(scope, receive, send)


def is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


def needs(role: Role) -> Callable[[F], F]:
    """Declares the least role of a route's function; without it the route answers 403."""

    def declare(function: F) -> F:
        vars(function)["needs_role"] = role
        return function

    return declare


def principal_of(request: Request) -> Principal:
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        raise HTTPException(401, "send Authorization: Bearer KEY")
    return principal


def check_role(request: Request) -> None:
    """Dependency of the whole application."""
    if is_open(request.url.path):
        return
    role = getattr(request.scope.get("endpoint"), "needs_role", None)
    principal = principal_of(request)
    if role is None:
        raise HTTPException(403, "this address declares no role, so nobody may use it")
    if ROLES.index(principal.role) < ROLES.index(role):
        raise HTTPException(403, f"needs the role {role}; the key {principal.name!r} is {principal.role}")
