"""The kinds of correction: their parameters as a row of numbers, and their formulas over rows."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Any, Final

import numpy as np

from ingest.corrections import airgradient, co2_pressure, epa_pm2_5, kappa_koehler
from venueair.block import Float64
from venueair.corrections import AirGradientLot, AirGradientPms5003t, Co2Pressure, KappaKoehler, Linear

Parameters = tuple[float, float, float, float]
# What the same device measured of another quantity, row by row; NaN where it is not known.
Beside = Callable[[str], Float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """`corrected(x, parameters (n, 4), beside)` is NaN where a reading beside x is missing."""

    parameters: Callable[[Any], Parameters]
    corrected: Callable[[Float64, Float64, Beside], Float64]


def _line(x: Float64, p: Float64, beside: Beside) -> Float64:
    y = p[:, 0] + p[:, 1] * x
    for factor, quantity in ((p[:, 2], "humidity"), (p[:, 3], "temperature")):
        used = factor != 0
        if used.any():
            y = y + np.where(used, factor * beside(quantity), 0.0)
    return y


def _line_parameters(line: Linear) -> Parameters:
    return line.offset, line.gain, line.humidity, line.temperature


def _kappa_parameters(correction: KappaKoehler) -> Parameters:
    return correction.kappa, correction.density, nan, nan


def _lot_parameters(correction: AirGradientLot) -> Parameters:
    return correction.factor, nan, nan, nan


def _pms5003t_parameters(correction: AirGradientPms5003t) -> Parameters:
    return float(correction.quantity == "humidity"), nan, nan, nan


def _pms5003t(x: Float64, p: Float64, _beside: Beside) -> Float64:
    return np.where(p[:, 0] == 1, airgradient.outdoor_humidity(x), airgradient.outdoor_temperature(x))


def _co2_parameters(correction: Co2Pressure) -> Parameters:
    altitude = correction.altitude_m
    fixed = nan if altitude is None else co2_pressure.pressure_at(altitude)
    return correction.reference_hpa, fixed, float(correction.model == "senseair"), nan


def _co2(x: Float64, p: Float64, beside: Beside) -> Float64:
    reference, pressure = p[:, 0], p[:, 1]
    is_measured = np.isnan(pressure)
    if is_measured.any():
        pressure = np.where(is_measured, beside("pressure"), pressure)
    factors = co2_pressure.senseair(pressure, reference), co2_pressure.ideal(pressure, reference)
    return x * np.where(p[:, 2] == 1, *factors)


_LINE: Final = Kind(_line_parameters, _line)
KINDS: Final[dict[str, Kind]] = {
    "linear": _LINE,
    "calibration": _LINE,
    "epa_pm2_5": Kind(lambda _: (nan,) * 4, lambda x, _, beside: epa_pm2_5.corrected(x, beside("humidity"))),
    "kappa_koehler": Kind(
        _kappa_parameters,
        lambda x, p, beside: x / kappa_koehler.growth(beside("humidity"), p[:, 0], p[:, 1]),
    ),
    "airgradient_lot": Kind(
        _lot_parameters, lambda x, p, beside: airgradient.lot(x, beside("n0_3"), p[:, 0])
    ),
    "airgradient_pms5003t": Kind(_pms5003t_parameters, _pms5003t),
    "co2_pressure": Kind(_co2_parameters, _co2),
}
