"""One file per noun. Every route declares its least role with `needs`; without it nobody may use it."""

from typing import Annotated, Any

import orjson
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Principal, principal_of
from api.service import ApiService


def service_of(request: Request) -> ApiService:
    service = request.app.state.service
    assert isinstance(service, ApiService)
    return service


ServiceDep = Annotated[ApiService, Depends(service_of)]
PrincipalDep = Annotated[Principal, Depends(principal_of)]


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """NaN and infinity become null, which is the only way JSON can say "no number"."""
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status_code=status, media_type="application/json", headers=headers)
