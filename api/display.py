"""What visitors may see of a hall: values, their age and the familiar grades. Pure.

Fine dust is shown only from devices with a recorded certification grade that has not expired and whose next
check is not overdue, with the text that says so: who publishes readings of simple dust meters in Korea has to
name their grade (미세먼지의 저감 및 관리에 관한 특별법, performance certification of simple meters).

Grades of PM2.5 and PM10 in ug/m3: those of AirKorea (15/35/75 and 30/80/150, in force since 2018-03-27). The
limits of indoor air are others: 45 ug/m3 is inside the limit of 50 and still 나쁨.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from math import floor
from typing import Any, Final

from venueair.site import Sensor, Site

SCALES: Final[Mapping[str, tuple[float, float, float]]] = {
    "pm2_5": (15.0, 35.0, 75.0),
    "pm10": (30.0, 80.0, 150.0),
}
_OTHERS: Final = ("co2", "temperature", "humidity")
_EAST: Final = timedelta(hours=14)  # where a day begins first


def grade(quantity: str, value: float) -> int | None:
    """1 good, 2 moderate, 3 bad, 4 very bad, of the whole number that is shown; None where there are none."""
    scale = SCALES.get(quantity)
    return None if scale is None else 1 + sum(floor(value + 0.5) > limit for limit in scale)


def may_publish(sensor: Sensor, now: int) -> bool:
    """Whether its dust may be shown at `now`, ms UTC. What is not recorded counts as expired."""
    if sensor.cert_grade is None or sensor.cert_until is None or sensor.check_due is None:
        return False
    return _today(now) <= min(sensor.cert_until, sensor.check_due)


def display(site: Site, hall: str, rows: Iterable[Mapping[str, Any]], now: int) -> dict[str, Any] | None:
    """Of each quantity the highest good value in the hall; None where the hall is not shown to visitors.

    `rows` are those of /values. A quantity that should be there and has no good value has `value` null.
    """
    shown = site.hall.get(hall)
    if shown is None or not shown.display:
        return None
    zones = {zone.id for zone in site.zones if zone.hall == hall and not zone.outdoor}
    meters = {s.id: s for s in site.sensor.values() if s.zone in zones and may_publish(s, now)}
    of: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        sources = meters if row["quantity"] in SCALES else zones
        if row["source"] in sources:
            of.setdefault(row["quantity"], []).append(row)
    values = [_value(of[quantity], meters) for quantity in (*SCALES, *_OTHERS) if quantity in of]
    return {"hall_ko": shown.name.ko, "hall_en": shown.name.en, "now": now, "values": values}


def _value(rows: list[Mapping[str, Any]], meters: Mapping[str, Sensor]) -> dict[str, Any]:
    good = [row for row in rows if row["is_good"]]
    best = max(good, key=lambda row: row["value"], default=None)
    meter = meters.get(best["source"]) if best else None
    quantity = rows[0]["quantity"]
    return {
        **{name: rows[0][name] for name in ("quantity", "name_ko", "name_en", "unit", "decimals")},
        "value": best["value"] if best else None,
        "t": best["t"] if best else None,
        "grade": grade(quantity, best["value"]) if best else None,
        "cert_grade": meter.cert_grade if meter and quantity in SCALES else None,
        "scale": list(SCALES[quantity]) if quantity in SCALES else None,
    }


def _today(now: int) -> date:
    """The latest date that it is anywhere, so that nothing is shown a day too long."""
    return (datetime.fromtimestamp(now / 1000, UTC) + _EAST).date()
