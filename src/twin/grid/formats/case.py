"""What reading a grid from files gives: its tables, and the power at its nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.model import ElectricGrid, make_table
from twin.grid.powerflow.network import GROUND
from twin.table import Table

__all__ = ["GridCase", "balanced_nodes", "case_of", "numbered", "stiff_sources", "three_phase_nodes"]

Complex = NDArray[np.complex128]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class GridCase:
    """A grid and what its file says is connected.

    Attributes
    ----------
    nodes
        Rows of ``grid.phase_node``, shape ``(k,)``, ascending.
    power_va
        Power fed in there (a load is negative), shape ``(step, k)``; one step where there is no profile.
    merged
        Buses of the file that are one with a bus of ``grid``, and this one's identifier.
    power_over_time
        P + jQ of elements as their table counts it, VA, by table, shape ``(step, n)``; what
        `twin.grid.assemble.Assembled.power_of` takes.
    grid_source
        Sources with the short-circuit power that the file states but does not mean for its own power flow; None if it
        states none.
    may_connect
        Buses at which customers may be connected, shape ``(n_bus,)``; None if the file does not tell.
    names
        By table what people call its rows, where that is not how they are identified and all have a name of their own.
    """

    grid: ElectricGrid
    nodes: Ints
    power_va: Complex
    merged: Mapping[str, str] = field(default_factory=dict)
    power_over_time: Mapping[str, Complex] = field(default_factory=dict)
    grid_source: Table | None = None
    may_connect: NDArray[np.bool_] | None = None
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)


_SIGN = {"load": -1.0, "static_generator": 1.0, "storage": -1.0}


def case_of(
    grid: ElectricGrid,
    power_over_time: Mapping[str, Complex] | None = None,
    merged: Mapping[str, str] | None = None,
) -> GridCase:
    """Return a grid with the power of its loads, generators and storages between phases and earth, by node."""
    from twin.grid.primitives import hung

    series = power_over_time or {}
    steps = max((len(values) for values in series.values()), default=1)
    power = np.zeros((steps, len(grid.phase_node)), dtype=np.complex128)
    used = np.zeros(len(grid.phase_node), dtype=bool)
    for name, sign in _SIGN.items():
        table = getattr(grid, name)
        row, node, other, share = hung(grid, table)
        to_earth = other == GROUND
        row, node, share = row[to_earth], node[to_earth], share[to_earth]
        own = series[name] if name in series else (table["p_w"] + 1j * table["q_var"])[None]
        np.add.at(power.T, node, (sign * share * own[:, row]).T)
        used[node] = True
    nodes = np.flatnonzero(used)
    return GridCase(grid, nodes, power[:, nodes], merged or {}, series)


def numbered(kind: str, n: int) -> list[str]:
    """Return ``n`` identifiers."""
    return [f"{kind} {k + 1}" for k in range(n)]


def balanced_nodes(ids: Sequence[str], connects: Ints, problems: Problems) -> Table:
    """Return one node per bus; customers are at the buses ``connects``."""
    columns = {"bus": np.arange(len(ids)), "phase": 0, "connects": np.isin(np.arange(len(ids)), connects)}
    return make_table("phase_node", ids, columns, problems=problems)


def three_phase_nodes(ids: Sequence[str], connects: Ints, problems: Problems) -> Table:
    """Return three nodes per bus; customers are at the rows ``connects``."""
    n = len(ids)
    columns = {
        "bus": np.repeat(np.arange(n), 3),
        "phase": np.tile(np.arange(3), n),
        "connects": np.isin(np.arange(3 * n), connects),
    }
    return make_table("phase_node", [f"{b}.{p}" for b in ids for p in (1, 2, 3)], columns, problems=problems)


def stiff_sources(columns: Mapping[str, Any], problems: Problems) -> Table:
    """Return sources that keep their voltage whatever happens."""
    everything = {"angle_deg": 0.0, "short_circuit_va": np.inf, "rx_ratio": 1.0, "z0_z1_ratio": 1.0, **columns}
    return make_table("grid_source", numbered("source", len(columns["bus"])), everything, problems=problems)
