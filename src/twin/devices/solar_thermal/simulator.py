"""The simulator of solar thermal collectors and their tanks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twin.devices.solar_thermal.kernel import COLD_WATER_DEGC, TANK_LIMIT_DEGC, Collectors, Tanks, step
from twin.devices.water import SURROUNDINGS_DEGC, WATER_J_M3K
from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import TimeAxis
from twin.random import Streams
from twin.registry import Setup
from twin.table import Table
from twin.units import HOUR_S

__all__ = ["SolarThermalSimulator", "build"]

Floats = NDArray[np.float64]


class SolarThermalSimulator:
    """Writes what collectors give to hot water; all collectors of a building feed its one tank.

    Tanks begin as warm as their surroundings. The step is at most an hour, as the weather's: pumps run by the sun.

    Parameters
    ----------
    table
        The collectors.
    n
        Number of buildings.
    """

    name = "solar_thermal"
    version = "1"
    reads: Sequence[Read] = (
        Read("collector_irradiance", "solar_collector"),
        Read("outdoor_temperature", "solar_collector"),
        Read("hot_water_demand", "building"),
    )
    writes: Sequence[Write] = (
        Write("collector_heat", "building"),
        Write("solar_heat", "building"),
        Write("solar_tank_losses", "building"),
        Write("solar_tank_stored", "building", "state"),
        Write("electric_load", "building"),
    )

    def __init__(self, table: Table, n: int, step_s: int) -> None:
        self.step_s = math.gcd(step_s, HOUR_S)
        self._n = n
        self._rows, tank = np.unique(table["building"], return_inverse=True)
        self._at = _place(tank), tank
        self._shape = int(self._at[0].max()) + 1, len(self._rows)
        aperture = table["aperture_m2"]
        a1 = table["a1_w_m2k"] + table["pipe_loss_w_k"] / aperture
        self._collectors = Collectors(*(self._placed(v) for v in (aperture, table["eta0"], a1, table["a2_w_m2k2"])))
        volume, loss = (self._placed(table[name]).sum(axis=0) for name in ("tank_m3", "tank_loss_w_k"))
        self._tanks = Tanks(volume * WATER_J_M3K, loss)
        self._pump = self._placed(table["pump_share"] * aperture).sum(axis=0) / self._placed(aperture).sum(axis=0)

    def _placed(self, values: Floats) -> Floats:
        """Return values of collectors, ``(..., collector)``, by place and tank, ``(..., place, tank)``."""
        placed = np.zeros((*values.shape[:-1], *self._shape))
        placed[(..., *self._at)] = values
        return placed

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin with tanks as warm as their surroundings."""
        self._temperature = np.full(len(self._rows), SURROUNDINGS_DEGC)

    def state(self) -> Floats:
        """Return the temperatures of the tanks."""
        return self._temperature

    def restore(self, state: Floats) -> None:
        """Go back to temperatures taken earlier."""
        self._temperature = state

    def stored(self) -> Floats:
        """Return how warm every tank is, 0 as cold water and 1 at its limit."""
        return (self._temperature - COLD_WATER_DEGC) / (TANK_LIMIT_DEGC - COLD_WATER_DEGC)

    def restock(self, stored: Floats) -> None:
        """Make every tank as warm as ``stored`` says."""
        self._temperature = COLD_WATER_DEGC + stored * (TANK_LIMIT_DEGC - COLD_WATER_DEGC)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what is collected, delivered, lost and held, and what pumps draw; 0 in all other buildings."""
        irradiance = self._placed(inputs["collector_irradiance"])
        outdoor = self._placed(inputs["outdoor_temperature"])
        demand = inputs["hot_water_demand"][:, self._rows]
        out = np.zeros((len(self.writes), window.n, len(self._rows)))
        collected, delivered, lost, held, pump = out
        for k in range(window.n):
            self._temperature, flows = step(
                self._temperature, self._tanks, self._collectors, irradiance[k], outdoor[k], demand[k], self.step_s
            )
            collected[k], delivered[k], lost[k] = flows.collected, flows.delivered, flows.lost
            held[k] = self._tanks.capacity * (self._temperature - COLD_WATER_DEGC)
        for energy in (collected, delivered, lost):
            energy /= self.step_s
        pump[:] = self._pump * collected
        return {write.quantity: self._spread(values) for write, values in zip(self.writes, out, strict=True)}

    def _spread(self, values: Floats) -> Floats:
        everywhere = np.zeros((len(values), self._n))
        everywhere[:, self._rows] = values
        return everywhere


def _place(tank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many collectors of the same tank come before each, ``(collector,)``."""
    order = np.argsort(tank, kind="stable")
    place = np.empty(len(tank), dtype=np.int64)
    place[order] = np.arange(len(tank)) - np.searchsorted(tank[order], tank[order])
    return place


def build(setup: Setup) -> SolarThermalSimulator | None:
    """Return the simulator, or None where there are no collectors."""
    table = setup.city.tables.get("solar_collector")
    if table is None or not len(table):
        return None
    return SolarThermalSimulator(table, len(setup.city.buildings), setup.step_s)
