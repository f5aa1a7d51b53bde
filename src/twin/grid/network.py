"""A grid's tables as admittances per unit, in symmetrical components, and as one sparse admittance matrix.

The base is `BASE_VA` for three phases together and the nominal voltage of each bus. Buses are sorted by area, a part
of the network that shares no impedance with the rest, and nodes are numbered phase by phase: ``phase * n_buses + bus``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid, clock
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

BASE_VA = 1e5
FREQUENCY_HZ = 50.0

_A = np.exp(2j * np.pi / 3)
# Phase values from zero, positive and negative sequence (Fortescue 1918), for three phases and for one
_THREE: Complex = np.array([[1, 1, 1], [1, _A**2, _A], [1, _A, _A**2]])
_ONE: Complex = np.ones((1, 1), dtype=np.complex128)
FORTESCUE = {1: _ONE, 3: _THREE}


@dataclass(frozen=True)
class Branches:
    """Lines or transformers as two-ports, per unit: an ideal ratio at the near end, then a pi.

    Attributes
    ----------
    near, far
        Buses at its ends, shape ``(n,)``.
    series, near_shunt, far_shunt
        Admittances of every sequence, shape ``(sequences, n)``; the near shunt lies behind the ratio.
    ratio
        Near voltage over the voltage behind the ratio, shape ``(sequences, n)``; None if 1 everywhere.
    """

    near: Ints
    far: Ints
    series: Complex
    near_shunt: Complex
    far_shunt: Complex
    ratio: Complex | None

    def two_port(self) -> tuple[Complex, Complex, Complex, Complex]:
        """Return the admittances near-near, near-far, far-near and far-far, each ``(sequences, n)``."""
        ratio = np.ones_like(self.series) if self.ratio is None else self.ratio
        near = (self.series + self.near_shunt) / np.abs(ratio) ** 2
        return near, -self.series / np.conj(ratio), -self.series / ratio, self.series + self.far_shunt


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
        transformers=_transformers(grid, place),
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


def _sequences(zero: Complex, positive: Complex, phases: int) -> Complex:
    """Stack the values of the sequences; the negative one is as the positive."""
    return np.stack([zero, positive, positive]) if phases == 3 else positive[None]


def _lines(grid: ElectricGrid, place: Ints) -> Branches:
    line, phases = grid.line, grid.phases
    v_nom = grid.bus["v_nom_v"][line["from_bus"]]
    base = BASE_VA / v_nom**2 * line["length_m"] / line["parallel"]
    z1 = (line["r_ohm_m"] + 1j * line["x_ohm_m"]) * base
    z0 = (line["r0_ohm_m"] + 1j * line["x0_ohm_m"]) * base if phases == 3 else z1
    c1 = _given(line, "c_f_m", 0.0)
    c0 = _given(line, "c0_f_m", c1)
    half = 1j * np.pi * FREQUENCY_HZ * line["length_m"] * line["parallel"] * v_nom**2 / BASE_VA
    shunt = _sequences(half * c0, half * c1, phases)
    near, far = place[line["from_bus"]], place[line["to_bus"]]
    return Branches(near, far, _sequences(1 / z0, 1 / z1, phases), shunt, shunt, None)


def _transformers(grid: ElectricGrid, place: Ints) -> Branches:
    """Return transformers as T equivalents, turned into pi (star-delta), low-voltage side as reference.

    A Dyn winding passes no zero sequence on: on its earthed side it is an impedance to ground.
    """
    table, phases = grid.transformer, grid.phases
    hv, lv = table["hv_bus"], table["lv_bus"]
    low = table["lv_rated_v"] / grid.bus["v_nom_v"][lv]
    rated = table["s_rated_va"] * table["parallel"]
    z1 = _impedance(table["vk_pct"], table["vkr_pct"]) * BASE_VA / rated * low**2
    magnetizing = _magnetizing(table) / low**2
    series = 1 / (z1 + z1**2 * magnetizing / 4)
    shunt = magnetizing / (2 + z1 * magnetizing / 2)
    turns = table["hv_rated_v"] / grid.bus["v_nom_v"][hv] / low
    hours = np.array([clock(str(group)) for group in table["vector_group"]], dtype=np.float64)
    shift = np.exp(1j * np.pi / 6 * hours)
    near, far = place[hv], place[lv]
    if phases == 1:
        return Branches(near, far, series[None], shunt[None], shunt[None], (turns * shift)[None])
    vk0, vkr0 = _given(table, "vk0_pct", table["vk_pct"]), _given(table, "vkr0_pct", table["vkr_pct"])
    earth = rated / BASE_VA / low**2 / _impedance(vk0, vkr0)
    none = np.zeros_like(series)
    return Branches(
        near=near,
        far=far,
        series=np.stack([none, series, series]),
        near_shunt=np.stack([none, shunt, shunt]),
        far_shunt=np.stack([earth, shunt, shunt]),
        ratio=np.stack([turns + 0j, turns * shift, turns * shift.conj()]),
    )


def _impedance(vk_pct: Floats, vkr_pct: Floats) -> Complex:
    """Return a short-circuit impedance on the transformer's own base."""
    return np.asarray(vkr_pct + 1j * np.sqrt(vk_pct**2 - vkr_pct**2)) / 100


def _magnetizing(table: Table) -> Complex:
    """Return the admittance of core losses and magnetizing current, per unit of `BASE_VA`."""
    conductance = _given(table, "iron_loss_w", 0.0)
    total = _given(table, "no_load_current_pct", 0.0) / 100 * table["s_rated_va"]
    susceptance = np.sqrt(np.maximum(total**2 - conductance**2, 0.0))
    return np.asarray((conductance - 1j * susceptance) * table["parallel"] / BASE_VA)


def _source_admittance(sources: Table, stiff: NDArray[np.bool_], phases: int) -> Complex:
    size = np.where(stiff, 0.0, sources["short_circuit_va"]) / BASE_VA
    ratio = sources["rx_ratio"]
    y1 = size * np.sqrt(1 + ratio**2) / (ratio + 1j)
    return _sequences(y1 / sources["z0_z1_ratio"] if phases == 3 else y1, y1, phases)


def _given(table: Table, name: str, otherwise: Floats | float) -> Floats:
    """Return a column, and something else where it is missing."""
    if name not in table:
        return np.broadcast_to(np.asarray(otherwise, dtype=np.float64), (len(table),))
    return np.where(table.missing(name), otherwise, table[name])


def in_phases(sequences: Complex, phases: int) -> Complex:
    """Return what an admittance of each sequence is between the phases, shape ``(n, phases, phases)``."""
    turn = FORTESCUE[phases]
    return np.asarray(np.einsum("ps,sn,sq->npq", turn, sequences, np.conj(turn.T) / phases))


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
