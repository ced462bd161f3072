"""docs/quality.md, generated from the start values: `python -m ingest.quality.page > docs/quality.md`."""

import sys
from typing import Final

from ingest.quality.start_values import (
    BACKGROUND_PPM,
    BELOW_HOLD_MS,
    BELOW_PPM,
    FEWEST_IN_HALF,
    GAP_MS,
    HOUR_MS,
    HUMID_AGE_MS,
    HUMID_PERCENT,
    INTERFERENCE_MS,
    MEMORY_MS,
    MINUTE_MS,
    OFFICE,
    ORDER_TOLERANCE,
    OURS,
    OUTDOOR_MOST_PPM,
    OUTDOOR_WINDOW_MS,
    OUTDOOR_WINDOWS,
    SHORT_MS,
    START,
    Start,
)
from venueair.block import Why
from venueair.quantities import QUANTITIES


def _span(ms: int) -> str:
    return f"{ms / HOUR_MS:g} h" if ms >= HOUR_MS else f"{ms / MINUTE_MS:g} min"


def _memory(why: Why) -> str:
    return f"Memory {_span(MEMORY_MS[why])}."


_DRIEST, _WETTEST = QUANTITIES["dew_point"].suspect

_HEAD: Final = f"""\
# Quality of readings

Every reading has a **flag** and the reasons for it (`why`, one bit per test). Flags are those of QARTOD
(IOOS Manuals for Real-Time Quality Control): 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing. The
worst of all tests counts, later wins: 9, 2, 1, 3, 4. A reading without a value is missing, whatever else
is known. Values are never changed or erased; flags 1 and 3 enter averages. Tests look at values **as
measured**, before correction.

**A flag must not hide an emergency**: on a rise no test gives more than suspect.

Time is that of the samples: flags do not depend on how rows arrived in blocks, as long as a device's
messages come in order. Rows that are late (`LATE`), of a wrong clock (`CLOCK`) or not newer than their
series are judged by the ranges and by what stands in the same message, and change nothing for the rows
after them. Rows that are missing, below the sensor's range or of a sensor that warms up are left out of
spike, rate, flat line and floor. Being late alone leaves a reading good.

*Memory* is how far back readings bear on the next one: after a restart, judging them again gives the same
flags. Tests without it look at one message alone.

This page is generated: `python -m ingest.quality.page > docs/quality.md`.

## Tests

**Gross range** `GROSS_RANGE`, **fail**: below what any sensor of the quantity can mean
([quantities](quantities.md)). From QARTOD; all ranges include their ends.

**Over range** `OVER_RANGE`, suspect: above it. That is no fault, smoke reads like this: it can raise an
alarm and never clears one. Our own.

**Suspect range** `SUSPECT_RANGE`, suspect: outside what a venue can have. From QARTOD. Also temperature
and humidity of one message whose dew point is outside {_DRIEST:g} to {_WETTEST:g} °C (vapour pressure by
WMO-No. 8 annex 4.B; the highest dew point on record is 35 °C, Dhahran 2003), and a sent dew point more
than {ORDER_TOLERANCE:g} °C above the temperature: both rows, for nobody knows which is wrong.

**Spike** `SPIKE`, suspect: |x - (before + after) / 2| > limit, QARTOD's average form. **Fail** when it is
lower than both neighbours by more than a second limit; a rise never is. It is known with the next
reading: then the row is written again. The first reading, and one beside a gap of more than
{_span(GAP_MS)}, are not evaluated for it (QARTOD 2), which leaves the flag good. {_memory(Why.SPIKE)}

**Rate** `RATE`, suspect: change per minute since the reading before, not across a gap of more than
{_span(GAP_MS)}. From QARTOD. Less than a minute counts as one: noise from second to second is no rate.
{_memory(Why.RATE)}

**Flat line** `FLAT_LINE`, suspect: from QARTOD, with half windows at fixed times (multiples of half the
window since 1970 UTC). Flat is a reading that spans less than the tolerance together with all readings of
the two half windows before its own, at least {FEWEST_IN_HALF} in each. So a stuck sensor is found after 1
to 1.5 windows. The value at which air may rest for hours is never flat. Memory 1.5 windows, at most
{_span(MEMORY_MS[Why.FLAT_LINE])}.

**Floor** `FLOOR`, suspect, not stuck: exactly on the value where the sensor clips, as were all readings
of the two fixed windows of {_span(SHORT_MS)} before. Its baseline may have been set in bad air. (Of
{OFFICE}, 2.2 % read 400 ppm CO2, once 478 in a row.) {_memory(Why.FLOOR)}

**Order** `ORDER`, suspect: PM1 <= PM2.5 <= PM4 <= PM10 broken by more than {ORDER_TOLERANCE:g} µg/m³ in
one message; both rows. Each size is compared with the next larger one that the device has. Our own.

**Humid** `HUMID`, suspect: PM while the device's newest humidity, at most {_span(HUMID_AGE_MS)} old, is
above {HUMID_PERCENT:g} %RH. Particles have swollen and an optical sensor reads too high. Our own.
{_memory(Why.HUMID)}

**Interference** `INTERFERENCE`, suspect: HCHO until {_span(INTERFERENCE_MS)} after the device's VOC index
or TVOC stood a step above its lowest reading of the fixed window of {_span(SHORT_MS)} before. The cells
react to alcohol. Our own. {_memory(Why.INTERFERENCE)}

**What the device says of itself**: it warms up (`WARM_UP`, **fail**), it has a fault (`DEVICE_FAULT`,
suspect); its clock is wrong (`CLOCK`, suspect).

**Below outdoors** `BELOW_OUTDOOR`, suspect: CO2 more than {BELOW_PPM:g} ppm lower than outdoors, as were all
readings of the device for {_span(BELOW_HOLD_MS)}: people only add to it, so the baseline is wrong (an
automatic one was set in bad air). Outdoors is what the venue's own sensors in outdoor zones measure:
the lowest of their means over the {OUTDOOR_WINDOWS} fixed windows of {_span(OUTDOOR_WINDOW_MS)} before the
last two. Without them, or while they are doubtful themselves, below {BACKGROUND_PPM - BELOW_PPM:g} or above
{OUTDOOR_MOST_PPM:g} ppm, it is the global background, {BACKGROUND_PPM:g} ppm (NOAA GML, Mauna Loa 2024).
Goes by corrected values. {_memory(Why.BELOW_OUTDOOR)}

One more reason comes from comparing devices, not from these tests: `CROSS_SENSOR` (has differed from the
other sensors of its zone for long).

## Start values

In the unit of the quantity. *Spike*: suspect above / a dip fails beyond. *Rate*: per minute. *Flat*:
tolerance in window. *Step*: of VOC, disturbs HCHO. What is empty or not listed is not tested: counts and
noise jump by nature, radon meters repeat a value for hours, a fire contact rests for years.

*{OFFICE}*: a public data set; spike and flat were tuned on it, and rates are above 99.9 % of its steps.
*{OURS}*: our own proposal, to be tuned where it runs.

| quantity | unit | spike | rate | flat | rests at | floor | step | source |
|---|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page, Markdown."""
    return _HEAD + "".join(f"{_row(name, start)}\n" for name, start in START.items())


def _row(name: str, start: Start) -> str:
    cells = (
        f"`{name}`",
        QUANTITIES[name].unit,
        f"{start.spike[0]:g} / {start.spike[1]:g}" if start.spike else "",
        _number(start.rate),
        f"< {start.flat[0]:g} in {_span(start.flat[1])}" if start.flat else "",
        _number(start.rest),
        _number(start.floor),
        _number(start.step),
        start.source,
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


if __name__ == "__main__":
    sys.stdout.write(page())
