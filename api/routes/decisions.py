"""What control decided and why: one row per change of what a unit should do."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.audit_schemas import DecisionPage
from api.auth import needs
from api.decision import Decided, row_of, sentence
from api.paging import Cursor, link
from api.routes import ServiceDep, json_response
from venueair.settings import Settings
from venueair.site import Name

router = APIRouter(tags=["purifiers"])
DECISIONS: Final = Cursor("decisions")


@router.get("/decisions", response_model=DecisionPage, summary="Why a unit does what it does")
@needs("viewer")
def decisions(
    service: ServiceDep,
    purifier: Annotated[str | None, Query(max_length=64)] = None,
    zone: Annotated[str | None, Query(max_length=64)] = None,
    start: Annotated[int | None, Query(alias="from", ge=0, lt=2**53, description="ms UTC")] = None,
    end: Annotated[int | None, Query(alias="to", ge=0, lt=2**53, description="ms UTC, not included")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[
        str | None, Query(pattern=DECISIONS.pattern, description="`next` of the page before")
    ] = None,
) -> Response:
    """Newest first; in words in `sentence_ko` and `sentence_en`, and with the numbers in columns.

    A full page carries the cursor of the next in `next` and its address in the Link header.
    """
    key = DECISIONS.key(after)
    found = service.decisions.page(
        purifier=purifier,
        zone=zone,
        start=start,
        end=end,
        after=key[0] if key else None,
        limit=limit + 1,
    )
    page = DECISIONS.page(found, limit, lambda row: (row[0], ""))
    asked = {"purifier": purifier, "zone": zone, "from": start, "to": end, "limit": limit}
    headers = link("/api/v1/decisions", asked, page.following)
    rows = [decision_row(service.settings, number, row) for number, row in page.rows]
    return json_response({"rows": rows, "next": page.following}, headers=headers)


def decision_row(settings: Settings, number: int, row: Decided) -> dict[str, Any]:
    zone = settings.site.zone.get(row.zone)
    said = sentence(row, zone.name if zone else Name(ko=row.zone, en=row.zone))
    return {"number": number, **row_of(row), "sentence_ko": said.ko, "sentence_en": said.en}
