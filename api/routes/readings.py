"""Latest values, and the history of one series as rows, columns or CSV."""

import re
from datetime import datetime
from itertools import chain, islice
from typing import Annotated, Any, Final, Literal

import numpy as np
import orjson
from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.auth import needs
from api.live import quality_word
from api.routes import ServiceDep, json_response
from api.rows import zone_of
from api.schemas import ReadingRow, Readings, ValueRow
from api.service import ApiService
from venueair.block import Block
from venueair.quantities import QUANTITIES
from venueair.store.export import rows_as_csv
from venueair.store.store import Width

router = APIRouter(tags=["values"])

MAX_POINTS: Final = 100_000
MAX_RAW_DAYS: Final = 31
DAY_MS: Final = 86_400_000
YEAR_2200_MS: Final = 7_258_118_400_000
Every = Literal["raw", "60", "3600"]
Format = Literal["rows", "columns", "csv"]


@router.get("/values", response_model=list[ValueRow])
@needs("viewer")
def values(service: ServiceDep) -> Response:
    """Latest of every source and quantity. Only `is_good` rows may be shown as good."""
    return json_response(service.value_rows())


@router.get(
    "/readings", response_model=list[ReadingRow] | Readings, responses={200: {"content": {"text/csv": {}}}}
)
@needs("viewer")
def readings(
    request: Request,
    service: ServiceDep,
    source: str,
    quantity: str,
    start: Annotated[
        str | None, Query(description="ISO 8601 with a zone, or ms; default an hour ago")
    ] = None,
    end: Annotated[str | None, Query(description="exclusive; default now")] = None,
    every: Every = "raw",
    format: Annotated[Format | None, Query(description="wins over Accept")] = None,  # noqa: A002  # the URL's word
) -> Response:
    """Readings of one series in [start, end): raw, or means of 60 or 3600 s.

    Rows are flat, as Grafana's Infinity data source reads them; columns are smaller.
    """
    chosen = format or _accepted(request.headers.get("accept", "*/*"))
    series = _series(service, source, quantity)
    last = service.now() if end is None else to_ms("end", end)
    first = last - 3_600_000 if start is None else to_ms("start", start)
    if first >= last:
        raise HTTPException(422, "start must be before end")
    columns = (
        _raw(service, series, first, last)
        if every == "raw"
        else _rollup(service, 60 if every == "60" else 3600, series, first, last)
    )
    if chosen == "csv":
        return Response(to_csv(columns), media_type="text/csv; charset=utf-8")
    if chosen == "rows":
        return json_response(to_rows(columns))
    head = {"source": source, "quantity": quantity, "unit": QUANTITIES[quantity].unit}
    return json_response({**head, "every": every, "start": first, "end": last, **columns})


@router.get(
    "/readings/export", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}}
)
@needs("viewer")
def export(
    service: ServiceDep,
    device: Annotated[str | None, Query(description="only this sensor; else all")] = None,
    start: Annotated[str | None, Query(description="ISO 8601 with a zone, or ms; default a day ago")] = None,
    end: Annotated[str | None, Query(description="exclusive; default now")] = None,
) -> Response:
    """Readings of [start, end) as CSV, as `venueair export` writes it: time,device,quantity,value,raw,flag.

    It is streamed, so the period may be long; where the store fails midway, the connection breaks off.
    """
    last = service.now() if end is None else to_ms("end", end)
    first = last - DAY_MS if start is None else to_ms("start", start)
    if first >= last:
        raise HTTPException(422, "start must be before end")
    site = service.settings.site
    names = [name for name in service.store.names() if name[0] not in site.zone]
    if device is not None:
        names = [name for name in names if name[0] == device]
        if not names and device not in site.sensor:
            raise HTTPException(404, f"unknown device {device[:80]!r}; /api/v1/devices lists them")
    pieces = rows_as_csv(service.store, names, first, last)
    begun = list(islice(pieces, 2))  # a store that is out of reach can still be answered with 503
    return StreamingResponse(
        chain(begun, pieces),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="readings.csv"'},
    )


def to_ms(name: str, text: str) -> int:
    """ISO 8601 with a zone, or ms since 1970, as ms UTC. Raises HTTPException 422."""
    if re.fullmatch(r"-?\d{1,15}", text):
        value = int(text)
    else:
        try:
            # A + in a query is a space unless the client escaped it.
            moment = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
        except ValueError as error:
            raise HTTPException(
                422, f"{name} is neither ISO 8601 nor milliseconds since 1970: {text[:60]!r}"
            ) from error
        if moment.tzinfo is None:
            raise HTTPException(422, f"{name} needs a time zone, e.g. 2026-05-01T10:00:00+09:00 or …Z")
        value = round(moment.timestamp() * 1000)
    if not 0 <= value <= YEAR_2200_MS:
        raise HTTPException(422, f"{name} is not between 1970 and 2200 (are these milliseconds?)")
    return value


def to_rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """One flat dict a point, with `time` in ISO 8601 UTC first."""
    lists = {name: c.tolist() if isinstance(c, np.ndarray) else c for name, c in columns.items()}
    times = np.datetime_as_string(np.asarray(lists["t"], dtype="datetime64[ms]"), unit="ms", timezone="UTC")
    names = ("time", *lists)
    return [dict(zip(names, row, strict=True)) for row in zip(times.tolist(), *lists.values(), strict=True)]


def to_csv(columns: dict[str, Any]) -> bytes:
    """A header and one line a point; a missing number is an empty field."""
    lists = [c.tolist() if isinstance(c, np.ndarray) else c for c in columns.values()]
    lines = [",".join(columns)]
    lines += [",".join(_field(cell) for cell in row) for row in zip(*lists, strict=True)]
    return ("\r\n".join(lines) + "\r\n").encode()


def _field(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    text = orjson.dumps(cell).decode()
    return "" if text == "null" else text


def _accepted(accept: str) -> Format:
    """The first kind in Accept that we have. Raises HTTPException 406."""
    for part in accept.split(","):
        kind = part.split(";")[0].strip().lower()
        if kind in ("*/*", "application/*", "application/json", ""):
            return "rows"
        if kind in ("text/csv", "text/*"):
            return "csv"
    raise HTTPException(406, "readings are application/json or text/csv")


def _series(service: ApiService, source: str, quantity: str) -> int | None:
    """Number of the series; None when it is known but has no readings. Raises HTTPException 404."""
    names = service.store.names()
    if (source, quantity) in names:
        return names.index((source, quantity))
    if zone_of(service.settings, source) is None and all(source != known for known, _ in names):
        raise HTTPException(404, f"unknown source {source[:80]!r}; /api/v1/devices and /zones list them")
    if quantity not in QUANTITIES:
        raise HTTPException(404, f"unknown quantity {quantity[:80]!r}; one of {', '.join(QUANTITIES)}")
    return None


def _raw(service: ApiService, series: int | None, start: int, end: int) -> dict[str, Any]:
    if end - start > MAX_RAW_DAYS * DAY_MS:
        raise HTTPException(
            422, f"raw readings of at most {MAX_RAW_DAYS} days; ask for every=60 or every=3600"
        )
    blocks, count = [], 0
    if series is not None:
        # Day by day, so that a long period of a fast sensor is refused before it fills the memory.
        for day in range(start, end, DAY_MS):
            blocks.append(service.store.range([series], day, min(day + DAY_MS, end)))
            count += len(blocks[-1])
            _bound(count)
    block = Block.concat(blocks)
    quality = [quality_word(flag) for flag in block.flag.tolist()]
    return {"t": block.t, "value": block.value, "raw": block.raw, "flag": block.flag, "quality": quality}


def _rollup(service: ApiService, width: Width, series: int | None, start: int, end: int) -> dict[str, Any]:
    _bound((end - start) // (width * 1000))
    wanted = [] if series is None else [series]
    rollup = service.store.rollup_range(width, wanted, start, end) if wanted else None
    if rollup is None:
        return {"t": [], "mean": [], "min": [], "max": [], "count": []}
    return {"t": rollup.t, "mean": rollup.mean, "min": rollup.min, "max": rollup.max, "count": rollup.count}


def _bound(points: int) -> None:
    if points > MAX_POINTS:
        raise HTTPException(
            413, f"more than {MAX_POINTS:,} points; ask for a shorter period or a coarser `every` (60, 3600)"
        )
