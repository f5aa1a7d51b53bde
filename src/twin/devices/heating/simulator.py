"""What makes heat as it is asked for: boilers, substations, electric heaters, heat pumps; final energy of that heat."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twin.devices.heating.boiler_kernel import (
    boiler_efficiency,
    boiler_fuel,
    fuel_curve,
    standby_loss,
    with_stated_efficiency,
)
from twin.devices.heating.heat_pumps import HeatPumps
from twin.devices.heating.model import BOILERS, cells, is_controlled
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.registry import Setup
from twin.table import Table

__all__ = [
    "DEMANDS",
    "BoilerSimulator",
    "DistrictHeatSimulator",
    "ElectricHeatingSimulator",
    "HeatPumpSimulator",
    "asked_for",
    "build_boiler",
    "build_district_heat",
    "build_electric",
    "build_heat_pump",
]

Floats = NDArray[np.float64]

DEMANDS = (
    Read("space_heating_demand", "building"),
    Read("hot_water_demand", "building"),
    Read("solar_heat", "building", gather="sum"),
)


def asked_for(inputs: Arrays, rows: NDArray[np.int64]) -> dict[str, Floats]:
    """Return what some buildings' heaters read, their hot water less what the sun has heated of it."""
    taken = {name: _of_some(values, rows) for name, values in inputs.items()}
    water = taken["hot_water_demand"] - taken.pop("solar_heat")
    taken["hot_water_demand"] = np.maximum(water, 0.0, out=water)
    return taken


def _of_some(values: Floats, rows: NDArray[np.int64]) -> Floats:
    """Return the columns of some buildings; without a copy if they are all there are, rows being in order."""
    return values if len(rows) == values.shape[1] else values.take(rows, axis=1)


class _Heater(Stateless, ABC):
    """What all of them share: the buildings that have the system, a capacity, and no memory.

    Parameters
    ----------
    table
        The buildings that have the system.
    rows
        Which of the ``n`` buildings they are.
    """

    version = "2"
    name: str
    reads: Sequence[Read] = DEMANDS
    writes: Sequence[Write]

    def __init__(self, table: Table, rows: NDArray[np.int64], n: int, step_s: int) -> None:
        self.step_s = step_s
        self._n, self._rows, self._table = n, rows, table
        self._capacity = cells(table, "heater_capacity_w")

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return final energy of a window and the heat that is lacking, 0 in buildings heated otherwise."""
        found = self._supply(asked_for(inputs, self._rows))
        if len(self._rows) == self._n:
            return found
        out = {}
        for quantity, values in found.items():
            out[quantity] = np.zeros((window.n, self._n))
            out[quantity][:, self._rows] = values
        return out

    @abstractmethod
    def _supply(self, inputs: dict[str, Floats]) -> dict[str, Floats]:
        """Return what they write, of the buildings that have them only."""

    def _served(self, inputs: dict[str, Floats]) -> tuple[Floats, Floats]:
        """Return the heat given and the heat lacking."""
        demand = inputs["space_heating_demand"] + inputs["hot_water_demand"]
        heat = np.minimum(demand, self._capacity)
        demand -= heat
        return heat, demand


class BoilerSimulator(_Heater):
    """Boilers whose efficiency follows the load, or is the same all year where the table states it."""

    name = "boiler"

    def __init__(self, table: Table, rows: NDArray[np.int64], n: int, step_s: int) -> None:
        super().__init__(table, rows, n, step_s)
        types = table["boiler_type"]
        curve = fuel_curve(self._capacity, *boiler_efficiency(types, self._capacity), standby_loss(types))
        self._curve = with_stated_efficiency(curve, cells(table, "boiler_efficiency"))
        burns = {fuel: table["heating_system"] == system for system, fuel in BOILERS.items()}
        self._burns = {fuel: which for fuel, which in burns.items() if which.any()}
        self.writes = tuple(Write(q, "building") for q in (*self._burns, "unserved_heat"))

    def _supply(self, inputs: dict[str, Floats]) -> dict[str, Floats]:
        heat, lacking = self._served(inputs)
        burned = boiler_fuel(heat, self._curve)
        by_fuel = {fuel: burned if len(self._burns) == 1 else burned * which for fuel, which in self._burns.items()}
        return {**by_fuel, "unserved_heat": lacking}


class DistrictHeatSimulator(_Heater):
    """Substations of a heating network that somebody else runs; they are warm all year."""

    name = "district_heat"
    writes = (Write("district_heat_consumption", "building"), Write("unserved_heat", "building"))

    def _supply(self, inputs: dict[str, Floats]) -> dict[str, Floats]:
        heat, lacking = self._served(inputs)
        return {"district_heat_consumption": heat + self._table["substation_loss_w"], "unserved_heat": lacking}


class ElectricHeatingSimulator(_Heater):
    """Direct electric heating: one watt of heat per watt."""

    name = "electric_heating"
    writes = (Write("electric_load", "building"), Write("unserved_heat", "building"))

    def _supply(self, inputs: dict[str, Floats]) -> dict[str, Floats]:
        heat, lacking = self._served(inputs)
        return {"electric_load": heat, "unserved_heat": lacking}


class HeatPumpSimulator(_Heater):
    """Heat pumps with electric back-up, their efficiency following source, sink and load from step to step."""

    name = "heat_pump"
    writes = tuple(
        Write(q, "building") for q in ("electric_load", "unserved_heat", "heat_pump_heat", "heat_pump_electricity")
    )

    def __init__(self, table: Table, rows: NDArray[np.int64], n: int, step_s: int) -> None:
        super().__init__(table, rows, n, step_s)
        self._pumps = HeatPumps(table)
        self.reads = (*DEMANDS, *self._pumps.reads)

    def _supply(self, inputs: dict[str, Floats]) -> dict[str, Floats]:
        now = self._pumps.conditions(inputs)
        supply = self._pumps.supply(now, inputs["space_heating_demand"], inputs["hot_water_demand"])
        return {
            "electric_load": supply.electric,
            "unserved_heat": supply.unserved,
            "heat_pump_heat": supply.heat + supply.backup,
            "heat_pump_electricity": supply.electric,
        }


_Some = TypeVar("_Some", bound=_Heater)


def _build(setup: Setup, systems: Sequence[str], make: type[_Some]) -> _Some | None:
    table = setup.city.buildings
    rows = np.flatnonzero(np.isin(table["heating_system"], systems) & ~is_controlled(table))
    return make(table.take(rows), rows, len(table), setup.step_s) if len(rows) else None


def build_boiler(setup: Setup) -> BoilerSimulator | None:
    """Return the boilers of all fuels, or None where there are none."""
    return _build(setup, tuple(BOILERS), BoilerSimulator)


def build_district_heat(setup: Setup) -> DistrictHeatSimulator | None:
    """Return the substations, or None where there are none."""
    return _build(setup, ("district_heat",), DistrictHeatSimulator)


def build_electric(setup: Setup) -> ElectricHeatingSimulator | None:
    """Return the electric heaters, or None where there are none."""
    return _build(setup, ("electric",), ElectricHeatingSimulator)


def build_heat_pump(setup: Setup) -> HeatPumpSimulator | None:
    """Return the heat pumps, or None where there are none."""
    return _build(setup, ("heat_pump",), HeatPumpSimulator)
