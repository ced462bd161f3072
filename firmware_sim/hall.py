"""The air of one zone: a well-mixed mass balance of CO2 and PM2.5, and simple models of the rest.

    V dC/dt = sources + outdoor air in - (ventilation + deposition + mixing x CADR) C

Each step is the exact solution for inputs that stay the same during it, so its length does not matter.
PM1 and PM10 follow PM2.5 by fixed ratios of indoor show aerosol (0.7 and 1.5). Temperature, humidity and VOC
index run towards what the density of people makes of the supply air; they drive no rule, only the displays.
"""

import math
from dataclasses import dataclass
from typing import Final

from firmware_sim import outdoor, people
from firmware_sim.outdoor import Outdoor, Ventilation

PM1_OF_PM2_5: Final = 0.7
PM10_OF_PM2_5: Final = 1.5
COMFORT_TIME_S: Final = 1200.0  # how slowly walls and odours follow
KELVIN_PER_DENSITY: Final = 15.0  # + 3 K at 0.2 people/m3
RH_PER_DENSITY: Final = 50.0  # + 10 %RH at 0.2 people/m3
VOC_PER_DENSITY: Final = 400.0  # + 80 index points at 0.2 people/m3
VOC_OF_A_SOURCE: Final = 80.0
VOC_BASELINE: Final = 100.0  # the index's own definition of a usual room (Sensirion VOC index)


@dataclass(frozen=True, slots=True)
class Air:
    """What a sensor in the zone can meet; units as in the table of quantities."""

    co2: float
    pm2_5: float
    temperature: float
    humidity: float
    voc_index: float

    @property
    def pm1(self) -> float:
        return self.pm2_5 * PM1_OF_PM2_5

    @property
    def pm10(self) -> float:
        return self.pm2_5 * PM10_OF_PM2_5


@dataclass(frozen=True, slots=True)
class Room:
    """What does not change during a story. `mixing`: the part of the CADR that reaches the whole volume."""

    volume_m3: float
    ventilation: Ventilation
    outdoor: Outdoor
    deposition_per_h: float = 0.2
    mixing: float = 0.85
    pm2_5_mg_per_h_per_person: float = 0.0


@dataclass(frozen=True, slots=True)
class Inputs:
    people: float = 0.0
    source_mg_per_min: float = 0.0
    clean_air_m3h: float = 0.0


def empty_air(room: Room) -> Air:
    """The steady state without people, sources or purifiers."""
    gain, loss = _pm2_5_balance(room, Inputs())
    return Air(
        co2=room.outdoor.co2,
        pm2_5=gain / loss if loss > 0 else room.outdoor.pm2_5,
        temperature=room.outdoor.temperature,
        humidity=room.outdoor.humidity,
        voc_index=VOC_BASELINE,
    )


def step(room: Room, air: Air, inputs: Inputs, dt_s: float) -> Air:
    """The air `dt_s` seconds later, with `inputs` constant in between."""
    density = inputs.people / room.volume_m3
    ventilation = room.ventilation
    co2_gain = outdoor.co2_gain_ppm_per_h(ventilation, room.outdoor) + people.co2_gain_ppm_per_h(
        inputs.people, room.volume_m3
    )
    pm_gain, pm_loss = _pm2_5_balance(room, inputs)
    voc = VOC_BASELINE + VOC_PER_DENSITY * density + VOC_OF_A_SOURCE * (inputs.source_mg_per_min > 0)
    return Air(
        co2=_solve(air.co2, co2_gain, ventilation.exchange_per_h, dt_s),
        pm2_5=_solve(air.pm2_5, pm_gain, pm_loss, dt_s),
        temperature=_follow(air.temperature, room.outdoor.temperature + KELVIN_PER_DENSITY * density, dt_s),
        humidity=_follow(air.humidity, min(95.0, room.outdoor.humidity + RH_PER_DENSITY * density), dt_s),
        voc_index=_follow(air.voc_index, min(500.0, voc), dt_s),
    )


def _pm2_5_balance(room: Room, inputs: Inputs) -> tuple[float, float]:
    """(gain in ug/m3 per h, loss per h)"""
    emitted_mg_per_h = inputs.people * room.pm2_5_mg_per_h_per_person + inputs.source_mg_per_min * 60
    gain = outdoor.pm2_5_gain_ug_m3_per_h(room.ventilation, room.outdoor)
    gain += emitted_mg_per_h * 1000 / room.volume_m3
    loss = room.ventilation.exchange_per_h + room.deposition_per_h
    loss += room.mixing * inputs.clean_air_m3h / room.volume_m3
    return gain, loss


def _solve(value: float, gain_per_h: float, loss_per_h: float, dt_s: float) -> float:
    hours = dt_s / 3600
    fed = hours if loss_per_h == 0 else -math.expm1(-loss_per_h * hours) / loss_per_h
    return value * math.exp(-loss_per_h * hours) + gain_per_h * fed


def _follow(value: float, target: float, dt_s: float) -> float:
    return target + (value - target) * math.exp(-dt_s / COMFORT_TIME_S)
