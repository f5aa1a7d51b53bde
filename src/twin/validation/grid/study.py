"""A case solved: voltages, branch flows and losses at the steps that references look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError
from twin.grid.assemble import Assembled, assemble
from twin.grid.branches import rated_current
from twin.grid.files import GridCase
from twin.grid.powerflow.control import solve_controlled
from twin.grid.powerflow.limits import LimitedFlow, Limits
from twin.grid.powerflow.network import PrimitiveBlock, Solution, Status
from twin.grid.powerflow.solve import PowerFlow
from twin.grid.setpoints import setpoints_of
from twin.grid.switches import OPEN
from twin.table import Table
from twin.validation.grid.references import Reference

__all__ = ["BranchState", "Study"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOLERANCE_PU = 1e-10  # statistics of a year are compared to 1e-8
_VALUES = 1 << 20  # voltages held at once
_SERIES = ("line", "transformer", "transformer_3w", "regulator")


@dataclass(frozen=True)
class BranchState:
    """Lines or transformers at one step, shape ``(n,)`` each.

    Attributes
    ----------
    near_va, far_va
        P + jQ of all phases into its near end (a line's ``from_bus``, a transformer's ``hv_bus``) and far end, VA.
    current_a
        Largest of any phase and end, A.
    loading
        Over what may flow for good, 1.
    """

    near_va: Complex
    far_va: Complex
    current_a: Floats
    loading: Floats


class Study:
    """The power flow through a grid at every step.

    Parameters
    ----------
    case
        As it was read.
    within_limits
        Whether generators hold voltages only as far as their reactive power reaches.

    Raises
    ------
    TwinError
        If the grid is not in order, or, as soon as a step is asked for, if it has no solution.
    """

    def __init__(self, case: GridCase, within_limits: bool = True) -> None:
        self.grid = case.grid
        self._row_of_bus = {name: k for k, name in enumerate(case.grid.bus.ids.tolist())}
        self._row_of_bus |= {name: self._row_of_bus[kept] for name, kept in case.merged.items()}
        self._assembled = assemble(case.grid)
        self._network = self._assembled.network
        self._flow = LimitedFlow(self._assembled, _TOLERANCE_PU)
        self._holding = _Holding(self._assembled, within_limits) if len(case.grid.generator) else None
        self._power = self._assembled.power_of(case.power_over_time)
        if not len(self._power):
            raise TwinError("the case has no step")
        self._first = self._solve(slice(0, 1)).voltage[0]

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self._power)

    def nodes_of(self, buses: list[str], phase: int) -> Ints:
        """Return the phase node of each bus; -1 where the grid has no such bus or the bus no such phase."""
        bus = np.array([self._row_of_bus.get(name, -1) for name in buses], dtype=np.int64)
        table = self.grid.nodes[phase] if phase < len(self.grid.nodes) else np.full(len(self.grid.bus), -1)
        return np.where(bus >= 0, table[bus], -1)

    def known_nodes(self, reference: Reference, buses: list[str]) -> Ints:
        """Return the first phase node of each bus that a reference names.

        Raises
        ------
        TwinError
            Naming those that the grid has not.
        """
        nodes = self.nodes_of(buses, 0)
        lost = [bus for bus, node in zip(buses, nodes, strict=True) if node < 0]
        if lost:
            raise TwinError(Problem(f"the grid has no bus {', '.join(lost[:5])}", reference.path))
        return nodes

    @cached_property
    def own_nodes(self) -> Ints:
        """Phase nodes of the buses that the file lists, without those at which lines end that are open."""
        made = np.char.endswith(self.grid.bus.ids, OPEN)
        return np.flatnonzero(~made[self.grid.phase_node["bus"]])

    def nominal_v(self, nodes: Ints) -> Floats:
        """Return the nominal voltage of phase nodes to ground, V."""
        return np.asarray(self.grid.bus["v_nom_v"][self.grid.phase_node["bus"][nodes]] / np.sqrt(3))

    def voltage(self, step: int = 0) -> Complex:
        """Return the voltage of every phase node at a step, per unit."""
        found = self._first if step == 0 else self._solve(slice(step, step + 1)).voltage[0]
        return np.asarray(found[self._assembled.node])

    @cached_property
    def magnitude(self) -> Floats:
        """Magnitude of the voltage of every phase node at every step, per unit."""
        return np.concatenate([np.abs(found.voltage[:, self._assembled.node]) for _, found in self._blocks()])

    def losses_w(self) -> float:
        """Return what stays in lines, transformers and regulators at the first step, W."""
        return float(sum(self._into(table, self._first[None])[0] for table in _SERIES))

    @cached_property
    def losses_and_source_w(self) -> tuple[Floats, Floats]:
        """Losses in branches, and active power of the sources, at every step, W, shape ``(step,)`` each."""
        losses, source = np.zeros(self.steps), np.zeros(self.steps)
        tables = {block.table for block in self._network.blocks}
        for part, found in self._blocks():
            into = {table: self._into(table, found.voltage) for table in tables}
            losses[part] = sum(into[table] for table in _SERIES if table in into)
            source[part] = sum(into.values()) - self._fed_in(found)
        return losses, source

    def branches(self, table: str) -> BranchState:
        """Return what flows through all elements of ``line`` or ``transformer`` at the first step."""
        elements: Table = getattr(self.grid, table)
        n, rows = len(elements), self._assembled.rows[table]
        power, current = np.zeros((2, n), dtype=np.complex128), np.zeros((2, n))
        base_a = self._network.base_va * self.grid.phases / 3 / self._network.base_v
        for block in self._network.blocks:
            if block.table == table:
                at, flow = _at(block, self._first[None])[0], _currents(block, self._first[None])[0]
                own = rows[block.rows]
                for side, part in enumerate(np.split(np.arange(block.nodes.shape[1]), 2)):
                    power[side, own] = (at * np.conj(flow))[:, part].sum(axis=1) * self._network.base_va
                    current[side, own] = np.abs(flow * base_a[block.nodes])[:, part].max(axis=1)
        rated = rated_current(self.grid, table)
        loading = (current / np.where(np.isinf(rated), np.nan, rated)).max(axis=0)  # none where no rating is stated
        return BranchState(power[0], power[1], current.max(axis=0), loading)

    def _solve(self, steps: slice) -> Solution:
        """Return the voltages of all nodes of the network at some steps."""
        if self._holding is not None:
            return self._holding.solve(self._power[steps], steps.start or 0)
        solution = self._flow.solve(self._power[steps], "all")
        lost = np.flatnonzero(solution.status == Status.COLLAPSED)
        if len(lost):
            first = (steps.start or 0) + lost[0]
            raise TwinError(Problem(f"step {first} of {self.steps} has no solution: the voltage collapses"))
        return solution

    def _blocks(self) -> Iterator[tuple[slice, Solution]]:
        """Yield some steps after the other, and the voltages of all nodes at these."""
        size = max(1, _VALUES // self._network.n_nodes)
        for first in range(0, self.steps, size):
            part = slice(first, min(first + size, self.steps))
            yield part, self._solve(part)

    def _fed_in(self, found: Solution) -> Floats:
        """Return the active power that all that is connected feeds in, W, shape ``(step,)``."""
        one = self._assembled.connected
        across = found.voltage[:, one.node] - np.where(one.other < 0, 0.0, found.voltage[:, one.other])
        return np.asarray(np.einsum("tk,tk->t", across, np.conj(found.current)).real * self._network.base_va)

    def _into(self, table: str, voltage: Complex) -> Floats:
        """Return the active power that flows into all elements of a table and stays there, W, shape ``(step,)``."""
        total = np.zeros(len(voltage))
        for block in self._network.blocks:
            if block.table == table:
                total += np.einsum("tmk,tmk->t", _at(block, voltage), np.conj(_currents(block, voltage))).real
        return total * self._network.base_va


class _Holding:
    """A grid with generators that hold their voltage, within the limits of their reactive power.

    Raises
    ------
    TwinError
        If loads have limits of voltage beside them, too.
    """

    def __init__(self, assembled: Assembled, within_limits: bool) -> None:
        if Limits.of(assembled) is not None:
            raise TwinError("generators hold voltages where loads change with them, which is not solved together yet")
        self._setpoints = setpoints_of(assembled, np.arange(len(assembled.table)), within_limits)
        self._flow = PowerFlow(assembled.network, assembled.connected, _TOLERANCE_PU)

    def solve(self, power: Complex, first: int) -> Solution:
        """Return the voltages of all nodes; ``first`` is the number of the first step.

        Raises
        ------
        TwinError
            If a step does not come to rest.
        """
        found = solve_controlled(self._flow, power, setpoints=self._setpoints, nodes="all")
        if not found.settled.all():
            step = first + np.flatnonzero(~found.settled)[0]
            raise TwinError(f"step {step} has no solution in which generators hold their voltage")
        return found.solution


def _at(block: PrimitiveBlock, voltage: Complex) -> Complex:
    """Return the voltages at the nodes of elements, 0 at ground, ``(step, m, k)``."""
    return np.where(block.nodes < 0, 0.0, voltage[:, block.nodes])


def _currents(block: PrimitiveBlock, voltage: Complex) -> Complex:
    """Return the currents into elements at their nodes, per unit, ``(step, m, k)``."""
    return np.asarray(np.matmul(block.y, _at(block, voltage)[..., None])[..., 0])
