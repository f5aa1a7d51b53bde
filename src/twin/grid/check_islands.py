"""Which buses and phases of a grid nothing feeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.check_rows import listed, report
from twin.grid.connectivity import fed
from twin.grid.model import ElectricGrid
from twin.grid.powerflow.areas import components
from twin.grid.switches import set_switches

__all__ = ["check_islands"]

_NAMED = 20
_CONNECTED = ("load", "static_generator", "generator", "storage")


def check_islands(grid: ElectricGrid, problems: Problems) -> None:
    """Name the buses and phases from which no closed path of branches leads to a source."""
    if not len(grid.grid_source):
        return  # said already
    switched = set_switches(grid)
    is_fed, label = (of_node[switched.node] for of_node in fed(switched.grid))
    bus, n = grid.phase_node["bus"], len(grid.bus)
    dark = np.bincount(bus[~is_fed], minlength=n) == np.bincount(bus, minlength=n)
    island = components(n + int(label.max()) + 1, bus, n + label)[:n]  # buses that share one on any phase
    found = np.unique(island[dark])
    for one in found[:_NAMED]:
        rows = np.flatnonzero((island == one) & dark)
        verb = "is" if len(rows) == 1 else "are"
        without = _what_is_at(grid, rows)
        problems.add(f"{listed('bus', 'buses', grid.bus.ids[rows])} {verb} an island: no source feeds it{without}")
    if len(found) > _NAMED:
        problems.add(f"there are {len(found) - _NAMED} more islands that no source feeds")
    report(grid.phase_node, ~is_fed & ~dark[bus], "has no path to a source on its phase", problems)


def _what_is_at(grid: ElectricGrid, buses: NDArray[np.int64]) -> str:
    """Name the loads, generators and storages at some buses."""
    found = []
    for name in _CONNECTED:
        table = getattr(grid, name)
        here = table.ids[np.isin(table["bus"], buses)]
        found += [listed("", "", here).strip()] if len(here) else []
    return f", nor {', '.join(found)} there" if found else ""
