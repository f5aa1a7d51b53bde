"""Boilers, heat pumps and electric heaters that make heat as it is asked for: final energy of that heat."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.heating.heat_pumps import HeatPumps
from twin.devices.heating.kernel import boiler_gas, heat_pump_supply
from twin.devices.heating.model import is_controlled
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.registry import Setup

__all__ = [
    "DEMANDS",
    "BoilerSimulator",
    "ElectricHeatingSimulator",
    "HeatPumpSimulator",
    "asked_for",
    "build_boiler",
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
    taken = {name: values[:, rows] for name, values in inputs.items()}
    water = taken["hot_water_demand"] - taken.pop("solar_heat")
    taken["hot_water_demand"] = np.maximum(water, 0.0)
    return taken


class _Heater(Stateless, ABC):
    """What all of them share: the buildings that have the system, and no memory."""

    version = "1"
    name: str
    reads: Sequence[Read] = DEMANDS
    writes: Sequence[Write]

    def __init__(self, city: City, rows: NDArray[np.int64], step_s: int) -> None:
        self.step_s = step_s
        self._n, self._rows = len(city.buildings), rows
        self._table = city.buildings.take(rows)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the final energy of a window, 0 in buildings heated otherwise."""
        out = np.zeros((window.n, self._n))
        out[:, self._rows] = self._final_energy(asked_for(inputs, self._rows))
        return {self.writes[0].quantity: out}

    @abstractmethod
    def _final_energy(self, inputs: dict[str, Floats]) -> Floats:
        """Return what the heaters take in, of the buildings that have them only."""


class BoilerSimulator(_Heater):
    """Gas boilers of constant efficiency over the year."""

    name = "boiler"
    writes = (Write("gas_consumption", "building"),)

    def _final_energy(self, inputs: dict[str, Floats]) -> Floats:
        heat = inputs["space_heating_demand"] + inputs["hot_water_demand"]
        return boiler_gas(heat, self._table["boiler_efficiency"])


class ElectricHeatingSimulator(_Heater):
    """Direct electric heating: one watt of heat per watt."""

    name = "electric_heating"
    writes = (Write("electric_load", "building"),)

    def _final_energy(self, inputs: dict[str, Floats]) -> Floats:
        return inputs["space_heating_demand"] + inputs["hot_water_demand"]


class HeatPumpSimulator(_Heater):
    """Heat pumps with electric back-up, their efficiency following source and sink from step to step."""

    name = "heat_pump"
    reads = (*DEMANDS, Read("outdoor_temperature", "building"))
    writes = (Write("electric_load", "building"),)

    def __init__(self, city: City, rows: NDArray[np.int64], step_s: int) -> None:
        super().__init__(city, rows, step_s)
        self._pumps = HeatPumps(self._table)

    def _final_energy(self, inputs: dict[str, Floats]) -> Floats:
        return heat_pump_supply(
            inputs["space_heating_demand"],
            inputs["hot_water_demand"],
            *self._pumps.cops_of_demand(inputs["outdoor_temperature"]),
            self._table["heat_pump_capacity_w"],
        ).electric


_Some = TypeVar("_Some", bound=_Heater)


def _build(setup: Setup, system: str, make: type[_Some]) -> _Some | None:
    table = setup.city.buildings
    rows = np.flatnonzero((table["heating_system"] == system) & ~is_controlled(table))
    return make(setup.city, rows, setup.step_s) if len(rows) else None


def build_boiler(setup: Setup) -> BoilerSimulator | None:
    """Return the gas boilers, or None where there are none."""
    return _build(setup, "gas_boiler", BoilerSimulator)


def build_electric(setup: Setup) -> ElectricHeatingSimulator | None:
    """Return the electric heaters, or None where there are none."""
    return _build(setup, "electric", ElectricHeatingSimulator)


def build_heat_pump(setup: Setup) -> HeatPumpSimulator | None:
    """Return the heat pumps, or None where there are none."""
    return _build(setup, "heat_pump", HeatPumpSimulator)
