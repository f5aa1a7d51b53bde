"""Charging of vehicles at points of their own: sessions as arrays, settled on arrival or decided step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.ev.booked import AtOnce, Bookings, CheapestHours, Flow, GiveBack, Planner, Prices
from twin.devices.ev.fleet import Fleet, fleet_of
from twin.devices.ev.live import Cells, FeederLimit, Live, PvSurplus, VoltageAware
from twin.devices.ev.sessions import SessionModel, home_sessions
from twin.devices.ev.visits import Diary, Visits
from twin.engine.links import transfer
from twin.engine.ports import Arrays, Read, Write
from twin.engine.signals import Signal
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import Problem, TwinError
from twin.random import Streams, entity_keys
from twin.registry import Setup

__all__ = ["EvChargingSimulator", "build"]

Floats = NDArray[np.float64]
_NOTHING: Cells = (np.zeros(0, dtype=np.int64), np.zeros(0))

_SIGNALS = {
    "cheapest_hours": ("prices.electricity",),
    "lowest_emissions": ("emissions.electricity",),
    "vehicle_to_grid": ("prices.electricity", "prices.vehicle_feed_in"),
}
_NEEDS = {
    "voltage_aware": ("phase_node", "follow the voltage", "an electric grid"),
    "feeder_limit": ("transformer", "share what a transformer has left", "an electric grid"),
    "pv_surplus": ("pv_array", "charge from surplus sun", "solar modules"),
}


class EvChargingSimulator:
    """Vehicles come, charge, and leave.

    On every day each comes with the same probability, at a drawn time on the civil clock, for a drawn stay and energy;
    if it is still there from an earlier day, that visit is left out. All draws belong to a vehicle and a day. It
    charges from the first second as its point's strategy says, until it has what it wants or leaves. What it leaves
    without (`unserved_charging`) is booked at that instant. What it wants (`requested_charging`) is booked as it falls
    due: while it is charged, or when the vehicle leaves without it. So in any period charged plus unserved is
    requested, also where sessions go on beyond its ends; what an open session still lacks is not due yet. Of what is
    given back, what was drawn for it is not requested.
    All vehicles are away when the run begins.

    Only what the strategies present need is read.

    Parameters
    ----------
    city
        With the tables ``charging_point`` and ``vehicle``; no two vehicles share a point.
    civil
        Where the vehicles live by the clock.
    model
        How sessions are distributed.
    signals
        Prices and emissions, for those who plan by them.
    """

    name = "ev_charging"
    version = "2"

    def __init__(
        self,
        city: City,
        civil: CivilTime,
        step_s: int,
        model: SessionModel,
        signals: Mapping[str, Signal] | None = None,
    ) -> None:
        fleet, vehicles = fleet_of(city), city.table("vehicle")
        self.step_s = step_s
        self._fleet, self._n_points = fleet, len(fleet.points)
        keys = entity_keys(vehicles.ids.tolist())
        self.diary = Diary(model, civil, keys, fleet.target, vehicles["home_charging_j"])
        present = np.unique(fleet.strategy).tolist()
        self._planners = {s: make(fleet, signals or {}) for s, make in _PLANNERS.items() if s in present}
        self._live = {s: make(fleet, city) for s, make in _LIVE.items() if s in present}
        self.reads: tuple[Read, ...] = tuple(read for live in self._live.values() for read in live.reads)
        quantities = ["electric_load", "unserved_charging", "requested_charging"]
        if "vehicle_to_grid" in present:
            quantities += ["electric_generation", "vehicle_discharging"]
        self.writes = tuple(Write(quantity, "charging_point") for quantity in quantities)

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Send everybody away."""
        self._axis = axis
        self.diary.begin(axis, streams.seed)
        self._day = 0
        self._there_until = np.full(len(self._fleet), axis.start)
        self._booked = dict.fromkeys(Flow, Bookings.none())  # in the order of steps
        self._sheets = {write.quantity: _Sheet(self._n_points) for write in self.writes}
        for planner in self._planners.values():
            planner.begin(axis)
        for live in self._live.values():
            live.begin()

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what is written, W, each of shape ``(window.n, points)``."""
        self._expect(window.end)
        drawn: list[Cells] = []
        unserved: list[Cells] = []
        for live in self._live.values():
            live.run(window, inputs, drawn, unserved)
        if not self._planners:
            return self._powers(window.n, drawn, unserved)
        now = self._due(window)
        drawn.append(now[Flow.DRAWN])
        unserved.append(now[Flow.UNSERVED])
        return self._powers(window.n, drawn, unserved, now[Flow.CYCLED], now[Flow.GIVEN])

    def state(self) -> Any:
        """Return who is there, what is booked, and how far the diary was read."""
        live = {strategy: live.state() for strategy, live in self._live.items()}
        return self._day, self._there_until, dict(self._booked), live

    def restore(self, state: Any) -> None:
        """Go back to an earlier state."""
        self._day, self._there_until, booked, live = state
        self._booked = dict(booked)
        for strategy, of_one in live.items():
            self._live[strategy].restore(of_one)

    def _expect(self, until: int) -> None:
        """Read on in the diary: all who may come before an instant."""
        begins, fresh = self.diary.begins, list[tuple[Flow, Bookings]]()
        while self._day < len(begins) and begins[self._day] < until:
            visits = self._accepted(self.diary.visits(self._day))
            self._day += 1
            strategy = self._fleet.strategy[visits.vehicle]
            for name, planner in self._planners.items():
                if (rows := strategy == name).any():
                    fresh += planner.book(visits.take(rows))
            for name, live in self._live.items():
                if (rows := strategy == name).any():
                    live.expect(visits.take(rows))
        for flow in Flow if fresh else ():
            self._booked[flow] = Bookings.in_order([self._booked[flow], *(b for f, b in fresh if f is flow)])

    def _accepted(self, visits: Visits) -> Visits:
        """Return the visits of a day but those that would begin outside of the run, or while the vehicle is there."""
        free = visits.arrival >= self._there_until[visits.vehicle]
        visits = visits.take(free & (visits.arrival < self._axis.end))
        self._there_until = self._there_until.copy()
        self._there_until[visits.vehicle] = visits.departure
        return visits

    def _due(self, window: TimeAxis) -> dict[Flow, Cells]:
        """Return what was booked for a window, and forget it."""
        first, due = (window.start - self._axis.start) // self.step_s, {}
        for flow, booked in self._booked.items():
            now, self._booked[flow] = booked.split(first + window.n)
            due[flow] = (now.step - first) * self._n_points + now.point, now.energy
        return due

    def _powers(
        self, n: int, drawn: list[Cells], unserved: list[Cells], cycled: Cells = _NOTHING, given: Cells = _NOTHING
    ) -> Arrays:
        """Return what is written over ``n`` steps, from what flows."""
        sheets, step_s = self._sheets, self.step_s
        load = sheets["electric_load"].powers([*drawn, cycled] if len(cycled[0]) else drawn, n, step_s)
        lacking = sheets["unserved_charging"].powers(unserved, n, step_s)
        wanted = load
        if len(cycled[0]) or any(len(cell) for cell, _ in unserved):
            wanted = sheets["requested_charging"].powers([*drawn, *unserved], n, step_s)
        outputs = {"electric_load": load, "unserved_charging": lacking, "requested_charging": wanted}
        if "electric_generation" in sheets:
            back = sheets["electric_generation"].powers([given], n, step_s)
            outputs |= {"electric_generation": back, "vehicle_discharging": back}
        return outputs


class _Sheet:
    """Powers of all steps and points of a window, mostly zeros; its memory serves window after window."""

    def __init__(self, n_points: int) -> None:
        self._n_points = n_points
        self._flat, self._used = np.zeros(0), np.zeros(0, dtype=np.int64)

    def powers(self, entries: list[Cells], n_steps: int, step_s: int) -> Floats:
        """Return mean powers, W, shape ``(n_steps, points)``; valid until the next call."""
        size = n_steps * self._n_points
        if len(self._flat) < size:
            self._flat = np.zeros(size)
        elif len(self._used):
            self._flat[self._used] = 0.0
        self._used, energy = entries[0] if len(entries) == 1 else _joined(entries)
        if len(energy):
            np.add.at(self._flat, self._used, energy / step_s)
        return self._flat[:size].reshape(n_steps, -1)


def _joined(entries: list[Cells]) -> Cells:
    if not entries:
        return _NOTHING
    return np.concatenate([cell for cell, _ in entries]), np.concatenate([energy for _, energy in entries])


def _priced(make: Callable[[Fleet, Prices], Planner], strategy: str) -> Callable[..., Planner]:
    def planner(fleet: Fleet, signals: Mapping[str, Signal]) -> Planner:
        keys = _SIGNALS[strategy]
        if missing := [key for key in keys if key not in signals]:
            raise TwinError(Problem(f"charging points follow {strategy}, but nothing states {' and '.join(missing)}"))
        return make(fleet, Prices(*(signals[key] for key in keys)))

    return planner


def _feeder_limit(fleet: Fleet, city: City) -> FeederLimit:
    """Find the area of every point, and what its transformers may carry."""
    transformers = city.table("transformer")
    sizes = {name: len(table) for name, table in city.tables.items()}
    carry = transfer(city.links, sizes, "transformer", "charging_point", extensive=False)
    supplies = carry(np.eye(len(transformers)))[:, fleet.point] > 0  # (transformer, vehicle)
    area = supplies.argmax(axis=0)  # transformers in parallel go by the first of them
    limited = fleet.strategy == "feeder_limit"
    area_of_transformer = np.array([area[row & limited][0] if (row & limited).any() else -1 for row in supplies])
    share = np.ones(len(transformers))
    np.minimum.at(share, area[limited], fleet.of_point("limit_share").astype(np.float64)[limited])
    rated = transformers["s_rated_va"] * transformers["parallel"]
    return FeederLimit(fleet, area, area_of_transformer, share[area_of_transformer] * rated)


_PLANNERS: Mapping[str, Callable[[Fleet, Mapping[str, Signal]], Planner]] = {
    "uncontrolled": lambda fleet, signals: AtOnce(fleet),
    "cheapest_hours": _priced(CheapestHours, "cheapest_hours"),
    "lowest_emissions": _priced(CheapestHours, "lowest_emissions"),
    "vehicle_to_grid": _priced(GiveBack, "vehicle_to_grid"),
}
_LIVE: Mapping[str, Callable[[Fleet, City], Live]] = {
    "voltage_aware": lambda fleet, city: VoltageAware(fleet),
    "pv_surplus": lambda fleet, city: PvSurplus(fleet),
    "feeder_limit": _feeder_limit,
}


def build(setup: Setup) -> EvChargingSimulator | None:
    """Return the simulator, or None where no vehicle charges.

    Raises
    ------
    TwinError
        If a strategy needs what the model has not: an electric grid, solar modules.
    """
    vehicles = setup.city.tables.get("vehicle")
    if vehicles is None or not len(vehicles):
        return None
    _check_needs(setup.city)
    return EvChargingSimulator(setup.city, setup.civil, setup.step_s, home_sessions(), setup.signals)


def _check_needs(city: City) -> None:
    present = set(np.unique(city.table("charging_point")["strategy"]).tolist())
    problems = [
        Problem(
            f"charging points {do}, but the model has no {what.removeprefix('an ')}",
            expected=f'{what}, or strategy = "uncontrolled"',
        )
        for strategy, (table, do, what) in _NEEDS.items()
        if strategy in present and not len(city.tables.get(table, ()))
    ]
    if problems:
        raise TwinError(*problems)
