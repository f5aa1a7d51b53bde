"""The simulators of batteries: those of houses behind the meter, and those of streets at a transformer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.devices.battery.kernel import Batteries, Results, advance, health, largest_net_load
from twin.devices.battery.plan import DayPlan, make_plan
from twin.devices.battery.strategies import Wishes, hourly, peak_shaving
from twin.engine.ports import Arrays, Read, Write
from twin.engine.signals import Signal
from twin.engine.time import CivilTime, TimeAxis
from twin.random import Streams
from twin.registry import Setup
from twin.table import Table
from twin.units import DAY_S

__all__ = ["BatterySimulator", "StreetBatterySimulator", "batteries_of", "build", "build_street"]

Floats = NDArray[np.float64]
Some = slice | NDArray[np.int64]

_BLOCK_CELLS = 2**16  # steps times batteries looked at together: few calls, and what they touch stays in the cache
_SIGNALS = {"cheapest_hours": "prices.electricity", "lowest_emissions": "emissions.electricity"}
_ENERGY = ("battery_charging", "battery_discharging", "battery_losses", "stored_energy", "battery_cycling")


class _BatterySimulator:
    """What both share.

    All batteries are new when the run begins. Wear shrinks the capacity, and is written, once a day: 24 hours after the
    run's beginning, and so on. Batteries at one place serve it in proportion to their power.

    Parameters
    ----------
    table
        One row per battery.
    n_places
        Number of entities that batteries may belong to.
    signals
        Prices and emission factors, asked where a strategy needs them.
    """

    version = "1"
    name: str
    step_s: int
    reads: Sequence[Read]
    writes: Sequence[Write]
    place: str
    feeds_grid: bool
    prefix: str

    def __init__(
        self, table: Table, n_places: int, step_s: int, civil: CivilTime, signals: Mapping[str, Signal]
    ) -> None:
        self.step_s = step_s
        self._civil, self._signals = civil, signals
        self._batteries = batteries_of(table, step_s)
        self._start_soc = table["soc_start"]
        self._reserve = table["reserve"]
        place = table[self.place]
        share = self._batteries.power / np.bincount(place, self._batteries.power)[place]
        self._share = None if (share == 1.0).all() else share
        self._place_of = None if np.array_equal(place, np.arange(n_places)) else place
        self._limit, self._limit_share = share * table["limit_w"], table["limit_share_of_peak"]
        self._follows_peak = table.missing("limit_w")
        self._by_strategy = _rows_by_strategy(table["strategy"])
        self._results: Results | None = None
        self._health: Floats | None = None

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin anew: new batteries, as full as their tables say, and a plan of all days to come."""
        b = self._batteries
        self._axis = axis
        self._stored = self._start_soc * b.capacity
        self._cycles = np.zeros(len(b.capacity))  # sum of the cycling of all steps, 1/s
        self._peak = np.zeros(len(b.capacity))
        self._left = np.ones(len(b.capacity))
        self._plans: dict[str, DayPlan] = {}
        for strategy, key in _SIGNALS.items():
            if strategy in self._by_strategy:
                some = _take(b, self._by_strategy[strategy])
                usable = some.capacity * (some.soc_max - some.soc_min)
                self._plans[strategy] = make_plan(
                    axis,
                    self._civil,
                    self._signals[key],
                    usable / (some.power * some.charge_efficiency),
                    usable * some.discharge_efficiency / some.power,
                    some.charge_efficiency * some.discharge_efficiency,
                )

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what batteries draw, give, lose and hold, each of shape ``(window.n, batteries)``."""
        n = len(self._stored)
        if self._results is None or len(self._results.stored) != window.n or self._health is None:
            self._results, self._health = Results.empty(window.n, n), np.empty((window.n, n))
        load, generation = inputs["electric_load"], inputs["electric_generation"]
        first = (window.start - self._axis.start) // self.step_s
        for rows in self._blocks(first, window.n):
            if (first + rows.start) * self.step_s % DAY_S < self.step_s:
                self._wear((first + rows.start) * self.step_s)
            surplus = self._at_batteries(generation[rows] - load[rows])
            self._advance_block(surplus, slice(first + rows.start, first + rows.stop), self._results.rows(rows))
            self._health[rows] = self._left
        r = self._results
        energy = zip(_ENERGY, (r.charging, r.discharging, r.losses, r.stored, r.cycling), strict=True)
        return {
            "electric_load": r.charging,
            "electric_generation": r.discharging,
            **{self.prefix + quantity: values for quantity, values in energy},
            f"{self.prefix}battery_health": self._health,
        }

    def state(self) -> Any:
        """Return what the batteries hold, how worn they are, and the largest net loads so far."""
        return tuple(a.copy() for a in (self._stored, self._cycles, self._peak, self._left))

    def restore(self, state: Any) -> None:
        """Go back to a state taken earlier."""
        self._stored, self._cycles, self._peak, self._left = (a.copy() for a in state)

    def stored(self) -> Floats:
        """Return what every battery holds, as share of its capacity when new."""
        return np.asarray(self._stored / self._batteries.capacity)

    def restock(self, stored: Floats) -> None:
        """Fill every battery to a share of its capacity when new."""
        self._stored = stored * self._batteries.capacity

    def _blocks(self, first: int, n: int) -> Iterator[slice]:
        """Cut a window that begins with the run's step ``first`` where days end, and into parts that fit the cache."""
        most = max(1, _BLOCK_CELLS // max(1, len(self._stored)))
        begin = 0
        while begin < n:
            left_of_day = -(-(DAY_S - (first + begin) * self.step_s % DAY_S) // self.step_s)
            end = min(n, begin + min(most, left_of_day))
            yield slice(begin, end)
            begin = end

    def _wear(self, age_s: int) -> None:
        """Take the capacity down to what use and time have left of it."""
        self._left = health(self._batteries, self.step_s * self._cycles, age_s)

    def _advance_block(self, surplus: Floats, steps: slice, out: Results) -> None:
        capacity = self._left * self._batteries.capacity
        wanted, below = self._wishes(surplus, steps)
        reserve = None if below is None else self._reserve * capacity
        advance(self._batteries, self._stored, capacity, wanted, out, below, reserve)
        np.copyto(self._stored, out.stored[-1])
        self._cycles += out.cycling[0] if len(out.cycling) == 1 else out.cycling.sum(axis=0)

    def _at_batteries(self, surplus: Floats) -> Floats:
        """Return each battery's share of the surplus of its place."""
        if self._place_of is not None:
            surplus = surplus.take(self._place_of, axis=1)
        if self._share is not None:
            surplus *= self._share
        return surplus

    def _wishes(self, surplus: Floats, steps: slice) -> tuple[Floats, Floats | None]:
        """Return what batteries want above their reserve and below it; None below if that makes no difference."""
        if set(self._by_strategy) == {"self_consumption"}:
            return surplus, None
        if len(self._by_strategy) == 1:
            (strategy,) = self._by_strategy
            below, above = self._wishes_of(strategy, slice(None), surplus, steps)
            return above, below
        above, below = surplus.copy(), surplus.copy()
        for strategy, some in self._by_strategy.items():
            if strategy != "self_consumption":
                below[:, some], above[:, some] = self._wishes_of(strategy, some, surplus[:, some], steps)
        return above, below

    def _wishes_of(self, strategy: str, some: Some, surplus: Floats, steps: slice) -> Wishes:
        """Return what batteries of one strategy, which see this surplus, want below their reserve and above it."""
        if strategy == "peak_shaving":
            return peak_shaving(surplus, self._limits(surplus, some))
        hours = self._plans[strategy].at(steps)
        return hourly(surplus, self._batteries.power[some], *hours, self.feeds_grid)

    def _limits(self, surplus: Floats, some: Some) -> Floats:
        """Return the net load that some batteries hold, W: a fixed one, or a share of the largest one so far."""
        follows = self._follows_peak[some]
        if not follows.any():
            return np.asarray(self._limit[some])
        peak = largest_net_load(surplus, self._peak[some])
        self._peak[some] = peak[-1]
        return np.where(follows, self._limit_share[some] * peak, self._limit[some])


class BatterySimulator(_BatterySimulator):
    """Batteries of houses, behind the meter: they decide after the cars, and before the batteries of streets."""

    name = "battery"
    place = "building"
    feeds_grid = False
    prefix = ""
    reads = tuple(
        Read(q, "building", "sum", without=("battery", "street_battery"))
        for q in ("electric_load", "electric_generation")
    )
    writes = (
        *(Write(q, "battery") for q in ("electric_load", "electric_generation")),
        *(Write(q, "battery", "state" if q == "stored_energy" else "mean") for q in _ENERGY),
        Write("battery_health", "battery", "state"),
    )


class StreetBatterySimulator(_BatterySimulator):
    """Batteries at transformers: they see all that the area behind the transformer draws and feeds in."""

    name = "street_battery"
    place = "transformer"
    feeds_grid = True
    prefix = "street_"
    reads = tuple(
        Read(q, "transformer", "sum", without=("street_battery",)) for q in ("electric_load", "electric_generation")
    )
    writes = (
        *(Write(q, "street_battery") for q in ("electric_load", "electric_generation")),
        *(Write(f"street_{q}", "street_battery", "state" if q == "stored_energy" else "mean") for q in _ENERGY),
        Write("street_battery_health", "street_battery", "state"),
        Write("street_battery_cost", "street_battery"),
        Write("street_battery_emissions", "street_battery"),
    )

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what batteries draw, give, lose, hold and cost, each of shape ``(window.n, batteries)``."""
        outputs = super().advance(window, inputs)
        taken = outputs["electric_load"] - outputs["electric_generation"]
        price, factor = (
            self._signals[key].values(window)[:, None] for key in ("prices.electricity", "emissions.electricity")
        )
        return {**outputs, "street_battery_cost": taken * price, "street_battery_emissions": taken * factor}


def batteries_of(table: Table, step_s: int) -> Batteries:
    """Return the batteries of a table, ready for steps of a length."""
    return Batteries(
        capacity=table["capacity_j"],
        power=table["power_w"],
        charge_efficiency=table["charge_efficiency"],
        discharge_efficiency=table["discharge_efficiency"],
        self_discharge=table["self_discharge"],
        soc_min=table["soc_min"],
        soc_max=table["soc_max"],
        cycle_life=table["cycle_life"],
        calendar_life=table["calendar_life_s"],
        step_s=step_s,
    )


def _take(b: Batteries, some: Some) -> Batteries:
    arrays = {f.name: getattr(b, f.name) for f in fields(b) if f.name != "step_s"}
    return replace(b, **{name: values[some] for name, values in arrays.items()})


def _rows_by_strategy(strategy: NDArray[np.str_]) -> dict[str, Some]:
    """Return the rows of every strategy that occurs; all of them as a slice, so that nothing has to be gathered."""
    names = np.unique(strategy).tolist()
    if len(names) == 1:
        return {names[0]: slice(None)}
    return {name: np.flatnonzero(strategy == name) for name in names}


def build(setup: Setup) -> BatterySimulator | None:
    """Return the batteries of houses, or None where there are none."""
    table = setup.city.tables.get("battery")
    if table is None or not len(table):
        return None
    return BatterySimulator(table, len(setup.city.buildings), setup.step_s, setup.civil, setup.signals)


def build_street(setup: Setup) -> StreetBatterySimulator | None:
    """Return the batteries of streets, or None where there are none."""
    table = setup.city.tables.get("street_battery")
    if table is None or not len(table):
        return None
    n = len(setup.city.table("transformer"))
    return StreetBatterySimulator(table, n, setup.step_s, setup.civil, setup.signals)
