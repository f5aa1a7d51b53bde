"""Time many low-voltage feeders: a year of each, and a year of all of them step by step inside a feedback loop.

Usage: OPENBLAS_NUM_THREADS=1 python benchmarks/grid_many.py [FOLDER] [--feeders 1000] [--steps 35040] [--loop 300]

FOLDER holds the IEEE European low-voltage feeder as in the corpus (data/grids/ieee_european_lv): 906 buses, 55
single-phase loads. Every feeder has cables of its own (times 0.5 to 1) and its own loads: the profiles of the file,
every 15 minutes, put off by a time that differs from load to load.

1. A year: voltages at the loads, solved to 1e-10 per unit, and their statistics, feeder after feeder in as many
   processes as there are cores; a tenth of the feeders, then all of them, and the tenth with weekly percentiles.
2. A loop: 100 feeders side by side, to 1e-9 per unit; at every step each load depends on the voltage it had the step
   before. --loop is how many steps are timed. Beside it the same feeders solved one after the other.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.engine.workers import available
from twin.grid.assemble import Assembled, assemble
from twin.grid.files import GridCase, read_grid
from twin.grid.many import year_statistics
from twin.grid.model import COLUMNS, ElectricGrid
from twin.grid.powerflow.batch import Batch
from twin.grid.powerflow.solve import PowerFlow

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "grids" / "ieee_european_lv"
YEAR, STEP_S, DAY, MINUTES = 35_040, 900, 1440, 15
IN_LOOP, TOLERANCE, YEAR_TOLERANCE = 100, 1e-9, 1e-10
PERCENTILES = (2.5, 5.0, 95.0, 97.5)

Complex = NDArray[np.complex128]


def varied(case: GridCase, number: int) -> ElectricGrid:
    """Return the feeder with cables of another length."""
    line = case.grid.line
    factor = np.random.default_rng([1, number]).uniform(0.5, 1.0)
    return replace(case.grid, line=line.put(COLUMNS["line"]["length_m"], line["length_m"] * factor))


class Loads:
    """What every load of every feeder draws at any step: its profile of the day, put off."""

    def __init__(self, case: GridCase) -> None:
        self.day = assemble(case.grid).power_of(case.power_over_time)
        self.column = np.arange(self.day.shape[1])

    def __call__(self, feeder: int, made: Assembled, steps: slice) -> Complex:
        later = np.random.default_rng([2, feeder]).integers(0, DAY, len(self.column))
        rows = (MINUTES * np.arange(steps.start, steps.stop)[:, None] + later) % DAY
        return np.asarray(self.day[rows, self.column])


def year_of_each(case: GridCase, loads: Loads, feeders: int, steps: int, percentiles: tuple[float, ...]) -> None:
    begun, cpu = time.perf_counter(), _cpu_s()
    years = year_statistics(
        partial(varied, case), feeders, loads, steps, STEP_S, percentiles=percentiles, tolerance=YEAR_TOLERANCE
    )
    lowest, unsolved = np.inf, 0
    for year in years:
        lowest, unsolved = min(lowest, float(year.voltage_min.min())), unsolved + year.unsolved
    wall, cpu = time.perf_counter() - begun, _cpu_s() - cpu
    what = "with weekly percentiles" if percentiles else "without percentiles"
    print(
        f"{feeders} feeders x {steps:,} steps, {what}: {wall:.1f} s on {available()} cores, {cpu:.1f} s of CPU "
        f"({feeders * steps / cpu:,.0f} steps/s of CPU, {cpu / feeders * YEAR / steps:.3f} s per feeder and year, "
        f"building it included); lowest voltage {lowest:.4f} pu, {unsolved} without a solution; most memory of a "
        f"process {_most_mb():.0f} MB",
        flush=True,
    )


def year_in_a_loop(case: GridCase, loads: Loads, steps: int) -> None:
    made = [assemble(varied(case, k)) for k in range(IN_LOOP)]
    flows = [PowerFlow(one.network, one.connected, TOLERANCE) for one in made]
    drawn = np.concatenate([loads(k, one, slice(0, steps)) for k, one in enumerate(made)], axis=1)
    batch = Batch(flows, TOLERANCE)

    def side_by_side(power: Complex, across: Complex | None) -> Complex:
        return batch.solve(power, across).across

    def one_by_one(power: Complex, across: Complex | None) -> Complex:
        return np.concatenate(
            [flow.solve(power[:, own]).voltage for flow, own in zip(flows, batch.elements, strict=True)], axis=1
        )

    taken = {}
    for solve in (side_by_side, one_by_one):
        across = solve(drawn[:1], None)[0]
        begun = time.process_time()
        for full in drawn:
            share = np.clip(10 * (np.abs(across) - 0.9), 0.0, 1.0)
            across = solve((full * share)[None], across)[0]
        taken[solve] = (time.process_time() - begun) / steps, across
    (batched, one), (alone, other) = taken[side_by_side], taken[one_by_one]
    print(
        f"{len(flows)} feeders, one step at a time: {batched * 1e3:.2f} ms of CPU per step side by side, "
        f"a year of 15 min {batched * YEAR:.0f} s; one after the other {alone * 1e3:.2f} ms; "
        f"{np.abs(one - other).max():.1e} pu apart",
        flush=True,
    )


def _cpu_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)


def _most_mb() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(use.ru_maxrss for use in both) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=FOLDER)
    parser.add_argument("--feeders", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=YEAR)
    parser.add_argument("--loop", type=int, default=300)
    given = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("set OPENBLAS_NUM_THREADS=1: CPU time is compared on one core")
    case = read_grid(given.folder)
    loads = Loads(case)
    for feeders in sorted({max(1, given.feeders // 10), given.feeders}):
        year_of_each(case, loads, feeders, given.steps, ())
    year_of_each(case, loads, max(1, given.feeders // 10), given.steps, PERCENTILES)
    year_in_a_loop(case, loads, given.loop)


if __name__ == "__main__":
    main()
