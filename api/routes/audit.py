"""The audit log, for administrators: who asked what, what became of it, and what control ordered."""

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.audit_schemas import AuditPage
from api.auth import needs
from api.paging import Cursor, link
from api.routes import ServiceDep, json_response

router = APIRouter(tags=["audit"])
AUDIT: Final = Cursor("audit")

Ms = Annotated[int | None, Query(ge=0, lt=2**53, description="ms UTC")]


@router.get("/audit", response_model=AuditPage, summary="Who changed what")
@needs("admin")
def audit(
    service: ServiceDep,
    who: Annotated[str | None, Query(max_length=100, description="id of a key or user, or `control`")] = None,
    target: Annotated[
        str | None, Query(max_length=200, description="and all below it: `purifiers/pf1`")
    ] = None,
    start: Annotated[Ms, Query(alias="from")] = None,
    end: Annotated[Ms, Query(alias="to", description="ms UTC, not included")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[
        str | None, Query(pattern=AUDIT.pattern, description="`next` of the page before")
    ] = None,
) -> Response:
    """Newest first. A full page carries the cursor of the next in `next` and its address in the Link header.

    `head` is the number and hash of the last row: noted elsewhere, it shows later that nothing was cut off.
    """
    key = AUDIT.key(after)
    found = service.audit.page(
        who=who,
        target=target,
        start=start,
        end=end,
        after=key[0] if key else None,
        limit=limit + 1,
    )
    page = AUDIT.page(found, limit, lambda row: (row.number, ""))
    rows = [{"number": row.number, **asdict(row.entry), "hash": row.hash} for row in page.rows]
    asked = {"who": who, "target": target, "from": start, "to": end, "limit": limit}
    headers = link("/api/v1/audit", asked, page.following)
    return json_response(
        {"rows": rows, "next": page.following, "head": str(service.audit.head())}, headers=headers
    )
