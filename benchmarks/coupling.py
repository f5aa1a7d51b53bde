"""Time what a step of a feedback loop costs beyond its kernels, beside mosaik 3 in the same process.

Usage: OPENBLAS_NUM_THREADS=1 python benchmarks/coupling.py

Two array simulators load each other: a plant writes the power of 200 houses, a grid sums it per street (the one link)
and writes 100 voltages, which the plant reads one step late. What is reported is CPU time per step of the engine, less
that of the same kernels and sums called one after the other in a bare loop; further links carry one more quantity
each, as it is or summed. With a member of SimPy, the bare loop runs the same process with ``run(until)``. mosaik, if
it can be imported, carries the same whole arrays as attributes of one entity per simulator, which is the least it can
be asked to do. Rounds take turns; medians count.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from statistics import median
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from twin.engine.coupling import Coupling
from twin.engine.events import EventSimulator
from twin.engine.graph import Graph
from twin.engine.ports import Arrays, Read, Simulator, Stateless, Write
from twin.engine.time import TimeAxis
from twin.quantities import Link, Quantity, declare
from twin.random import Streams

try:
    import mosaik
    import mosaik_api_v3
    from loguru import logger
except ImportError:
    mosaik = None

Values = NDArray[np.float64]
STEP_S, STEPS, PEER_STEPS, ROUNDS = 900, 35_040, 500, 7
HOUSES, STREETS, MOST_LINKS = 200, 100, 20
STREET_OF_HOUSE = np.arange(HOUSES) * STREETS // HOUSES
FIRST_HOUSE = np.searchsorted(STREET_OF_HOUSE, np.arange(STREETS))
FURTHER = [f"benchmark_{k}" for k in range(2, MOST_LINKS + 1)]
BARS_US = {"two array simulators and one link": 5.0, "one of them of SimPy": 10.0, "each further link": 1.0}


def plant_kernel(voltage: Values) -> Values:
    return voltage.repeat(HOUSES // STREETS, axis=1)


def grid_kernel(power: Values) -> Values:
    return 1.0 - 0.001 * power


def summed(power: Values) -> Values:
    return np.add.reduceat(power, FIRST_HOUSE, axis=1)


class Plant(Stateless):
    """Writes the power of all houses, and the same again under further names."""

    name, version, step_s = "plant", "1", STEP_S
    reads = (Read("voltage", "bus", delay=1, initial=1.0),)

    def __init__(self, further: Sequence[str]) -> None:
        self.names = ("electric_load", *further)
        self.writes = tuple(Write(quantity, "building") for quantity in self.names)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        return dict.fromkeys(self.names, plant_kernel(inputs["voltage"]))


class Grid(Stateless):
    """Sums up what it reads per street, or takes the further quantities as they are, per building."""

    name, version, step_s = "grid", "1", STEP_S
    writes = (Write("voltage", "bus"),)

    def __init__(self, further: Sequence[str], per: str) -> None:
        self.reads = (Read("electric_load", "bus", "sum"), *(Read(quantity, per, "sum") for quantity in further))

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        return {"voltage": grid_kernel(inputs["electric_load"])}


def process(env: simpy.Environment, switch: Callable[[float], None]) -> Any:
    """Switch one house once a step, somewhere in its middle."""
    yield env.timeout(STEP_S // 2)
    while True:
        switch(float(env.now % 7))
        yield env.timeout(STEP_S)


class EventPlant(EventSimulator):
    """The plant as a process of SimPy."""

    name, version, step_s = "plant", "1", STEP_S
    reads = (Read("voltage", "bus", delay=1, initial=1.0),)
    writes = (Write("electric_load", "building"),)
    sizes = {"electric_load": HOUSES}  # noqa: RUF012

    def begin(self, axis: TimeAxis, streams: Streams) -> None:
        level = self.levels["electric_load"]
        self.env.process(process(self.env, lambda power: level.set(0, power, self.env.now)))


def coupled(plant: Simulator, grid: Grid) -> float:
    """Return the CPU time of a run of the engine, microseconds per step."""
    sizes = {"building": HOUSES, "bus": STREETS}
    coupling = Coupling(Graph([plant, grid], sizes, [Link.belongs("building", "bus", STREET_OF_HOUSE)]))
    return timed(lambda: coupling.run(0, STEPS * STEP_S), STEPS)


def bare(links: int, per: str) -> float:
    def loop() -> None:
        voltage = np.ones((1, STREETS))
        for _ in range(STEPS):
            power = plant_kernel(voltage)
            if per == "bus":
                for _ in range(links - 1):
                    summed(power)
            voltage = grid_kernel(summed(power))

    return timed(loop, STEPS)


def bare_simpy() -> float:
    env, power = simpy.Environment(), np.zeros((1, HOUSES))
    env.process(process(env, lambda value: power.__setitem__((0, 0), value)))

    def loop() -> None:
        for k in range(STEPS):
            env.run(until=(k + 1) * STEP_S)
            grid_kernel(summed(power))

    return timed(loop, STEPS)


def timed(call: Callable[[], None], steps: int) -> float:
    begun = time.process_time()
    call()
    return (time.process_time() - begun) / steps * 1e6


def beyond(links: int, per: str) -> float:
    """Return what the engine takes beyond the bare loop."""
    return coupled(Plant(FURTHER[: links - 1]), Grid(FURTHER[: links - 1], per)) - bare(links, per)


# -- the peer


if mosaik:

    class Peer(mosaik_api_v3.Simulator):
        """A simulator of one entity whose attributes are whole arrays."""

        def __init__(self) -> None:
            super().__init__({"type": "time-based", "models": {}})

        def init(self, sid: str, time_resolution: float, kernel: Any, takes: Any, gives: Any) -> Any:
            self.kernel, self.takes, self.gives = kernel, takes, gives
            attributes = [takes, *gives, *FURTHER]
            self.meta["models"] = {"Model": {"public": True, "params": [], "attrs": attributes}}
            return self.meta

        def create(self, num: int, model: str) -> Any:
            return [{"eid": "it", "type": model}]

        def step(self, now: int, inputs: Any, max_advance: int) -> int:
            (value,) = inputs["it"][self.takes].values()
            self.value = self.kernel(value)
            return now + 1

        def get_data(self, outputs: Any) -> Any:
            return {"it": dict.fromkeys(outputs["it"], self.value)}


def peer(links: int) -> float:
    """Return the CPU time of the same exchange by mosaik, less the bare loop, microseconds per step."""
    with redirect_stdout(StringIO()):  # its banner
        world = mosaik.World({"Peer": {"python": f"{__name__}:Peer"}})
    further = FURTHER[: links - 1]
    plant = world.start("Peer", kernel=plant_kernel, takes="voltage", gives=["electric_load"]).Model()
    grid = world.start(
        "Peer", kernel=lambda p: grid_kernel(summed(p)), takes="electric_load", gives=["voltage"]
    ).Model()
    world.connect(plant, grid, "electric_load", *further)
    world.connect(grid, plant, "voltage", time_shifted=True, initial_data={"voltage": np.ones((1, STREETS))})
    try:
        return timed(lambda: world.run(until=PEER_STEPS, print_progress=False), PEER_STEPS) - bare(1, "building")
    finally:
        world.shutdown()


# -- the report


def measure() -> dict[str, list[float]]:
    cases: dict[str, Callable[[], float]] = {
        "two array simulators and one link": lambda: beyond(1, "building"),
        "one of them of SimPy": lambda: coupled(EventPlant(), Grid((), "building")) - bare_simpy(),
        f"{MOST_LINKS} links as they are": lambda: beyond(MOST_LINKS, "building"),
        f"{MOST_LINKS} links summed": lambda: beyond(MOST_LINKS, "bus"),
        "the bare loop itself": lambda: bare(1, "building"),
    }
    if mosaik:
        logger.remove()
        cases |= {"mosaik, one link": lambda: peer(1), f"mosaik, {MOST_LINKS} links": lambda: peer(MOST_LINKS)}
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            found[name].append(case())
    for kind in ("as they are", "summed"):
        many, one = found[f"{MOST_LINKS} links {kind}"], found["two array simulators and one link"]
        found[f"each further link {kind}"] = [(a - b) / (MOST_LINKS - 1) for a, b in zip(many, one, strict=True)]
    if mosaik:
        many, one = found[f"mosaik, {MOST_LINKS} links"], found["mosaik, one link"]
        found["mosaik, each further link"] = [(a - b) / (MOST_LINKS - 1) for a, b in zip(many, one, strict=True)]
    return found


def report(found: dict[str, list[float]]) -> None:
    print(f"{'microseconds per step beyond the bare loop':44s} {'median':>8s} {'least':>8s} {'bar':>6s}")
    for name, values in found.items():
        bar = next((f"{limit:6.0f}" for start, limit in BARS_US.items() if name.startswith(start)), "")
        print(f"{name:44s} {median(values):8.2f} {min(values):8.2f} {bar}")
    if not mosaik:
        print("mosaik cannot be imported (pip install mosaik), so there is nothing to compare with")
        return
    for ours, theirs in (
        ("two array simulators and one link", "mosaik, one link"),
        (f"{MOST_LINKS} links as they are", f"mosaik, {MOST_LINKS} links"),
    ):
        ratio = median(t / o for t, o in zip(found[theirs], found[ours], strict=True))
        print(f"{theirs}, over ours: {ratio:.0f} times")


def main() -> int:
    for name in FURTHER:
        declare(Quantity(name, "W", True, "one more power"))
    report(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
