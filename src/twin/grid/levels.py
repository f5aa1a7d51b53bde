"""A medium-voltage grid and the low-voltage grids behind it, solved in turns until they agree.

Given the voltage at its connection, a low-voltage grid knows nothing of the others. So all of them are solved side by
side, and stand in the medium-voltage grid as what they take without any injection (an admittance) and what their
injections add to it (a current): block Gauss-Seidel on the joint equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.check import check
from twin.grid.model import ElectricGrid
from twin.grid.network import BASE_VA, Network, admittance_matrix, network, source_currents
from twin.grid.stack import Piece, Stack, solve_stack, stacked

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["LevelsSolution", "TwoLevels"]

Complex = NDArray[np.complex128]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

TOLERANCE_PU = 1e-9
MAX_ROUNDS = 50


@dataclass(frozen=True)
class LevelsSolution:
    """Voltages on both levels, per unit.

    Attributes
    ----------
    medium
        At all phase nodes of the medium-voltage grid, shape ``(step, phase_node)``.
    low
        At the ``low_nodes`` of every low-voltage grid, shape ``(step, k)`` each.
    rounds
        How many turns the levels took, shape ``(step,)``.
    solved
        False where there is no solution (voltage collapse), shape ``(step,)``; the voltages then mean nothing.
    """

    medium: Complex
    low: list[Complex]
    rounds: Ints
    solved: Mask


class TwoLevels:
    """A medium-voltage grid with low-voltage grids at some of its buses.

    Parameters
    ----------
    medium
        Power may flow in and out at its phase nodes that connect customers.
    low
        Each with one source, whose bus is the medium-voltage one it is connected to: what the source states gives way
        to the voltage there.
    at
        Row of that bus in the medium-voltage grid, shape ``(len(low),)``.

    Attributes
    ----------
    medium_nodes, low_nodes
        Rows of the phase nodes at which power may flow in or out, of the one grid and of each of the others.

    Raises
    ------
    TwinError
        For all that is wrong with the grids, or with how they are joined.
    """

    def __init__(self, medium: ElectricGrid, low: Sequence[ElectricGrid], at: Sequence[int] | Ints) -> None:
        for grid in (medium, *low):
            check(grid)
        _check_joints(medium, low, at)
        self._scale = medium.phases / BASE_VA
        below = [_Below(grid) for grid in low]
        self.low_nodes: list[Ints] = [one.nodes for one in below]
        self._upper = _Upper(medium, np.asarray(at), [one.seen for one in below])
        self.medium_nodes: Ints = self._upper.nodes
        sizes = np.cumsum([0, *(len(one.nodes) for one in below)]).tolist()
        self._slices = [slice(a, b) for a, b in pairwise(sizes)]
        pieces = [
            Piece(i, np.arange(own.start, own.stop), one.inner, np.ones(len(one.nodes), dtype=np.complex128))
            for i, (one, own) in enumerate(zip(below, self._slices, strict=True))
        ]
        self._parts = [_Part(stack, owner, below) for stack, owner in stacked(pieces, sizes[-1])]

    def solve(self, medium_va: Complex, low_va: Sequence[Complex]) -> LevelsSolution:
        """Solve every step.

        Parameters
        ----------
        medium_va
            Power fed in at ``medium_nodes``, VA, generation positive, shape ``(step, k)``.
        low_va
            The same at the ``low_nodes`` of every low-voltage grid.
        """
        n = len(medium_va)
        upper, none = medium_va * self._scale, np.zeros((n, 1), dtype=np.complex128)
        lower = np.concatenate([*(power * self._scale for power in low_va), none], axis=1)
        boundary = np.tile(self._upper.boundary_without, (n, 1, 1))
        voltage = np.ones(lower.shape, dtype=np.complex128)
        medium = np.zeros((n, self._upper.n_nodes), dtype=np.complex128)
        rounds, solved = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
        steps = np.arange(n)
        for count in range(1, MAX_ROUNDS + 1):
            start = None if count == 1 else voltage[steps]
            drawn, voltage[steps], well = self._solve_low(lower[steps], boundary[steps], start)
            medium[steps], reached, above = self._upper.solve(upper[steps], drawn)
            moved = np.abs(reached - boundary[steps]).max(axis=(1, 2), initial=0.0)
            boundary[steps], rounds[steps], solved[steps] = reached, count, well & above
            steps = steps[(moved >= TOLERANCE_PU) & well & above]
            if not len(steps):
                break
        solved[steps] = False
        return LevelsSolution(medium, [voltage[:, own] for own in self._slices], rounds, solved)

    def _solve_low(self, power: Complex, boundary: Complex, start: Complex | None) -> tuple[Complex, Complex, Mask]:
        """Solve the low-voltage grids for the voltage at their connections, shape ``(step, grid, phase)``.

        Returns what their injections feed into the medium-voltage grid, shape as ``boundary``, their voltages, and
        which steps have a solution.
        """
        fed, voltage = np.zeros_like(boundary), np.ones_like(power)
        solved = np.ones(len(power), dtype=bool)
        for part in self._parts:
            columns = part.stack.columns
            begin = None if start is None else start[:, columns].swapaxes(0, 1)
            own = np.ascontiguousarray(power[:, columns].swapaxes(0, 1))
            found = solve_stack(part.stack, own, part.without(boundary), begin)
            voltage[:, columns] = found.voltage.swapaxes(0, 1)
            fed[:, part.owner] = part.fed(found.current)
            solved &= found.solved.all(axis=0)
        return fed, voltage, solved


class _Below:
    """A low-voltage grid as its connection sees it.

    Attributes
    ----------
    nodes
        Rows of the phase nodes at which power may flow in or out, shape ``(k,)``.
    inner
        As for `twin.grid.stack.Stack`, the connection's voltage being given, shape ``(k, k)``.
    lifted
        What a voltage at each phase of the connection is at each injection, shape ``(phases, k)``.
    passed
        What a current at each injection feeds into each phase of the connection, shape ``(k, phases)``.
    seen
        Admittance of the grid without injections, shape ``(phases, phases)``: row by column.
    """

    def __init__(self, grid: ElectricGrid) -> None:
        net = network(grid)
        net = replace(net, source_admittance=np.zeros_like(net.source_admittance))
        matrix = admittance_matrix(net)
        self.nodes, own = _injections(grid, net)
        edge = net.n_buses * np.arange(net.phases) + net.source_bus[0]
        inside = np.setdiff1d(np.arange(net.n_nodes), edge)
        to_edge = matrix[edge][:, inside].toarray()
        unit = np.zeros((len(inside), net.phases + len(own)), dtype=np.complex128)
        unit[:, : net.phases] = -matrix[inside][:, edge].toarray()
        place = np.searchsorted(inside, own)
        unit[place, net.phases + np.arange(len(own))] = 1.0
        found = _solved(matrix, inside, unit)
        from_edge, from_own = found[:, : net.phases], found[:, net.phases :]
        self.inner = np.ascontiguousarray(from_own[place].T)
        self.lifted = np.ascontiguousarray(from_edge[place].T)
        self.passed = -(to_edge @ from_own).T
        self.seen = matrix[edge][:, edge].toarray() + to_edge @ from_edge


class _Part:
    """Low-voltage grids with about as many injections, and what joins them to their connections."""

    def __init__(self, stack: Stack, owner: Ints, below: Sequence[_Below]) -> None:
        self.stack, self.owner = stack, owner
        m, k = stack.columns.shape
        phases = len(below[0].seen)
        self._filled = np.array([np.arange(k) >= len(below[i].nodes) for i in owner])[:, None, :]
        self._lifted, self._passed = np.zeros((m, phases, k), complex), np.zeros((m, k, phases), complex)
        for row, one in enumerate(below[i] for i in owner):
            self._lifted[row, :, : len(one.nodes)] = one.lifted
            self._passed[row, : len(one.nodes)] = one.passed

    def without(self, boundary: Complex) -> Complex:
        """Return the voltages without injections, shape ``(m, step, k)``; 1 where a grid is only filled up."""
        lifted = np.matmul(boundary[:, self.owner].swapaxes(0, 1), self._lifted)
        return np.where(self._filled, 1.0, lifted)

    def fed(self, current: Complex) -> Complex:
        """Return what injections feed into the medium-voltage grid, shape ``(step, m, phases)``."""
        return np.asarray(np.matmul(current, self._passed).swapaxes(0, 1))


class _Upper:
    """The medium-voltage grid, reduced to its injections and its connections to low-voltage grids.

    Attributes
    ----------
    nodes
        Rows of the phase nodes at which power may flow in or out, shape ``(k,)``.
    n_nodes
        Number of its phase nodes.
    boundary_without
        Voltage at the connections without any injection, shape ``(connections, phases)``.
    """

    def __init__(self, grid: ElectricGrid, at: Ints, seen: Sequence[Complex]) -> None:
        net = network(grid)
        self.nodes, own = _injections(grid, net)
        place = np.empty(net.n_buses, dtype=np.int64)
        place[net.bus] = np.arange(net.n_buses)
        edge = place[at][:, None] + net.n_buses * np.arange(net.phases)
        self.n_nodes, self._edge = net.n_nodes, edge
        without, added = _reduce(net, edge, seen, np.concatenate([own, edge.ravel()]))
        of_row = np.empty(net.n_nodes, dtype=np.int64)
        of_row[grid.nodes[:, net.bus].ravel()] = np.arange(net.n_nodes)
        self._of_row, self._without, self._own = of_row, without, own
        self._from_own, self._from_edge = added[: len(own)], added[len(own) :]
        pieces = [Piece(0, np.arange(len(own)), np.ascontiguousarray(self._from_own[:, own]), without[own])]
        self._stack = stacked(pieces, len(own))[0][0] if len(own) else None
        self.boundary_without = without[edge]

    def solve(self, power: Complex, fed: Complex) -> tuple[Complex, Complex, Mask]:
        """Return the voltages of all phase nodes and at the connections, and which steps have a solution."""
        offset = fed.reshape(len(fed), -1) @ self._from_edge + self._without
        solved = np.ones(len(power), dtype=bool)
        if self._stack is not None:
            columns = self._stack.columns[0]
            filled = np.concatenate([power, np.zeros((len(power), 1))], axis=1)[None, :, columns]
            without = np.concatenate([offset[:, self._own], np.ones((len(power), 1))], axis=1)[None, :, columns]
            found = solve_stack(self._stack, filled, without)
            offset += found.current[0, :, : len(self._own)] @ self._from_own
            solved = found.solved[0]
        return offset[:, self._of_row], offset[:, self._edge], solved


def _injections(grid: ElectricGrid, net: Network) -> tuple[Ints, Ints]:
    """Return the phase nodes at which power may flow in or out: their rows in the table, and nodes of the network."""
    rows = grid.nodes[:, net.bus].ravel()
    own = np.flatnonzero(grid.phase_node["connects"][rows])
    return rows[own], own


def _reduce(net: Network, edge: Ints, seen: Sequence[Complex], injections: Ints) -> tuple[Complex, Complex]:
    """Return the voltages without injections ``(n,)``, and what a current at each injection adds ``(k, n)``."""
    from scipy.sparse import coo_array

    rows, columns = np.broadcast_arrays(edge[:, :, None], edge[:, None, :])
    low = coo_array((np.array(seen).ravel(), (rows.ravel(), columns.ravel())), shape=(net.n_nodes, net.n_nodes))
    matrix = (admittance_matrix(net) + low).tocsc()
    stiff = (net.source_bus[net.stiff] + net.n_buses * np.arange(net.phases)[:, None]).ravel()
    free = np.setdiff1d(np.arange(net.n_nodes), stiff)
    without = np.zeros(net.n_nodes, dtype=np.complex128)
    without[stiff] = net.source_voltage[:, net.stiff].ravel()
    unit = np.zeros((net.n_nodes, 1 + len(injections)), dtype=np.complex128)
    unit[:, 0] = source_currents(net) - np.asarray(matrix @ without)
    unit[injections, 1 + np.arange(len(injections))] = 1.0
    found = np.zeros_like(unit)
    found[free] = _solved(matrix, free, unit[free])
    return without + found[:, 0], np.ascontiguousarray(found[:, 1:].T)


def _solved(matrix: csc_array, nodes: Ints, right: Complex) -> Complex:
    """Return the voltages of some nodes for currents there, the other nodes being held at 0."""
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    rows = matrix[nodes]
    return np.asarray(splu(csc_array(rows[:, nodes])).solve(right))


def _check_joints(medium: ElectricGrid, low: Sequence[ElectricGrid], at: Sequence[int] | Ints) -> None:
    with Problems() as problems:
        if len(at) != len(low):
            problems.add(f"{len(low)} low-voltage grids are connected at {len(at)} buses", expected="as many")
            return
        for number, (grid, bus) in enumerate(zip(low, at, strict=True)):
            place = f"low-voltage grid {number}"
            if not 0 <= bus < len(medium.bus):
                problems.add(
                    f"it is connected to row {bus} of the buses", place, expected=f"0 to {len(medium.bus) - 1}"
                )
                continue
            if len(grid.grid_source) != 1:
                problems.add(f"it has {len(grid.grid_source)} sources", place, expected="one, its connection")
                continue
            edge = int(grid.grid_source["bus"][0])
            volts = float(grid.bus["v_nom_v"][edge]), float(medium.bus["v_nom_v"][bus])
            if volts[0] != volts[1]:
                found = f"its connection has a nominal voltage of {volts[0]:g} V"
                problems.add(found, place, expected=f"that of bus {medium.bus.ids[bus]}: {volts[1]:g} V")
            if grid.phases != medium.phases:
                problems.add(f"its buses have {grid.phases} nodes", place, expected=f"{medium.phases}, as above it")
            elif grid.phase_node["connects"][grid.nodes[:, edge]].any():
                suggestion = "connect them at the bus of the medium-voltage grid"
                problems.add("customers may be connected at its source's bus", place, suggestion=suggestion)
