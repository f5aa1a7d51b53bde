"""Heat pumps and electric heaters that something else than the demand switches, with or without a buffer behind them.

A thermostat or the grid operator's lock decides from moment to moment, a price or an emission factor a day ahead. That
is two simulators: only stores that follow a plan hold the same again after a typical week. Where in its band a
thermostat's store stands at midnight is chance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.devices.heating.heat_pumps import HeatPumps
from twin.devices.heating.model import DAY_AHEAD, cells, heater_capacity, is_stated
from twin.devices.heating.planning import civil_hours, inside, parse_windows, shift, whole_parts
from twin.devices.heating.simulator import DEMANDS, asked_for
from twin.devices.heating.storage import FOLLOW, LOCKED, THERMOSTAT, Store, StoreState, step
from twin.devices.water import SURROUNDINGS_DEGC, WATER_J_M3K
from twin.engine.ports import Arrays, Write
from twin.engine.signals import Signal
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import Problem, TwinError
from twin.random import Streams, entity_keys, uniform
from twin.registry import Setup
from twin.table import Table

__all__ = [
    "ShiftedHeatingSimulator",
    "ThermostatHeatingSimulator",
    "build_shifted",
    "build_thermostat",
]

Floats = NDArray[np.float64]
Modes = NDArray[np.int8]


class _Buffered(ABC):
    """What both share: stores, and what their heaters draw.

    A heat pump that warms its store heats to the temperature this has; what it draws per heat is taken as linear
    between the edges of the band. One that makes just what is asked for heats to what space heat and hot water need.

    Parameters
    ----------
    table
        The buildings concerned.
    rows
        Which of the ``n`` buildings they are.
    """

    version = "2"
    name: str
    writes: Sequence[Write] = (
        Write("electric_load", "building"),
        Write("heat_stored", "building", "state"),
        Write("unserved_heat", "building"),
        Write("buffer_losses", "building"),
        Write("heating_starts", "building"),
        Write("heat_pump_heat", "building"),
        Write("heat_pump_electricity", "building"),
    )

    def __init__(self, table: Table, rows: NDArray[np.int64], n: int, civil: CivilTime, step_s: int) -> None:
        self.step_s = step_s
        self._n, self._rows, self._civil = n, rows, civil
        self._table = table
        self._keys = entity_keys(table.ids.tolist())
        self._store = _stores(table)
        self._buffered = self._store.high > self._store.low
        self._pump = np.flatnonzero(table["heating_system"] == "heat_pump")
        self._is_pump = np.isin(np.arange(len(rows)), self._pump)
        self._pumps = HeatPumps(table.take(self._pump)) if len(self._pump) else None
        self.reads = (*DEMANDS, *self._pumps.reads) if self._pumps else DEMANDS
        backup = np.nan_to_num(cells(table, "backup_capacity_w"))
        unlimited = np.where(is_stated(table, "heater_capacity_w"), 0.0, np.inf)
        self._backup = np.where(self._is_pump, backup, unlimited)

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin with stores at the lower edge of their bands, and plan the whole horizon."""
        self._axis = axis
        self._modes, self._group, self._part_s = self._plan(axis)
        none = np.zeros(len(self._rows), dtype=bool)
        self._state = StoreState(self._store.low.copy(), none, none)

    def state(self) -> Any:
        """Return what the stores hold and what the heaters do."""
        return self._state

    def restore(self, state: Any) -> None:
        """Go back to a state taken earlier."""
        self._state = state

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what heaters draw, and what stores hold, lose and cannot serve; 0 in all other buildings."""
        taken = asked_for(inputs, self._rows)
        demand = taken["space_heating_demand"] + taken["hot_water_demand"]
        heater, direct, low, high = self._power_per_heat(taken, demand)
        parts = self.step_s // self._part_s
        first = (window.start - self._axis.start) // self._part_s
        out = np.zeros((6, window.n, len(self._rows)))
        load, stored, unserved, losses, starts, made = out
        for k in range(window.n):
            store = replace(self._store, heater=heater[k])
            for modes in self._modes[first + k * parts : first + (k + 1) * parts]:
                self._state, flows = step(self._state, store, modes[self._group], demand[k], self._part_s)
                at_store = low[k] + (high[k] - low[k]) * flows.level
                backup = np.minimum(flows.backup, self._backup * self._part_s)
                load[k] += flows.direct * direct[k] + flows.heat * at_store + backup
                unserved[k] += flows.unserved + flows.backup - backup
                losses[k] += flows.losses
                starts[k] += flows.starts
                made[k] += flows.direct + flows.heat + backup
            stored[k] = store.stored(self._state.warmth)
        for energy in (load, unserved, losses, starts, made):
            energy /= self.step_s
        pumps = (made * self._is_pump, load * self._is_pump)
        values = (load, stored, unserved, losses, starts, *pumps)
        return {write.quantity: self._spread(v) for write, v in zip(self.writes, values, strict=True)}

    def _spread(self, values: Floats) -> Floats:
        everywhere = np.zeros((len(values), self._n))
        everywhere[:, self._rows] = values
        return everywhere

    def _power_per_heat(self, taken: dict[str, Floats], demand: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return what heaters can make, and the power drawn per heat: as asked for, at the band's lower and upper edge.

        All are ``(step, building)``. Who warms a store runs at full power.
        """
        heater, direct, low, high = np.ones((4, *demand.shape))
        heater *= self._store.heater
        if self._pumps is None:
            return heater, direct, low, high
        pump = self._pump
        now = self._pumps.conditions(
            {q: taken[q][:, pump] for q in ("outdoor_temperature", "relative_humidity") if q in taken}
        )
        wanted = demand[:, pump]
        space, water = self._pumps.cops(now, wanted)
        drawn = taken["space_heating_demand"][:, pump] / space + taken["hot_water_demand"][:, pump] / water
        direct[:, pump] = np.divide(drawn, wanted, out=np.zeros_like(drawn), where=wanted > 0.0)
        heater[:, pump] = now.capacity
        colder = SURROUNDINGS_DEGC - now.source
        low[:, pump] = 1.0 / self._pumps.cop(self._store.low[pump] + colder, now.kept)
        high[:, pump] = 1.0 / self._pumps.cop(self._store.high[pump] + colder, now.kept)
        return heater, direct, low, high

    @abstractmethod
    def _plan(self, axis: TimeAxis) -> tuple[Modes, NDArray[np.int64], int]:
        """Return the modes of every part of every step ``(part, group)``, each building's group, and a part's s."""


class ThermostatHeatingSimulator(_Buffered):
    """Heaters under a thermostat, some of them blocked at hours of the grid operator's.

    Stores begin somewhere in their bands, drawn by the run's seed, so that not all heaters start at once.
    Without a store, a heater that may be blocked makes heat as it is asked for at all other times.
    """

    name = "thermostat_heating"

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin with stores somewhere in their bands."""
        super().start(axis, streams)
        drawn = uniform(streams.seed, "heat buffer", self._keys)
        warmth = self._store.low + drawn * (self._store.high - self._store.low)
        self._state = StoreState(warmth, self._state.calling, self._state.running)

    def _plan(self, axis: TimeAxis) -> tuple[Modes, NDArray[np.int64], int]:
        locks, group = np.unique(cells(self._table, "heating_lock"), return_inverse=True)
        windows = [parse_windows(str(lock)) for lock in locks]
        part_s = whole_parts(axis, self._civil, tuple(window for lock in windows for window in lock))
        clock = civil_hours(axis.with_step(part_s), self._civil).clock
        free = (FOLLOW, THERMOSTAT)  # without a store, and with one
        modes = [np.where(inside(clock, lock), LOCKED, mode) for lock in windows for mode in free]
        return np.stack(modes, axis=1).astype(np.int8), 2 * group.ravel() + self._buffered, part_s


class ShiftedHeatingSimulator(_Buffered):
    """Heaters that fill their stores in the cheapest or cleanest hours of every civil day, and rest in the dearest.

    Parameters
    ----------
    signals
        By strategy, what is known a day ahead.
    """

    name = "shifted_heating"

    def __init__(
        self,
        table: Table,
        rows: NDArray[np.int64],
        n: int,
        civil: CivilTime,
        step_s: int,
        signals: dict[str, Signal],
    ) -> None:
        super().__init__(table, rows, n, civil, step_s)
        self._signals = signals

    def stored(self) -> Floats:
        """Return what every store holds of its band."""
        store = self._store
        return np.asarray((self._state.warmth - store.low) / (store.high - store.low))

    def restock(self, stored: Floats) -> None:
        """Fill every store to what ``stored`` says."""
        store = self._store
        warmth = store.low + stored * (store.high - store.low)
        self._state = StoreState(warmth, self._state.calling, self._state.running)

    def _plan(self, axis: TimeAxis) -> tuple[Modes, NDArray[np.int64], int]:
        part_s = whole_parts(axis, self._civil)
        fine = axis.with_step(part_s)
        hours = civil_hours(fine, self._civil)
        values = {strategy: signal.values(fine) for strategy, signal in self._signals.items()}
        table = self._table
        keys = zip(
            table["heating_control"].tolist(),
            table["heating_fill_hours"].tolist(),
            table["heating_draw_hours"].tolist(),
            strict=True,
        )
        groups: dict[tuple[str, int, int], int] = {}
        group = np.array([groups.setdefault(key, len(groups)) for key in keys], dtype=np.int64)
        modes = [shift(values[strategy], hours, fill, draw) for strategy, fill, draw in groups]
        return np.stack(modes, axis=1), group, part_s


def _stores(table: Table) -> Store:
    """Return the stores of buildings; where there is none, one that nothing goes into."""
    volume = np.nan_to_num(cells(table, "heat_buffer_volume_m3"))
    there = volume > 0.0
    low, high = (cells(table, f"heat_buffer_{edge}_degc") - SURROUNDINGS_DEGC for edge in ("low", "high"))
    return Store(
        capacity=np.where(there, volume * WATER_J_M3K, 1.0),
        loss=np.where(there, cells(table, "heat_buffer_loss_w_k"), 0.0),
        low=np.where(there, low, 0.0),
        high=np.where(there, high, 0.0),
        heater=heater_capacity(table),
    )


def _rows(setup: Setup, *controls: str) -> NDArray[np.int64]:
    """Return the buildings under some controls.

    Raises
    ------
    TwinError
        If there is no store where the control needs one.
    """
    table = setup.city.buildings
    control = cells(table, "heating_control")
    rows = np.flatnonzero(np.isin(control, controls))
    empty = ~(cells(table, "heat_buffer_volume_m3")[rows] > 0.0) & (control[rows] != "lock")
    if empty.any():
        names = table.ids[rows[empty]]
        what = f"{len(names)} buildings have heating_control = {', '.join(np.unique(control[rows[empty]]))!r}"
        raise TwinError(Problem(f"{what} but no buffer, such as {names[0]}", expected="a measure heat_buffer for them"))
    return rows


def _build(setup: Setup, make: Callable[..., Any], controls: Sequence[str], *more: Any) -> Any:
    rows = _rows(setup, *controls)
    if not len(rows):
        return None
    table = setup.city.buildings
    return make(table.take(rows), rows, len(table), setup.civil, setup.step_s, *more)


def build_thermostat(setup: Setup) -> ThermostatHeatingSimulator | None:
    """Return the heaters under a thermostat or a lock, or None where there are none."""
    simulator: ThermostatHeatingSimulator | None = _build(setup, ThermostatHeatingSimulator, ("thermostat", "lock"))
    return simulator


def build_shifted(setup: Setup) -> ShiftedHeatingSimulator | None:
    """Return the heaters that follow a price or an emission factor, or None where there are none."""
    control = set(cells(setup.city.buildings, "heating_control").tolist())
    signals = {strategy: setup.signals[key] for strategy, key in DAY_AHEAD.items() if strategy in control}
    simulator: ShiftedHeatingSimulator | None = _build(setup, ShiftedHeatingSimulator, tuple(DAY_AHEAD), signals)
    return simulator
