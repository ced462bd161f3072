"""Which sensors speak for which zone, and from which difference on two of them disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np

from ingest.ragged import spread
from venueair.block import Float64, Int32, Int64

# (absolute, share of the value): what a sensor may be off. Quantities that are not here are not compared.
_PM: Final = (10.0, 0.10)  # Plantower PMS5003 data manual v2.3: 10 ug/m3 up to 100, 10 % above
_COARSE: Final = (25.0, 0.25)  # Sensirion SEN66 data sheet v0.92, PM4 and PM10
ACCURACY: Final[dict[str, tuple[float, float]]] = {
    "pm1": _PM,
    "pm2_5": _PM,
    "pm4": _COARSE,
    "pm10": _COARSE,
    "co2": (50.0, 0.05),  # WELL v2, feature A08, sensor accuracy; so are co, tvoc, no2, o3 and humidity
    "co": (1.0, 0.0),
    "tvoc": (20.0, 0.15),
    "no2": (20.0, 0.0),
    "o3": (10.0, 0.0),
    "humidity": (5.0, 0.0),
    "hcho": (25.0, 0.20),  # Sensirion SEN66 data sheet v0.92: 20 ppb, which are 25 ug/m3, or 20 %
    "temperature": (1.0, 0.0),  # a start value of ours: heights and lamps differ more than sensors do
    "pressure": (2.0, 0.0),  # a start value of ours
    "noise": (6.0, 0.0),  # a start value of ours
}


@dataclass(frozen=True, slots=True)
class Members:
    """Columns by series number.

    zone_of   (series,) int64    the series of its zone that a sensor's series counts for, -1 none
    accuracy  (series,) float64  in the unit, and
    share     (series,) float64  as a part of the value; twice their sum is the smallest disagreement
    first     (series + 1,)      of zone z the sensors are sensors[first[z]:first[z + 1]]
    sensors   (sensors,) int64   ascending in each zone
    """

    zone_of: Int64
    accuracy: Float64
    share: Float64
    first: Int64
    sensors: Int64

    @classmethod
    def of(cls, names: Sequence[tuple[str, str]], zone_of: Int32 | Int64) -> "Members":
        """`names` (source, quantity) and `zone_of` by series number."""
        accuracy = np.array([ACCURACY.get(quantity, (inf, 0.0)) for _, quantity in names], dtype=np.float64)
        accuracy = accuracy.reshape(-1, 2)
        placed = np.flatnonzero(zone_of >= 0)
        sensors = placed[np.argsort(zone_of[placed], kind="stable")]
        first = np.searchsorted(zone_of[sensors], np.arange(len(names) + 1))
        return cls(zone_of.astype(np.int64), accuracy[:, 0], accuracy[:, 1], first, sensors)

    def __len__(self) -> int:
        return len(self.zone_of)

    def of_zones(self, zones: Int64) -> tuple[Int64, Int64]:
        """(index into `zones`, sensor) of all sensors of these zones, zone by zone."""
        first = self.first[zones]
        owner, index = spread(first, self.first[zones + 1] - first)
        return owner, self.sensors[index]
