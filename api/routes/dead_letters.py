"""What ingest could not take: for the person who finds out why a device's readings are missing."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from api.auth import needs
from api.dead_letters import dead_letter_row
from api.paging import Cursor, link
from api.routes import ServiceDep, json_response
from api.schemas import DeadLetterRow

router = APIRouter(tags=["health"])
DEAD_LETTERS: Final = Cursor("letters")


@router.get("/dead-letters", response_model=list[DeadLetterRow])
@needs("admin")
def dead_letters(
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[
        str | None,
        Query(pattern=DEAD_LETTERS.pattern, description="cursor in the Link header of the page before"),
    ] = None,
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
    key = DEAD_LETTERS.key(after)
    found = service.dead_letters(key[0] if key else None, limit + 1)
    page = DEAD_LETTERS.page(found, limit, lambda letter: (letter.id, ""))
    headers = link("/api/v1/dead-letters", {"limit": limit}, page.following)
    return json_response([dead_letter_row(letter) for letter in page.rows], headers=headers)
