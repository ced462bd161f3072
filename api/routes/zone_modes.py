"""자동 제어: whether control acts in a zone, or only advises until a person turns it on."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.requests import Request
from starlette.responses import Response

from api.audited import note
from api.auth import needs
from api.routes import PrincipalDep, ServiceDep, json_response

router = APIRouter(tags=["purifiers"])

_EXAMPLE: Final[JsonDict] = {"automatic": True, "reason": "시운전 완료 / commissioned"}


class ZoneMode(BaseModel):
    """`automatic` false: control shows what it would do and sends nothing. `reason`: why, for the others."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    automatic: bool
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class ZoneControlRow(BaseModel):
    """`level` of `top_level` is what the zone wants; None: it has no target."""

    model_config = ConfigDict(extra="allow")

    zone: str
    automatic: bool
    degraded: bool
    level: int | None
    why: str


@router.put(
    "/zones/{zone}/automatic", response_model=ZoneControlRow, summary="Turn automatic control on or off"
)
@needs("operator")
def automatic(
    zone: str, body: ZoneMode, request: Request, service: ServiceDep, principal: PrincipalDep
) -> Response:
    """Turned off, its purifiers stay as they are, and without leases go to their own presets. It holds over
    restarts and over what the settings say."""
    before = next((row["automatic"] for row in service.control.zones() if row["zone"] == zone), None)
    note(request, reason=body.reason, before=before, after=body.automatic)
    try:
        service.control.set_automatic(zone, automatic=body.automatic, by=principal.name, reason=body.reason)
    except KeyError as error:
        raise HTTPException(404, f"there is no zone {zone[:80]!r}") from error
    return json_response(next(row for row in service.control.zones() if row["zone"] == zone))
