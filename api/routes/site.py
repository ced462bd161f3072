"""What stands where, and whether it is there: site, halls, zones, devices, rules."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.alarm_schemas import RuleRow
from api.auth import needs
from api.device_states import intervals, kind_of
from api.routes import ServiceDep, json_response
from api.rows import names, rule_row
from api.schemas import DeviceRow, HallRow, SiteTree, ZoneRow
from api.service import ApiService

router = APIRouter(tags=["site"])


@router.get("/site", response_model=SiteTree)
@needs("viewer")
def site(service: ServiceDep) -> Response:
    zones, devices = _zones(service), _devices(service)
    venues = [
        {
            "id": venue.id,
            **names(venue.name),
            "halls": [
                {
                    **hall,
                    "zones": [zone for zone in zones if zone["hall"] == hall["id"]],
                    "devices": [device for device in devices if device["hall"] == hall["id"]],
                }
                for hall in _halls(service)
                if hall["venue"] == venue.id
            ],
        }
        for venue in service.settings.venue
    ]
    return json_response({"venues": venues})


@router.get("/halls", response_model=list[HallRow])
@needs("viewer")
def halls(service: ServiceDep) -> Response:
    return json_response(_halls(service))


@router.get("/zones", response_model=list[ZoneRow])
@needs("viewer")
def zones(service: ServiceDep) -> Response:
    return json_response(_zones(service))


@router.get("/devices", response_model=list[DeviceRow])
@needs("viewer")
def devices(service: ServiceDep) -> Response:
    return json_response(_devices(service))


@router.get("/rules", response_model=list[RuleRow])
@needs("viewer")
def rules(service: ServiceDep) -> Response:
    """What holds where, the built-in rules too."""
    return json_response([rule_row(placed) for placed in service.rules.placed])


def _halls(service: ApiService) -> list[dict[str, Any]]:
    return [
        {
            "id": hall.id,
            "venue": hall.venue,
            **names(hall.name),
            "area_m2": hall.area_m2,
            "height_m": hall.height_m,
        }
        for hall in service.settings.hall
    ]


def _zones(service: ApiService) -> list[dict[str, Any]]:
    control = {row["zone"]: row for row in service.control.zones()}
    rows = []
    for zone in service.settings.zone:
        state = control.get(zone.id, {})
        rows.append(
            {
                "id": zone.id,
                "hall": zone.hall,
                "venue": service.settings.site.venue_of_zone(zone.id),
                **names(zone.name),
                "volume_m3": zone.volume_m3,
                "outdoor": zone.outdoor,
                "automatic": bool(state.get("automatic", zone.automatic)),
                "degraded": state.get("degraded"),
                "demand_level": state.get("level"),
                "why": state.get("why"),
                "in_maintenance": state.get("in_maintenance", []),
            }
        )
    return rows


def _devices(service: ApiService) -> list[dict[str, Any]]:
    settings, known, now = service.settings, service.devices.all(), service.now()
    interval = intervals(settings, known)
    locked = {row["device"]: row for row in service.control.maintenance()}
    placed: list[tuple[str, str, str | None, str | None]] = [
        (s.id, kind_of(s.model, s.port), s.model, s.zone) for s in settings.sensor
    ]
    placed += [(p.id, "purifier", None, p.zone) for p in settings.purifier]
    placed.append((settings.gateway.id, "gateway", None, None))
    rows = []
    for device, kind, model, zone in placed:
        status = known.get(device)
        seen = service.values.last_seen(device)
        rows.append(
            {
                "id": device,
                "kind": kind,
                "model": model or (status.model if status else None),
                "zone": zone,
                "hall": settings.site.zone[zone].hall if zone else None,
                "state": service.devices.state(device),
                "detail": status.detail if status else None,
                "last_seen": seen,
                "age_s": None if seen is None else round((now - seen) / 1000, 1),
                "interval_s": interval.get(device),
                "firmware": status.firmware if status else None,
                "clock_ok": status.clock_ok if status else None,
                "maintenance": locked.get(device),
            }
        )
    return rows
