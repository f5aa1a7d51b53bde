"""Charging that is decided step by step: by voltage, by surplus power of the house, or by what a transformer has left.

Vehicles that are there stand as columns of one table, in the order in which they came; who has what it wants or leaves
is dropped from it. A point may change hands within a step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.devices.ev.fleet import Fleet
from twin.devices.ev.kernel import charged, droop, last_energy, seconds_needed, share_out
from twin.devices.ev.visits import Visits
from twin.engine.ports import Arrays, Read
from twin.engine.time import TimeAxis

__all__ = ["OTHERS", "Cells", "FeederLimit", "Live", "PvSurplus", "VoltageAware"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Cells = tuple[Ints, Floats]  # step times number of points plus point, J

# Cars decide first, house batteries after them, street batteries last
OTHERS = ("ev_charging", "battery", "street_battery")

_POINT, _ARRIVAL, _DEPARTURE, _MISSING, _POWER, _SPARE, _TAU = range(7)
_OWN = 7  # first of the columns that a strategy brings


class Live(ABC):
    """Vehicles at points of one strategy.

    Parameters
    ----------
    own
        What the strategy needs to know of each vehicle besides, shape ``(columns, vehicle)``.
    """

    reads: tuple[Read, ...]

    def __init__(self, fleet: Fleet, own: Floats) -> None:
        self._known = np.vstack([fleet.point, np.zeros((3, len(fleet))), fleet.power, fleet.spare, fleet.tau, own])
        self._n_points = len(fleet.points)
        self._tapers = bool((fleet.spare < fleet.power * fleet.tau * (1.0 - 1e-12)).any())

    def begin(self) -> None:
        """Send everybody away."""
        self._let_stay(self._known[:, :0])
        self._waiting = self._known[:, :0]
        self._next = np.inf

    def expect(self, visits: Visits) -> None:
        """Note visits to come."""
        fresh = self._known[:, visits.vehicle]
        fresh[_ARRIVAL], fresh[_DEPARTURE], fresh[_MISSING] = visits.arrival, visits.departure, visits.energy
        waiting = np.concatenate([self._waiting, fresh], axis=1)
        self._wait(waiting[:, np.argsort(waiting[_ARRIVAL], kind="stable")])

    def state(self) -> Any:
        """Return who is there and who will come."""
        return self._there.copy(), self._waiting

    def restore(self, state: Any) -> None:
        """Go back to an earlier state."""
        there, waiting = state
        self._let_stay(there.copy())
        self._wait(waiting)

    def run(self, window: TimeAxis, inputs: Arrays, drawn: list[Cells], unserved: list[Cells]) -> None:
        """Charge through a window; append cells of its table and energies, J."""
        begun, step_s = window.start, window.step_s
        for k in range(window.n):
            if self._next < begun + step_s:
                self._admit(begun + step_s)
            if len(self._point):
                self._step(begun, begun + step_s, k, inputs, drawn, unserved)
            begun += step_s

    @abstractmethod
    def energy(self, seconds: Floats, begun: int, ended: int, k: int, inputs: Arrays) -> Floats:
        """Return what each vehicle draws in step ``k`` of the inputs, J, at most what it misses."""

    def _wait(self, waiting: Floats) -> None:
        self._waiting = waiting
        self._next = float(waiting[_ARRIVAL, 0]) if waiting.shape[1] else np.inf

    def _let_stay(self, there: Floats) -> None:
        self._there, self._point = there, there[_POINT].astype(np.int64)

    def _admit(self, until: int) -> None:
        n = int(self._waiting[_ARRIVAL].searchsorted(until))
        self._let_stay(np.concatenate([self._there, self._waiting[:, :n]], axis=1))
        self._wait(self._waiting[:, n:])

    def _step(self, begun: int, ended: int, k: int, inputs: Arrays, drawn: list[Cells], unserved: list[Cells]) -> None:
        there, point = self._there, self._point
        departure, missing = there[_DEPARTURE], there[_MISSING]
        seconds = np.minimum(departure, ended)
        seconds -= np.maximum(there[_ARRIVAL], begun)
        energy = self.energy(seconds, begun, ended, k, inputs)
        cell = point + k * self._n_points if k else point
        drawn.append((cell, energy))
        missing -= energy
        lacks = missing > 0.0
        stay = lacks & (departure >= ended)
        if not stay.all():
            lacks ^= stay
            if lacks.any():
                unserved.append((cell[lacks], missing[lacks]))
            self._let_stay(there[:, stay])

    def _charged(self, seconds: Floats, power: Floats) -> Floats:
        """Return what vehicles take at some power, J."""
        there = self._there
        if self._tapers:
            return charged(there[_MISSING], seconds, power, there[_SPARE], there[_TAU])
        return np.asarray(np.minimum(power * seconds, there[_MISSING]))


class VoltageAware(Live):
    """Full power from an upper voltage on, down to a least share at a lower one; as of the last completed step."""

    reads = (Read("voltage", "charging_point", delay=1, initial=1.0),)

    def __init__(self, fleet: Fleet) -> None:
        names = ("voltage_low_pu", "voltage_high_pu", "least_share")
        super().__init__(fleet, np.stack([fleet.of_point(name) for name in names]).astype(np.float64))

    def energy(self, seconds: Floats, begun: int, ended: int, k: int, inputs: Arrays) -> Floats:
        """Return what the voltage allows."""
        there = self._there
        voltage = inputs["voltage"][k].take(self._point)
        share = droop(voltage, there[_OWN], there[_OWN + 1], there[_OWN + 2])
        return self._charged(seconds, share * there[_POWER])


class PvSurplus(Live):
    """What the building's own generation leaves, shared between its points: who came first is served first.

    A point charges when there is enough for its least current. With the guarantee it charges at full power as soon as
    the time that remains just suffices.
    """

    reads = (
        Read("electric_load", "building", "sum", without=OTHERS, name="building_load"),
        Read("electric_generation", "building", "sum", without=OTHERS, name="building_generation"),
    )

    def __init__(self, fleet: Fleet) -> None:
        own = [fleet.of_point("building"), fleet.least_power, fleet.of_point("guarantee")]
        super().__init__(fleet, np.stack(own).astype(np.float64))
        self._guarantees = bool(fleet.of_point("guarantee").any())

    def energy(self, seconds: Floats, begun: int, ended: int, k: int, inputs: Arrays) -> Floats:
        """Return what the surplus gives, and at least what must not wait."""
        there = self._there
        building = there[_OWN].astype(np.int64)
        surplus = inputs["building_generation"][k] - inputs["building_load"][k]
        energy = np.zeros(len(seconds))
        if (surplus > 0).any():
            power = share_out(surplus, building, there[_OWN + 1], there[_POWER], firm=False)
            energy = self._charged(seconds, power)
        if self._guarantees:
            later = np.maximum(there[_DEPARTURE] - ended, 0.0)
            can_wait = last_energy(later, there[_POWER], there[_SPARE], there[_TAU])
            pressing = np.minimum(there[_MISSING] - can_wait, self._charged(seconds, there[_POWER]))
            energy = np.where(there[_OWN + 2] > 0, np.maximum(energy, pressing), energy)
        return energy


class FeederLimit(Live):
    """What a transformer has left under its limit, shared between the points of its area: least laxity first.

    Laxity is the time that a vehicle could wait and still get what it wants. No point gets less than its least power
    while it charges, even if the limit is broken: grid operators may dim, not switch off.

    Parameters
    ----------
    area
        Of each vehicle's point.
    area_of_transformer
        Of each transformer, -1 for none.
    limit
        Power that each transformer may carry, W.
    """

    reads = (
        Read("electric_load", "transformer", "sum", without=OTHERS, name="transformer_load"),
        Read("electric_generation", "transformer", "sum", without=OTHERS, name="transformer_generation"),
    )

    def __init__(self, fleet: Fleet, area: Ints, area_of_transformer: Ints, limit: Floats) -> None:
        least = np.minimum(fleet.of_point("least_w").astype(np.float64), fleet.power)
        super().__init__(fleet, np.stack([area.astype(np.float64), least]))
        self._transformers = np.flatnonzero(area_of_transformer >= 0)
        self._area = area_of_transformer[self._transformers]
        self._limit = limit[self._transformers]

    def energy(self, seconds: Floats, begun: int, ended: int, k: int, inputs: Arrays) -> Floats:
        """Return what the limit leaves."""
        there, power = self._there, self._there[_POWER]
        area = there[_OWN].astype(np.int64)
        net = inputs["transformer_load"][k] - inputs["transformer_generation"][k]
        room = np.bincount(self._area, self._limit - net[self._transformers]).astype(np.float64)
        if (np.bincount(area, power, minlength=len(room)) > room).any():
            needed = seconds_needed(there[_MISSING], power, there[_SPARE], there[_TAU])
            urgent = np.argsort(there[_DEPARTURE] - begun - needed, kind="stable")
            shares = np.empty_like(power)
            shares[urgent] = share_out(room, area[urgent], there[_OWN + 1][urgent], power[urgent], firm=True)
            power = shares
        return self._charged(seconds, power)
