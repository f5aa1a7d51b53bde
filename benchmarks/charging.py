"""Time electric cars at points of their own: a year in steps of 15 min, by strategy, and beside naive SimPy processes.

Usage: OPENBLAS_NUM_THREADS=1 python benchmarks/charging.py [--cars 10000] [--days 365] [--strategy NAME]...

Windows are a fortnight long; prices change by the hour, houses have a surplus at noon, one transformer feeds all. What
is timed is the simulator alone: draws, plans, steps and outputs. Then 300 voltage-aware cars are stepped one quarter of
an hour at a time, as in a feedback loop, and the same cars with the same visits as SimPy processes that look at the
voltage in every step; both charge the same energy. CPU time; rounds take turns, their median counts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import simpy

from twin.city.model import City
from twin.devices.ev.measures import ChargingStrategy, ElectricCars, bring_cars, set_strategy
from twin.devices.ev.model import STRATEGIES
from twin.devices.ev.sessions import home_sessions
from twin.devices.ev.simulator import EvChargingSimulator
from twin.engine.signals import Series
from twin.engine.time import CivilTime, TimeAxis
from twin.quantities import Link
from twin.random import Streams
from twin.table import Column, Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from buildings_case import boxes, filled

BERLIN = CivilTime("Europe/Berlin")
QUARTER = 900
WINDOW = 14 * 96
LOOP_CARS, LOOP_DAYS, ROUNDS = 300, 60, 3


def fleet(cars: int, strategy: str) -> City:
    """Return a city with so many cars, and one transformer for all of it."""
    per_house = 1.0
    one = filled(boxes(1)).buildings["dwellings"][0]
    city = filled(boxes(-(-cars // int(one))))
    city = bring_cars(city, slice(None), ElectricCars(cars_per_dwelling=per_house), 0x2000)
    points, vehicles = (city.table(name).take(np.arange(cars)) for name in ("charging_point", "vehicle"))
    city = replace(city, tables={**city.tables, "charging_point": points, "vehicle": vehicles})
    rated = Column("s_rated_va", "VA", "float", "rated power"), Column("parallel", "-", "int", "side by side")
    transformer = Table("transformer", ["t"]).put(rated[0], [500.0 * cars]).put(rated[1], [1])
    feeds = Link.belongs("charging_point", "transformer", np.zeros(cars, dtype=np.int64))
    city = replace(city, tables={**city.tables, "transformer": transformer}, links=(*city.links, feeds))
    return set_strategy(city, slice(None), ChargingStrategy(strategy=strategy), 0x2000)


def simulator(city: City, axis: TimeAxis) -> EvChargingSimulator:
    """Return the simulator with prices and emissions that change by the hour."""
    hours = TimeAxis(axis.start, 3600, (axis.end - axis.start) // 3600)
    price = Series(hours, np.random.default_rng(1).gamma(4.0, 2e-8, hours.n))
    signals = dict.fromkeys(("prices.electricity", "prices.vehicle_feed_in", "emissions.electricity"), price)
    return EvChargingSimulator(city, BERLIN, QUARTER, home_sessions(), signals)


def surroundings(city: City, reader: EvChargingSimulator, n: int) -> dict[str, np.ndarray]:
    """Return what the simulator reads over a window: constant at night, more sun than load at noon."""
    quarter = np.arange(n)[:, None] % 96
    sun = np.maximum(0.0, np.sin((quarter - 24) / 48 * np.pi))
    sizes = {name: len(city.table(name)) for name in ("charging_point", "building", "transformer")}
    values = {
        "voltage": 0.94 + 0.02 * sun,
        "building_load": 3000.0 + 0 * sun,
        "building_generation": 20_000.0 * sun,
        "transformer_load": 300.0 * sizes["charging_point"] + 0 * sun,
        "transformer_generation": 0 * sun,
    }
    return {r.key: np.repeat(values[r.key], sizes[r.per], axis=1) for r in reader.reads}


def year(strategy: str, cars: int, days: int) -> tuple[float, float, float]:
    """Return CPU seconds of a whole run, and how many MWh were charged and left unserved."""
    city = fleet(cars, strategy)
    axis = TimeAxis.at("2023-01-01", QUARTER, days * 96, BERLIN.timezone)
    sim = simulator(city, axis)
    inputs = surroundings(city, sim, WINDOW)
    seconds, charged, unserved = 0.0, 0.0, 0.0
    begun = time.process_time()
    sim.start(axis, Streams(1))
    seconds += time.process_time() - begun
    for first in range(0, axis.n, WINDOW):
        window = TimeAxis(axis.start + first * QUARTER, QUARTER, min(WINDOW, axis.n - first))
        given = {name: values[: window.n] for name, values in inputs.items()}
        begun = time.process_time()
        out = sim.advance(window, given)
        seconds += time.process_time() - begun
        charged += out["electric_load"].sum() * QUARTER / 3.6e9
        unserved += out["unserved_charging"].sum() * QUARTER / 3.6e9
    return seconds, charged, unserved


# -- 300 cars in a loop


def voltages(n: int, cars: int) -> np.ndarray:
    return np.random.default_rng(2).uniform(0.90, 0.97, (n, cars))


def in_steps(city: City, axis: TimeAxis, voltage: np.ndarray) -> tuple[float, float]:
    """Return CPU seconds and J charged, one step at a time."""
    sim = simulator(city, axis)
    windows = [TimeAxis(axis.start + k * QUARTER, QUARTER, 1) for k in range(axis.n)]
    rows = [{"voltage": voltage[k : k + 1]} for k in range(axis.n)]
    total = 0.0
    begun = time.process_time()
    sim.start(axis, Streams(1))
    for window, row in zip(windows, rows, strict=True):
        total += float(sim.advance(window, row)["electric_load"].sum())
    return time.process_time() - begun, total * QUARTER


class Naive:
    """The same cars as SimPy processes that look at the voltage in every step."""

    def __init__(self, city: City, axis: TimeAxis, voltage: np.ndarray) -> None:
        sim = simulator(city, axis)
        sim.diary.begin(axis, 1)
        self.axis, self.voltage = axis, voltage
        self.env = simpy.Environment(initial_time=axis.start)
        self.load = np.zeros(voltage.shape[1])
        visits: list[list[tuple[int, int, float]]] = [[] for _ in range(len(self.load))]
        for k in range(len(sim.diary.begins)):
            day = sim.diary.visits(k)
            rows = zip(
                day.vehicle.tolist(), day.arrival.tolist(), day.departure.tolist(), day.energy.tolist(), strict=True
            )
            for vehicle, arrival, departure, energy in rows:
                if axis.start <= arrival < axis.end:
                    visits[vehicle].append((arrival, departure, energy))
        for vehicle, of_one in enumerate(visits):
            self.env.process(self.live(vehicle, of_one))

    def live(self, point: int, visits: list[tuple[int, int, float]]) -> Generator[Any, None, None]:
        env, step = self.env, QUARTER
        for arrival, departure, missing in visits:
            if arrival < env.now:
                continue
            yield env.timeout(arrival - env.now)
            while missing > 0 and env.now < departure:
                share = min(max((self.row[point] - 0.90) / 0.05, 0.375), 1.0)
                end = min(departure, (env.now - self.axis.start) // step * step + step + self.axis.start)
                energy = min(11_000 * share * (end - env.now), missing)
                self.load[point] += energy
                missing -= energy
                yield env.timeout(end - env.now)
            yield env.timeout(max(departure - env.now, 0))

    def run(self) -> float:
        """Return J charged."""
        total = 0.0
        for k in range(self.axis.n):
            self.row = self.voltage[k].tolist()
            self.env.run(until=self.axis.start + (k + 1) * QUARTER)
            total += float(self.load.sum())
            self.load[:] = 0.0
        return total


def as_processes(city: City, axis: TimeAxis, voltage: np.ndarray) -> tuple[float, float]:
    """Return CPU seconds, drawing the visits included, and J charged."""
    begun = time.process_time()
    total = Naive(city, axis, voltage).run()
    return time.process_time() - begun, total


def loop() -> None:
    """Print what a step of 300 voltage-aware cars costs here and as processes."""
    city = fleet(LOOP_CARS, "voltage_aware")
    axis = TimeAxis.at("2023-01-01", QUARTER, LOOP_DAYS * 96, BERLIN.timezone)
    voltage = voltages(axis.n, LOOP_CARS)
    ours, naive = [], []
    for _ in range(ROUNDS):
        ours.append(in_steps(city, axis, voltage))
        naive.append(as_processes(city, axis, voltage))
    apart = abs(ours[0][1] / naive[0][1] - 1)
    print(f"\n{LOOP_CARS} voltage-aware cars, {LOOP_DAYS} days step by step; energies differ by {apart:.1e}")
    for name, runs in (("twin", ours), ("SimPy, a process per car", naive)):
        print(f"{name:>28}: {median(s for s, _ in runs) / axis.n * 1e6:8.1f} us per step")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cars", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--strategy", action="append", choices=list(STRATEGIES))
    arguments = parser.parse_args()
    for strategy in arguments.strategy or STRATEGIES:
        seconds, charged, unserved = year(strategy, arguments.cars, arguments.days)
        each = seconds / (arguments.cars * arguments.days * 96) * 1e9
        print(
            f"{strategy:>16}: {seconds:7.2f} s, {each:6.1f} ns per car and step; "
            f"{charged:9.1f} MWh charged, {unserved:6.1f} unserved"
        )
    loop()


if __name__ == "__main__":
    main()
