"""Newton's method for one step on the ports alone: where these are few, far cheaper than on all nodes.

The unknowns are the currents ``J`` that flow into the network at the ports; ``U = w + Z J`` are the voltages across
them, and what is to vanish is ``I(U) - J``. All nodes without elements are linear and need not be seen: from voltages
without load, the iterations are those of `twin.grid.powerflow.newton` (Schur complement), with dense matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.grid.powerflow.admittance import Admittance
from twin.grid.powerflow.connected import Ports
from twin.grid.powerflow.network import Complex
from twin.grid.powerflow.newton import Stages, port_currents, port_derivatives

__all__ = ["PortNewton"]


class PortNewton(Stages):
    """A network ready to be solved step by step, beginning without load.

    Parameters
    ----------
    tolerance
        As of `Newton`, at the ports.
    """

    def __init__(self, admittance: Admittance, ports: Ports, tolerance: float) -> None:
        super().__init__(tolerance)
        self._admittance, self._ports = admittance, ports
        incidence: Any = ports.incidence(admittance.network.n_nodes).tocsr()
        ends = incidence[admittance.free].toarray().astype(np.complex128)
        self._response: Complex = admittance.factors.solve(ends)
        self._impedance: Complex = np.asarray(ends.T @ self._response)
        self._no_load = ports.across(admittance.no_load)

    def solve(self, power: Complex) -> tuple[Complex | None, int]:
        """Return all voltages and the iterations it took; no voltages if there is no solution.

        Parameters
        ----------
        power
            Of every element at its nominal voltage, shape ``(k,)``.
        """
        current, iterations = self.by_stages(power, np.zeros(len(self._ports), dtype=np.complex128))
        if current is None:
            return None, iterations
        voltage = self._admittance.no_load.copy()
        voltage[self._admittance.free] += self._response @ current
        return voltage, iterations

    def mismatch(self, power: Complex, state: Complex) -> Complex:
        """Return the currents that elements feed in less those that flow off, at the ports."""
        return port_currents(self._ports, power, self._no_load + self._impedance @ state) - state

    def change(self, step: Complex) -> float:
        """Return the largest change of a voltage across a port that a step makes."""
        return float(np.abs(self._impedance @ step).max(initial=0.0))

    def step(self, power: Complex, state: Complex, mismatch: Complex) -> Complex | None:
        """Return the change of the currents that would leave no mismatch if all were linear."""
        if not np.isfinite(mismatch).all():
            return None
        across = self._no_load + self._impedance @ state
        by_voltage, by_conjugate = port_derivatives(self._ports, power, across)
        n = len(state)
        direct = np.eye(n) - by_voltage[:, None] * self._impedance
        turned = -by_conjugate[:, None] * np.conj(self._impedance)
        matrix = np.empty((2 * n, 2 * n))
        matrix[:n, :n], matrix[:n, n:] = direct.real + turned.real, turned.imag - direct.imag
        matrix[n:, :n], matrix[n:, n:] = direct.imag + turned.imag, direct.real - turned.real
        try:
            found = np.linalg.solve(matrix, np.r_[mismatch.real, mismatch.imag])
        except np.linalg.LinAlgError:
            return None
        return found[:n] + 1j * found[n:] if np.isfinite(found).all() else None
