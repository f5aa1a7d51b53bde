"""What hangs together in a grid whose switches are set: phase nodes that branches join."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid
from twin.grid.phases import between, joined
from twin.grid.powerflow.areas import components

__all__ = ["fed"]

Ints = NDArray[np.int64]

_SERIES = ("line", "regulator")
_COUPLED = {"transformer": ("hv_bus", "lv_bus"), "transformer_3w": ("hv_bus", "mv_bus", "lv_bus")}


def fed(grid: ElectricGrid) -> tuple[NDArray[np.bool_], Ints]:
    """Return which phase nodes a source feeds, and the number of the component of each, shape ``(n_node,)``."""
    label = components(len(grid.phase_node), *_pairs(grid))
    at_source = grid.nodes[:, grid.grid_source["bus"]].ravel()
    return np.isin(label, label[at_source[at_source >= 0]]), label


def _pairs(grid: ElectricGrid) -> tuple[Ints, Ints]:
    """Return phase nodes that branches join: lines phase by phase, windings all that they end at."""
    found = []
    for kind in _SERIES:
        table = getattr(grid, kind)
        mask = joined(grid, table, "from_bus", "to_bus")
        found.append(tuple(between(grid, table[end], mask).ravel() for end in ("from_bus", "to_bus")))
    for kind, ends in _COUPLED.items():
        table = getattr(grid, kind)
        mask = joined(grid, table, *ends)
        rows = np.concatenate([between(grid, table[end], mask) for end in ends], axis=1)
        first = np.broadcast_to(rows.max(axis=1, keepdims=True, initial=-1), rows.shape)
        found.append((first.ravel(), rows.ravel()))
    one, other = (np.concatenate(ends) for ends in zip(*found, strict=True))
    both = (one >= 0) & (other >= 0)
    return one[both], other[both]
