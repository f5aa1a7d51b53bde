"""Newton's method for one step with generators that hold their voltage: where taking turns does not come to rest.

The reactive power at a port that is held is an unknown more, and its voltage an equation more. A generator at a limit
of its reactive power feeds in just that until its voltage would leave the setpoint on the other side.

Source: Garcia et al., Three-phase power flow calculations using the current injection method, IEEE Trans. Power
Systems 15 (2000), PV buses; limits as in MATPOWER's ``pf.enforce_q_lims`` (by rounds), but generators come back.
Start: Stott, Jardim & Alsac, DC power flow revisited, IEEE Trans. Power Systems 24 (2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.admittance import Admittance, csc, plausible
from twin.grid.powerflow.connected import Ports
from twin.grid.powerflow.network import Complex, Floats, Ints
from twin.grid.powerflow.newton import Newton

__all__ = ["Held", "Holding", "held_ports"]

_MOST_ITERATIONS = 30
_MOST_WHOLE = 12  # steps that are not shortened
_LOST = 1e12  # left of an equation, per unit, from which nothing leads back
_SHORTEST_STEP = 1 / 64
_MOST_ROUNDS = 40
_FREE_ROUNDS = 10  # from then on, generators change between held and limited one at a time
_FREE, _AT_MOST, _AT_LEAST = 0, 1, -1


@dataclass(frozen=True)
class Held:
    """Ports at which voltages are held, shape ``(h,)`` each.

    Attributes
    ----------
    element
        An element of each port, at which the reactive power of all that hold it is counted.
    voltage
        To be held, per unit.
    least, most
        Reactive power of all that hold it, per unit of ``base_va``.
    """

    element: Ints
    voltage: Floats
    least: Floats
    most: Floats

    def __len__(self) -> int:
        return len(self.element)


def held_ports(port: Ints, element: Ints, voltage: Floats, least: Floats, most: Floats) -> tuple[Held, Ints]:
    """Put generators at the same port together; return which of the ports each is at.

    The first one's setpoint counts where they differ.
    """
    _, first, which = np.unique(port, return_index=True, return_inverse=True)
    which = which.reshape(-1)
    total = [np.zeros(len(first)), np.zeros(len(first))]
    for into, limit in zip(total, (least, most), strict=True):
        np.add.at(into, which, limit)
    return Held(element[first], voltage[first], *total), which


class Holding:
    """A network whose generators hold voltages, ready to be solved step by step.

    Parameters
    ----------
    tolerance
        Bound of the last change of any voltage, per unit.
    """

    def __init__(self, admittance: Admittance, ports: Ports, held: Held, tolerance: float) -> None:
        self._newton = Newton(admittance, ports, tolerance)
        self._admittance, self._ports, self._held, self._tolerance = admittance, ports, held, tolerance
        self._port = ports.of_element[held.element]
        self._unit = np.zeros((len(held), len(ports.of_element)), dtype=np.complex128)
        self._unit[np.arange(len(held)), held.element] = 1j

    def solve(self, power: Complex) -> tuple[Complex, Floats] | None:
        """Return all voltages and the reactive powers at the held ports; nothing if there is no solution.

        Parameters
        ----------
        power
            Of every element, shape ``(k,)``; without reactive power of those that hold a voltage.
        """
        best, begin = None, self._begin()
        for start in (self._aligned(power, begin), begin, self._admittance.no_load.copy()):
            found = None if start is None else self._within_limits(power, start)
            if found is not None and plausible(found[0]):
                return found
            best = best or found
        return best

    def _begin(self) -> Complex:
        """Return the flat start, with the voltages that are held."""
        voltage = self._admittance.flat.copy()
        to_ground = self._ports.other[self._port] < 0
        node = self._ports.node[self._port[to_ground]]
        voltage[node] *= self._held.voltage[to_ground] / np.abs(voltage[node])
        voltage[self._admittance.stiff] = self._admittance.stiff_voltage
        return voltage

    def _aligned(self, power: Complex, begin: Complex) -> Complex | None:
        """Return a start with angles at which the active powers balance to first order (Stott, DC load flow)."""
        from scipy.sparse import diags_array

        network, free = self._admittance, self._admittance.free
        flowing: Complex = np.asarray(network.matrix @ begin - network.drive)
        drawn = np.zeros(len(begin), dtype=np.complex128)
        drawn[free] = self._newton.mismatch(power, begin)
        turning: Any = diags_array(begin) @ (
            diags_array(np.conj(flowing)) - network.matrix.conj() @ diags_array(np.conj(begin))
        )
        by_angle = csc(turning).imag.tocsr()[free][:, free]
        found = self._newton.quotient(-by_angle, (begin * np.conj(drawn)).real[free])
        if found is None:
            return None
        start = begin.copy()
        start[free] *= np.exp(1j * found)
        return start

    def _within_limits(self, power: Complex, voltage: Complex) -> tuple[Complex, Floats] | None:
        """Solve by rounds: after each, what is beyond a limit is kept at it, what could hold its voltage again does."""
        held = self._held
        state = np.where(held.least == held.most, _AT_MOST, _FREE)
        q = np.clip(np.zeros(len(held)), held.least, held.most)
        before, changed = state.copy(), np.empty(0, dtype=np.int64)
        for round_ in range(_MOST_ROUNDS):
            q = np.where(state == _AT_MOST, held.most, np.where(state == _AT_LEAST, held.least, q))
            found = self._iterate(power, voltage, q, state == _FREE)
            if found is None:
                if len(changed) < 2:
                    return None
                state[changed[1:]] = before[changed[1:]]  # the one that was furthest off alone
                changed = changed[:1]
                continue
            voltage, q = found
            following, violation = self._following(state, voltage, q)
            changed = np.flatnonzero(following != state)
            if not len(changed):
                return voltage, q
            changed = changed[np.argsort(-violation[changed])]
            if round_ >= _FREE_ROUNDS:
                changed = changed[:1]
            before = state.copy()
            state[changed] = following[changed]
        return None

    def _following(self, state: NDArray[np.int64], voltage: Complex, q: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Return whether each generator is to be free or at a limit next, and how far it is from that now."""
        held, off = self._held, self._off(voltage)
        over = np.maximum(np.where(state == _FREE, q - held.most, 0), 0)
        under = np.maximum(np.where(state == _FREE, held.least - q, 0), 0)
        back = np.where(state == _AT_MOST, off, np.where(state == _AT_LEAST, -off, 0))
        back[held.least == held.most] = 0.0
        slack = self._tolerance
        following = np.where(over > slack, _AT_MOST, np.where(under > slack, _AT_LEAST, state))
        following = np.where(back > slack, _FREE, following)
        return following, np.maximum(np.maximum(over, under), np.maximum(back, 0.0))

    def _off(self, voltage: Complex) -> Floats:
        """Return how far the voltages are above those to be held."""
        return np.asarray(np.abs(self._ports.across(voltage)[self._port]) - self._held.voltage)

    def _iterate(
        self, power: Complex, start: Complex, q: Floats, free: NDArray[np.bool_]
    ) -> tuple[Complex, Floats] | None:
        """Iterate from voltages and reactive powers; return both, or nothing if that does not converge.

        By whole steps first: near a solution they are right even where they make what is left larger for a while.
        """
        with np.errstate(all="ignore"):
            found = self._iterate_by(power, start, q, free, shortest=1.0, most=_MOST_WHOLE)
        return found or self._iterate_by(power, start, q, free, _SHORTEST_STEP, _MOST_ITERATIONS)

    def _iterate_by(
        self, power: Complex, start: Complex, q: Floats, free: NDArray[np.bool_], shortest: float, most: int
    ) -> tuple[Complex, Floats] | None:
        """Iterate by steps that are halved, down to ``shortest``, where they make what is left larger."""
        voltage, q = start.copy(), q.copy()
        left = self._left(power, voltage, q, free)
        for _ in range(most):
            step = self._step(power, voltage, q, free, left)
            if step is None:
                return None
            change, more = step
            length, nodes = 1.0, self._admittance.free
            while True:
                tried, q_tried = voltage.copy(), q.copy()
                tried[nodes] += length * change
                q_tried[free] += length * more
                following = self._left(power, tried, q_tried, free)
                if length <= shortest or _size(following) < _size(left) or _size(change) < self._tolerance:
                    break
                length /= 2
            voltage, q, left = tried, q_tried, following
            if length == 1 and _size(change) < self._tolerance:
                return voltage, q
        return None

    def _whole(self, power: Complex, q: Floats) -> Complex:
        return np.asarray(power + q @ self._unit)

    def _left(self, power: Complex, voltage: Complex, q: Floats, free: NDArray[np.bool_]) -> Floats:
        """Return what is left of all equations: currents at the free nodes, then voltages that are held."""
        mismatch = self._newton.mismatch(self._whole(power, q), voltage)
        return np.concatenate([mismatch.real, mismatch.imag, -self._off(voltage)[free]])

    def _step(
        self, power: Complex, voltage: Complex, q: Floats, free: NDArray[np.bool_], left: Floats
    ) -> tuple[Complex, Floats] | None:
        from scipy.sparse import block_array

        if not _size(left) < _LOST:
            return None
        across = self._ports.across(voltage)
        jacobian = self._newton.jacobian(self._whole(power, q), across)
        by_q = -self._by_reactive(across, free)
        by_voltage = self._magnitudes(across, free)
        found = self._newton.quotient(
            block_array([[jacobian, by_q], [by_voltage, None]]) if free.any() else jacobian, left
        )
        if found is None:
            return None
        n = len(self._admittance.free)
        return found[:n] + 1j * found[n : 2 * n], found[2 * n :]

    def _by_reactive(self, across: Complex, free: NDArray[np.bool_]) -> Any:
        """Return the derivative of the currents fed in at the nodes by the reactive powers, in real form."""
        from scipy.sparse import coo_array, vstack

        own = self._unit[free]
        elements = self._held.element[free]
        fed = self._ports.element_currents(own, np.broadcast_to(across, (len(own), len(across))))
        fed = fed[np.arange(len(own)), elements]
        at = self._port[free], np.arange(len(own))
        incidence = self._newton.incidence
        shape = len(self._ports), len(own)
        return vstack([incidence @ coo_array((part, at), shape=shape) for part in (fed.real, fed.imag)])

    def _magnitudes(self, across: Complex, free: NDArray[np.bool_]) -> Any:
        """Return the derivative of the held voltages' magnitudes by the free nodes' voltages, in real form."""
        from scipy.sparse import diags_array, hstack

        port = self._port[free]
        direction = across[port] / np.abs(across[port])
        ends: Any = csc(self._newton.incidence.T).tocsr()[port]
        return hstack([diags_array(part) @ ends for part in (direction.real, direction.imag)])


def _size(values: Any) -> float:
    size = float(np.abs(values).max(initial=0.0))
    return size if np.isfinite(size) else np.inf
