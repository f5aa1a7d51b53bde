"""Power flow of many steps through a network of any nodes: what is made ready once, and what every step then costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.admittance import Admittance, admittance, plausible
from twin.grid.powerflow.connected import Ports, make_ports
from twin.grid.powerflow.iterate import FixedPoint
from twin.grid.powerflow.network import GROUND, Complex, Connected, Ints, NodalNetwork, Solution, Status
from twin.grid.powerflow.plan import Plan, plan_iteration, plan_recovery
from twin.grid.powerflow.recovery import Recovery
from twin.grid.powerflow.starts import ManyStarts

__all__ = ["PowerFlow"]

TOLERANCE_PU = 1e-9


class PowerFlow:
    """A network made ready for any number of steps.

    Most steps are solved by a fixed point (`twin.grid.powerflow.iterate`), those that it does not solve by Newton's
    method, one by one. What no method solves has collapsed.

    Parameters
    ----------
    network, connected
        What there is, and what feeds in or draws.
    tolerance
        What is estimated to be left of the last change of any voltage, per unit.

    Raises
    ------
    TwinError
        If nodes have no path to a source or to ground.
    """

    def __init__(self, network: NodalNetwork, connected: Connected, tolerance: float = TOLERANCE_PU) -> None:
        self.network, self.connected, self.tolerance = network, connected, tolerance
        self.ports = make_ports(connected)
        self.admittance: Admittance = admittance(network)
        self._recoveries: dict[bytes, Recovery] = {}

    @property
    def no_load(self) -> Complex:
        """Voltages of all nodes without any load, shape ``(n_nodes,)``."""
        return self.admittance.no_load

    def port_impedance(self, ports: Ints) -> Complex:
        """Return what a current at one port adds to the voltage across another, shape ``(m, m)``."""
        incidence: Any = self.ports.incidence(self.network.n_nodes).tocsr()
        ends = incidence[self.admittance.free][:, ports].toarray()
        if not len(self.admittance.free):
            return np.zeros((len(ports), len(ports)), dtype=np.complex128)
        return np.asarray(ends.T @ self.admittance.factors.solve(ends.astype(np.complex128)))

    @cached_property
    def plan(self) -> Plan:
        """How the network is cut for the iteration."""
        return plan_iteration(self.admittance, self.ports)

    @cached_property
    def _newton(self) -> ManyStarts:
        return ManyStarts(self.admittance, self.ports, self.tolerance)

    @cached_property
    def _fixed_point(self) -> FixedPoint:
        return FixedPoint(self.plan.parts, self.ports.across(self.no_load), self.plan.steps, self.tolerance)

    def _recovery(self, rows: Ints) -> Recovery:
        key = rows.tobytes()
        if key not in self._recoveries:
            parts = plan_recovery(self.admittance, self.ports, self.plan, rows)
            shared = self._fixed_point.workspace if parts is self.plan.parts else None
            self._recoveries[key] = Recovery(parts, self.no_load, rows, self.plan.steps, shared)
        return self._recoveries[key]

    def solve(self, power: Complex, nodes: str | Ints | None = None, start: Complex | None = None) -> Solution:
        """Solve the power flow of every step.

        Parameters
        ----------
        power
            What each connected element would feed in at its nominal voltage, per unit of ``base_va``, shape
            ``(step, k)``.
        nodes
            Nodes whose voltages are returned: ``"all"``, rows of nodes, or None for the ``node`` of each element.
        start
            Voltages of all nodes to start from, shape ``(n_nodes,)``; those without any load if None. They change the
            result by less than the tolerance.
        """
        power = np.asarray(power, dtype=np.complex128)
        rows = self.rows(nodes)
        solution = Solution(
            np.zeros((len(power), len(rows)), dtype=np.complex128),
            np.zeros(power.shape, dtype=np.complex128),
            np.full(len(power), Status.COLLAPSED, dtype=np.int8),
            np.zeros(len(power), dtype=np.int64),
        )
        job = _Job(self.ports, self._fixed_point, self._recovery(rows), power, solution, self.admittance.raised)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            lost = job.run(self.plan.steps, self._start(start))
        for step in lost:
            self._by_newton(int(step), power[step], rows, solution, start)
        return solution

    def _start(self, start: Complex | None) -> Complex | None:
        """Return the voltages across the ports to start from, None for those without load."""
        if start is None and not self.admittance.raised:
            return None
        return self.ports.across(self.admittance.flat if start is None else start)

    def _by_newton(self, step: int, power: Complex, rows: Ints, solution: Solution, start: Complex | None) -> None:
        voltage, iterations = self._newton.solve(power, start)
        solution.iterations[step] += iterations
        doubtful = solution.status[step] == Status.SOLVED
        if voltage is not None and (plausible(voltage) or not doubtful):
            solution.voltage[step] = voltage[rows]
            solution.current[step] = self.ports.element_currents(power[None], self.ports.across(voltage)[None])[0]
            solution.status[step] = Status.BY_NEWTON

    def rows(self, nodes: str | Ints | None) -> Ints:
        """Return the nodes meant by the ``nodes`` of `solve`."""
        if nodes is None:
            return self.connected.node
        if isinstance(nodes, str):
            return np.arange(self.network.n_nodes)
        return np.asarray(nodes, dtype=np.int64)


@dataclass
class _Job:
    """All steps of one call, solved block by block into one solution."""

    ports: Ports
    point: FixedPoint
    recovery: Recovery
    power: Complex
    solution: Solution
    raised: bool

    def run(self, steps: int, start: Complex | None) -> Ints:
        """Solve what the fixed point solves; return the steps that it does not, or that are to be doubted."""
        left, lost = np.arange(len(self.power)), [np.empty(0, dtype=np.int64)]
        while len(left):
            again = []
            for first in range(0, len(left), steps):
                given_up, postponed = self._block(left[first : first + steps], start)
                lost.append(given_up)
                again.append(postponed)
            left = np.concatenate(again)
        return np.sort(np.concatenate(lost))

    def _block(self, steps: Ints, start: Complex | None) -> tuple[Ints, Ints]:
        """Solve one block of steps; return those that Newton is to try and those that are to be tried again."""
        side_by_side = steps[-1] - steps[0] + 1 == len(steps)
        chosen = slice(int(steps[0]), int(steps[-1]) + 1) if side_by_side else steps
        power = self.power[chosen]
        iterations, solved, lost = self.point.solve(self.ports.planes(power, self.point.order), start)
        self.solution.iterations[chosen] = iterations
        if side_by_side:
            voltage, current = self.solution.voltage[chosen], self.solution.current[chosen]
            self._write(power, voltage, current)
            voltage[~solved], current[~solved] = 0.0, 0.0
        elif solved.any():
            voltage = np.empty((len(steps), self.solution.voltage.shape[1]), dtype=np.complex128)
            current = np.empty_like(power)
            self._write(power, voltage, current)
            self.solution.voltage[steps[solved]] = voltage[solved]
            self.solution.current[steps[solved]] = current[solved]
        self.solution.status[steps[solved]] = Status.SOLVED
        doubtful = solved & self._doubtful() if self.raised else False
        return steps[lost | doubtful], steps[~(solved | lost)]

    def _doubtful(self) -> NDArray[np.bool_]:
        """Return the steps of the last block whose voltages are not plausible: where charging raises them, there may
        be a solution far up beside the one at which a grid is run.
        """
        nominal = np.where(self.ports.other == GROUND, 1.0, np.sqrt(3))
        return np.array([not plausible(voltage) for voltage in self.point.across() / nominal], dtype=bool)

    def _write(self, power: Complex, voltage: Complex, current: Complex) -> None:
        """Write the voltages and currents of the block that was solved last."""
        fed = self.point.currents()
        if self.recovery.workspace is not self.point.workspace:
            self.recovery.load(fed, self.point.order)
        self.recovery.voltages(voltage)
        if self.ports.one_each:
            place = self.ports.places(self.point.order)
            current.real, current.imag = fed[0, place].T, fed[1, place].T
        else:
            current[:] = self.ports.element_currents(power, self.point.across())
