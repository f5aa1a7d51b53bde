"""What can be wrong with what is connected to buses: loads, generators, storages, shunts and sources."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.check_rows import inside, not_positive, report
from twin.grid.model import ElectricGrid
from twin.grid.phases import at_bus, masks
from twin.table import Table

__all__ = ["check_connected", "check_sources"]


def check_connected(grid: ElectricGrid, problems: Problems) -> None:
    """Add what is wrong with loads, generators, storages and shunts."""
    for table in (grid.load, grid.static_generator, grid.storage, grid.shunt, grid.generator):
        if not len(table):
            continue
        known = inside(table["bus"], len(grid.bus))
        report(table, ~known, "is at a bus that does not exist", problems)
        for name in ("p_w", "q_var"):
            if name in table:
                report(table, ~np.isfinite(table[name]), f"has a {name} that is no number", problems)
        if table.name != "generator":
            _check_phases(grid, table, known, problems)
    _check_shares(grid.load, problems)
    _check_generators(grid.generator, problems)


def _check_phases(grid: ElectricGrid, table: Table, known: NDArray[np.bool_], problems: Problems) -> None:
    named = masks(table)
    part = named.any(axis=1) & ~named.all(axis=1)
    if grid.phases == 1:
        report(table, part, "is connected to some phases, but one node stands for all", problems)
        return
    there = at_bus(grid)[np.where(known, table["bus"], 0)]
    lacking: NDArray[np.bool_] = np.asarray((named & ~there).any(axis=1))
    report(table, known & lacking, "is connected to a phase that its bus has not", problems)
    if "connection" in table:
        count = np.where(named.any(axis=1), named.sum(axis=1), there.sum(axis=1))
        delta = table["connection"] == "delta"
        report(table, known & delta & (count < 2), "is connected between phases, but to one only", problems)


def _check_shares(load: Table, problems: Problems) -> None:
    parts = [np.where(load.missing(name), 0.0, load[name]) for name in ("const_i", "const_z") if name in load]
    if parts:
        report(
            load, np.sum(parts, axis=0) > 1 + 1e-9, "has a const_i and a const_z that add up to more than 1", problems
        )


def _check_generators(table: Table, problems: Problems) -> None:
    if not len(table):
        return
    report(table, not_positive(table["voltage_pu"]), "has a voltage_pu that is not positive", problems)
    if "q_min_var" in table and "q_max_var" in table:
        crossed = table["q_min_var"] > table["q_max_var"]
        report(table, crossed, "has a q_min_var above its q_max_var", problems)


def check_sources(grid: ElectricGrid, problems: Problems) -> None:
    """Add what is wrong with what feeds the grid."""
    table = grid.grid_source
    if not len(table):
        problems.add("the grid has no source", expected="an external grid at one bus at least")
    known = inside(table["bus"], len(grid.bus))
    report(table, ~known, "feeds a bus that does not exist", problems)
    for name in ("voltage_pu", "short_circuit_va"):
        report(table, ~(table[name] > 0), f"has a {name} that is not positive", problems)
    buses, counts = np.unique(table["bus"][known], return_counts=True)
    for bus in buses[counts > 1]:
        problems.add(f"bus {grid.bus.ids[bus]} is fed by more than one source")
