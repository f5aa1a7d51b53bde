"""How warm solar cells get, by how they are mounted: three steady models, each from its own source.

noct    what modules reach under nominal conditions, carried over to others: Gilman et al. 2018, SAM Photovoltaic Model
        Technical Reference Update, NREL/TP-6A20-67399, section 10.6 (after Duffie & Beckman). With PVWatts' installed
        temperatures of 45 and 49 degC it stands in for its model of Fuentes 1987 (SAND85-0330), which differs by the
        heat that the modules hold from hour to hour. Wind 10 m above ground.
sapm    King, Boyson & Kratochvil 2004, Photovoltaic Array Performance Model, SAND2004-3535. Wind 10 m above ground.
faiman  Faiman 2008, doi 10.1002/pip.813: open racks whatever the mounting, wind at the height of the modules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twin.table import Table

__all__ = ["CellTemperature", "faiman", "noct", "sapm"]

Floats = NDArray[np.float64]
Model = Callable[[Floats, Floats, Floats], Floats]

HEAT_LOSS_W_M2K = 25.0  # Faiman's mean of seven silicon modules on open racks
HEAT_LOSS_BY_WIND_J_M3K = 6.84  # likewise, per m/s of wind

ABSORBED = 0.9  # share of the light that glass lets through and cells absorb; SAM's default
WIND_AT_MODULES = 0.51  # over that 10 m above ground; SAM's, up to one storey high, for roofs among roofs

# By mounting: nominal operating cell temperature, degC. 45 and 49 are PVWatts'; modules that lie flush are 18 K warmer
# than on racks (SAM, standoff below half an inch).
NOCT_DEGC = {"open_rack": 45.0, "close_mount": 49.0, "building_integrated": 63.0}

# By mounting: a, b (s/m) and the temperature of cells above the module's back at 1000 W/m2, K. King et al., table 1:
# glass/cell/glass on an open rack and close to a roof, glass/cell/polymer with insulated back.
SAPM = {
    "open_rack": (-3.47, -0.0594, 3.0),
    "close_mount": (-2.98, -0.0471, 1.0),
    "building_integrated": (-2.81, -0.0455, 0.0),
}


def noct(irradiance: Floats, outdoor: Floats, wind: Floats, nominal: Floats | float, efficiency: Floats) -> Floats:
    """Return the temperature of cells, degC, shape ``(step, array)``.

    Parameters
    ----------
    irradiance
        On the plane of the modules, W/m2, shape ``(step, array)``; so are ``outdoor`` (degC) and ``wind`` (m/s).
    nominal
        Temperature at 800 W/m2, 20 degC and 1 m/s at the modules, degC, shape ``(array,)``.
    efficiency
        Of the modules under standard test conditions, shape ``(array,)``: what leaves as power warms no cell.
    """
    still = irradiance / 800.0 * ((nominal - 20.0) * (1.0 - efficiency / ABSORBED))
    return np.asarray(outdoor + still * 9.5 / (5.7 + 3.8 * WIND_AT_MODULES * wind))


def sapm(
    irradiance: Floats, outdoor: Floats, wind: Floats, a: Floats | float, b: Floats | float, above_back: Floats | float
) -> Floats:
    """Return the temperature of cells, degC, by the coefficients of `SAPM`; other arguments as of `noct`."""
    return np.asarray(outdoor + irradiance * (np.exp(a + b * wind) + above_back / 1000.0))


def faiman(irradiance: Floats, outdoor: Floats, wind: Floats) -> Floats:
    """Return the temperature of cells on open racks, degC; arguments as of `noct`."""
    return np.asarray(outdoor + irradiance / (HEAT_LOSS_W_M2K + HEAT_LOSS_BY_WIND_J_M3K * wind))


class CellTemperature:
    """The temperature of the cells of many arrays, each by the model and the mounting its row states."""

    def __init__(self, arrays: Table) -> None:
        names = arrays["temperature_model"]
        self._parts: list[tuple[NDArray[np.int64], Model]] = [
            (columns, _model(str(name), arrays, columns))
            for name in np.unique(names)
            for columns in [np.flatnonzero(names == name)]
        ]

    def __call__(self, irradiance: Floats, outdoor: Floats, wind: Floats) -> Floats:
        """Return the temperature of all cells, degC; arguments as of `noct`, all of shape ``(step, array)``."""
        if len(self._parts) == 1:
            return self._parts[0][1](irradiance, outdoor, wind)
        cell = np.empty_like(irradiance)
        for columns, model in self._parts:
            cell[:, columns] = model(irradiance[:, columns], outdoor[:, columns], wind[:, columns])
        return cell


def _model(name: str, arrays: Table, columns: NDArray[np.int64]) -> Model:
    """Return a model with what it needs to know of some arrays."""
    mounting = arrays["mounting"][columns].tolist()
    if name == "noct":
        efficiency = arrays["power_w"][columns] / (1000.0 * arrays["module_area_m2"][columns])
        return partial(noct, nominal=np.array([NOCT_DEGC[kind] for kind in mounting]), efficiency=efficiency)
    if name == "sapm":
        a, b, above_back = np.array([SAPM[kind] for kind in mounting]).T
        return partial(sapm, a=a, b=b, above_back=above_back)
    return faiman
