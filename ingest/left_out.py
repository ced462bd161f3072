"""Which sensors the values of zones leave out now, by name, as the api is told. Pure.

A sensor that has long said nothing is not named: it is not left out but silent, which is an alarm of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ingest.zone_members import Members
from ingest.zone_outliers import DISAGREES
from ingest.zone_sums import STEP_MS
from ingest.zone_values import State
from venueair.block import Why
from venueair.messages import LeftOut
from venueair.settings import Settings

SILENT_MS: Final = 180_000  # or three intervals, where readings come less than once a minute
NAMED_AT_MOST: Final = 200  # of one value, so that they fit a message
_NAMES: Final = {int(why): str(why.name).lower() for why in Why} | {DISAGREES: "disagrees"}


def silent_after(settings: Settings) -> dict[str, int]:
    """By sensor, ms."""
    return {s.id: max(SILENT_MS, int(3000 * (s.interval_s or 0))) for s in settings.sensor}


def left_out(
    state: State, members: Members, names: Sequence[tuple[str, str]], silent_ms: Mapping[str, int]
) -> dict[str, list[LeftOut]]:
    """By series of zones, "source quantity"; `names` by series number."""
    found: dict[str, list[LeftOut]] = {}
    since = state.outliers.since
    for sensor, bits in sorted(state.left_out.items()):
        device, _ = names[sensor]
        zone = int(members.zone_of[sensor])
        heard_from = int(state.said[zone]) * STEP_MS - silent_ms.get(device, SILENT_MS)
        if sensor in since and int(state.newest[sensor]) > heard_from:
            why = [name for bit, name in _NAMES.items() if bits & bit]
            told = LeftOut(device=device, why=why, since=since[sensor] * STEP_MS)
            found.setdefault(" ".join(names[zone]), []).append(told)
    return {zone: named[:NAMED_AT_MOST] for zone, named in found.items()}
