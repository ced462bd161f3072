"""Alarms: list, look at, acknowledge, reset. An id contains slashes and is used as it is."""

from collections.abc import Callable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from api.alarm import Alarm
from api.alarm_schemas import AlarmLoad, AlarmRow
from api.auth import needs
from api.paging import Cursor, link
from api.routes import PrincipalDep, ServiceDep, json_response
from api.schemas import AckRequest
from api.service import ApiService

router = APIRouter(tags=["alarms"])
ALARMS: Final = Cursor("alarms", has_id=True)


@router.get("/alarms", response_model=list[AlarmRow])
@needs("viewer")
def alarms(
    service: ServiceDep,
    state: Literal["open", "attention", "all"] = "open",
    family: Annotated[Literal["operating", "screening"] | None, Query(description="none: both")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[
        str | None, Query(pattern=ALARMS.pattern, description="cursor in the Link header of the page before")
    ] = None,
) -> Response:
    """Newest first; `attention` adds what was over before anybody saw it.

    A full page carries the address of the next in its Link header. `Alarm-Flood` is `true` when more alarms
    come than people can look at.
    """
    now = service.now()
    key = ALARMS.key(after)
    found = service.alarms.page(state, now, limit=limit + 1, after=key, family=family)
    page = ALARMS.page(found, limit, lambda alarm: (alarm.raised, alarm.id))
    headers = {"Alarm-Flood": "false" if service.alarms.flood(now).since is None else "true"}
    headers |= link("/api/v1/alarms", {"state": state, "limit": limit, "family": family}, page.following)
    return json_response([service.alarm_row(alarm) for alarm in page.rows], headers=headers)


@router.get("/alarms/load", response_model=AlarmLoad)
@needs("viewer")
def load(service: ServiceDep) -> Response:
    """How much the alarms ask of people now: open, not seen, waiting for a reset, chattering, flood."""
    return json_response(service.alarm_load())


@router.post("/alarms/{alarm_id:path}/ack", response_model=AlarmRow)
@needs("operator")
def acknowledge(alarm_id: str, body: AckRequest, service: ServiceDep, principal: PrincipalDep) -> Response:
    """Somebody has seen it; it stays open until the air is better. The first acknowledgement stands."""
    now = service.now()
    return _change(
        service, alarm_id, lambda: service.alarms.acknowledge(alarm_id, principal.name, body.comment, now)
    )


@router.post("/alarms/{alarm_id:path}/reset", response_model=AlarmRow)
@needs("operator")
def reset(alarm_id: str, service: ServiceDep, principal: PrincipalDep) -> Response:
    """Lets go of a latched alarm (CO) once the air is better; 409 before that, and if it does not latch."""
    now = service.now()
    return _change(service, alarm_id, lambda: service.alarms.reset(alarm_id, principal.name, now))


# Last: it takes every address below /alarms/, and would answer for the two above.
@router.get("/alarms/{alarm_id:path}", response_model=AlarmRow)
@needs("viewer")
def alarm(alarm_id: str, service: ServiceDep) -> Response:
    found = service.alarms.get(alarm_id)
    if found is None:
        raise _unknown(alarm_id)
    return json_response(service.alarm_row(found))


def _change(service: ApiService, alarm_id: str, change: Callable[[], Alarm]) -> Response:
    try:
        row = service.alarm_row(change())
    except KeyError as error:
        raise _unknown(alarm_id) from error
    except ValueError as error:
        raise HTTPException(409, str(error)) from error
    service.hub.publish("alarm", row)
    return json_response(row)


def _unknown(alarm_id: str) -> HTTPException:
    return HTTPException(404, f"there is no alarm {alarm_id[:200]!r}")
