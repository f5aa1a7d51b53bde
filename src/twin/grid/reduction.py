"""A network reduced, once, to the nodes at which power is injected: small dense matrices for every area.

With the voltages ``w`` without any injection and the impedances ``Z`` between nodes, all that is left to solve is
``V = w + Z conj(S / V)`` at the injection nodes, and the voltages elsewhere follow from the currents there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.grid.network import Complex, Ints, Network, admittance_matrix, source_currents

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["Area", "Reduced", "reduce_network"]


@dataclass(frozen=True)
class Area:
    """A part of the network that shares no impedance with the rest.

    Attributes
    ----------
    buses
        Its buses.
    injections
        Which of the network's injections are its own.
    inner
        What a current at one injection adds to the voltage at another, per unit, shape ``(k, k)``: row by column.
    outer
        The same for the voltage at all of its nodes, shape ``(k, phases, n)``.
    """

    buses: slice
    injections: slice
    inner: Complex
    outer: Complex


@dataclass(frozen=True)
class Reduced:
    """A network ready for any number of power flows.

    Attributes
    ----------
    nodes
        Node of every injection, sorted by area, shape ``(k,)``.
    no_load
        Voltage without injections, shape ``(phases, n_buses)``.
    no_load_at_injections
        The same at the nodes of the injections, shape ``(k,)``.
    """

    areas: tuple[Area, ...]
    nodes: Ints
    no_load: Complex
    no_load_at_injections: Complex


def reduce_network(net: Network, injections: Ints) -> Reduced:
    """Reduce a network to its injection nodes.

    Parameters
    ----------
    injections
        Nodes at which power may be injected, each once, shape ``(k,)``.
    """
    matrix = admittance_matrix(net)
    stiff = net.source_bus[net.stiff]
    no_load = np.zeros((net.phases, net.n_buses), dtype=np.complex128)
    no_load[:, stiff] = net.source_voltage[:, net.stiff]
    drive = (source_currents(net) - np.asarray(matrix @ no_load.ravel())).reshape(no_load.shape)
    injections = np.sort(injections)
    owner = net.area[injections % net.n_buses]
    areas, first = [], 0
    for name in np.unique(net.area):
        own = injections[owner == name]
        buses = slice(*np.searchsorted(net.area, [name, name + 1]))
        outer = np.zeros((len(own), net.phases, buses.stop - buses.start), dtype=np.complex128)
        if name >= 0:  # nothing moves the voltage of stiff sources
            no_load[:, buses], outer[:] = _solve_area(net, matrix, buses, drive[:, buses], own)
        phase, bus = np.divmod(own, net.n_buses)
        inner = np.ascontiguousarray(outer[:, phase, bus - buses.start])
        areas.append(Area(buses, slice(first, first + len(own)), inner, outer))
        first += len(own)
    nodes = injections[np.argsort(owner, kind="stable")]
    return Reduced(tuple(areas), nodes, no_load, no_load.ravel()[nodes])


def _solve_area(
    net: Network, matrix: csc_array, buses: slice, drive: Complex, injections: Ints
) -> tuple[Complex, Complex]:
    """Return an area's voltages without injections, and what a current at each injection adds to them."""
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    n = buses.stop - buses.start
    nodes = (net.n_buses * np.arange(net.phases)[:, None] + np.arange(buses.start, buses.stop)).ravel()
    rows = matrix[nodes]
    solver = splu(csc_array(rows[:, nodes]))
    unit = np.zeros((len(nodes), len(injections)), dtype=np.complex128)
    unit[np.searchsorted(nodes, injections), np.arange(len(injections))] = 1.0
    added = np.asarray(solver.solve(unit)) if len(injections) else unit
    outer = added.reshape(net.phases, n, -1).transpose(2, 0, 1)
    return np.asarray(solver.solve(drive.ravel())).reshape(net.phases, n), outer
