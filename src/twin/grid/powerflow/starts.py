"""Where Newton's method is to start from: one place in most networks, several where charging raises the voltages.

Long lines without load, taken alone, may have voltages of several times the nominal ones. From there, and even from
nominal voltages, iterations may end at a solution at which no grid is run. First, therefore, the voltages are found
that there are while all that feeds in holds its own; letting go of them leads to the solution beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from twin.grid.powerflow.admittance import Admittance, plausible
from twin.grid.powerflow.connected import Ports
from twin.grid.powerflow.holding import Held, Holding
from twin.grid.powerflow.network import GROUND, Complex
from twin.grid.powerflow.newton import Newton
from twin.grid.powerflow.port_newton import PortNewton

__all__ = ["ManyStarts"]

_FEW_PORTS = 200  # up to which dense matrices of the ports are cheaper than sparse ones of all nodes


class ManyStarts:
    """Newton's method from several starts, until one leads to plausible voltages.

    Parameters
    ----------
    tolerance
        As of `Newton`.
    """

    def __init__(self, admittance: Admittance, ports: Ports, tolerance: float) -> None:
        self._admittance, self._ports, self._tolerance = admittance, ports, tolerance
        few = len(ports) <= _FEW_PORTS and not admittance.raised
        self._by_ports = PortNewton(admittance, ports, tolerance) if few else None

    def solve(self, power: Complex, start: Complex | None = None) -> tuple[Complex | None, int]:
        """Return all voltages and the iterations it took; no voltages if there is no solution.

        Voltages that are not plausible are returned if no start leads to others.

        Parameters
        ----------
        power
            Of every element at its nominal voltage, shape ``(k,)``.
        start
            Voltages of all nodes, shape ``(n,)``, to be tried first where charging raises those without load.
        """
        if self._by_ports is not None:
            return self._by_ports.solve(power)
        best, iterations = None, 0
        for begin in self._starts(power, start):
            voltage, taken = self._newton.solve(power, begin)
            iterations += taken
            best = voltage if best is None else best
            if voltage is not None and plausible(voltage):
                return voltage, iterations
        return best, iterations

    @cached_property
    def _newton(self) -> Newton:
        return Newton(self._admittance, self._ports, self._tolerance)

    def _starts(self, power: Complex, start: Complex | None) -> Iterator[Complex]:
        if self._admittance.raised:
            if start is not None:
                yield start
            held = self._held(power)
            if held is not None:
                yield held
            yield self._admittance.flat
        yield self._admittance.no_load

    def _held(self, power: Complex) -> Complex | None:
        """Return the voltages while whatever feeds in holds that of its node at the flat start's size."""
        ports, flat = self._ports, self._admittance.flat
        feeds = (power.real > 0) | (power.imag > 0)
        free = ~np.isin(ports.node, self._admittance.stiff) & (ports.other == GROUND)
        chosen = np.unique(ports.of_element[feeds & free[ports.of_element]])
        if not len(chosen):
            return None
        first = np.unique(ports.of_element, return_index=True)[1][chosen]
        beyond = np.full(len(chosen), np.inf)
        held = Held(first, np.abs(flat[ports.node[chosen]]), -beyond, beyond)
        bare = np.where(np.isin(ports.of_element, chosen), power.real, power)
        found = Holding(self._admittance, ports, held, self._tolerance).solve(bare)
        return None if found is None else found[0]
