"""Building-years per second of the 5R1C kernel with everything on, in single and double precision.

``python benchmarks/buildings.py`` runs parts of all four seasons with: set points of eight uses by day and night,
limited heating, limited cooling in every third building, windows opened in the others, ventilation of every fourth at
night in summer. Gains are one series per building, or profiles that buildings share. Results are stored by the hour, or
streamed into sums, peaks and hours above 26 degC per building and heating and cooling of 20 groups by the hour. Beside
it: single steps as in a coupled loop, what the memory gives in the same run, the printed procedure in a plain loop, and
other simulators where they are installed, for one house without gains (EnTiSe, pybuildingenergy; of the extra ``bench``
or in an environment of their own). All times are of the process, the least of some repeats, on one thread.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np

from twin.buildings.kernel.results import GroupSeries, Totals
from twin.buildings.kernel.simple_hourly import Control, Run, Shared, Zones, fold, simulate, stream

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "buildings"))
import buildings_peers
import iso13790

HOUR = 3600.0
YEAR = 8760
FLOOR_M2 = 100.0
GROUPS = 20
SEASONS = (15, 105, 195, 285)  # first day of each part of the year


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


def season(day, days, n, dtype, shared, seed=2):
    """Return the series of some days, and the control as keywords."""
    rng = np.random.default_rng(seed)
    steps = 24 * days
    hours = np.arange(steps)[:, None] + 24 * day
    outdoor = 9 - 10 * np.cos(2 * np.pi * hours / YEAR) - 4 * np.cos(2 * np.pi * hours / 24)
    outdoor = outdoor + rng.normal(0, 1.5, (steps, 1))
    use = np.eye(8)[rng.integers(0, 8, n)].T
    internal = Shared(rng.uniform(0.5, 1.5, (steps, 8)), use * rng.uniform(200, 600, n))
    height = np.maximum(-np.cos(2 * np.pi * hours / 24), 0) * (1 - 0.6 * np.cos(2 * np.pi * hours / YEAR))
    faces = rng.dirichlet(np.ones(5), n).T * rng.uniform(0, 2500, n)
    solar = Shared(height * rng.uniform(0.2, 1, (steps, 5)), faces)
    if not shared:
        internal, solar = (s.expand().astype(dtype) for s in (internal, solar))
    return (outdoor, internal, solar), _control(hours, use, n)


def _control(hours, use, n):
    awake = (hours % 24 >= 6 - np.arange(8) % 3) & (hours % 24 < 22)
    night = (hours % 24 < 6) & (hours > 0.37 * YEAR) & (hours < 0.7 * YEAR)
    ones, cooled = np.ones((len(hours), 1)), np.arange(n) % 3 == 0
    return {
        "heating_set": Shared(np.hstack([awake, ones]), np.vstack([use * 3.0, np.full(n, 17.0)])),
        "cooling_set": Shared(ones, np.where(cooled, 25.0, 1000.0)[None]),
        "heating_max": np.full(n, 8000.0),
        "cooling_max": np.full(n, 3000.0),
        "airing_from": np.where(cooled, np.inf, 23.0),
        "airing_max": np.full(n, 150.0),
        "ventilation": Shared(night.astype(float), np.where(np.arange(n) % 4 == 0, 80.0, 0.0)[None]),
    }


def part(control, here):
    """Return the control of some steps."""
    return Control(**{k: v.steps(here) if isinstance(v, Shared) else v for k, v in control.items()})


def years_per_second(n, dtype, shared, streamed, days, repeats):
    """Return building-years per second over parts of the four seasons."""
    steps, cases = fold(houses(n), HOUR, dtype), [season(day, days, n, dtype, shared) for day in SEASONS]
    groups, best = np.arange(n) * GROUPS // n, np.inf
    for _ in range(repeats):
        mass, begin = np.full(n, 20.0), time.process_time()
        for series, control in cases:
            if streamed:
                sinks = [Totals(n, HOUR, above=(26.0,)), GroupSeries(groups, GROUPS, 24 * days)]
                mass = stream(steps, mass, *series, Control(**control), sinks)
            else:
                mass = simulate(steps, mass, *series, Control(**control)).mass[-1]
        best = min(best, time.process_time() - begin)
    return n * len(cases) * days * 24 / YEAR / best


def seconds_per_step(n, dtype, repeats, steps=96):
    """Return the seconds that one step takes as a window of its own, in spring."""
    folded, (series, control) = fold(houses(n), HOUR, dtype), season(105, steps // 24, n, dtype, False)
    windows = [([v[k : k + 1] for v in series], part(control, slice(k, k + 1))) for k in range(steps)]
    run, best = Run(folded), np.inf
    for _ in range(repeats):
        mass, begin = np.full(n, 20.0), time.process_time()
        for given, means in windows:
            mass = run.simulate(mass, *given, means).mass[-1]
        best = min(best, time.process_time() - begin)
    return best / steps


def bytes_per_second(size=30_000_000, repeats=3):
    """Return what the memory gives: two streams of float32 read, one written."""
    a, b, out, best = np.ones(size, np.float32), np.ones(size, np.float32), np.zeros(size, np.float32), np.inf
    for _ in range(repeats):
        begin = time.process_time()
        np.add(a, b, out)
        best = min(best, time.process_time() - begin)
    return 12 * size / best


def literal(steps=4000):
    """Return building-years per second of the printed procedure, one building in a Python loop."""
    zones, ((outdoor, internal, solar), _) = houses(1), season(15, 30, 1, float, False)
    one = Zones(**{name: float(values[0]) for name, values in vars(zones).items()})
    mass, begin = 20.0, time.process_time()
    for i in range(steps):
        k = i % len(outdoor)
        inputs = outdoor[k, 0], internal[k, 0], solar[k, 0], 20.0
        _, _, mass = iso13790.step(one, HOUR, mass, *inputs, 26.0, FLOOR_M2)
    return steps / YEAR / (time.process_time() - begin)


def report_years(n, days, repeats, memory):
    """Print our rates and return the one with everything given per building, stored in float32."""
    rates = {}
    for dtype in (np.float32, np.float64):
        for shared in (False, True):
            stored, streamed = (years_per_second(n, dtype, shared, s, days, repeats) for s in (False, True))
            rates[dtype, shared] = stored
            gains = "shared profiles" if shared else "own series"
            line = f"{n:7d} buildings, {np.dtype(dtype).name}, gains as {gains:15s}: "
            line += f"{stored:7.0f} building-years/s stored, {streamed:7.0f} streamed"
            # power, air and heat vented are written, two gains read unless shared
            allowed = memory / (np.dtype(dtype).itemsize * (3 if shared else 5) * YEAR)
            print(f"{line}; memory alone would allow {allowed:7.0f}, {allowed / stored:.0f} times", flush=True)
    return rates[np.float32, False]


def report_peers(ours, slow):
    """Print the rate of every simulator beside ours, and how many times ours is faster."""
    outdoor, one = season(0, 365, 1, float, False)[0][0][:, 0], houses(1)
    peers = {
        "EN ISO 13790 as printed, plain loop": literal,
        "EnTiSe 5R1C": lambda: buildings_peers.entise(one, outdoor, "R5C1"),
        "EnTiSe 1R1C, compiled": lambda: buildings_peers.entise(one, outdoor, "R1C1"),
        "pybuildingenergy": lambda: buildings_peers.pybuildingenergy(outdoor),
    }
    for name, rate in peers.items():
        if name == "pybuildingenergy" and not slow:
            print(f"{name}: left out, as a building-year takes it more than a minute; add --slow")
            continue
        try:
            found = rate()
        except ImportError:
            print(f"{name}: not installed")
        else:
            print(f"{name}: {found:.3g} building-years/s; ours is {ours / found:.0f} times as fast", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buildings", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--days", type=int, default=5, help="of every season")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slow", action="store_true", help="with peers that take minutes")
    arguments = parser.parse_args()
    memory = bytes_per_second()
    print(f"memory: {memory / 1e9:.1f} GB/s")
    ours = max(report_years(n, arguments.days, arguments.repeats, memory) for n in arguments.buildings)
    for n in (100, 1_000, 10_000):
        times = (seconds_per_step(n, dtype, arguments.repeats) * 1e3 for dtype in (np.float32, np.float64))
        print("windows of one step, {:6d} buildings: {:.3f} ms in float32, {:.3f} ms in float64".format(n, *times))
    report_peers(ours, arguments.slow)


if __name__ == "__main__":
    main()
