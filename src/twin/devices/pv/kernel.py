"""Solar modules and their inverter after PVWatts version 5.

Dobos 2014, PVWatts Version 5 Manual, NREL/TP-6A20-62641. Cell temperature after Faiman 2008, Assessing the outdoor
operating temperature of photovoltaic modules, Progress in Photovoltaics 16(4), doi 10.1002/pip.813.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cell_temperature", "direct_current", "inverter_output"]

Floats = NDArray[np.float64]

HEAT_LOSS_W_M2K = 25.0  # Faiman's mean of seven silicon modules on open racks
HEAT_LOSS_BY_WIND_J_M3K = 6.84  # likewise, per m/s of wind
TEMPERATURE_COEFFICIENT_1_K = -0.0035  # PVWatts' premium (monocrystalline) modules
STANDARD_IRRADIANCE_W_M2, STANDARD_TEMPERATURE_DEGC = 1000.0, 25.0
INVERTER_EFFICIENCY, REFERENCE_EFFICIENCY = 0.96, 0.9637


def cell_temperature(irradiance: Floats, outdoor: Floats, wind: Floats) -> Floats:
    """Return the temperature of the cells, degC, from irradiance on them (W/m2), air (degC) and wind (m/s)."""
    return outdoor + irradiance / (HEAT_LOSS_W_M2K + HEAT_LOSS_BY_WIND_J_M3K * wind)


def direct_current(irradiance: Floats, cell: Floats, power: Floats) -> Floats:
    """Return the direct-current power, W, of modules with ``power`` W under standard test conditions, ``(array,)``.

    Equations 8 of the manual, without its special case for weak light.
    """
    warmth = 1.0 + TEMPERATURE_COEFFICIENT_1_K * (cell - STANDARD_TEMPERATURE_DEGC)
    return power * (irradiance / STANDARD_IRRADIANCE_W_M2) * warmth


def inverter_output(direct: Floats, rating: Floats) -> Floats:
    """Return the alternating-current power, W, of inverters that give ``rating`` W at most, ``(array,)``.

    The manual's part-load efficiency ``(-0.0162 z - 0.0059 / z + 0.9858) / 0.9637 * 0.96``, z being the share of full
    input; as polynomial of the power it needs no case for z = 0. It takes nothing from the grid at night.
    """
    full = rating / INVERTER_EFFICIENCY
    share = direct / full
    curve = INVERTER_EFFICIENCY / REFERENCE_EFFICIENCY * (-0.0162 * share**2 + 0.9858 * share - 0.0059)
    return np.clip(full * curve, 0.0, rating)
