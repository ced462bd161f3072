"""/display/{hall}: values for visitors, without a key; off until a hall's settings say display = true."""

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.display import display
from api.page import CSP
from api.routes import ServiceDep, json_response

router = APIRouter(tags=["display"])


class DisplayValue(BaseModel):
    """`value` null: nothing good is known now. `grade`: 1 good to 4 very bad by `scale`, its upper bounds.

    `cert_grade`: performance grade of the simple dust meter that measured it.
    """

    quantity: str
    name_ko: str
    name_en: str
    unit: str | None
    decimals: int | None
    value: float | None
    t: int | None
    grade: int | None
    cert_grade: int | None
    scale: list[float] | None


class Display(BaseModel):
    """Of each quantity the highest good value in the hall. `now` and `t` are ms UTC."""

    hall_ko: str
    hall_en: str
    now: int
    speed: float
    values: list[DisplayValue]


@router.get("/display/{hall}", response_class=HTMLResponse, include_in_schema=False)
async def shell(hall: str, request: Request) -> HTMLResponse:  # noqa: ARG001  # the page reads it from its address
    """The same for every address: which halls there are is not told."""
    return HTMLResponse(request.app.state.display, headers={"Content-Security-Policy": CSP})


@router.get("/display/{hall}/values", response_model=Display, summary="What visitors may see of a hall")
def values(hall: str, service: ServiceDep) -> Response:
    """404 where the hall has no public display, or there is no such hall."""
    found = display(service.settings.site, hall, service.value_rows(), service.now())
    if found is None:
        raise HTTPException(404, "this hall has no public display: its settings say display = true for one")
    return json_response({**found, "speed": service.clock.speed})
