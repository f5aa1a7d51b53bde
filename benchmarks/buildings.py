"""Building-years per second of the 5R1C kernel, and of the printed procedure in a plain loop beside it.

``python benchmarks/buildings.py`` prints one line per number of buildings; a year is simulated in windows of 30 days.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from twin.buildings.kernel import Control, Zones, fold, simulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "buildings"))
import iso13790

HOUR = 3600.0
WINDOW = 30 * 24
FLOOR_M2 = 100.0


def houses(n, seed=1):
    rng = np.random.default_rng(seed)
    h_op, h_w, h_ve = rng.uniform(20, 300, n), rng.uniform(5, 90, n), rng.uniform(5, 120, n)
    h_ms = 9.1 * 2.5 * FLOOR_M2
    share = 2.5 / 4.5
    return Zones(
        h_tr_w=h_w,
        h_tr_em=h_op * h_ms / (h_ms - h_op),
        h_tr_ms=np.full(n, h_ms),
        h_tr_is=np.full(n, 3.45 * 4.5 * FLOOR_M2),
        h_ve=h_ve,
        c_m=rng.uniform(8e4, 3.7e5, n) * FLOOR_M2,
        to_mass=np.full(n, share),
        to_surface=1 - share - h_w / (9.1 * 4.5 * FLOOR_M2),
    )


def weather(n, seed=2):
    """A month: one outdoor temperature, gains of every building, set points by day and night."""
    rng = np.random.default_rng(seed)
    hours = np.arange(WINDOW)[:, None]
    outdoor = 5.0 - 4.0 * np.cos(2 * np.pi * hours / 24) + rng.normal(0, 1, (WINDOW, 1))
    internal = np.broadcast_to(rng.uniform(200, 600, (WINDOW, 1)), (WINDOW, n)).copy()
    solar = np.maximum(-np.cos(2 * np.pi * hours / 24), 0) * rng.uniform(0, 2000, (1, n))
    heating_set = np.where((hours % 24 >= 6) & (hours % 24 < 22), 20.0, 17.0) + np.zeros((1, n))
    return outdoor, internal, solar, heating_set


def ours(n, windows, full):
    """Return building-years per second: heating alone, or limited heating and windows opened."""
    steps, (*series, heating_set) = fold(houses(n), HOUR), weather(n)
    limits = (np.full(n, v) for v in (8000.0, 23.0, 150.0))
    more = dict(zip(("heating_max", "airing_from", "airing_max"), limits, strict=True)) if full else {}
    control = Control(heating_set, **more)
    mass = np.full(n, 20.0)
    simulate(steps, mass, *series, control)
    begin = time.process_time()
    for _ in range(windows):
        mass = simulate(steps, mass, *series, control).mass[-1]
    return n * windows * WINDOW / 8760 / (time.process_time() - begin)


def literal(steps=2000):
    """Return building-years per second of the printed procedure, one building in a Python loop."""
    zones, (outdoor, internal, solar, heating_set) = houses(1), weather(1)
    one = Zones(**{name: float(values[0]) for name, values in vars(zones).items()})
    mass, begin = 20.0, time.process_time()
    for i in range(steps):
        k = i % WINDOW
        inputs = outdoor[k, 0], internal[k, 0], solar[k, 0], heating_set[k, 0]
        _, _, mass = iso13790.step(one, HOUR, mass, *inputs, 26.0, FLOOR_M2)
    return steps / 8760 / (time.process_time() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buildings", type=int, nargs="+", default=[117, 1_000, 10_000])
    parser.add_argument("--windows", type=int, default=4)
    arguments = parser.parse_args()
    for n in arguments.buildings:
        heat, full = (max(ours(n, arguments.windows, c) for _ in range(3)) for c in (False, True))
        print(f"{n:7d} buildings: {heat:8.0f} building-years/s heated, {full:8.0f} limited and aired (process time)")
    print(f"literal procedure, plain loop: {literal():8.1f} building-years/s")


if __name__ == "__main__":
    main()
