"""Networks that know nothing of each other, solved side by side: a step of all of them for the price of one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.abreast import iterate_abreast
from twin.grid.powerflow.connected import Ports
from twin.grid.powerflow.layout import lay_out
from twin.grid.powerflow.network import GROUND, Complex, Connected, Ints, Status
from twin.grid.powerflow.solve import TOLERANCE_PU, PowerFlow

__all__ = ["Batch", "BatchSolution"]

_BLOCK_STEPS = 16  # more at once do not come cheaper
_SMALL = 4_000_000  # bytes of all matrices up to which networks that are not cut are read faster than they are cut


@dataclass(frozen=True)
class BatchSolution:
    """What was found at the elements of all networks.

    Attributes
    ----------
    current
        That every connected element feeds in at its ``node``, per unit, shape ``(step, k)``.
    across
        Voltage across every element's port, per unit, shape ``(step, k)``. Both are 0 where there is no solution.
    status
        `Status` of each network, shape ``(step, flow)``, int8.
    iterations
        Shape ``(step, flow)``.
    """

    current: Complex
    across: Complex
    status: NDArray[np.int8]
    iterations: Ints


class Batch:
    """Networks side by side.

    Every one is cut into parts as its `PowerFlow` is, unless all are small; parts of one size are worked on together,
    whosever they are.

    Parameters
    ----------
    flows
        The networks, each with what is connected to it.
    tolerance
        As of `PowerFlow`.

    Attributes
    ----------
    elements
        Those of each network among the columns of power, current and voltage.
    """

    def __init__(self, flows: Sequence[PowerFlow], tolerance: float = TOLERANCE_PU) -> None:
        self.flows, self._tolerance = tuple(flows), tolerance
        self.elements = _slices([len(flow.connected.node) for flow in flows])
        self._ports = _all_ports(flows)
        small = 16 * sum(len(flow.ports) ** 2 for flow in flows) <= _SMALL
        parts = [flow.few if small else flow.plan.parts for flow in flows]
        across = [flow.ports.across(flow.no_load) for flow in flows]
        self._layout = lay_out(list(zip(parts, across, strict=True)))
        self._of_flow = _slices([len(flow.ports) for flow in flows])
        self._raised = [number for number, flow in enumerate(flows) if flow.admittance.raised]
        none = np.empty(0, dtype=np.complex128)
        self._flat = np.concatenate([none, *(flow.ports.across(flow.admittance.flat) for flow in flows)])

    def solve(self, power: Complex, start: Complex | None = None) -> BatchSolution:
        """Solve every step of every network.

        Parameters
        ----------
        power
            What each connected element would feed in at its nominal voltage, per unit of its network's ``base_va``,
            shape ``(step, k)``.
        start
            Voltages across each element's port to start from, such as those of the step before, shape ``(k,)``; where
            they are 0, and everywhere if None, those without any load. They change the result by less than the
            tolerance.
        """
        power = np.asarray(power, dtype=np.complex128)
        solution = BatchSolution(
            np.empty(power.shape, dtype=np.complex128),
            np.empty(power.shape, dtype=np.complex128),
            np.empty((len(power), len(self.flows)), dtype=np.int8),
            np.empty((len(power), len(self.flows)), dtype=np.int64),
        )
        begin = self._start(start)
        for first in range(0, len(power), _BLOCK_STEPS):
            self._block(slice(first, first + _BLOCK_STEPS), power, begin, solution)
        return solution

    def _start(self, start: Complex | None) -> Complex:
        """Return the voltages across all ports to start from."""
        if start is None:
            return self._flat
        begin = np.empty_like(self._flat)
        begin[self._ports.of_element] = start
        unknown = ~(np.abs(begin) > 0)
        if unknown.any():
            begin[unknown] = self._flat[unknown]
        return begin

    def _block(self, steps: slice, power: Complex, start: Complex, solution: BatchSolution) -> None:
        own = power[steps]
        found = iterate_abreast(self._layout, self._ports.at_ports(own), start, self._tolerance)
        solution.iterations[steps] = found.iterations
        solution.across[steps] = np.take(found.across, self._ports.of_element, axis=1)
        solution.current[steps] = self._ports.of_elements(own, found.across, found.current)
        solution.status[steps] = np.where(found.solved, Status.SOLVED, Status.COLLAPSED)
        lost = ~found.solved
        for number in self._raised:
            lost[:, number] |= self.flows[number].doubtful(found.across[:, self._of_flow[number]])
        if lost.any():
            for step, number in np.argwhere(lost).tolist():
                self._by_newton(step + steps.start, number, power, solution)

    def _by_newton(self, step: int, number: int, power: Complex, solution: BatchSolution) -> None:
        """Let one network's own Newton method try a step."""
        flow, own = self.flows[number], self.elements[number]
        doubtful = solution.status[step, number] == Status.SOLVED
        voltage, iterations = flow.by_newton(power[step, own], doubtful=bool(doubtful))
        solution.iterations[step, number] += iterations
        if voltage is not None:
            across = flow.ports.across(voltage)[None]
            solution.across[step, own] = across[0, flow.ports.of_element]
            solution.current[step, own] = flow.ports.element_currents(power[step, own][None], across)[0]
            solution.status[step, number] = Status.BY_NEWTON
        elif not doubtful:
            solution.across[step, own] = solution.current[step, own] = 0.0


def _slices(sizes: Sequence[int]) -> list[slice]:
    return [slice(a, b) for a, b in pairwise(np.cumsum([0, *sizes]).tolist())]


def _all_ports(flows: Sequence[PowerFlow]) -> Ports:
    """Return the ports of all networks, whose nodes, elements and ports are counted one network after the other."""
    nodes = np.cumsum([0, *(flow.network.n_nodes for flow in flows)]).tolist()
    ports = np.cumsum([0, *(len(flow.ports) for flow in flows)]).tolist()
    none, real = np.empty(0, dtype=np.int64), np.empty(0)
    ends = [_moved(f.connected.node, f.connected.other, n) for f, n in zip(flows, nodes[:-1], strict=True)]
    of_port = [_moved(f.ports.node, f.ports.other, n) for f, n in zip(flows, nodes[:-1], strict=True)]
    connected = Connected(
        np.concatenate([none, *(node for node, _ in ends)]),
        np.concatenate([none, *(other for _, other in ends)]),
        *(
            np.concatenate([real, *(getattr(flow.connected, name) for flow in flows)])
            for name in ("v_nominal", "const_i", "const_z")
        ),
    )
    return Ports(
        connected,
        np.concatenate([none, *(node for node, _ in of_port)]),
        np.concatenate([none, *(other for _, other in of_port)]),
        np.concatenate([none, *(f.ports.of_element + p for f, p in zip(flows, ports[:-1], strict=True))]),
    )


def _moved(node: Ints, other: Ints, by: int) -> tuple[Ints, Ints]:
    return node + by, np.where(other == GROUND, GROUND, other + by)
