"""The sensor models that can be wired to a gateway, by the name that venueair.toml uses."""

from typing import Final

from gateway.sensors.mhz19b import MHZ19B
from gateway.sensors.model import Model
from gateway.sensors.pmsx003 import PMS5003, PMS7003
from gateway.sensors.senseair_s8 import SENSEAIR_S8

MODELS: Final[dict[str, Model]] = {model.name: model for model in (PMS5003, PMS7003, SENSEAIR_S8, MHZ19B)}
