"""Voltages of any nodes from the currents at the ports, part by part, written straight into complex numbers."""

from __future__ import annotations

import numpy as np

from twin.grid.powerflow.network import Complex, Floats, Ints
from twin.grid.powerflow.parts import Parts
from twin.grid.powerflow.workspace import Stack, Workspace

__all__ = ["Recovery"]

_CACHE_VALUES = 1 << 17  # voltages that are put into their order together
_LEAST_STEPS = 16


class Recovery:
    """A network in parts, ready to return voltages.

    Parameters
    ----------
    parts
        The network.
    no_load
        Voltages of all nodes without any load, shape ``(n,)``.
    nodes
        Nodes whose voltages are wanted, in the order of the result, shape ``(q,)``.
    steps
        The most steps at once.
    shared
        A workspace of the same parts that will hold the currents already, and will have passed them on.
    """

    def __init__(
        self, parts: Parts, no_load: Complex, nodes: Ints, steps: int, shared: Workspace | None = None
    ) -> None:
        self.workspace = shared or Workspace(parts, steps)
        wanted = np.zeros(len(no_load), dtype=bool)
        wanted[nodes] = True
        self._products: list[tuple[Stack, int, Floats, slice]] = []
        reached, first = [np.empty(0, dtype=np.int64)], 0
        for stack in self.workspace.stacks:
            for place, part in enumerate(stack.parts):
                rows = np.flatnonzero(wanted[part.nodes])
                rows = rows[np.argsort(part.nodes[rows])]
                reached.append(part.nodes[rows])
                last = first + 2 * len(rows)
                if len(rows):
                    matrix = _interleaved(stack.node_matrix(place, no_load), rows)
                    self._products.append((stack, place, matrix, slice(first, last)))
                first = last
        found = np.concatenate(reached)
        self._n_found = len(found)
        self._fixed = np.setdiff1d(nodes, found)
        self._fixed_voltage = no_load[self._fixed]
        column = np.empty(len(no_load), dtype=np.int64)
        column[np.r_[found, self._fixed]] = np.arange(self._n_found + len(self._fixed))
        self._columns = column[nodes]
        self._direct = np.array_equal(self._columns, np.arange(self._n_found))
        rows_at_once = 1 if self._direct else min(steps, max(_LEAST_STEPS, _CACHE_VALUES // max(1, len(nodes))))
        self._buffer = np.empty((rows_at_once, self._n_found + len(self._fixed)), dtype=np.complex128)
        self._buffer[:, self._n_found :] = self._fixed_voltage

    def load(self, currents: Floats, order: Ints) -> None:
        """Take the currents of the ports, shape ``(2, place, step)``; ``order`` holds each place's port or -1."""
        self.workspace.resize(currents.shape[2])
        rank = np.zeros(len(order) + 1, dtype=np.int64)
        rank[order] = np.arange(len(order))
        for stack in self.workspace.stacks:
            stack.currents[:] = currents[:, rank[stack.ports]].transpose(1, 0, 2, 3)
        self.workspace.pass_on()

    def voltages(self, out: Complex) -> None:
        """Write the voltages that follow from the currents, which have been passed on, shape ``(step, q)``."""
        self.workspace.meet()
        if self._direct:
            self._write(out, slice(0, len(out)))
            return
        for first in range(0, len(out), len(self._buffer)):
            into = out[first : first + len(self._buffer)]
            self._write(self._buffer[: len(into)], slice(first, first + len(into)))
            np.take(self._buffer[: len(into)], self._columns, axis=1, out=into, mode="clip")

    def _write(self, out: Complex, steps: slice) -> None:
        pairs = out.view(np.float64)
        for stack, place, matrix, columns in self._products:
            np.matmul(stack.inputs[place, :, steps].T, matrix, out=pairs[:, columns])


def _interleaved(matrix: Floats, rows: Ints) -> Floats:
    """Turn a matrix that gives ``[re; im]`` into one whose product with rows of inputs is complex numbers in memory."""
    pairs = matrix.reshape(2, len(matrix) // 2, -1)[:, rows].transpose(2, 1, 0)
    return np.ascontiguousarray(pairs.reshape(len(pairs), 2 * len(rows)))
