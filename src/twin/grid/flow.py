"""Power flow through a grid's tables: from watts at phase nodes to voltages, loadings and losses."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError
from twin.grid.check import check, check_symmetrical
from twin.grid.kernel import Solution, branch_factors, branch_flows, node_voltages, solve
from twin.grid.model import ElectricGrid, make_table
from twin.grid.network import BASE_VA, network
from twin.grid.reduction import Reduced, reduce_network

__all__ = ["GridState", "PowerFlow", "power_flow"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_TURN = np.exp(-2j * np.pi / 3 * np.arange(3))  # of phases a, b and c in the positive sequence
_ALIKE_PU = 1e-12  # what rounding leaves of the difference between phases
_CACHE_VALUES = 1 << 16  # voltages looked at together, so that what is computed from them stays in the cache


@dataclass(frozen=True)
class GridState:
    """The grid at every step.

    Attributes
    ----------
    voltage
        Per unit of the nominal voltage, shape ``(step, phase_node)``; angles against the source's.
    line_loading, transformer_loading
        Largest phase current over what may flow for good, shape ``(step, line)`` and ``(step, transformer)``.
    line_loss, transformer_loss
        W, same shapes.
    """

    voltage: Complex
    line_loading: Floats
    transformer_loading: Floats
    line_loss: Floats
    transformer_loss: Floats


class PowerFlow:
    """A grid made ready for any number of steps.

    Parameters
    ----------
    grid
        Is checked first.
    nodes
        Rows of the phase nodes at which power may flow in or out; those that connect customers if None.

    Raises
    ------
    TwinError
        For everything that is wrong with the grid.
    """

    def __init__(self, grid: ElectricGrid, nodes: NDArray[np.int64] | None = None) -> None:
        check(grid)
        check_symmetrical(grid)
        self.grid = grid
        net = network(grid)
        wanted = np.flatnonzero(grid.phase_node["connects"]) if nodes is None else np.asarray(nodes)
        rows = grid.nodes[:, net.bus].ravel()
        self._place = np.empty(len(rows), dtype=np.int64)
        self._place[rows] = np.arange(len(rows))
        self._reduced = reduce_network(net, self._place[wanted])
        self._lines, self._transformers = branch_factors(net.lines), branch_factors(net.transformers)
        self.nodes: NDArray[np.int64] = rows[self._reduced.nodes]
        self._line_rating, self._transformer_rating = _ratings_pu(grid)
        self._one = _OnePhase(grid, self.nodes) if _come_in_threes(grid, self.nodes) else None

    @property
    def reduced(self) -> Reduced:
        """The network reduced to its injections, which are in the order of ``nodes``."""
        return self._reduced

    def solve(self, power_va: Complex, start: Complex | None = None) -> Solution:
        """Solve every step for the power fed in at ``nodes`` (VA, generation positive), shape ``(step, k)``.

        Where all phases feed in alike, one is solved for all three.
        """
        if self._one and self._one.stands_for_power(power_va):
            return self._one.solve(power_va, start)
        return solve(self._reduced, power_va * (self.grid.phases / BASE_VA), start=start)

    def magnitude(self, current: Complex) -> Floats:
        """Return the magnitude of the voltage of every phase node, pu, from the currents of a solution.

        Shape ``(step, k)`` in, ``(step, phase_node)`` out.
        """
        if self._one and self._one.stands_for_current(current):
            return self._one.magnitude(current)
        voltage = np.abs(node_voltages(self._reduced, current))
        return np.asarray(np.take(voltage.reshape(len(voltage), -1), self._place, axis=1))

    def state(self, current: Complex) -> GridState:
        """Return voltages everywhere, loadings and losses from the currents of a solution, shape ``(step, k)``."""
        rows = max(1, _CACHE_VALUES // len(self._place))
        parts = [self._state(current[k : k + rows]) for k in range(0, max(1, len(current)), rows)]
        if len(parts) == 1:
            return parts[0]
        return GridState(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(GridState)))

    def _state(self, current: Complex) -> GridState:
        if self._one and self._one.stands_for_current(current):
            return self._one.state(current)
        voltage = node_voltages(self._reduced, current)
        lines, transformers = branch_flows(self._lines, voltage), branch_flows(self._transformers, voltage)
        high, low = self._transformer_rating
        return GridState(
            voltage=np.take(voltage.reshape(len(voltage), -1), self._place, axis=1),
            line_loading=np.maximum(lines.near, lines.far) / self._line_rating,
            transformer_loading=np.maximum(transformers.near / high, transformers.far / low),
            line_loss=lines.loss * BASE_VA,
            transformer_loss=transformers.loss * BASE_VA,
        )


def _come_in_threes(grid: ElectricGrid, nodes: NDArray[np.int64]) -> bool:
    """Whether power may flow at all phases of a bus or at none."""
    if grid.phases == 1 or not len(nodes):
        return False
    return bool((np.unique(grid.phase_node["bus"][nodes], return_counts=True)[1] == 3).all())


class _OnePhase:
    """One phase that stands for all three where they are alike: a ninth of the work.

    Then only the positive sequence exists, and phases b and c are phase a turned by a third and two thirds of a period.
    """

    def __init__(self, grid: ElectricGrid, nodes: NDArray[np.int64]) -> None:
        table, n = grid.phase_node, len(grid.bus)
        columns = {"bus": np.arange(n), "phase": np.zeros(n, dtype=int), "connects": table["connects"][grid.nodes[0]]}
        single = replace(grid, phase_node=make_table("phase_node", grid.bus.ids, columns))
        self._flow = PowerFlow(single, np.unique(table["bus"][nodes]))
        column_of_bus = np.empty(n, dtype=np.int64)
        column_of_bus[self._flow.nodes] = np.arange(len(self._flow.nodes))
        self._column = column_of_bus[table["bus"][nodes]]
        self._turn = _TURN[table["phase"][nodes]]
        first = np.flatnonzero(table["phase"][nodes] == 0)
        self._first = first[np.argsort(self._column[first])]
        self._bus, self._turn_of_node = table["bus"], _TURN[table["phase"]]

    def stands_for_power(self, power_va: Complex) -> bool:
        """Whether the same power is fed in at all phases, at every bus and step."""
        return bool((power_va == power_va[:, self._first][:, self._column]).all())

    def stands_for_current(self, current: Complex) -> bool:
        """Whether the currents of all phases are alike but for their turn."""
        return bool(np.abs(current - self._turned(current[:, self._first])).max(initial=0.0) <= _ALIKE_PU)

    def _turned(self, values: Complex) -> Complex:
        return np.asarray(values[:, self._column] * self._turn)

    def solve(self, power_va: Complex, start: Complex | None) -> Solution:
        """Solve with the power of all three phases at one."""
        one = self._flow.solve(3 * power_va[:, self._first], None if start is None else start[self._first])
        return replace(one, voltage=self._turned(one.voltage), current=self._turned(one.current))

    def magnitude(self, current: Complex) -> Floats:
        """Return the magnitude of the voltage of every phase node of the whole grid."""
        return np.asarray(self._flow.magnitude(current[:, self._first])[:, self._bus])

    def state(self, current: Complex) -> GridState:
        """Return the state of the whole grid."""
        one = self._flow.state(current[:, self._first])
        return replace(one, voltage=one.voltage[:, self._bus] * self._turn_of_node)


def _ratings_pu(grid: ElectricGrid) -> tuple[Floats, tuple[Floats, Floats]]:
    """Return the current that lines, and transformers on their two sides, may carry, per unit of `BASE_VA`."""
    v_nom, line, transformer = grid.bus["v_nom_v"], grid.line, grid.transformer
    current = line["max_current_a"] * line["parallel"] * v_nom[line["from_bus"]] * np.sqrt(3) / BASE_VA
    rated = transformer["s_rated_va"] * transformer["parallel"] / BASE_VA
    sides = (("hv_bus", "hv_rated_v"), ("lv_bus", "lv_rated_v"))
    high, low = (rated * v_nom[transformer[bus]] / transformer[volt] for bus, volt in sides)
    return current, (high, low)


def power_flow(grid: ElectricGrid, nodes: NDArray[np.int64], power_va: Complex) -> GridState:
    """Return the state of a grid at every step.

    Parameters
    ----------
    nodes
        Rows of ``grid.phase_node``, each once, shape ``(k,)``.
    power_va
        Power fed in there, generation positive, shape ``(step, k)``.

    Raises
    ------
    TwinError
        If the grid is not in order, or naming the steps without a solution (voltage collapse).
    """
    flow = PowerFlow(grid, nodes)
    column = np.empty(len(grid.phase_node), dtype=np.int64)
    column[nodes] = np.arange(len(nodes))
    solution = flow.solve(power_va[:, column[flow.nodes]])
    lost = np.flatnonzero(~solution.solved)
    if len(lost):
        raise TwinError(
            Problem(
                f"no power flow carries the load of {len(lost)} of {len(power_va)} steps, the first of them step "
                f"{lost[0]}: the voltage collapses"
            )
        )
    return flow.state(solution.current)
