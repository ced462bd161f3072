"""Errors as problem+json (RFC 9457): one shape for all of them, and never a traceback in a body."""

from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.etag import PreconditionError
from venueair.store.store import StoreError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "Bad request",
    401: "A key is needed",
    403: "Not allowed with this key",
    404: "Not found",
    405: "Method not allowed",
    406: "No such format",
    409: "Refused",
    412: "Changed by somebody else",
    413: "Too large",
    422: "Not understood",
    428: "Say what you have seen",
    500: "Internal error",
    503: "Not available now",
}


def problem(
    status: int,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    errors: list[Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    """`errors` lists what is wrong field by field; `extra` are further members (RFC 9457, section 3.2)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    body |= extra or {}
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(Exception, _unexpected)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = str(error.detail)
    if error.status_code == 404 and detail == "Not Found":
        detail = f"there is nothing at {request.url.path}"
    extra = error.extra if isinstance(error, PreconditionError) else None
    return problem(error.status_code, detail, headers=dict(error.headers or {}), extra=extra)


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"where": ".".join(str(p) for p in e["loc"]), "what": str(e["msg"])} for e in error.errors()]
    return problem(422, "; ".join(f"{e['where']}: {e['what']}" for e in errors)[:500], errors=errors)


async def _store(_request: Request, error: Exception) -> Response:
    log.warning("store", problem=str(error))
    return problem(503, f"the store of readings does not answer: {error}", headers={"Retry-After": "5"})


async def _database(_request: Request, error: Exception) -> Response:
    log.error("ops_db", problem=str(error))
    detail = "the operations database does not answer; is the disk full, or another program using it?"
    return problem(503, detail, headers={"Retry-After": "5"})


async def _unexpected(request: Request, _error: Exception) -> Response:
    # uvicorn logs the traceback; the client gets only this.
    return problem(500, f"{request.method} {request.url.path} failed; the log of the service says why")
