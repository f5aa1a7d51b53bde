"""The extremes of what is beside every bus: its phases, and the lines and transformers that end there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid

__all__ = ["BranchesOfBus", "PhasesOfBus"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Ragged:
    """Columns grouped by bus."""

    def __init__(self, bus: Ints, n_buses: int) -> None:
        self._order = np.argsort(bus, kind="stable")
        self._buses, self._starts = np.unique(bus[self._order], return_index=True)
        self._n = n_buses

    def reduce(self, values: Floats, by: np.ufunc, columns: Ints, nothing: float) -> Floats:
        """Reduce some columns bus by bus, shape ``(step, bus)``; ``nothing`` where a bus has none."""
        out = np.full((len(values), self._n), nothing)
        if len(self._starts):
            out[:, self._buses] = by.reduceat(values[:, columns[self._order]], self._starts, axis=1)
        return out


class PhasesOfBus:
    """The phase nodes of every bus, whichever it has."""

    def __init__(self, grid: ElectricGrid) -> None:
        self._of_bus = _Ragged(grid.phase_node["bus"], len(grid.bus))
        self._all = np.arange(len(grid.phase_node))

    def lowest(self, values: Floats) -> Floats:
        """Return the lowest of the phases' values, ``(step, phase_node)`` to ``(step, bus)``; 1 where there is none."""
        return self._of_bus.reduce(values, np.minimum, self._all, 1.0)

    def highest(self, values: Floats) -> Floats:
        """Return the highest of the phases' values; 0 where there is none."""
        return self._of_bus.reduce(values, np.maximum, self._all, 0.0)


class BranchesOfBus:
    """The lines and transformers that end at every bus."""

    def __init__(self, grid: ElectricGrid) -> None:
        line, unit = grid.line, grid.transformer
        ends = np.concatenate([line["from_bus"], unit["hv_bus"], line["to_bus"], unit["lv_bus"]])
        self._element = np.tile(np.arange(len(line) + len(unit)), 2)
        self._of_bus = _Ragged(ends, len(grid.bus))

    def largest(self, line: Floats, transformer: Floats) -> Floats:
        """Return the largest loading beside every bus, shape ``(step, bus)``; 0 where nothing ends."""
        return self._of_bus.reduce(np.concatenate([line, transformer], axis=1), np.maximum, self._element, 0.0)
