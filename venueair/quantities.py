"""THE table of quantities: canonical name, unit, decimals, ranges, labels ko/en, Home Assistant class.

A unit is part of a name's meaning and never guessed. `hard` is what any sensor of the quantity can mean
(below: fail, above: over range), `suspect` what a venue can plausibly have; both inclusive, in `unit`.
Plantower mass concentrations are the *atmospheric* values. Counts are cumulative: n0_5 = larger than 0.5 um.
"""

from dataclasses import dataclass
from math import inf
from typing import Final


@dataclass(frozen=True, slots=True)
class Quantity:
    name: str
    unit: str
    decimals: int
    hard: tuple[float, float]
    suspect: tuple[float, float]
    ko: str
    en: str
    ha_class: str | None = None
    derived: bool = False
    lasts_s: float = 0.0  # a value is the newest there can be for so long


def _count(size: str) -> Quantity:
    um = size.replace("_", ".")
    any_count = (0.0, 65535.0)
    return Quantity(f"n{size}", "1/cm3", 2, any_count, any_count, f"입자수 >{um} µm", f"Particles >{um} µm")


def _hourly(name: str, ko: str, en: str) -> Quantity:
    """The next one comes after an hour, and a little later when a sensor is slow."""
    return Quantity(name, "1", 0, (0, inf), (0, 500), ko, en, "aqi", derived=True, lasts_s=5400)


_ALL: Final = (
    Quantity("pm1", "ug/m3", 1, (0, 1000), (0, 500), "극초미세먼지 PM1", "PM1", "pm1"),
    Quantity("pm2_5", "ug/m3", 1, (0, 1000), (0, 500), "초미세먼지 PM2.5", "PM2.5", "pm25"),
    Quantity("pm4", "ug/m3", 1, (0, 1000), (0, 500), "미세먼지 PM4", "PM4"),
    Quantity("pm10", "ug/m3", 1, (0, 1000), (0, 1000), "미세먼지 PM10", "PM10", "pm10"),
    Quantity("co2", "ppm", 0, (0, 40000), (350, 5000), "이산화탄소", "CO2", "carbon_dioxide"),
    Quantity("co", "ppm", 1, (0, 1000), (0, 100), "일산화탄소", "CO", "carbon_monoxide"),
    Quantity("voc_index", "1", 0, (1, 500), (1, 500), "VOC 지수", "VOC index"),
    Quantity(
        "tvoc",
        "ug/m3",
        0,
        (0, 60000),
        (0, 10000),
        "총휘발성유기화합물",
        "TVOC",
        "volatile_organic_compounds",
    ),
    Quantity("nox_index", "1", 0, (1, 500), (1, 500), "NOx 지수", "NOx index"),
    Quantity("hcho", "ug/m3", 0, (0, 2455), (0, 1000), "폼알데하이드", "Formaldehyde"),
    Quantity("no2", "ppb", 0, (0, 20000), (0, 1000), "이산화질소", "NO2"),
    Quantity("o3", "ppb", 0, (0, 10000), (0, 500), "오존", "Ozone"),
    Quantity("nh3", "ppb", 0, (0, 100000), (0, 10000), "암모니아", "Ammonia"),
    Quantity("h2s", "ppb", 0, (0, 100000), (0, 2000), "황화수소", "Hydrogen sulfide"),
    Quantity("radon", "Bq/m3", 0, (0, 10000), (0, 2000), "라돈", "Radon"),
    Quantity("temperature", "degC", 1, (-40, 85), (5, 45), "온도", "Temperature", "temperature"),
    Quantity("humidity", "%RH", 1, (0, 100), (0, 100), "습도", "Humidity", "humidity"),
    Quantity("pressure", "hPa", 1, (300, 1200), (850, 1085), "기압", "Pressure", "atmospheric_pressure"),
    *(_count(size) for size in ("0_3", "0_5", "1", "2_5", "4", "5", "10")),
    Quantity("noise", "dBA", 1, (0, 140), (20, 120), "소음", "Noise", "sound_pressure"),
    # 1 = contact closed (no fire); 0, missing or stale = fire. It has no plausible value between.
    Quantity("fire", "1", 0, (0, 1), (0, 1), "화재 접점", "Fire contact"),
    Quantity(
        "dew_point", "degC", 1, (-80, 85), (-30, 35), "이슬점", "Dew point", "temperature", derived=True
    ),
    _hourly("aqi_us", "미국 대기질지수", "US AQI"),
    _hourly("cai", "통합대기환경지수", "Korea CAI"),
    Quantity(
        "rebreathed_fraction", "1", 4, (0, 1), (0, 0.2), "재호흡률", "Rebreathed fraction", derived=True
    ),
    Quantity("eca", "L/s/person", 1, (0, inf), (0, 1000), "1인당 청정공기량", "Clean air", derived=True),
)

QUANTITIES: Final[dict[str, Quantity]] = {quantity.name: quantity for quantity in _ALL}
