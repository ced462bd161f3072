"""Units in which other systems write a quantity, and the way from them to ours. Never guessed. Pure."""

from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from ingest.indices.conversions import MOLAR_MASS, ug_m3_per_ppb
from venueair.quantities import QUANTITIES


@dataclass(frozen=True, slots=True)
class Scale:
    """ours = (theirs + add) * times / per, so that 68 degF are 20 degC and not nearly so."""

    add: float = 0.0
    times: float = 1.0
    per: float = 1.0


SAME: Final = Scale()
_FROM: Final[dict[tuple[str, str], Scale]] = {
    ("degF", "degC"): Scale(add=-32, times=5, per=9),
    ("K", "degC"): Scale(add=-273.15),
    ("Pa", "hPa"): Scale(per=100),
    ("kPa", "hPa"): Scale(times=10),
    ("mbar", "hPa"): SAME,
    ("%", "%RH"): SAME,
    ("mg/m3", "ug/m3"): Scale(times=1000),
    ("ppm", "ppb"): Scale(times=1000),
    ("ppb", "ppm"): Scale(per=1000),
    ("pCi/L", "Bq/m3"): Scale(times=37),  # 1 Ci = 3.7e10 Bq exactly
    ("1/L", "1/cm3"): Scale(per=1000),
    ("1/m3", "1/cm3"): Scale(per=1e6),
}
# What stays of µg/m³, ㎍/㎥, °C and ℃ after NFKC.
_SPELLED: Final = str.maketrans({"μ": "u", "°": "deg"})


def scale(quantity: str, unit: str) -> Scale:
    """Raises ValueError naming the units that are known. Gases are converted at 25 degC and 1 atm."""
    own, unit = QUANTITIES[quantity].unit, normalize("NFKC", unit).strip().translate(_SPELLED)
    if unit == own:
        return SAME
    gas = _of_gas(quantity)
    if (unit, own) in _FROM:
        return _FROM[unit, own]
    if unit in gas:
        return Scale(times=gas[unit], per=gas[own])
    known = dict.fromkeys([own, *(other for other, ours in _FROM if ours == own), *gas])
    raise ValueError(
        f"{quantity} is kept in {own}; it can be read from {', '.join(known)}, not from {unit!r}"
    )


def _of_gas(quantity: str) -> dict[str, float]:
    """ug/m3 in one of each unit."""
    if quantity not in MOLAR_MASS:
        return {}
    per_ppb = float(ug_m3_per_ppb(quantity))
    return {"ug/m3": 1.0, "mg/m3": 1000.0, "ppb": per_ppb, "ppm": 1000 * per_ppb}
