"""Cooling and ventilation as simulators: the power that cold takes, and that of fans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.devices.cooling.kernel import COLD_SIDE_DEGC, CYCLING_BELOW, air_flow, cooling_power
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.registry import Setup
from twin.table import Table

__all__ = ["CoolingSimulator", "FansSimulator", "build_cooling", "build_fans"]

Floats = NDArray[np.float64]


class CoolingSimulator(Stateless):
    """Split units and chillers; how much cold they can make at most, the buildings know.

    Parameters
    ----------
    table
        The buildings that are cooled.
    rows
        Which of the ``n`` buildings they are.
    """

    name = "cooling"
    version = "1"
    reads: Sequence[Read] = (Read("space_cooling_demand", "building"), Read("outdoor_temperature", "building"))
    writes: Sequence[Write] = (Write("electric_load", "building"), Write("cooling_electricity", "building"))

    def __init__(self, table: Table, rows: NDArray[np.int64], n: int, step_s: int) -> None:
        self.step_s = step_s
        self._n, self._rows = n, rows
        system = table["cooling_system"].tolist()
        self._machine = (
            table["cooling_efficiency"],
            np.array([COLD_SIDE_DEGC[s] for s in system]),
            np.array([CYCLING_BELOW[s] for s in system]),
        )
        unknown = table.missing("cooling_capacity_w")
        self._capacity = np.where(unknown, np.inf, _cells(table, "cooling_capacity_w"))

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the power drawn in a window, 0 in buildings that are not cooled."""
        out = np.zeros((window.n, self._n))
        cold, outdoor = (inputs[q][:, self._rows] for q in ("space_cooling_demand", "outdoor_temperature"))
        out[:, self._rows] = cooling_power(cold, self._capacity, outdoor, *self._machine)
        return {"electric_load": out, "cooling_electricity": out}


class FansSimulator(Stateless):
    """Fans that ventilate all year: what they draw per volume of air times the air they move."""

    name = "fans"
    version = "1"
    reads: Sequence[Read] = ()
    writes: Sequence[Write] = (Write("electric_load", "building"), Write("fan_electricity", "building"))

    def __init__(self, power: Floats, step_s: int) -> None:
        self.step_s = step_s
        self._power = power

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the power drawn in a window."""
        out = np.tile(self._power, (window.n, 1))
        return {"electric_load": out, "fan_electricity": out}


def _cells(table: Table, name: str) -> NDArray[Any]:
    """Return a column, zeros where nobody has put it."""
    return table[name] if name in table else np.zeros(len(table))


def build_cooling(setup: Setup) -> CoolingSimulator | None:
    """Return the cooling systems, or None where nothing is cooled."""
    table = setup.city.buildings
    rows = np.flatnonzero(table["cooled"] & (table["cooling_system"] != "none"))
    return CoolingSimulator(table.take(rows), rows, len(table), setup.step_s) if len(rows) else None


def build_fans(setup: Setup) -> FansSimulator | None:
    """Return the fans, or None where nobody has any."""
    table = setup.city.buildings
    work = np.nan_to_num(_cells(table, "specific_fan_power_j_m3"))
    flow = air_flow(
        table["heated_floor_area_m2"], table["air_change_1_h"], np.nan_to_num(_cells(table, "infiltration_1_h"))
    )
    power = work * np.nan_to_num(flow)
    return FansSimulator(power, setup.step_s) if power.any() else None
