"""Which phases the elements of a grid join, as masks of three."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid
from twin.table import Table

__all__ = ["LETTERS", "at_bus", "between", "joined", "masks"]

Mask = NDArray[np.bool_]
LETTERS = "abc"


def masks(table: Table, column: str = "phases") -> Mask:
    """Return which of the phases a, b, c each row names, none where it names none, shape ``(n, 3)``."""
    if column not in table:
        return np.zeros((len(table), 3), dtype=bool)
    return np.stack([np.char.find(table[column], letter) >= 0 for letter in LETTERS], axis=1).reshape(-1, 3)


def at_bus(grid: ElectricGrid) -> Mask:
    """Return which phases every bus has, shape ``(n_bus, 3)``; the first stands for all in a balanced grid."""
    found = np.zeros((len(grid.bus), 3), dtype=bool)
    found[:, : grid.phases] = (grid.nodes >= 0).T
    return found


def joined(grid: ElectricGrid, table: Table, *ends: str) -> Mask:
    """Return the phases each element joins: those it names, else those that all its ends have, shape ``(n, 3)``.

    In a balanced grid that is the first, which stands for all.
    """
    shared = np.logical_and.reduce([at_bus(grid)[table[end]] for end in ends])
    if grid.phases == 1:
        return np.asarray(shared)
    named = masks(table)
    if table.name == "line" and len(grid.line_matrix):
        matrix = grid.line_matrix
        matrix = matrix.take((matrix["line"] >= 0) & (matrix["line"] < len(table)))  # the others are findings
        own = np.zeros_like(named)
        own[matrix["line"], matrix["phase_a"]] = own[matrix["line"], matrix["phase_b"]] = True
        named = np.where(own.any(axis=1, keepdims=True), own, named)
    return np.where(named.any(axis=1, keepdims=True), named, shared)


def between(grid: ElectricGrid, bus: NDArray[np.int64], mask: Mask) -> NDArray[np.int64]:
    """Return the rows of the phase nodes of buses where ``mask`` holds, -1 elsewhere, shape ``(n, 3)``."""
    rows = np.full((len(bus), 3), -1, dtype=np.int64)
    rows[:, : grid.phases] = grid.nodes[:, bus].T
    return np.where(mask, rows, -1)
