"""Electric cars in small cities of boxes: fleets, given visits instead of drawn ones, and runs of the simulator."""

import numpy as np

from buildings_case import BERLIN, boxes, filled
from twin.devices.ev.measures import ChargingStrategy, ElectricCars, bring_cars, set_strategy
from twin.devices.ev.sessions import home_sessions
from twin.devices.ev.simulator import EvChargingSimulator
from twin.devices.ev.visits import Visits
from twin.engine.time import TimeAxis
from twin.ledger import Ledger
from twin.quantities import Link
from twin.random import Streams
from twin.table import Column, Table

CODE = Ledger().measure("cars")
ALL = slice(None)
QUARTER = 900


def fleet(n=2, per_dwelling=1.0, **params):
    """Return a city of boxes whose dwellings have so many cars."""
    return bring_cars(filled(boxes(n)), ALL, ElectricCars(cars_per_dwelling=per_dwelling, **params), CODE)


def controlled(city, strategy, rows=ALL, **params):
    return set_strategy(city, rows, ChargingStrategy(strategy=strategy, **params), CODE)


def aware(city, **params):
    return controlled(city, "voltage_aware", **params)


def with_transformer(city, rated_kw, parallel=1):
    """Return the city with all points in the area of one transformer, or of some in parallel."""
    rated = Column("s_rated_va", "VA", "float", "rated power"), Column("parallel", "-", "int", "side by side")
    table = Table("transformer", [f"t{k}" for k in range(parallel)])
    table = table.put(rated[0], np.full(parallel, 1e3 * rated_kw)).put(rated[1], np.ones(parallel, dtype=int))
    n = len(city.table("charging_point"))
    rows, cols = np.repeat(np.arange(parallel), n), np.tile(np.arange(n), parallel)
    return city.with_table(
        table, Link("charging_point", "transformer", rows, cols, np.full(n * parallel, 1 / parallel))
    )


class Given:
    """A diary of visits that are given: (vehicle, arrival, departure, J), in the order of arrival."""

    def __init__(self, *visits):
        self._visits = visits

    def begin(self, axis, seed):
        self.begins = [arrival for _, arrival, _, _ in self._visits]

    def visits(self, k):
        vehicle, arrival, departure, energy = self._visits[k]
        return Visits(np.array([vehicle]), np.array([arrival]), np.array([departure]), np.array([float(energy)]))


class Kept:
    """A diary that leaves out visits that last beyond an instant, and remembers those that it hands out."""

    def __init__(self, diary, until):
        self._diary, self._until = diary, until

    def begin(self, axis, seed):
        self._diary.begin(axis, seed)
        self.begins, self.seen, self._axis = self._diary.begins, [], axis

    def visits(self, k):
        drawn = self._diary.visits(k)
        drawn = drawn.take((drawn.arrival >= self._axis.start) & (drawn.departure < self._until))
        columns = (drawn.vehicle, drawn.arrival, drawn.departure, drawn.energy)
        self.seen += list(zip(*(c.tolist() for c in columns), strict=True))
        return drawn


def charging(city, step_s=QUARTER, signals=None, civil=BERLIN):
    return EvChargingSimulator(city, civil, step_s, home_sessions(), signals)


def advance(simulator, axis, inputs=None, steps=None, seed=1):
    """Return copies of what a simulator writes over an axis, cut into windows of so many steps."""
    simulator.start(axis, Streams(seed))
    parts, at = [], 0
    for k in steps or [axis.n]:
        window = TimeAxis(axis.start + at * axis.step_s, axis.step_s, k)
        out = simulator.advance(window, {name: v[at : at + k] for name, v in (inputs or {}).items()})
        parts.append({name: values.copy() for name, values in out.items()})
        at += k
    assert at == axis.n
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def charge(city, axis, voltage=None, steps=None, seed=1):
    """Return what the simulator writes over an axis, at a constant voltage if one is given."""
    n = len(city.tables["charging_point"])
    given = {} if voltage is None else {"voltage": np.full((axis.n, n), voltage)}
    return advance(charging(city, axis.step_s), axis, given, steps, seed)


def accepted(visits):
    """Leave out visits that would begin while the car is still there."""
    there_until = {}
    for vehicle, arrival, departure, joule in visits:
        if there_until.get(vehicle, 0) <= arrival:
            there_until[vehicle] = departure
            yield vehicle, arrival, departure, joule


def energy(watts, step_s=QUARTER):
    return watts.sum(axis=0) * step_s
