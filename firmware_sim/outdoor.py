"""What comes in from outdoors: filtered supply air and leaks, as a gain and a loss of one well-mixed volume.

Supply air carries the fraction `filter_passes` of the outdoor particles, leaks the fraction `penetration`;
gases pass both unchanged. Rates are air changes per hour (1/h).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outdoor:
    pm2_5: float = 35.0  # ug/m3
    co2: float = 430.0  # ppm
    temperature: float = 22.0  # degC, of the conditioned supply air
    humidity: float = 40.0  # %RH, of the conditioned supply air


@dataclass(frozen=True, slots=True)
class Ventilation:
    outdoor_air_per_h: float
    infiltration_per_h: float
    filter_passes: float = 0.5
    penetration: float = 0.8

    @property
    def exchange_per_h(self) -> float:
        return self.outdoor_air_per_h + self.infiltration_per_h


def co2_gain_ppm_per_h(ventilation: Ventilation, outdoor: Outdoor) -> float:
    return ventilation.exchange_per_h * outdoor.co2


def pm2_5_gain_ug_m3_per_h(ventilation: Ventilation, outdoor: Outdoor) -> float:
    supply = ventilation.outdoor_air_per_h * ventilation.filter_passes
    leaks = ventilation.infiltration_per_h * ventilation.penetration
    return (supply + leaks) * outdoor.pm2_5
