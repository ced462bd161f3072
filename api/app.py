"""create_app: routes, the door in front of them, one shape of errors, and the headers browsers need."""

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI, HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.audited import Audited, check_audited
from api.auth import Door, check_role
from api.metrics import service_metrics
from api.page import CSP as PAGE_CSP
from api.page import Banner, Page
from api.page.assets import Assets
from api.page.reference import CSP, reference
from api.routes import (
    alarms,
    audit,
    dead_letters,
    decisions,
    display,
    health,
    maintenance,
    purifiers,
    readings,
    site,
    stops,
    stream,
    zone_modes,
)
from api.schemas import Problem
from api.service import ApiService
from venueair.metrics import Metrics, Source

MAX_BODY_BYTES: Final = 64 * 1024  # the largest request is a comment or a command
_CLOSED_CSP: Final = "default-src 'none'; frame-ancestors 'none'"


def create_app(
    service: ApiService, *, banner: Banner | None = None, metrics: Sequence[Source] = ()
) -> FastAPI:
    """`banner` is shown on top of the page; `metrics` are the counters of other parts in this process."""
    app = FastAPI(
        title="venueair",
        version=version("venueair"),
        docs_url=None,  # FastAPI's own load scripts from other hosts, which a closed network has not
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(check_role), Depends(check_audited)],
        responses={"default": {"model": Problem, "content": {problems.MEDIA_TYPE: {}}}},
    )
    page = Page(banner)
    app.state.service = service
    app.state.banner = banner
    app.state.display = page.below
    app.state.metrics = Metrics([partial(service_metrics, service), *metrics])
    problems.install(app)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def shell() -> HTMLResponse:
        return HTMLResponse(page.html, headers={"Content-Security-Policy": PAGE_CSP})

    app.mount("/static", Assets())

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(reference(app.openapi()), headers={"Content-Security-Policy": CSP})

    app.include_router(health.open_router)
    app.include_router(display.router)
    for router in (
        site.router,
        readings.router,
        alarms.router,
        purifiers.router(),
        stops.router,
        maintenance.router,
        zone_modes.router,
        stream.router,
        health.router,
        dead_letters.router,
        audit.router,
        decisions.router,
    ):
        app.include_router(router, prefix="/api/v1")
    # The last one added is the outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(Audited, book=service.audit, clock=service.clock)
    app.add_middleware(Door, engine=service.engine)
    app.add_middleware(BrowserHeaders)
    return app


class BodyLimit:
    """413 for more than MAX_BODY_BYTES, announced or not. FastAPI's own limit answers plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        text = f"a request may have at most {MAX_BODY_BYTES:,} bytes"
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
            await problems.problem(413, text, headers={"Connection": "close"})(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(413, text, {"Connection": "close"})
            return message

        await self.app(scope, counted, send)


class BrowserHeaders:
    """What keeps a browser from doing more with an answer than it should."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", _CLOSED_CSP)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, with_headers)
