"""The simulator of solar modules on roofs and facades."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from twin.devices.pv.kernel import behind_rows, direct_current, inverter_output, weak_light
from twin.devices.pv.temperature import CellTemperature
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.registry import Setup
from twin.table import Table
from twin.units import HOUR_S

__all__ = ["PvSimulator", "build"]

_READS = ("plane_of_array_irradiance", "cell_irradiance", "outdoor_temperature", "wind_speed")
_SKY = "diffuse_horizontal_irradiance"


class PvSimulator(Stateless):
    """Writes what every array feeds in.

    Its step is at most an hour, as the weather's: over longer means the inverter would not clip. It asks for the light
    of the sky only where rows of modules hide some of it from each other.
    """

    name = "pv"
    version = "2"
    writes: Sequence[Write] = tuple(Write(q, "pv_array") for q in ("electric_generation", "solar_generation"))

    def __init__(self, arrays: Table, step_s: int) -> None:
        self.step_s = math.gcd(step_s, HOUR_S)
        self._masked = arrays["masked_sky"]
        self._in_rows = bool(self._masked.any())
        self.reads: Sequence[Read] = tuple(Read(q, "pv_array") for q in (*_READS, *([_SKY] if self._in_rows else [])))
        self._dome = (1.0 + np.cos(np.radians(arrays["tilt_deg"]))) / 2.0
        self._cell_temperature = CellTemperature(arrays)
        self._coefficient = arrays["temperature_coefficient"]
        self._weak = arrays["low_light_correction"]
        self._after_losses = arrays["power_w"] * (1.0 - arrays["system_loss"])
        self._inverter, self._efficiency = arrays["inverter_w"], arrays["inverter_efficiency"]

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what is fed in, W, shape ``(window.n, arrays)``; all of it is solar."""
        plane, light, outdoor, wind = (inputs[quantity] for quantity in _READS)
        if self._in_rows:
            left = behind_rows(plane, inputs[_SKY] * self._dome, self._masked)
            plane, light = plane * left, light * left
        if self._weak.any():
            light = np.where(self._weak, weak_light(light), light)
        cell = self._cell_temperature(plane, outdoor, wind)
        direct = direct_current(light, cell, self._after_losses, self._coefficient)
        power = inverter_output(direct, self._inverter, self._efficiency)
        return {"electric_generation": power, "solar_generation": power}


def build(setup: Setup) -> PvSimulator | None:
    """Return the simulator, or None where there are no modules."""
    arrays = setup.city.tables.get("pv_array")
    return PvSimulator(arrays, setup.step_s) if arrays is not None and len(arrays) else None
