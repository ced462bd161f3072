"""Corrections one row after the other, by the words of docs/corrections.md and the papers' own formulas."""

from math import isnan, nan

from venueair.block import Why
from venueair.corrections import Correction
from venueair.quantities import QUANTITIES

AGE_MS = {"humidity": 600_000, "temperature": 600_000, "pressure": 3_600_000, "n0_3": 0}
Reading = tuple[str, str, int, float, int]  # device, quantity, t, raw, why


class Reference:
    def __init__(self, corrections: list[Correction]) -> None:
        self.corrections = sorted(corrections, key=lambda c: c.step)
        self.newest: dict[tuple[str, str], tuple[int, float]] = {}
        self.uncorrected: dict[tuple[str, str], int] = {}
        self.values: dict[tuple[str, str, int], float] = {}

    def take(self, readings: list[Reading]) -> None:
        """One block; readings have different keys."""
        self.usable = [
            (device, q, t, raw, bool(why & Why.CLOCK))
            for device, q, t, raw, why in readings
            if q in AGE_MS and QUANTITIES[q].hard[0] <= raw <= QUANTITIES[q].hard[1]
        ]
        for reading in readings:
            self.values[reading[:3]] = self.value(*reading)
        for device, q, t, raw, is_clock in sorted(self.usable, key=lambda r: r[2]):
            if not is_clock and t >= self.newest.get((device, q), (t, 0.0))[0]:
                self.newest[device, q] = (t, raw)

    def value(self, device: str, quantity: str, t: int, raw: float, why: int) -> float:
        x = raw
        low, high = QUANTITIES[quantity].hard
        for c in self.corrections:
            if (c.device, c.quantity) != (device, quantity) or not c.since <= t < c.until:
                continue
            beside = {q: self.beside(device, q, t, bool(why & Why.CLOCK)) for q in c.needs}
            x = max(formula(c, x, beside), low)
            x = min(x, 100.0) if quantity == "humidity" else x
            x = max(x, raw) if raw > high else x
            if isnan(x):
                break
        if isnan(x) and not isnan(raw):
            self.uncorrected[device, quantity] = self.uncorrected.get((device, quantity), 0) + 1
            return raw
        return x

    def beside(self, device: str, quantity: str, t: int, is_clock: bool) -> float:
        mine = [(at, raw, clock) for d, q, at, raw, clock in self.usable if (d, q) == (device, quantity)]
        for at, raw, clock in mine:
            if is_clock and clock and at == t:
                return raw
        known = [(at, 1, raw) for at, raw, clock in mine if at <= t and not clock]
        if (device, quantity) in self.newest and self.newest[device, quantity][0] <= t:
            at, raw = self.newest[device, quantity]
            known.append((at, 0, raw))
        at, _, raw = max(known, default=(t - 10**12, 0, nan))
        return raw if t - at <= AGE_MS[quantity] else nan


def formula(c: Correction, x: float, beside: dict[str, float]) -> float:
    if isnan(x) or any(isnan(value) for value in beside.values()):
        return nan
    rh = min(max(beside.get("humidity", 0.0), 0), 100)
    if c.kind in {"linear", "calibration"}:
        return c.offset + c.gain * x + c.humidity * rh + c.temperature * beside.get("temperature", 0.0)
    if c.kind == "kappa_koehler":
        wet = min(rh, 95) / 100
        return x if wet == 0 else x / (1 + (c.kappa / c.density) / (1 / wet - 1))
    if c.kind == "airgradient_lot":
        low = c.factor * beside["n0_3"] * 100
        return low if low < 31 else x
    if c.kind == "airgradient_pms5003t":
        if c.quantity == "humidity":
            return min(1.259 * x + 7.34, 100)
        return 1.327 * x - 6.738 if x < 10 else 1.181 * x - 5.113
    if c.kind == "co2_pressure":
        p = beside.get("pressure", nan)
        if c.altitude_m is not None:
            p = 1013.25 * (1 - 2.25577e-5 * c.altitude_m) ** 5.25588
        return x * (c.reference_hpa / p if c.model == "ideal" else 1 + 0.016 * (c.reference_hpa - p) / 10)
    return epa(x, rh)


def epa(x: float, rh: float) -> float:
    """The five lines as AirGradient's firmware writes them."""
    if x < 30:
        return max(0.524 * x - 0.0862 * rh + 5.75, 0)
    if x < 50:
        s = x / 20 - 3 / 2
        return (0.786 * s + 0.524 * (1 - s)) * x - 0.0862 * rh + 5.75
    if x < 210:
        return 0.786 * x - 0.0862 * rh + 5.75
    if x < 260:
        s = x / 50 - 21 / 5
        slope = 0.69 * s + 0.786 * (1 - s)
        return slope * x - 0.0862 * rh * (1 - s) + 2.966 * s + 5.75 * (1 - s) + 8.84e-4 * x * x * s
    return 2.966 + 0.69 * x + 8.84e-4 * x * x
