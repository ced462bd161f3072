"""Alarms: list, look at, acknowledge. An id contains slashes (rule/scope/time/level); it is used as it is."""

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from api.auth import needs
from api.routes import PrincipalDep, ServiceDep, json_response
from api.schemas import AckRequest, AlarmRow

router = APIRouter(tags=["alarms"])


@router.get("/alarms", response_model=list[AlarmRow])
@needs("viewer")
def alarms(
    service: ServiceDep,
    state: Literal["open", "all"] = "open",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str | None, Query(description="last id of the page before")] = None,
) -> Response:
    """Newest first. A full page carries the address of the next in its Link header."""
    try:
        found = service.alarms.page(only_open=state == "open", limit=limit, after=after)
    except KeyError as error:
        raise HTTPException(422, "after is not the id of an alarm") from error
    headers = {}
    if len(found) == limit:
        following = f"/api/v1/alarms?state={state}&limit={limit}&after={quote(found[-1].id, safe='')}"
        headers["Link"] = f'<{following}>; rel="next"'
    return json_response([service.alarm_row(alarm) for alarm in found], headers=headers)


@router.get("/alarms/{alarm_id:path}", response_model=AlarmRow)
@needs("viewer")
def alarm(alarm_id: str, service: ServiceDep) -> Response:
    found = service.alarms.get(alarm_id)
    if found is None:
        raise HTTPException(404, f"there is no alarm {alarm_id[:200]!r}")
    return json_response(service.alarm_row(found))


@router.post("/alarms/{alarm_id:path}/ack", response_model=AlarmRow)
@needs("operator")
def acknowledge(alarm_id: str, body: AckRequest, service: ServiceDep, principal: PrincipalDep) -> Response:
    """Somebody has seen it; it stays open until the air is better. The first acknowledgement stands."""
    try:
        found = service.alarms.acknowledge(alarm_id, principal.name, body.comment, service.now())
    except KeyError as error:
        raise HTTPException(404, f"there is no alarm {alarm_id[:200]!r}") from error
    row = service.alarm_row(found)
    service.hub.publish("alarm", row)
    return json_response(row)
