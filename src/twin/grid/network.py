"""A grid's tables as admittances per unit, in symmetrical components, and as one sparse admittance matrix.

The base is `BASE_VA` for three phases together and the nominal voltage of each bus. Buses are sorted by area, a part
of the network that shares no impedance with the rest, and nodes are numbered phase by phase: ``phase * n_buses + bus``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid
from twin.grid.sequences import BASE_VA, FORTESCUE, Branches, given, in_phases, stacked
from twin.grid.transformers import transformer_branches
from twin.table import Table

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = [
    "BASE_VA",
    "FORTESCUE",
    "Branches",
    "Network",
    "admittance_matrix",
    "in_phases",
    "network",
    "source_currents",
]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """A grid per unit.

    Attributes
    ----------
    phases
        Nodes per bus, and sequences of every admittance: 3 (zero, positive, negative) or 1 (positive).
    bus
        Row of the grid's bus table behind every bus, shape ``(n_buses,)``.
    area
        Number of every bus's area, ascending, -1 where a source keeps the voltage stiff, shape ``(n_buses,)``.
    source_bus
        Buses that are fed, shape ``(n_sources,)``.
    source_voltage
        Voltage of every phase behind the source's impedance, shape ``(phases, n_sources)``.
    source_admittance
        By sequence, shape ``(sequences, n_sources)``; 0 where the voltage is stiff.
    stiff
        Sources whose bus keeps their voltage whatever happens, shape ``(n_sources,)``.
    """

    phases: int
    bus: Ints
    area: Ints
    lines: Branches
    transformers: Branches
    source_bus: Ints
    source_voltage: Complex
    source_admittance: Complex
    stiff: NDArray[np.bool_]

    @property
    def n_buses(self) -> int:
        """Number of buses."""
        return len(self.bus)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.phases * self.n_buses


def network(grid: ElectricGrid) -> Network:
    """Return a grid that has passed `twin.grid.check.check`, per unit."""
    sources = grid.grid_source
    stiff = np.isinf(sources["short_circuit_va"])
    area = _areas(grid, sources["bus"][stiff])
    bus = np.argsort(area, kind="stable")
    place = np.empty(len(bus), dtype=np.int64)
    place[bus] = np.arange(len(bus))
    positive = sources["voltage_pu"] * np.exp(1j * np.radians(sources["angle_deg"]))
    return Network(
        phases=grid.phases,
        bus=bus,
        area=area[bus],
        lines=_lines(grid, place),
        transformers=transformer_branches(
            grid.transformer,
            grid.bus["v_nom_v"],
            place[grid.transformer["hv_bus"]],
            place[grid.transformer["lv_bus"]],
            grid.phases,
        ),
        source_bus=place[sources["bus"]],
        source_voltage=np.outer(FORTESCUE[grid.phases][:, grid.phases // 2], positive),
        source_admittance=_source_admittance(sources, stiff, grid.phases),
        stiff=stiff,
    )


def _areas(grid: ElectricGrid, stiff_buses: Ints) -> Ints:
    """Return the area of every bus: where buses of stiff sources (-1) are cut out, the network falls apart."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(grid.bus)
    stiff = np.zeros(n, dtype=bool)
    stiff[stiff_buses] = True
    near = np.concatenate([grid.line["from_bus"], grid.transformer["hv_bus"]])
    far = np.concatenate([grid.line["to_bus"], grid.transformer["lv_bus"]])
    inner = ~stiff[near] & ~stiff[far]
    graph = coo_array((np.ones(inner.sum()), (near[inner], far[inner])), shape=(n, n))
    _, found = connected_components(graph, directed=False)
    area = np.full(n, -1, dtype=np.int64)
    area[~stiff] = np.unique(found[~stiff], return_inverse=True)[1]
    return area


def _lines(grid: ElectricGrid, place: Ints) -> Branches:
    line, phases = grid.line, grid.phases
    v_nom = grid.bus["v_nom_v"][line["from_bus"]]
    base = BASE_VA / v_nom**2 * line["length_m"] / line["parallel"]
    z1 = (line["r_ohm_m"] + 1j * line["x_ohm_m"]) * base
    z0 = (line["r0_ohm_m"] + 1j * line["x0_ohm_m"]) * base if phases == 3 else z1
    c1 = given(line, "c_f_m", 0.0)
    c0 = given(line, "c0_f_m", c1)
    half = 1j * np.pi * grid.frequency_hz * line["length_m"] * line["parallel"] * v_nom**2 / BASE_VA
    shunt = stacked(half * c0, half * c1, phases)
    near, far = place[line["from_bus"]], place[line["to_bus"]]
    return Branches(near, far, stacked(1 / z0, 1 / z1, phases), shunt, shunt, None)


def _source_admittance(sources: Table, stiff: NDArray[np.bool_], phases: int) -> Complex:
    size = np.where(stiff, 0.0, sources["short_circuit_va"]) / BASE_VA
    ratio = sources["rx_ratio"]
    y1 = size * np.sqrt(1 + ratio**2) / (ratio + 1j)
    return stacked(y1 / sources["z0_z1_ratio"] if phases == 3 else y1, y1, phases)


def admittance_matrix(net: Network) -> csc_array:
    """Return the nodal admittance matrix with the sources' own admittances in it, ``(n_nodes, n_nodes)``."""
    from scipy.sparse import coo_array

    blocks: list[tuple[Ints, Ints, Complex]] = []
    for branches in (net.lines, net.transformers):
        ends = branches.near, branches.far
        pairs = [(a, b) for a in ends for b in ends]
        blocks += [(a, b, y) for (a, b), y in zip(pairs, branches.two_port(), strict=True)]
    blocks.append((net.source_bus, net.source_bus, net.source_admittance))
    values = np.concatenate([in_phases(y, net.phases) for _, _, y in blocks])
    shift = net.n_buses * np.arange(net.phases)
    rows = np.concatenate([a for a, _, _ in blocks])[:, None, None] + shift[:, None]
    cols = np.concatenate([b for _, b, _ in blocks])[:, None, None] + shift
    rows, cols = np.broadcast_arrays(rows, cols)
    shape = (net.n_nodes, net.n_nodes)
    return coo_array((values.ravel(), (rows.ravel(), cols.ravel())), shape=shape).tocsc()


def source_currents(net: Network) -> Complex:
    """Return the current that sources with an impedance drive into the nodes if short-circuited, ``(n_nodes,)``."""
    current = np.zeros((net.phases, net.n_buses), dtype=np.complex128)
    admittance = in_phases(net.source_admittance, net.phases)
    np.add.at(current.T, net.source_bus, np.einsum("npq,qn->np", admittance, net.source_voltage))
    return current.ravel()
