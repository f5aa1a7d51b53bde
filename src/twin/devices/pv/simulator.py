"""The simulator of solar modules on roofs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.devices.pv.kernel import cell_temperature, direct_current, inverter_output
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.registry import Setup
from twin.table import Table
from twin.units import HOUR_S

__all__ = ["PvSimulator", "build"]


class PvSimulator(Stateless):
    """Writes what every array feeds in.

    Its step is at most an hour, as the weather's: over longer means the inverter would not clip.
    """

    name = "pv"
    version = "1"
    reads: Sequence[Read] = tuple(Read(q, "pv_array") for q in ("irradiance", "outdoor_temperature", "wind_speed"))
    writes: Sequence[Write] = tuple(Write(q, "pv_array") for q in ("electric_generation", "solar_generation"))

    def __init__(self, arrays: Table, step_s: int) -> None:
        self.step_s = math.gcd(step_s, HOUR_S)
        self._after_losses = arrays["power_w"] * (1.0 - arrays["system_loss"])
        self._inverter = arrays["inverter_w"]

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what is fed in, W, shape ``(window.n, arrays)``; all of it is solar."""
        irradiance = inputs["irradiance"]
        cell = cell_temperature(irradiance, inputs["outdoor_temperature"], inputs["wind_speed"])
        direct = direct_current(irradiance, cell, self._after_losses)
        power = inverter_output(direct, self._inverter)
        return {"electric_generation": power, "solar_generation": power}


def build(setup: Setup) -> PvSimulator | None:
    """Return the simulator, or None where there are no modules."""
    arrays = setup.city.tables.get("pv_array")
    return PvSimulator(arrays, setup.step_s) if arrays is not None and len(arrays) else None
