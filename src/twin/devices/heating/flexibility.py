"""Thermal flexibility: by how much the heating set point is lifted or lowered at every step, and why."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.devices.heating.model import DAY_AHEAD
from twin.devices.heating.planning import civil_hours, shift, whole_parts
from twin.devices.heating.storage import DRAW, FILL
from twin.engine.ports import Arrays, Read, Write
from twin.engine.signals import Signal
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import Problem, TwinError
from twin.random import Streams
from twin.registry import Setup
from twin.table import Table

__all__ = ["ThermalFlexibilitySimulator", "build"]

Floats = NDArray[np.float64]

# Whose load follows from the heat wanted, or is decided later
_LATER = (
    "heat_pump",
    "electric_heating",
    "thermostat_heating",
    "shifted_heating",
    "cooling",
    "solar_thermal",
    "ev_charging",
    "ev_stations",
    "battery",
    "street_battery",
)
_SURPLUS_READS = (
    Read("solar_generation", "building", "sum"),
    Read("electric_load", "building", "sum", without=_LATER),
)
_GRID_READS = (Read("voltage", "building", delay=1, initial=1.0),)


class ThermalFlexibilitySimulator:
    """Lifts the heating set point while a signal is in favour of heating, lowers it while it is against.

    By price or emissions that is planned for every civil day, by solar surplus and voltage decided step by step. The
    mass of the building is the store; what it loses by being warmer, and the rebound when it is reheated, follow from
    the building's own simulation.

    Parameters
    ----------
    table
        The buildings concerned.
    rows
        Which of the ``n`` buildings they are.
    signals
        By signal, what is known a day ahead.
    """

    name = "thermal_flexibility"
    version = "1"
    writes = (Write("heating_set_point_shift", "building"),)

    def __init__(
        self,
        table: Table,
        rows: NDArray[np.int64],
        n: int,
        civil: CivilTime,
        step_s: int,
        signals: Mapping[str, Signal],
    ) -> None:
        self.step_s = step_s
        self._n, self._rows, self._civil, self._signals = n, rows, civil, signals
        self._kind = table["heat_flexibility"]
        self._raise, self._lower = table["flexibility_raise_k"], table["flexibility_lower_k"]
        self._hours = table["flexibility_hours"]
        self._share = table["flexibility_surplus_share"]
        self._high, self._low = table["flexibility_high_pu"], table["flexibility_low_pu"]
        self._surplus, self._grid = (np.flatnonzero(self._kind == kind) for kind in ("solar_surplus", "grid"))
        self.reads = (*(_SURPLUS_READS if len(self._surplus) else ()), *(_GRID_READS if len(self._grid) else ()))

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Plan the whole horizon as far as it is known ahead."""
        self._axis = axis
        self._plan = {
            (kind, hours): _preference(self._signals[kind], axis, self._civil, hours)
            for kind, hours in set(zip(self._kind.tolist(), self._hours.tolist(), strict=True))
            if kind in self._signals
        }

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the shift of every building's set point, K; 0 where nothing is flexible."""
        wish = np.zeros((window.n, len(self._rows)))
        first = (window.start - self._axis.start) // self.step_s
        for (kind, hours), preference in self._plan.items():
            mine = (self._kind == kind) & (self._hours == hours)
            wish[:, mine] = preference[first : first + window.n, None]
        if len(surplus := self._surplus):
            here = self._rows[surplus]
            wanted = self._share[surplus] * inputs["electric_load"][:, here]
            wish[:, surplus] = inputs["solar_generation"][:, here] > wanted
        if len(grid := self._grid):
            voltage = inputs["voltage"][:, self._rows[grid]]
            wish[:, grid] = (voltage >= self._high[grid]) * 1.0 - (voltage <= self._low[grid])
        out = np.zeros((window.n, self._n))
        out[:, self._rows] = np.maximum(wish, 0.0) * self._raise + np.minimum(wish, 0.0) * self._lower
        return {"heating_set_point_shift": out}

    def state(self) -> None:
        """Return nothing: what is decided depends on time and inputs alone."""

    def restore(self, state: None) -> None:
        """Do nothing."""


def _preference(signal: Signal, axis: TimeAxis, civil: CivilTime, hours: int) -> Floats:
    """Return 1 in the lowest hours of a civil day and -1 in the highest, the mean over every step, ``(step,)``."""
    part_s = whole_parts(axis, civil)
    fine = axis.with_step(part_s)
    mode = shift(signal.values(fine), civil_hours(fine, civil), hours, hours)
    wish = (mode == FILL) * 1.0 - (mode == DRAW)
    return np.asarray(wish.reshape(axis.n, -1).mean(axis=1))


def build(setup: Setup) -> ThermalFlexibilitySimulator | None:
    """Return the simulator, or None where no heating is flexible.

    Raises
    ------
    TwinError
        If heating follows the grid and there is none.
    """
    table = setup.city.buildings
    if "heat_flexibility" not in table:
        return None
    rows = np.flatnonzero(table["heat_flexibility"] != "")
    if not len(rows):
        return None
    kinds = set(table["heat_flexibility"][rows].tolist())
    if "grid" in kinds and "bus" not in setup.city.tables:
        raise TwinError(
            Problem(
                "thermal_flexibility follows the grid, but there is no grid",
                expected='under [model]: grid = "synthesize", or a file',
            )
        )
    signals = {kind: setup.signals[key] for kind, key in DAY_AHEAD.items() if kind in kinds}
    return ThermalFlexibilitySimulator(table.take(rows), rows, len(table), setup.civil, setup.step_s, signals)
