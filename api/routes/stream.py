"""GET /stream: Server-Sent Events. A key goes in a header, so a page reads it by fetch, not EventSource."""

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.auth import is_valid, needs
from api.routes import PrincipalDep, ServiceDep
from api.stream import HubFullError

router = APIRouter(tags=["stream"])


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
@needs("viewer")
async def stream(service: ServiceDep, principal: PrincipalDep) -> StreamingResponse:
    """Events `values`, `alarm`, `alarm_load`, `command`, `purifier`, `caption`.

    `gap` when this client was too slow, `end` at shutdown.
    """

    async def is_allowed() -> bool:
        return await run_in_threadpool(is_valid, service.engine, principal.key_id)

    try:
        events = service.hub.open(is_allowed)
    except HubFullError as error:
        raise HTTPException(503, str(error), {"Retry-After": "10"}) from error
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
