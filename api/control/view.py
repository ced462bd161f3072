"""What is shown of the purifiers and zones: rows of control, as the API and the page get them."""

from typing import Any

from api.control.dispatch import ZoneDemand
from api.control.hall_stops import HallStop
from api.control.maintenance import MaintenanceLock, maintenance_row
from api.control.overrides import UNTIL_RELEASED, Override
from api.control.priority import Decision
from api.control.unit import Unit, is_online
from api.control_port import LastCommand, MaintenanceView, OverrideView, PurifierView
from venueair.clock import Clock
from venueair.site import Purifier, Zone


def purifier_view(
    purifier: Purifier,
    unit: Unit,
    decision: Decision,
    waits: str | None,
    override: Override | None,
    lock: MaintenanceLock | None,
    clock: Clock,
) -> PurifierView:
    """`override` and `lock` are those in force; `waits` says why a wanted command is not sent now."""
    shown = unit.reported
    override_view = None
    if override is not None:
        until = None if override.until == UNTIL_RELEASED else override.until
        override_view = OverrideView(
            by=override.by, reason=override.reason, until=until, since=override.created
        )
    last_command = None
    if unit.last is not None:
        last_command = LastCommand(id=unit.last.id, state=unit.last.state.value, reason=unit.last.reason)
    return PurifierView(
        id=purifier.id,
        zone=purifier.zone,
        online=is_online(unit, clock.monotonic()),
        session=unit.session,
        mode=shown.mode if shown else None,
        level=shown.level if shown else None,
        levels=list(purifier.levels),
        source=shown.source if shown else None,
        reported_at=unit.reported_ms,
        rpm=shown.rpm if shown else None,
        filter_pct=shown.filter_pct if shown else None,
        fault=shown.fault if shown else None,
        desired_mode=decision.mode,
        desired_level=decision.level,
        slot=decision.slot,
        why=f"{decision.why} ({waits})" if waits else decision.why,
        override=override_view,
        maintenance=None if lock is None else MaintenanceView(**maintenance_row(lock, clock.now_ms())),
        last_command=last_command,
        cadr_m3h=purifier.cadr_m3h,
    )


def zone_row(
    zone: Zone, demand: ZoneDemand | None, *, is_automatic: bool, in_maintenance: list[str]
) -> dict[str, Any]:
    """`level` None: the zone has no target, so nothing is wanted of its purifiers. `in_maintenance`: devices
    of the zone that people work on."""
    return {
        "zone": zone.id,
        "automatic": is_automatic,
        "degraded": demand.degraded if demand else False,
        "level": demand.level if demand else None,
        "top_level": demand.top_level if demand else None,
        "why": demand.why if demand else "no target for this zone",
        "in_maintenance": in_maintenance,
    }


def hall_stop_row(stop: HallStop, units: list[PurifierView]) -> dict[str, Any]:
    """Units by what is known of them now; `unknown` ones are not there, and may run."""
    return {
        "hall": stop.hall,
        "by": stop.by,
        "reason": stop.reason,
        "since": stop.created,
        "stopped": [unit.id for unit in units if unit.online and unit.mode == "stopped"],
        "not_stopped": [unit.id for unit in units if unit.online and unit.mode != "stopped"],
        "unknown": [unit.id for unit in units if not unit.online],
    }


def waiting_row(override: Override, venue: str, is_in_force: bool) -> dict[str, Any]:
    """An order that needed no command yet, in the shape of a command: WAITING, or SUPERSEDED when over."""
    return {
        "id": override.id,
        "venue": venue,
        "purifier": override.purifier,
        "session": None,
        "mode": override.mode,
        "level": override.level,
        "release": False,
        "reason": f"{override.by}: {override.reason}",
        "issued_by": override.by,
        "created": override.created,
        "deadline": None,
        "state": "WAITING" if is_in_force else "SUPERSEDED",
        "history": [],
    }
