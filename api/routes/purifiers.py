"""Purifiers and their commands. A command is accepted here (202) and followed at /commands/{id}."""

import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Header, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response

from api.audited import note, stops
from api.auth import needs
from api.control_port import ControlRefusedError, PurifierView
from api.etag import Version, check
from api.idempotency import Answer, Idempotency, KeyBusyError, KeyReusedError
from api.order_version import order_version
from api.paging import Cursor, link
from api.routes import PrincipalDep, ServiceDep, json_response
from api.rows import purifier_row
from api.schemas import Accepted, CommandRequest, CommandRow, PurifierRow
from api.service import ApiService

COMMANDS: Final = Cursor("commands", has_id=True)


def router() -> APIRouter:
    """One router an application: of two orders at once, the second sees what the first has changed."""
    routes = APIRouter(tags=["purifiers"])
    ordering = threading.Lock()

    @routes.get("/purifiers", response_model=list[PurifierRow])
    @needs("viewer")
    def purifiers(service: ServiceDep) -> Response:
        return json_response([purifier_row(service.settings, view) for view in service.control.purifiers()])

    @routes.get("/purifiers/{purifier}", response_model=PurifierRow)
    @needs("viewer")
    def one(purifier: str, service: ServiceDep) -> Response:
        """Its ETag names the order of a person that it is under: an order may send it back as If-Match."""
        view = _view(service, purifier)
        row = purifier_row(service.settings, view)
        return json_response(row, headers={"ETag": order_version(view).etag})

    @routes.post("/purifiers/{purifier}/commands", status_code=202, response_model=Accepted)
    @needs("operator")
    @stops(lambda body: body.get("mode") == "stopped")
    def order(
        purifier: str,
        body: CommandRequest,
        request: Request,
        service: ServiceDep,
        principal: PrincipalDep,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
        if_match: Annotated[str | None, Header(max_length=1000)] = None,
    ) -> Response:
        """With If-Match: 412 when somebody else has ordered since; a stop is never refused for that."""
        is_stop = body.mode == "stopped"

        def act() -> Answer:
            with nullcontext() if is_stop else ordering:
                view = _view(service, purifier)
                if not is_stop:
                    check(if_match, _version(service, view), purifier)
                accepted = service.control.order(
                    purifier,
                    mode=body.mode,
                    level=body.level,
                    minutes=body.minutes,
                    by=principal.name,
                    reason=body.reason,
                    release=body.release,
                )
            before = {"mode": view.desired_mode, "level": view.desired_level}
            after = body.model_dump(exclude={"reason"})
            note(request, slot="override", command=accepted, before=before, after=after)
            url = f"/api/v1/commands/{quote(accepted, safe='')}"
            answer = orjson.dumps({"id": accepted, "status_url": url}).decode()
            return Answer(202, answer, {"Location": url})

        said = body.model_dump_json()
        note(request, reason=body.reason)
        try:
            answer = Idempotency(service.engine).once(
                principal.key_id,
                idempotency_key,
                f"{request.method} {request.url.path}\n{said}",
                service.now(),
                act,
                acts_unkept=is_stop,
            )
        except KeyError as error:
            raise HTTPException(404, f"there is no purifier {purifier[:80]!r}") from error
        except (ControlRefusedError, KeyBusyError) as error:
            raise HTTPException(409, str(error)) from error
        except KeyReusedError as error:
            raise HTTPException(422, str(error)) from error
        return Response(answer.body, answer.status, answer.headers, "application/json")

    @routes.get("/commands", response_model=list[CommandRow])
    @needs("viewer")
    def commands(
        service: ServiceDep,
        purifier: str | None = None,
        state: str | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        after: Annotated[
            str | None,
            Query(pattern=COMMANDS.pattern, description="cursor in the Link header of the page before"),
        ] = None,
    ) -> Response:
        """Newest first; a full page carries the address of the next in its Link header."""
        key = COMMANDS.key(after)
        found = service.control.commands(purifier=purifier, state=state, limit=limit + 1, after=key)
        page = COMMANDS.page(found, limit, lambda row: (row["created"], row["id"]))
        asked = {"purifier": purifier, "state": state, "limit": limit}
        return json_response(page.rows, headers=link("/api/v1/commands", asked, page.following))

    @routes.get("/commands/{command_id}", response_model=CommandRow)
    @needs("viewer")
    def command(command_id: str, service: ServiceDep) -> Response:
        found = service.control.command(command_id)
        if found is None:
            raise HTTPException(404, f"there is no command {command_id[:80]!r}")
        return json_response(found)

    return routes


def _view(service: ApiService, purifier: str) -> PurifierView:
    for view in service.control.purifiers():
        if view.id == purifier:
            return view
    raise HTTPException(404, f"there is no purifier {purifier[:80]!r}")


def _version(service: ApiService, view: PurifierView) -> Version:
    """With who ended the last order, where none stands."""
    now = order_version(view)
    last = None if now.by else service.audit.last_change(f"purifiers/{view.id}/commands")
    return replace(now, by=service.audit.name_of(last.who), at=last.t) if last else now
