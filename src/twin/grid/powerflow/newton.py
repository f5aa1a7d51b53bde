"""Newton's method for one step: for those that a fixed point does not solve, next to voltage collapse mostly.

The equations are those of all nodes, sparse; the voltages' real and imaginary parts are the unknowns, and power is not
an analytic function of them, so that both parts of every derivative stand in the Jacobian. Where a full step does not
bring the mismatch down, shorter ones are tried; where that ends nowhere, the load is raised by stages.

Source: current-injection form of Newton's method, Garcia et al., Three-phase power flow calculations using the current
injection method, IEEE Trans. Power Systems 15 (2000).
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.grid.powerflow.admittance import Admittance, csc
from twin.grid.powerflow.connected import Ports
from twin.grid.powerflow.network import Complex, Floats

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["Newton", "Stages", "port_currents", "port_derivatives"]

_MOST_ITERATIONS = 20
_SHORTEST_STEP = 1 / 64
_SHORTEST_STAGE = 1 / 16


class Stages(ABC):
    """Newton's method with shorter steps where full ones lead away, and with the load raised by stages where these do.

    Parameters
    ----------
    tolerance
        Bound of the last change of any voltage, per unit; convergence being quadratic, far less is left.
    """

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance

    @abstractmethod
    def mismatch(self, power: Complex, state: Complex) -> Complex:
        """Return the currents that are fed in but do not flow off."""

    @abstractmethod
    def step(self, power: Complex, state: Complex, mismatch: Complex) -> Complex | None:
        """Return the change of a state that would leave no mismatch if all were linear; None if there is none."""

    def change(self, step: Complex) -> float:
        """Return the largest change of a voltage that a step makes."""
        return _size(step)

    def by_stages(self, power: Complex, state: Complex) -> tuple[Complex | None, int]:
        """Return the state that solves a power and the iterations it took; none if there is no solution."""
        reached, stage, iterations = 0.0, 1.0, 0
        while reached < 1.0 and stage >= _SHORTEST_STAGE:
            aim = min(1.0, reached + stage)
            found, taken = self._iterate(aim * power, state)
            iterations += taken
            if found is None:
                stage /= 2
            else:
                state, reached = found, aim
        return (state if reached >= 1.0 else None), iterations

    def _iterate(self, power: Complex, state: Complex) -> tuple[Complex | None, int]:
        """Iterate from a state to that of another power; without result if that does not converge."""
        mismatch = self.mismatch(power, state)
        for iteration in range(1, _MOST_ITERATIONS + 1):
            step = self.step(power, state, mismatch)
            if step is None:
                return None, iteration
            length, change = 1.0, self.change(step)
            while True:
                tried = state + length * step
                left = self.mismatch(power, tried)
                if _size(left) < _size(mismatch) or change < self._tolerance:
                    break
                length /= 2
                if length < _SHORTEST_STEP:
                    return None, iteration
            state, mismatch = tried, left
            if length * change < self._tolerance:
                return state, iteration
        return None, _MOST_ITERATIONS


class Newton(Stages):
    """A network ready to be solved step by step.

    Parameters
    ----------
    tolerance
        Bound of the last change of any voltage, per unit; convergence being quadratic, far less is left.

    Attributes
    ----------
    incidence
        +1 and -1 at the ends of every port, free nodes only.
    """

    def __init__(self, admittance: Admittance, ports: Ports, tolerance: float) -> None:
        from scipy.sparse import block_array

        super().__init__(tolerance)
        self._admittance, self._ports = admittance, ports
        self._free = admittance.free
        whole: Any = ports.incidence(admittance.network.n_nodes).tocsr()
        self.incidence = csc(whole[self._free])
        matrix: Any = admittance.free_matrix
        self._linear = csc(block_array([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]]))
        fixed = admittance.no_load.copy()
        fixed[self._free] = 0.0
        self._drive: Complex = np.asarray(admittance.drive - admittance.matrix @ fixed)[self._free]

    def solve(self, power: Complex, start: Complex) -> tuple[Complex | None, int]:
        """Return all voltages and the iterations it took; no voltages if there is no solution.

        Parameters
        ----------
        power
            Of every element at its nominal voltage, shape ``(k,)``.
        start
            Voltages of all nodes, shape ``(n,)``.
        """
        return self.by_stages(power, start)

    def mismatch(self, power: Complex, state: Complex) -> Complex:
        """Return the currents that are fed in but do not flow off, at all free nodes."""
        fed = port_currents(self._ports, power, self._ports.across(state))
        flowing = self._admittance.free_matrix @ state[self._free]
        return np.asarray(self.incidence @ fed + self._drive - flowing)

    def step(self, power: Complex, state: Complex, mismatch: Complex) -> Complex | None:
        """Return the change of all voltages that would leave no mismatch if all were linear."""
        if not np.isfinite(mismatch).all():
            return None
        jacobian = self.jacobian(power, self._ports.across(state))
        found = self.quotient(jacobian, np.r_[mismatch.real, mismatch.imag])
        if found is None:
            return None
        step, n = np.zeros_like(state), len(mismatch)
        step[self._free] = found[:n] + 1j * found[n:]
        return step

    def jacobian(self, power: Complex, across: Complex) -> Any:
        """Return the derivative of the currents that flow off less those fed in, at all free nodes, in real form."""
        return self._linear - self._injection_jacobian(power, across)

    @staticmethod
    def quotient(matrix: Any, right: Floats) -> Floats | None:
        """Return the solution of linear equations, None if they have none."""
        from scipy.sparse.linalg import MatrixRankWarning, spsolve

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MatrixRankWarning)
            found: Any = spsolve(csc(matrix), right)
        return found if np.isfinite(found).all() else None

    def _injection_jacobian(self, power: Complex, across: Complex) -> csc_array:
        """Return the derivative of the currents fed in at the nodes by their voltages, in real form."""
        from scipy.sparse import block_array, diags_array

        by_voltage, by_conjugate = port_derivatives(self._ports, power, across)
        total, difference = by_voltage + by_conjugate, by_voltage - by_conjugate
        quarters = [[total.real, -difference.imag], [total.imag, difference.real]]
        c = self.incidence
        return csc(block_array([[c @ diags_array(q) @ c.T for q in row] for row in quarters]))


def port_currents(ports: Ports, power: Complex, across: Complex) -> Complex:
    """Return what all elements feed in at each port, shape ``(p,)``."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        elements = ports.element_currents(power[None], across[None])[0]
    return _summed(ports, elements)


def port_derivatives(ports: Ports, power: Complex, across: Complex) -> tuple[Complex, Complex]:
    """Return the derivatives of each port's current by its voltage and by the voltage's conjugate, shape ``(p,)``.

    ``I = conj(s) (a / conj(U) + b |U| / conj(U) + c U)``: constant power, current and impedance.
    """
    connected, u = ports.connected, across[ports.of_element]
    magnitude: Floats = np.abs(u)
    s = np.conj(power)
    constant_i = s * connected.const_i / connected.v_nominal
    constant_p = s * (1 - connected.const_i - connected.const_z)
    by_voltage = s * connected.const_z / connected.v_nominal**2 + constant_i / (2 * magnitude)
    by_conjugate = -constant_p / np.conj(u) ** 2 - constant_i * u**2 / (2 * magnitude**3)
    return _summed(ports, by_voltage), _summed(ports, by_conjugate)


def _summed(ports: Ports, of_elements: Complex | Floats) -> Complex:
    """Sum over the elements of each port."""
    of_port, n = ports.of_element, len(ports)
    return np.asarray(np.bincount(of_port, of_elements.real, n) + 1j * np.bincount(of_port, of_elements.imag, n))


def _size(values: Complex) -> float:
    return float(np.abs(values).max(initial=0.0))
