"""The tests of quality once more, row by row and without numpy: what the vectorised ones are held against."""

from collections import defaultdict
from dataclasses import dataclass
from math import exp, inf, isnan

from ingest.quality.start_values import (
    BACKGROUND_PPM,
    BELOW_HOLD_MS,
    BELOW_PPM,
    FEWEST_IN_HALF,
    GAP_MS,
    HUMID_AGE_MS,
    HUMID_PERCENT,
    INTERFERENCE_MS,
    ORDER_TOLERANCE,
    SHORT_MS,
    START,
    Start,
)
from venueair.block import Flag, Why
from venueair.quantities import QUANTITIES

FATAL = Why.GROSS_RANGE | Why.WARM_UP
SIZES = ("pm1", "pm2_5", "pm4", "pm10")


@dataclass(eq=False)
class Row:
    device: str
    quantity: str
    t: int
    raw: float
    why: int
    dips: bool = False
    steps: bool = False
    below_since: int | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        return self.device, self.quantity, self.t

    @property
    def verdict(self) -> tuple[int, int]:
        if isnan(self.raw):
            return Flag.MISSING, int(self.why)
        fails, doubtful = self.why & FATAL or self.dips, self.why & ~Why.LATE
        return Flag.FAIL if fails else Flag.SUSPECT if doubtful else Flag.GOOD, int(self.why)


class Reference:
    def __init__(self, series: set[tuple[str, str]]) -> None:
        self.series = series
        self.flags: dict[tuple[str, str, int], tuple[int, int]] = {}
        self.rows: dict[tuple[str, str], list[Row]] = defaultdict(list)  # in order

    def take(self, block: list[Row]) -> None:
        """Rows with different keys; what became of them, and of earlier ones, is in `flags` afterwards."""
        here = {row.key: row for row in block}
        for row in block:
            row.why |= self._range(row)
        for row in block:
            self._compare(row, here)
        before = {series: list(rows) for series, rows in self.rows.items()}
        for row in sorted(block, key=lambda row: row.t):
            if self._goes_on(row):
                self._follow(row, self.rows[row.device, row.quantity])
        for row in block:
            if row in self.rows[row.device, row.quantity]:
                self._surroundings(row, before)
        self.flags.update({row.key: row.verdict for row in block})

    def _range(self, row: Row) -> int:
        quantity = QUANTITIES[row.quantity]
        if row.raw > quantity.hard[1]:
            return Why.OVER_RANGE
        if row.raw < quantity.hard[0]:
            return Why.GROSS_RANGE
        inside = isnan(row.raw) or quantity.suspect[0] <= row.raw <= quantity.suspect[1]
        return 0 if inside else Why.SUSPECT_RANGE

    def _compare(self, row: Row, here: dict) -> None:
        sizes = SIZES[SIZES.index(row.quantity) + 1 :] if row.quantity in SIZES else ()
        others = sizes or {"temperature": ("humidity",), "dew_point": ("temperature",)}.get(row.quantity, ())
        beside = next((q for q in others if (row.device, q) in self.series), None)
        other = here.get((row.device, beside, row.t))
        if other is None or (row.why | other.why) & FATAL:
            return
        if row.quantity == "temperature":
            driest, wettest = QUANTITIES["dew_point"].suspect
            vapour = other.raw / 100 * saturated(row.raw)
            wrong = vapour < saturated(driest) or vapour > saturated(wettest)
        else:
            wrong = row.raw - other.raw > ORDER_TOLERANCE
        if wrong:
            row.why |= (reason := Why.ORDER if row.quantity in SIZES else Why.SUSPECT_RANGE)
            other.why |= reason

    def _goes_on(self, row: Row) -> bool:
        rows = self.rows[row.device, row.quantity]
        stopped = isnan(row.raw) or row.why & (FATAL | Why.LATE | Why.CLOCK)
        return not stopped and (not rows or row.t > rows[-1].t)

    def _follow(self, row: Row, rows: list[Row]) -> None:
        start = START.get(row.quantity, Start())
        if rows and row.t - rows[-1].t <= GAP_MS:
            minutes = max(row.t - rows[-1].t, 60_000) / 60_000
            if start.rate is not None and abs(row.raw - rows[-1].raw) > start.rate * minutes:
                row.why |= Why.RATE
            if start.spike and len(rows) > 1 and rows[-1].t - rows[-2].t <= GAP_MS:
                self._spike(rows[-2].raw, rows[-1], row.raw, *start.spike)
        if start.flat and row.raw != start.rest:
            halves = [window(rows, row.t, start.flat[1] // 2, back) for back in (1, 2)]
            values = [row.raw, *halves[0], *halves[1]]
            if min(map(len, halves)) >= FEWEST_IN_HALF and max(values) - min(values) < start.flat[0]:
                row.why |= Why.FLAT_LINE
        last, last_but_one = (window(rows, row.t, SHORT_MS, back) for back in (1, 2))
        if last and last_but_one and {row.raw, *last, *last_but_one} == {start.floor}:
            row.why |= Why.FLOOR
        if row.quantity == "co2" and row.raw < BACKGROUND_PPM - BELOW_PPM:
            goes_on = rows and rows[-1].below_since is not None and row.t - rows[-1].t <= BELOW_HOLD_MS
            row.below_since = rows[-1].below_since if goes_on else row.t
            if row.t - row.below_since >= BELOW_HOLD_MS:
                row.why |= Why.BELOW_OUTDOOR
        row.steps = start.step is not None and row.raw - min(last, default=inf) >= start.step
        rows.append(row)

    def _spike(self, before: float, here: Row, after: float, suspect: float, fail: float) -> None:
        if abs(here.raw - (before + after) / 2) > suspect:
            here.why |= Why.SPIKE
            here.dips = min(before, after) - here.raw > fail
            self.flags[here.key] = here.verdict

    def _surroundings(self, row: Row, before: dict) -> None:
        damp = self._newest(row, "humidity", before, lambda _: True)
        if row.quantity in SIZES and damp and damp.raw > HUMID_PERCENT and row.t - damp.t <= HUMID_AGE_MS:
            row.why |= Why.HUMID
        for voc in ("voc_index", "tvoc") if row.quantity == "hcho" else ():
            step = self._newest(row, voc, before, lambda other: other.steps)
            if step and row.t - step.t <= INTERFERENCE_MS:
                row.why |= Why.INTERFERENCE

    def _newest(self, row: Row, quantity: str, before: dict, counts) -> Row | None:
        """At or before `row`: of the block, else the very newest of before; what was earlier is forgotten."""
        known = list(filter(counts, before.get((row.device, quantity), [])))
        new = [r for r in filter(counts, self.rows[row.device, quantity]) if r not in known]
        found = [r for r in [*known[-1:], *new] if r.t <= row.t]
        return found[-1] if found else None


def window(rows: list[Row], t: int, width_ms: int, back: int) -> list[float]:
    return [row.raw for row in rows if row.t // width_ms == t // width_ms - back]


def saturated(celsius: float) -> float:
    """Water vapour pressure in hPa, WMO-No. 8 annex 4.B."""
    return 6.112 * exp(17.62 * celsius / (243.12 + celsius))
