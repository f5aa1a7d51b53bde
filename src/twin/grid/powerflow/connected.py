"""What loads and generators feed in at a voltage: constant power, current and impedance, between nodes or to ground.

Elements between the same two nodes act together at one *port*. Powers of many steps are kept as real and imaginary
planes of shape ``(port, step)``: divisions of complex numbers cost several times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.grid.powerflow.network import GROUND, Complex, Connected, Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["Planes", "Ports", "fed_in", "make_ports"]

# Real and imaginary part, each (2, port, step): of constant power, and over nominal voltage of constant current and
# over its square of constant impedance; None where no element has such a part.
Planes = tuple[Floats, Floats | None, Floats | None]


@dataclass(frozen=True)
class Ports:
    """Pairs of nodes, or a node and ground, between which elements are connected.

    Attributes
    ----------
    node, other
        Shape ``(p,)``; ``other`` is -1 for ground.
    of_element
        Port of every element, shape ``(k,)``.
    """

    connected: Connected
    node: Ints
    other: Ints
    of_element: Ints

    def __len__(self) -> int:
        return len(self.node)

    def incidence(self, n_nodes: int) -> csc_array:
        """Return +1 at ``node`` and -1 at ``other`` of every port, shape ``(n_nodes, p)``."""
        from scipy.sparse import csc_array

        ports, between = np.arange(len(self)), np.flatnonzero(self.other != GROUND)
        rows, columns = np.r_[self.node, self.other[between]], np.r_[ports, between]
        signs = np.r_[np.ones(len(self)), -np.ones(len(between))]
        return csc_array((signs, (rows, columns)), shape=(n_nodes, len(self)))

    def across(self, voltage: Complex) -> Complex:
        """Return the voltages across the ports from those of all nodes, shape ``(..., n)`` in, ``(..., p)`` out."""
        return np.asarray(np.take(np.append(voltage, 0.0), self.node) - np.take(np.append(voltage, 0.0), self.other))

    @cached_property
    def _shares(self) -> tuple[Floats, Floats | None, Floats | None]:
        c = self.connected
        constant_i, constant_z = c.const_i / c.v_nominal, c.const_z / c.v_nominal**2
        return (
            1 - c.const_i - c.const_z,
            constant_i if constant_i.any() else None,
            constant_z if constant_z.any() else None,
        )

    @cached_property
    def one_each(self) -> bool:
        """Whether every port has a single element."""
        return len(self.of_element) == len(self)

    def places(self, order: Ints) -> Ints:
        """Return where each element's port stands in an order of the ports that may hold -1, shape ``(k,)``."""
        rank = np.empty(len(self) + 1, dtype=np.int64)
        rank[order] = np.arange(len(order))
        return np.asarray(rank[self.of_element])

    def planes(self, power: Complex, order: Ints) -> Planes:
        """Return the parts of a power at each port.

        Parameters
        ----------
        power
            Of every element at its nominal voltage, shape ``(step, k)``.
        order
            The ports in the order in which they are wanted; -1 for one that carries nothing.
        """
        constant_p, constant_i, constant_z = (
            None if part is None else _as_planes(part, order) for part in self.at_ports(power)
        )
        assert constant_p is not None
        return constant_p, constant_i, constant_z

    def at_ports(self, power: Complex) -> tuple[Complex, Complex | None, Complex | None]:
        """Return the parts of a power at all ports, shape ``(step, p)`` each, as `planes` does."""
        if self._only_power:
            return self._summed(power), None, None
        constant_p, constant_i, constant_z = (
            None if share is None else self._summed(power * share) for share in self._shares
        )
        assert constant_p is not None
        return constant_p, constant_i, constant_z

    def _summed(self, power: Complex) -> Complex:
        """Sum the power of every port's elements."""
        if self._in_order:
            return power
        by_port, begins = self._by_port
        taken = np.take(power, by_port, axis=1)
        return taken if self.one_each else np.asarray(np.add.reduceat(taken, begins, axis=1))

    @cached_property
    def _by_port(self) -> tuple[Ints, Ints]:
        """Elements in the order of their ports, and the first of each port."""
        order = np.argsort(self.of_element, kind="stable")
        return order, np.searchsorted(self.of_element[order], np.arange(len(self)))

    @cached_property
    def _in_order(self) -> bool:
        return np.array_equal(self.of_element, np.arange(len(self)))

    @cached_property
    def _only_power(self) -> bool:
        return self._shares[1] is None and self._shares[2] is None

    def of_elements(self, power: Complex, across: Complex, current: Complex) -> Complex:
        """Return what each element feeds in, from the voltages across the ports and the currents of these.

        Shapes ``(step, k)`` and ``(step, p)`` in, ``(step, k)`` out.
        """
        if self.one_each:
            return np.take(current, self.of_element, axis=1)
        return self.element_currents(power, across)

    def element_currents(self, power: Complex, across: Complex) -> Complex:
        """Return what each element feeds in, from the voltages across the ports.

        Shapes ``(step, k)`` and ``(step, p)`` in, ``(step, k)`` out.
        """
        voltage = across[:, self.of_element]
        if self._only_power:
            return np.asarray(np.conj(power / voltage))
        magnitude = np.abs(voltage)
        constant_p, constant_i, constant_z = self._shares
        factor = constant_p / magnitude**2
        if constant_i is not None:
            factor += constant_i / magnitude
        if constant_z is not None:
            factor += constant_z
        return np.asarray(np.conj(power) * voltage * factor)


def make_ports(connected: Connected) -> Ports:
    """Group elements that are connected between the same nodes."""
    pairs = np.stack([connected.node, connected.other], axis=1)
    if not len(pairs):
        none = np.empty(0, dtype=np.int64)
        return Ports(connected, none, none, none)
    ports, of_element = np.unique(pairs, axis=0, return_inverse=True)
    return Ports(connected, ports[:, 0], ports[:, 1], np.asarray(of_element).reshape(-1))


def fed_in(planes: Planes, voltage: Floats, current: Floats, work: Floats) -> None:
    """Write the currents that power feeds in at a voltage.

    ``I = conj(S / U)`` with ``S = S_p + S_i |U| + S_z |U|^2``.

    Parameters
    ----------
    planes
        Parts of the power, shape ``(..., 2, port, step)`` each.
    voltage
        Across the ports, same shape.
    current
        Is written.
    work
        Is overwritten, shape ``(..., 4, port, step)``.
    """
    turned, p, q = work[..., :2, :, :], work[..., 2, :, :], work[..., 3, :, :]
    constant_p, constant_i, constant_z = planes
    squared = turned[..., 0, :, :]
    np.multiply(voltage, voltage, out=turned)
    np.add(squared, turned[..., 1, :, :], out=squared)
    np.divide(constant_p[..., 0, :, :], squared, out=p)
    np.divide(constant_p[..., 1, :, :], squared, out=q)
    if constant_i is not None:
        np.sqrt(squared, out=squared)
        p += constant_i[..., 0, :, :] / squared
        q += constant_i[..., 1, :, :] / squared
    if constant_z is not None:
        p += constant_z[..., 0, :, :]
        q += constant_z[..., 1, :, :]
    np.multiply(voltage, p[..., None, :, :], out=current)
    np.multiply(voltage[..., ::-1, :, :], q[..., None, :, :], out=turned)
    current[..., 0, :, :] += turned[..., 0, :, :]
    current[..., 1, :, :] -= turned[..., 1, :, :]


def _as_planes(power: Complex, order: Ints) -> Floats:
    """Return real and imaginary parts port by port in an order, steps last; zeros where it is -1."""
    taken = np.take(power, order, axis=1, mode="clip")
    planes = np.empty((2, len(order), len(power)))
    planes[0], planes[1] = taken.real.T, taken.imag.T
    planes[:, order < 0] = 0.0
    return planes
