"""Start values of the tests, each with where it comes from; docs/quality.md shows them.

`OFFICE`: a public set of 251,725 office minutes; spike and flat were tuned on it, rates are above 99.9 % of
its steps. `OURS`: venueair's own proposals, to be tuned where it runs. A quantity without a value is not
tested: its sensors rest or jump by nature.
"""

from dataclasses import dataclass
from typing import Final

from venueair.block import Why

OFFICE: Final = "251,725 office minutes"
OURS: Final = "venueair"

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
GAP_MS: Final = 180_000  # readings further apart say nothing about each other (spike, rate)

ORDER_TOLERANCE: Final = 0.5  # ug/m3 between PM sizes, degC between dew point and temperature; OURS
HUMID_PERCENT: Final = 85.0  # above it an optical sensor sees swollen particles; OURS
HUMID_AGE_MS: Final = 10 * MINUTE_MS  # an older humidity says nothing about now; OURS
SHORT_MS: Final = 5 * MINUTE_MS  # window of the floor test and of VOC steps; OURS
INTERFERENCE_MS: Final = 30 * MINUTE_MS  # how long an HCHO cell is not trusted after a VOC step; OURS
BACKGROUND_PPM: Final = 425.0  # CO2 of the open air: NOAA GML, Mauna Loa, mean of 2024 (424.6)
BELOW_PPM: Final = 30.0  # lower than outdoors by more than this is no air; OURS
BELOW_HOLD_MS: Final = 30 * MINUTE_MS  # for so long; OURS
OUTDOOR_WINDOW_MS: Final = 15 * MINUTE_MS  # OURS
OUTDOOR_WINDOWS: Final = 12  # so far back: the air of a hall is seldom older than three hours; OURS
OUTDOOR_MOST_PPM: Final = 600.0  # a sensor that says more does not measure the open air; OURS
FEWEST_IN_HALF: Final = 2  # readings that half a flat-line window needs to count; OURS


@dataclass(frozen=True, slots=True)
class Start:
    """All in the unit of the quantity.

    spike  (suspect above, fail when lower than both neighbours by more)
    rate   per minute
    flat   (tolerance, window in ms); `rest` is the one value that air may keep for hours
    floor  the value at which the sensor clips
    step   a rise of VOC within two short windows that disturbs an HCHO cell
    """

    spike: tuple[float, float] | None = None
    rate: float | None = None
    flat: tuple[float, int] | None = None
    rest: float | None = None
    floor: float | None = None
    step: float | None = None
    source: str = OURS


_LONG: Final = 6 * HOUR_MS
_IDLE: Final = (0.1, _LONG)
_COUNT: Final = Start(flat=(0.005, _LONG), rest=0.0)  # the finest step of a count is 0.01

START: Final[dict[str, Start]] = {
    "pm1": Start((20, 60), 50, (0.1, _LONG), rest=0, source=f"{OFFICE} (of PM2.5)"),
    "pm2_5": Start((20, 60), 50, (0.1, _LONG), rest=0, source=f"{OFFICE}; flat: {OURS}"),
    "pm4": Start((30, 90), 75, (0.1, _LONG), rest=0),
    "pm10": Start((40, 120), 100, (0.1, _LONG), rest=0),
    "co2": Start((150, 300), 100, (1, HOUR_MS // 2), rest=400, floor=400, source=OFFICE),
    "co": Start((10, 30), 30, flat=_IDLE, rest=0),
    # Sensirion's gas index ends at 1; it is 100 on average.
    "voc_index": Start((150, 200), 200, (1, _LONG), rest=1, floor=1, step=100),
    "tvoc": Start((500, 2000), 1000, (1, _LONG), rest=0, step=500),
    "nox_index": Start((100, 200), 200, (1, _LONG), rest=1),  # 1 is clean air, for days
    "hcho": Start((100, 300), 200, (0.5, _LONG), rest=0),
    "no2": Start((50, 200), 100, flat=_IDLE, rest=0),
    "o3": Start((50, 200), 100, flat=_IDLE, rest=0),
    "nh3": Start((1000, 5000), 2000, flat=_IDLE, rest=0),
    "h2s": Start((200, 1000), 500, flat=_IDLE, rest=0),
    "temperature": Start((1.5, 3), 1, (0.02, _LONG), source=OFFICE),
    "humidity": Start((5, 15), 3, (0.02, _LONG), rest=100, source=f"rate {OFFICE}; else {OURS}"),
    "pressure": Start((2, 10), 2, (0.02, _LONG)),
    "n0_3": _COUNT,
    "n0_5": _COUNT,
    "n1": _COUNT,
    "noise": Start(flat=(0.1, HOUR_MS // 2)),
}


# The windows of outdoor air, and how long a reading must have been below them: a gap ends that.
_BELOW_MEMORY_MS: Final = (OUTDOOR_WINDOWS + 2) * OUTDOOR_WINDOW_MS + 2 * BELOW_HOLD_MS


def memory_ms(quantity: str) -> int:
    """How far back readings of `quantity` bear on the next one: judging these again rebuilds the state."""
    start = START.get(quantity, Start())
    flat = start.flat[1] * 3 // 2 if start.flat else 0  # two halves before, and the half that is being filled
    below = _BELOW_MEMORY_MS if quantity == "co2" else 0
    return max(flat, below, INTERFERENCE_MS + 2 * SHORT_MS)


# The same by test, at most; tests that are not here remember nothing.
MEMORY_MS: Final[dict[Why, int]] = {
    Why.SPIKE: 2 * GAP_MS,
    Why.RATE: GAP_MS,
    Why.HUMID: HUMID_AGE_MS,
    Why.FLOOR: 3 * SHORT_MS,
    Why.INTERFERENCE: INTERFERENCE_MS + 2 * SHORT_MS,
    Why.BELOW_OUTDOOR: _BELOW_MEMORY_MS,
    Why.FLAT_LINE: max(memory_ms(quantity) for quantity in START),
}
