"""Power flow of many steps through a network of any nodes: what is made ready once, and what every step then costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.abreast import Found, iterate_abreast
from twin.grid.powerflow.admittance import Admittance, admittance, plausible
from twin.grid.powerflow.connected import make_ports
from twin.grid.powerflow.iterate import FixedPoint
from twin.grid.powerflow.layout import Layout, lay_out
from twin.grid.powerflow.network import GROUND, Complex, Connected, Ints, NodalNetwork, Solution, Status
from twin.grid.powerflow.parts import Parts, part_sizes, split
from twin.grid.powerflow.plan import Plan, plan_iteration, plan_recovery
from twin.grid.powerflow.reactions import Reaction, Reactions
from twin.grid.powerflow.recovery import Recovery
from twin.grid.powerflow.starts import ManyStarts

__all__ = ["PowerFlow"]

TOLERANCE_PU = 1e-9
_FEW_STEPS = 8  # up to which they are cheaper one by one than as a block
_WHOLE_PORTS = 250  # up to which a network without cuts is cheapest for a few steps


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
        self._responses: dict[bytes, Complex] = {}

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
        return FixedPoint(self.plan.parts, self._no_load_across, self.plan.steps, self.tolerance)

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
        solution = _no_solution(power, len(rows))
        if not len(power):
            return solution
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            lost = (self._solve_few if len(power) <= _FEW_STEPS else self._solve_many)(power, rows, solution, start)
        for step in lost:
            self._solve_by_newton(int(step), power[step], rows, solution, start)
        return solution

    def react(
        self, power: Complex, reactions: Reactions, nodes: str | Ints | None = None, start: Complex | None = None
    ) -> tuple[Solution, Ints]:
        """Solve every step that the fixed point solves, with elements that react to their voltage.

        Parameters
        ----------
        power
            As in `solve`, before elements react; that of the steps that are solved is overwritten.
        reactions
            Which do, and how.

        Returns
        -------
        tuple
            The solution, and the steps that are not solved, or to be doubted.
        """
        rows = self.rows(nodes)
        solution = _no_solution(power, len(rows))
        job = _Job(self, self._fixed_point, self._recovery(rows), power, solution)
        acting = reactions.acting(power)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            lost = [
                job.run(np.flatnonzero(steps), self.plan.steps, self._start(start), which)
                for steps, which in ((acting, reactions), (~acting, None))
            ]
        return solution, np.sort(np.concatenate(lost))

    def _solve_many(self, power: Complex, rows: Ints, solution: Solution, start: Complex | None) -> Ints:
        """Solve blocks of steps; return the steps that Newton is to try."""
        job = _Job(self, self._fixed_point, self._recovery(rows), power, solution)
        return job.run(np.arange(len(power)), self.plan.steps, self._start(start))

    def _solve_few(self, power: Complex, rows: Ints, solution: Solution, start: Complex | None) -> Ints:
        """Solve some steps without a block's preparations; return the steps that Newton is to try."""
        found = iterate_abreast(self._layout, self.ports.at_ports(power), self._start(start), self.tolerance)
        solved = found.solved[:, 0]
        solution.iterations[:] = found.iterations[:, 0]
        solution.status[solved] = Status.SOLVED
        current = self.ports.of_elements(power, found.across, found.current)
        voltage = self._voltages(found, rows)
        if not solved.all():
            current[~solved], voltage[~solved] = 0.0, 0.0
        solution.current[:], solution.voltage[:] = current, voltage
        doubtful = solved & self.doubtful(found.across) if self.admittance.raised else False
        return np.flatnonzero(~solved | doubtful)

    @cached_property
    def _grounded(self) -> bool:
        return bool((self.ports.other == GROUND).all())

    @cached_property
    def _no_load_across(self) -> Complex:
        return self.ports.across(self.no_load)

    @cached_property
    def few(self) -> Parts:
        """How the network is cut for a few steps: not at all, unless its matrix would be large."""
        if not len(self.plan.parts.cut) or len(self.ports) > _WHOLE_PORTS:
            return self.plan.parts
        uncut = np.zeros(self.network.n_nodes, dtype=bool)
        return split(self.admittance, self.ports, part_sizes(self.admittance, self.ports, uncut, len(self.ports)))

    @cached_property
    def _layout(self) -> Layout:
        return lay_out([(self.few, self._no_load_across)])

    def _voltages(self, found: Found, rows: Ints) -> Complex:
        """Return the voltages of some nodes, shape ``(step, q)``."""
        if rows is self.connected.node and self._grounded:
            return found.across.take(self.ports.of_element, axis=1)
        response = self._response(rows)
        if response is not None:
            return np.asarray(self.no_load[rows] + found.current @ response)
        recovery = self._recovery(rows)
        out = np.empty((len(found.current), len(rows)), dtype=np.complex128)
        recovery.load(np.stack([found.current.real.T, found.current.imag.T]), np.arange(len(self.ports)))
        recovery.voltages(out)
        return out

    @cached_property
    def answer(self) -> Complex:
        """What each element's current adds to the voltages of all nodes, shape ``(k, n_nodes)``."""
        response = self._response(self.rows("all"))
        if response is None:
            ends = self.ports.incidence(self.network.n_nodes).toarray()
            response = np.zeros((len(self.ports), self.network.n_nodes), dtype=np.complex128)
            free = self.admittance.free
            response[:, free] = self.admittance.factors.solve(ends[free].astype(np.complex128)).T
        return response[self.ports.of_element]

    def _response(self, rows: Ints) -> Complex | None:
        """Return what a current at every port adds to the voltages of some nodes; None if the network is in parts."""
        fed = [part for part in self.few.parts if len(part.ports)]
        if len(self.few.cut) or len(fed) != 1:
            return None
        key = rows.tobytes()
        if key not in self._responses:
            whole = np.zeros((self.network.n_nodes, len(self.ports)), dtype=np.complex128)
            whole[np.ix_(fed[0].nodes, fed[0].ports)] = fed[0].response
            self._responses[key] = np.ascontiguousarray(whole[rows].T)
        return self._responses[key]

    def _start(self, start: Complex | None) -> Complex | None:
        """Return the voltages across the ports to start from, None for those without load."""
        if start is None and not self.admittance.raised:
            return None
        return self.ports.across(self.admittance.flat if start is None else start)

    def _solve_by_newton(
        self, step: int, power: Complex, rows: Ints, solution: Solution, start: Complex | None
    ) -> None:
        voltage, iterations = self.by_newton(power, start, bool(solution.status[step] == Status.SOLVED))
        solution.iterations[step] += iterations
        if voltage is not None:
            solution.voltage[step] = voltage[rows]
            solution.current[step] = self.ports.element_currents(power[None], self.ports.across(voltage)[None])[0]
            solution.status[step] = Status.BY_NEWTON

    def by_newton(
        self, power: Complex, start: Complex | None = None, doubtful: bool = False
    ) -> tuple[Complex | None, int]:
        """Return all voltages of one step by Newton's method and the iterations; no voltages if it finds none.

        Parameters
        ----------
        power
            Of every element, shape ``(k,)``.
        start
            Voltages of all nodes, shape ``(n_nodes,)``.
        doubtful
            Whether there is a solution that is to give way to a plausible one only.
        """
        voltage, iterations = self._newton.solve(power, start)
        if doubtful and voltage is not None and not plausible(voltage):
            voltage = None
        return voltage, iterations

    def doubtful(self, across: Complex) -> NDArray[np.bool_]:
        """Return the steps whose voltages across the ports are not plausible, shape ``(step, p)`` in: where charging
        raises voltages, there may be a solution far up beside the one at which a grid is run.
        """
        nominal = np.where(self.ports.other == GROUND, 1.0, np.sqrt(3))
        return np.array([not plausible(voltage) for voltage in across / nominal], dtype=bool)

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

    flow: PowerFlow
    point: FixedPoint
    recovery: Recovery
    power: Complex
    solution: Solution

    def run(self, left: Ints, steps: int, start: Complex | None, reactions: Reactions | None = None) -> Ints:
        """Solve what the fixed point solves; return the steps that it does not, or that are to be doubted."""
        lost = [np.empty(0, dtype=np.int64)]
        while len(left):
            again = []
            for first in range(0, len(left), steps):
                given_up, postponed = self._block(left[first : first + steps], start, reactions)
                lost.append(given_up)
                again.append(postponed)
            left = np.concatenate(again)
        return np.sort(np.concatenate(lost))

    def _block(self, steps: Ints, start: Complex | None, reactions: Reactions | None) -> tuple[Ints, Ints]:
        """Solve one block of steps; return those that Newton is to try and those that are to be tried again."""
        side_by_side = steps[-1] - steps[0] + 1 == len(steps)
        chosen = slice(int(steps[0]), int(steps[-1]) + 1) if side_by_side else steps
        power = self.power[chosen]
        reaction = None if reactions is None else Reaction(reactions, power)
        planes = self.flow.ports.planes(power, self.point.order)
        iterations, solved, lost = self.point.solve(planes, start, reaction)
        self.solution.iterations[chosen] = iterations
        if reaction is not None:
            power = power.copy()
            reaction.put(power)
            self.power[steps[solved]] = power[solved]
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
        doubtful = solved & self.flow.doubtful(self.point.across()) if self.flow.admittance.raised else False
        return steps[lost | doubtful], steps[~(solved | lost)]

    def _write(self, power: Complex, voltage: Complex, current: Complex) -> None:
        """Write the voltages and currents of the block that was solved last."""
        fed = self.point.currents()
        if self.recovery.workspace is not self.point.workspace:
            self.recovery.load(fed, self.point.order)
        self.recovery.voltages(voltage)
        ports = self.flow.ports
        if ports.one_each:
            place = ports.places(self.point.order)
            current.real, current.imag = fed[0, place].T, fed[1, place].T
        else:
            current[:] = ports.element_currents(power, self.point.across())


def _no_solution(power: Complex, nodes: int) -> Solution:
    return Solution(
        np.zeros((len(power), nodes), dtype=np.complex128),
        np.zeros(power.shape, dtype=np.complex128),
        np.full(len(power), Status.COLLAPSED, dtype=np.int8),
        np.zeros(len(power), dtype=np.int64),
    )
