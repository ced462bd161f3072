"""Purifiers and their commands. A command is accepted here (202) and followed at /commands/{id}."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Query
from starlette.responses import Response

from api.auth import needs
from api.control_port import ControlRefusedError
from api.idempotency import Idempotency, KeyReusedError
from api.routes import PrincipalDep, ServiceDep, json_response
from api.rows import purifier_row
from api.schemas import Accepted, CommandRequest, CommandRow, PurifierRow


def router() -> APIRouter:
    """One router an application: it remembers that application's Idempotency-Keys."""
    routes = APIRouter(tags=["purifiers"])
    once = Idempotency()

    @routes.get("/purifiers", response_model=list[PurifierRow])
    @needs("viewer")
    def purifiers(service: ServiceDep) -> Response:
        return json_response([purifier_row(service.settings, view) for view in service.control.purifiers()])

    @routes.get("/purifiers/{purifier}", response_model=PurifierRow)
    @needs("viewer")
    def one(purifier: str, service: ServiceDep) -> Response:
        for view in service.control.purifiers():
            if view.id == purifier:
                return json_response(purifier_row(service.settings, view))
        raise HTTPException(404, f"there is no purifier {purifier[:80]!r}")

    @routes.post("/purifiers/{purifier}/commands", status_code=202, response_model=Accepted)
    @needs("operator")
    def order(
        purifier: str,
        body: CommandRequest,
        service: ServiceDep,
        principal: PrincipalDep,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        def act() -> str:
            return service.control.order(
                purifier,
                mode=body.mode,
                level=body.level,
                minutes=body.minutes,
                by=principal.name,
                reason=body.reason,
                release=body.release,
            )

        said = f"{purifier} {body.model_dump_json()}"
        try:
            accepted = once.once(principal.key_id, idempotency_key, said, act)
        except KeyError as error:
            raise HTTPException(404, f"there is no purifier {purifier[:80]!r}") from error
        except (ControlRefusedError, KeyReusedError) as error:
            raise HTTPException(409 if isinstance(error, ControlRefusedError) else 422, str(error)) from error
        url = f"/api/v1/commands/{quote(accepted, safe='')}"
        return json_response({"id": accepted, "status_url": url}, 202, {"Location": url})

    @routes.get("/commands", response_model=list[CommandRow])
    @needs("viewer")
    def commands(
        service: ServiceDep,
        purifier: str | None = None,
        state: str | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """Newest first."""
        return json_response(service.control.commands(purifier=purifier, state=state, limit=limit))

    @routes.get("/commands/{command_id}", response_model=CommandRow)
    @needs("viewer")
    def command(command_id: str, service: ServiceDep) -> Response:
        found = service.control.command(command_id)
        if found is None:
            raise HTTPException(404, f"there is no command {command_id[:80]!r}")
        return json_response(found)

    return routes
