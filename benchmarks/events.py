"""Charging sessions a second at stations where vehicles wait their turn, and what a step costs with SimPy in it.

    python benchmarks/events.py [--stations 20] [--days 365] [--rounds 5]

The same arrivals and stays go through our stations, which also book power, energy, waiting and occupation exactly, and
through the queue that one would write with SimPy alone: a process and a resource request per vehicle, nothing booked.
Both must turn the same number of vehicles away, give or take those that give up in the very second a point gets free,
before any time is printed. Then one event simulator alone is advanced one step at a time, as in a feedback loop,
beside bare ``run(until)`` of the same process; and it is run coupled to an array simulator that answers it, one step
late. Rounds take turns; the median of CPU time counts. Ratios are what to trust on a busy machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
import simpy

from twin.devices.ev.station_queue import BOOKED, Plan, Station, Visit
from twin.engine.coupling import Coupling
from twin.engine.events import EventSimulator
from twin.engine.graph import Graph
from twin.engine.ports import Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.random import Streams

POINTS, STAY_S, OFFERED, PATIENCE_S, ENERGY_J = 3, 14_400, 2.4, 3600, 36e6
QUARTER, DAY = 900, 86_400

Sessions = list[tuple[int, int]]


def sessions(station: int, end: int) -> Sessions:
    """Return arrivals and stays, exponential both, s."""
    random = np.random.default_rng([7, station])
    n = int(1.2 * end * OFFERED / STAY_S) + 100
    arrival = np.cumsum(random.exponential(STAY_S / OFFERED, n)).astype(int)
    stay = np.maximum(random.exponential(STAY_S, n), 1.0).astype(int)
    inside = arrival < end
    return list(zip(arrival[inside].tolist(), stay[inside].tolist(), strict=True))


class Stations(EventSimulator):
    """Our stations, fed with sessions."""

    name, version, reads = "stations", "1", ()
    writes = tuple(Write(quantity, "charging_station") for quantity in BOOKED)

    def __init__(self, all_sessions: list[Sessions], step_s: int) -> None:
        self.sessions, self.step_s = all_sessions, step_s

    @property
    def sizes(self) -> dict[str, int]:
        return dict.fromkeys(BOOKED, len(self.sessions))

    def begin(self, axis: TimeAxis, streams: Streams) -> None:
        for row, own in enumerate(self.sessions):
            visits = (Visit(come, ENERGY_J, come + PATIENCE_S, stay) for come, stay in own)
            self.env.process(Station(self.env, Plan(POINTS, 11e3), self.levels, row).receive(visits))


def ours(all_sessions: list[Sessions], days: int, step_s: int) -> tuple[float, float]:
    """Return CPU seconds and how many vehicles were turned away."""
    simulator, axis = Stations(all_sessions, step_s), TimeAxis(0, step_s, days * DAY // step_s)
    begun = time.process_time()
    simulator.start(axis, Streams(0))
    out = simulator.advance(axis, {})
    return time.process_time() - begun, out["turned_away_sessions"].sum() * step_s


def naive(all_sessions: list[Sessions], days: int) -> tuple[float, float]:
    """Return the same of the queue in SimPy alone."""
    env, turned_away = simpy.Environment(), [0]

    def vehicle(points: simpy.Resource, stay: int) -> Iterator[simpy.Event]:
        with points.request() as request:
            yield request | env.timeout(PATIENCE_S)
            if request.triggered:
                yield env.timeout(stay)
            else:
                turned_away[0] += 1

    def come(own: Sessions) -> Iterator[simpy.Event]:
        points = simpy.Resource(env, POINTS)
        for arrival, stay in own:
            yield env.timeout(arrival - env.now)
            env.process(vehicle(points, stay))

    begun = time.process_time()
    for own in all_sessions:
        env.process(come(own))
    env.run(until=days * DAY)
    return time.process_time() - begun, turned_away[0]


class Switch(EventSimulator):
    """One event in every step."""

    name, version, step_s = "switch", "1", QUARTER
    sizes = {"electric_load": 1}  # noqa: RUF012
    writes = (Write("electric_load", "building"),)

    def __init__(self, late: bool = False) -> None:
        self.reads = (Read("indoor_temperature", "building", delay=1),) if late else ()

    def begin(self, axis: TimeAxis, streams: Streams) -> None:
        self.env.process(self.switch())

    def switch(self) -> Iterator[simpy.Event]:
        power = 0.0
        yield self.env.timeout(QUARTER // 2)
        while True:
            power = 1000.0 - power
            self.levels["electric_load"].set(0, power, self.env.now)
            yield self.env.timeout(QUARTER)


class Room(Stateless):
    """An array simulator that answers the load."""

    name, version, step_s = "room", "1", QUARTER
    reads = (Read("electric_load", "building", "sum"),)
    writes = (Write("indoor_temperature", "building"),)

    def advance(self, window: TimeAxis, inputs: dict) -> dict:
        return {"indoor_temperature": inputs["electric_load"] * 0.01}


def bare_steps(n: int) -> float:
    """Return CPU seconds of SimPy alone, run to the end of every step."""
    env, power = simpy.Environment(), [0.0]

    def switch() -> Iterator[simpy.Event]:
        yield env.timeout(QUARTER // 2)
        while True:
            power[0] = 1000.0 - power[0]
            yield env.timeout(QUARTER)

    env.process(switch())
    begun = time.process_time()
    for k in range(1, n + 1):
        env.run(until=k * QUARTER)
    return time.process_time() - begun


def our_steps(n: int) -> float:
    """Return CPU seconds of the bridge, advanced step by step."""
    switch = Switch()
    switch.start(TimeAxis(0, QUARTER, n), Streams(0))
    begun = time.process_time()
    for k in range(n):
        switch.advance(TimeAxis(k * QUARTER, QUARTER, 1), {})
    return time.process_time() - begun


def coupled_steps(n: int) -> float:
    """Return CPU seconds of a feedback loop of the bridge and an array simulator."""
    coupling = Coupling(Graph([Switch(late=True), Room()], {"building": 1}))
    begun = time.process_time()
    coupling.run(0, n * QUARTER)
    return time.process_time() - begun


def medians(rounds: int, *timed: Callable[[], float]) -> list[float]:
    """Return the median of each over rounds in which they take turns."""
    return [median(times) for times in zip(*([run() for run in timed] for _ in range(rounds)), strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, default=20)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    drawn = [sessions(k, given.days * DAY) for k in range(given.stations)]
    n = sum(map(len, drawn))
    away, plain_away = ours(drawn, given.days, DAY)[1], naive(drawn, given.days)[1]
    assert abs(away - plain_away) <= 1e-3 * n, (away, plain_away)
    print(f"{n:,} sessions at {given.stations} stations of {POINTS} points, {plain_away / n:.0%} turned away")
    daily, quarterly, plain = medians(
        given.rounds,
        lambda: ours(drawn, given.days, DAY)[0],
        lambda: ours(drawn, given.days, QUARTER)[0],
        lambda: naive(drawn, given.days)[0],
    )
    for name, seconds in {"stations, 1 d": daily, "stations, 15 min": quarterly, "plain SimPy": plain}.items():
        rate = f"{seconds / n * 1e6:8.1f} us a session  {n / seconds:10,.0f} sessions/s"
        print(f"{name:24}{rate}  {seconds / plain:5.2f}")
    steps = given.steps
    bare, bridge, coupled = medians(
        given.rounds, lambda: bare_steps(steps), lambda: our_steps(steps), lambda: coupled_steps(steps)
    )
    for name, seconds in {"bare run(until)": bare, "bridge": bridge, "coupled with an array": coupled}.items():
        print(f"{name:24}{seconds / steps * 1e6:8.1f} us a step, one event each  {seconds / bare:5.2f}")


if __name__ == "__main__":
    main()
