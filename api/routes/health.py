"""Is it alive, is it ready, and what is wrong: /healthz, /readyz and /metrics open, /health with a key."""

from importlib.metadata import version

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.auth import needs
from api.metrics import CONTENT_TYPE
from api.routes import PrincipalDep, ServiceDep, json_response
from api.schemas import HealthReport

open_router = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])


@open_router.get("/healthz")
async def healthz() -> Response:
    """The process serves; nothing is said about what it needs."""
    return json_response({"status": "ok"})


@open_router.get("/readyz")
def readyz(service: ServiceDep) -> Response:
    """200 when the store and the broker answer and ingest speaks; else 503 with the reasons."""
    reasons = {name: part["detail"] for name, part in service.parts().items() if not part["ok"]}
    status = 503 if reasons else 200
    return json_response({"status": "not ready" if reasons else "ready", "reasons": reasons}, status)


@open_router.get("/metrics")
def metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.render(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/health", response_model=HealthReport)
@needs("viewer")
def health(request: Request, service: ServiceDep, principal: PrincipalDep) -> Response:
    """State by part; `now` is the time in the hall, which in a rehearsal runs `speed` times as fast."""
    state = service.parts()
    banner = request.app.state.banner
    return json_response(
        {
            "ok": all(part["ok"] for part in state.values()),
            "role": principal.role,
            "now": service.now(),
            "speed": service.clock.speed,
            "version": version("venueair"),
            "live_age_s": service.silence_s()[0],
            "streams": service.hub.clients,
            "parts": state,
            "counts": dict(service.counts),
            "captions": service.captions.lit() if service.captions else [],
            "banner_ko": banner.ko if banner else None,
            "banner_en": banner.en if banner else None,
        }
    )
