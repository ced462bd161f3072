"""What an operator may order: checked in full before anything is written or sent."""

from typing import Final

from api.control.dispatch import top_level
from api.control.overrides import UNTIL_RELEASED, Override
from api.control.unit import Unit, is_online
from api.control_port import ControlRefusedError, OrderMode
from venueair.rules import ControlSettings
from venueair.site import Purifier

MAX_MINUTES: Final = 24 * 60.0


def check_order(
    purifier: Purifier,
    unit: Unit,
    override: Override | None,
    control: ControlSettings,
    *,
    mode: OrderMode,
    level: int,
    minutes: float,
    release: bool,
    now_s: float,
) -> None:
    """Raises ControlRefusedError with the way out. A stop is never refused: it waits until it can be given.

    `override` is the one in force.
    """
    if mode == "stopped":
        if not 0 <= minutes <= MAX_MINUTES:
            raise ControlRefusedError(
                f"minutes must be 0 (until released) to {MAX_MINUTES:.0f}, not {minutes}"
            )
        return
    is_stopped = unit.reported is not None and unit.reported.mode == "stopped"
    is_latched = override is not None and override.mode == "stopped" and override.until == UNTIL_RELEASED
    if mode == "auto":
        if is_latched and not release:
            raise ControlRefusedError(f"{purifier.id} was stopped until released: order again with release")
        if override is None and not (is_stopped and release):
            raise ControlRefusedError(f"no override is in force for {purifier.id}: nothing to end")
    else:
        if not 0 < minutes <= MAX_MINUTES:
            raise ControlRefusedError(f"minutes must be above 0 and at most {MAX_MINUTES:.0f}, not {minutes}")
        if mode == "run" and not 1 <= level <= top_level(purifier):
            raise ControlRefusedError(f"{purifier.id} runs at level 1 to {top_level(purifier)}, not {level}")
        if not is_online(unit, now_s):
            raise ControlRefusedError(
                f"{purifier.id} is offline: check its power and network, then order again"
            )
        if (is_stopped or is_latched) and not release:
            raise ControlRefusedError(f"{purifier.id} is stopped: order again with release to let it run")
        if mode == "run" and unit.reported is not None and unit.reported.fault is not None:
            raise ControlRefusedError(
                f"{purifier.id} reports a fault ({unit.reported.fault}): see to the unit first"
            )
    local_left_s = 0.0
    if unit.local_since_s is not None:
        local_left_s = unit.local_since_s + control.local_hold_s - now_s
    if local_left_s > 0 and (mode != "auto" or release):
        raise ControlRefusedError(
            f"{purifier.id} was set by its own button and is left alone for another "
            f"{local_left_s / 60:.0f} min: use the button at the unit",
        )


def until_ms(mode: OrderMode, minutes: float, now_ms: int) -> int:
    if mode == "stopped" and minutes == 0:
        return UNTIL_RELEASED
    return now_ms + round(minutes * 60_000)
