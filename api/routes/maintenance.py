"""정비 중: a device is out of service while people work on it, until somebody releases it."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.requests import Request
from starlette.responses import Response

from api.audited import note, stops
from api.auth import needs
from api.control_port import ControlRefusedError, MaintenanceView
from api.routes import PrincipalDep, ServiceDep, json_response

router = APIRouter(tags=["site"])

MAX_MS: Final = 365 * 86_400_000  # a later end is a mistake of units, not a plan

_LOCK: Final[JsonDict] = {"reason": "필터 교체 / filter change", "until": None}
_RELEASE: Final[JsonDict] = {"reason": "교체 완료 / changed, covers closed"}


class MaintenanceStart(BaseModel):
    """`until` (ms UTC) is when the work should be done: it is shown, and ends nothing."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _LOCK})

    reason: Annotated[str, Field(min_length=1, max_length=200)]
    until: int | None = None


class MaintenanceEnd(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _RELEASE})

    reason: Annotated[str, Field(min_length=1, max_length=200)]


@router.post(
    "/devices/{device}/maintenance",
    status_code=202,
    response_model=MaintenanceView,
    summary="Take a device out of service while people work on it",
)
@needs("operator")
@stops()
def lock(
    device: str, body: MaintenanceStart, request: Request, service: ServiceDep, principal: PrincipalDep
) -> Response:
    """A purifier is stopped and locked, also against its own button; orders to run are refused. Asked for
    again, it stays as it is. This does not cut the power: switch the unit off at its isolator before you
    open it."""
    note(request, slot="maintenance", reason=body.reason)
    if body.until is not None and not 0 < body.until - service.now() <= MAX_MS:
        raise HTTPException(422, "until must be in the future (ms UTC) and at most a year away, or left out")
    try:
        service.control.lock_device(device, by=principal.name, reason=body.reason, until=body.until)
    except KeyError as error:
        raise HTTPException(404, f"there is no device {device[:80]!r}") from error
    row = next(row for row in service.control.maintenance() if row["device"] == device)
    return json_response(row, 202)


@router.post(
    "/devices/{device}/maintenance/release", status_code=204, summary="Put a device back into service"
)
@needs("operator")
def release(
    device: str, body: MaintenanceEnd, request: Request, service: ServiceDep, principal: PrincipalDep
) -> Response:
    """Automatic control may run it again where it has to; earlier orders do not come back, and what stood
    still before goes on standing still."""
    note(request, slot="maintenance", reason=body.reason)
    try:
        service.control.release_device(device, by=principal.name, reason=body.reason)
    except KeyError as error:
        raise HTTPException(404, f"there is no device {device[:80]!r}") from error
    except ControlRefusedError as error:
        raise HTTPException(409, str(error)) from error
    return Response(status_code=204)
