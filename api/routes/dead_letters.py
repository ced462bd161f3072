"""What ingest could not take: for the person who finds out why a device's readings are missing."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from api.auth import needs
from api.dead_letters import dead_letter_row
from api.routes import ServiceDep, json_response
from api.schemas import DeadLetterRow

router = APIRouter(tags=["health"])


@router.get("/dead-letters", response_model=list[DeadLetterRow])
@needs("admin")
def dead_letters(
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[int | None, Query(ge=0, lt=2**63, description="last id of the page before")] = None,
) -> Response:
    """Newest first; a full page carries the address of the next in its Link header.

    503 where ingest runs in a process of its own.
    """
    if service.dead_letters is None:
        raise HTTPException(
            503,
            "ingest runs in a process of its own and keeps them there: table dead_letters of ingest.sqlite,"
            " in the data folder of `venueair ingest`",
        )
    found = service.dead_letters(after, limit)
    headers = {}
    if len(found) == limit:
        following = urlencode({"limit": limit, "after": found[-1].id})
        headers["Link"] = f'</api/v1/dead-letters?{following}>; rel="next"'
    return json_response([dead_letter_row(letter) for letter in found], headers=headers)
