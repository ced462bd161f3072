"""전체 정지: all units of a hall stand still until a person releases them. An emergency stop is wired."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.requests import Request
from starlette.responses import Response

from api.audited import note, stops
from api.auth import needs
from api.control_port import ControlRefusedError
from api.routes import PrincipalDep, ServiceDep, json_response

router = APIRouter(tags=["purifiers"])

_EXAMPLE: Final[JsonDict] = {"reason": "연기 신고: 원인 확인 중 / smoke reported: being looked into"}


class StopReason(BaseModel):
    """Why, in words for those who find the hall stopped."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class HallStopRow(BaseModel):
    """`since` is ms UTC. `stopped` and `not_stopped` units have said so; `unknown` ones are not there now,
    and may run: they are stopped as soon as they are back."""

    hall: str
    by: str
    reason: str
    since: int
    stopped: list[str]
    not_stopped: list[str]
    unknown: list[str]


@router.get("/hall-stops", response_model=list[HallStopRow], summary="Halls that are stopped now")
@needs("viewer")
def hall_stops(service: ServiceDep) -> Response:
    return json_response(service.control.hall_stops())


@router.post(
    "/halls/{hall}/stop", status_code=202, response_model=HallStopRow, summary="Stop all units of a hall"
)
@needs("operator")
@stops()
def stop(
    hall: str, body: StopReason, request: Request, service: ServiceDep, principal: PrincipalDep
) -> Response:
    """Latched: it outlives restarts of the service and of the units, and ends only by a release. Asked for
    again, it stays as it is, with who stopped first."""
    note(request, slot="safety", reason=body.reason)
    try:
        service.control.stop_hall(hall, by=principal.name, reason=body.reason)
    except KeyError as error:
        raise HTTPException(404, f"there is no hall {hall[:80]!r}") from error
    row = next(row for row in service.control.hall_stops() if row["hall"] == hall)
    return json_response(row, 202)


@router.post("/halls/{hall}/stop/release", status_code=204, summary="Release a stopped hall")
@needs("operator")
def release(
    hall: str, body: StopReason, request: Request, service: ServiceDep, principal: PrincipalDep
) -> Response:
    """What the stop stopped may run again, where automatic control or an order wants it to. A unit that stood
    still before, by its button or by another order, goes on standing still."""
    note(request, slot="safety", reason=body.reason)
    try:
        service.control.release_hall(hall, by=principal.name, reason=body.reason)
    except KeyError as error:
        raise HTTPException(404, f"there is no hall {hall[:80]!r}") from error
    except ControlRefusedError as error:
        raise HTTPException(409, str(error)) from error
    return Response(status_code=204)
