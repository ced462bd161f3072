"""Simulated wired sensors by the model names of venueair.toml."""

import random
from collections.abc import Callable
from typing import Final

from firmware_sim.sensors.device import Device
from firmware_sim.sensors.mhz19b import MhZ19b
from firmware_sim.sensors.pms import Pms
from firmware_sim.sensors.s8 import S8

SENSORS: Final[dict[str, Callable[[random.Random], Device]]] = {
    "pms5003": lambda rng: Pms(rng, version=0x97),
    "pms7003": lambda rng: Pms(rng, version=0x71),
    "senseair_s8": S8,
    "mhz19b": MhZ19b,
}
