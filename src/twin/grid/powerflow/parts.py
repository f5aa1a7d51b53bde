"""A network in parts that meet at cut nodes only: small dense matrices instead of one large one.

With the cut nodes' voltages ``c`` as its boundary, a part's voltages are ``R I + G c`` of its own currents alone, and
what it passes on to the cut nodes is ``H I``. There, ``c = Z sum(H I)``. All are deviations from the voltages without
any load. This is static condensation (substructuring; Kron reduction of each part), exact for any choice of cuts, in
radial and meshed networks alike. Without a cut, the one part's matrix is the whole network's: the "Z-bus" method.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.admittance import Admittance
from twin.grid.powerflow.connected import Ports
from twin.grid.powerflow.network import GROUND, Complex, Ints

__all__ = ["Part", "Parts", "PartSizes", "part_sizes", "split"]


@dataclass(frozen=True)
class PartSizes:
    """What belongs to which part, before any matrix is computed.

    Attributes
    ----------
    cut
        The cut nodes, shape ``(m,)``.
    nodes
        Inner nodes of every part.
    ports
        Ports of every part.
    boundary
        Cut nodes (rows of ``cut``) that every part touches.
    """

    cut: Ints
    nodes: tuple[Ints, ...]
    ports: tuple[Ints, ...]
    boundary: tuple[Ints, ...]


@dataclass(frozen=True)
class Part:
    """One part's matrices, per unit.

    Attributes
    ----------
    nodes, ports, boundary
        Its ``n`` nodes (inner ones, and the cut nodes that no other part counts as its own), its ``k`` ports, and the
        ``r`` cut nodes it touches as rows of `Parts.cut`.
    response
        Voltages of its nodes from its ports' currents while the cut nodes stay, shape ``(n, k)``.
    transfer
        Voltages of its nodes from those of the cut nodes, shape ``(n, r)``.
    inner, across
        The same for the voltages across its ports, shapes ``(k, k)`` and ``(k, r)``.
    passed_on
        Currents into the cut nodes from its ports' currents, shape ``(r, k)``.
    """

    nodes: Ints
    ports: Ints
    boundary: Ints
    response: Complex
    transfer: Complex
    inner: Complex
    across: Complex
    passed_on: Complex


@dataclass(frozen=True)
class Parts:
    """A network cut into parts.

    Attributes
    ----------
    cut
        The cut nodes, shape ``(m,)``.
    impedance
        Voltages of the cut nodes from currents into them, shape ``(m, m)``.
    """

    cut: Ints
    impedance: Complex
    parts: tuple[Part, ...]


def part_sizes(admittance: Admittance, ports: Ports, cut_nodes: NDArray[np.bool_], size: int) -> PartSizes:
    """Find what is connected once the cut nodes are taken out.

    Parameters
    ----------
    cut_nodes
        Whether each node is cut, shape ``(n,)``.
    size
        Small parts with the same boundary are put together until they hold this many ports.
    """
    n = admittance.network.n_nodes
    stiff = np.zeros(n, dtype=bool)
    stiff[admittance.stiff] = True
    cut_nodes = cut_nodes & ~stiff
    cut = np.flatnonzero(cut_nodes)
    place = np.full(n, -1)
    place[cut] = np.arange(len(cut))
    inner = ~cut_nodes & ~stiff
    near, far = _touching(admittance, ports)
    owner, n_parts = _components(n, inner, near, far)
    boundary = _boundaries(owner, place, near, far, n_parts)
    owner_of_port = _port_owners(ports, owner, place, boundary)
    owner, owner_of_port, boundary = _merged(owner, owner_of_port, boundary, size)
    return PartSizes(cut, _groups(owner, len(boundary)), _groups(owner_of_port, len(boundary)), tuple(boundary))


def _touching(admittance: Admittance, ports: Ports) -> tuple[Ints, Ints]:
    """Return pairs of nodes that touch through an element or a port."""
    entries = admittance.matrix.tocoo()
    between = ports.other != GROUND
    return np.r_[entries.row, ports.node[between]], np.r_[entries.col, ports.other[between]]


def _components(n: int, inner: NDArray[np.bool_], near: Ints, far: Ints) -> tuple[Ints, int]:
    """Return the part of every node, -1 where it is cut or stiff, and how many there are."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    kept = inner[near] & inner[far]
    graph = csr_array((np.ones(kept.sum(), dtype=np.int8), (near[kept], far[kept])), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    owner = np.full(n, -1)
    names, owner[inner] = np.unique(label[inner], return_inverse=True)
    return owner, len(names)


def _boundaries(owner: Ints, place: Ints, near: Ints, far: Ints, n_parts: int) -> list[Ints]:
    """Return the cut nodes that every part touches."""
    touch = (owner[near] >= 0) & (place[far] >= 0)
    pairs = np.unique(np.stack([owner[near][touch], place[far][touch]]), axis=1)
    bounds = np.searchsorted(pairs[0], np.arange(n_parts + 1))
    return [pairs[1][bounds[k] : bounds[k + 1]] for k in range(n_parts)]


def _port_owners(ports: Ports, owner: Ints, place: Ints, boundary: list[Ints]) -> Ints:
    """Return the part of every port; what lies on cut and stiff nodes alone makes a part without inner nodes."""
    ends = np.stack([owner[ports.node], np.where(ports.other == GROUND, -1, owner[ports.other])])
    of_port = ends.max(axis=0, initial=-1)
    lone = np.flatnonzero(of_port < 0)
    if len(lone):
        touched = np.r_[place[ports.node[lone]], place[ports.other[lone][ports.other[lone] != GROUND]]]
        of_port[lone] = len(boundary)
        boundary.append(np.unique(touched[touched >= 0]))
    return np.asarray(of_port)


def _merged(owner: Ints, of_port: Ints, boundary: list[Ints], size: int) -> tuple[Ints, Ints, list[Ints]]:
    """Put small parts together that touch the same cut nodes."""
    count = np.bincount(of_port[of_port >= 0], minlength=len(boundary))
    group = np.empty(len(boundary) + 1, dtype=np.int64)
    group[-1] = -1
    merged: list[Ints] = []
    room: dict[bytes, tuple[int, int]] = {}
    for part, cuts in enumerate(boundary):
        key = cuts.tobytes()
        into, filled = room.get(key, (-1, size + 1))
        if filled + count[part] > size:
            into, filled = len(merged), 0
            merged.append(cuts)
        group[part] = into
        room[key] = into, filled + int(count[part])
    return group[owner], group[of_port], merged


def _groups(owner: Ints, n: int) -> tuple[Ints, ...]:
    """Return what every owner has."""
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(n + 1))
    return tuple(order[bounds[k] : bounds[k + 1]] for k in range(n))


def split(admittance: Admittance, ports: Ports, sizes: PartSizes) -> Parts:
    """Compute the matrices of all parts."""
    parts = tuple(_parts(admittance, ports, sizes))
    return _with_cuts(Parts(sizes.cut, _cut_impedance(admittance, sizes, parts), parts))


def _cut_impedance(admittance: Admittance, sizes: PartSizes, parts: tuple[Part, ...]) -> Complex:
    """Return the voltages of the cut nodes from currents into them: the inverse of the Schur complement."""
    seen = np.asarray(admittance.between(sizes.cut, sizes.cut).toarray(), dtype=np.complex128)
    for part in parts:
        if len(part.boundary) and len(part.nodes):
            to_part: Any = admittance.between(sizes.cut[part.boundary], part.nodes)
            seen[np.ix_(part.boundary, part.boundary)] += to_part @ part.transfer
    return np.asarray(np.linalg.inv(seen))


def _parts(admittance: Admittance, ports: Ports, sizes: PartSizes) -> Iterator[Part]:
    from scipy.sparse.linalg import splu

    incidence: Any = ports.incidence(admittance.network.n_nodes).tocsr()
    for nodes, own, boundary in zip(sizes.nodes, sizes.ports, sizes.boundary, strict=True):
        cut = sizes.cut[boundary]
        inside, at_cut = incidence[nodes][:, own].toarray(), incidence[cut][:, own].toarray()
        response: Complex = np.zeros((len(nodes), len(own)), dtype=np.complex128)
        transfer: Complex = np.zeros((len(nodes), len(cut)), dtype=np.complex128)
        passed_on = at_cut.astype(np.complex128)
        if len(nodes):
            whole = len(nodes) == len(admittance.free)
            factors = admittance.factors if whole else splu(admittance.between(nodes, nodes))
            response = factors.solve(inside.astype(np.complex128)) if len(own) else response
            if len(cut):
                transfer = -factors.solve(admittance.between(nodes, cut).toarray())
            passed_on -= np.asarray(admittance.between(cut, nodes) @ response)
        inner, across = inside.T @ response, inside.T @ transfer + at_cut.T
        yield Part(nodes, own, boundary, response, transfer, inner, across, passed_on)


def _with_cuts(parts: Parts) -> Parts:
    """Let every cut node be a node of the first part that touches it, whose nodes often lie beside it."""
    owned = np.zeros(len(parts.cut), dtype=bool)
    made = []
    for part in parts.parts:
        mine = np.flatnonzero(~owned[part.boundary])
        owned[part.boundary[mine]] = True
        made.append(_extended(part, parts.cut[part.boundary[mine]], mine))
    alone = np.flatnonzero(~owned)
    if len(alone):
        made.append(_extended(_empty(alone), parts.cut[alone], np.arange(len(alone))))
    return replace(parts, parts=tuple(made))


def _empty(boundary: Ints) -> Part:
    """Return a part of cut nodes alone."""
    none, r = np.empty(0, dtype=np.int64), len(boundary)
    shapes = ((0, 0), (0, r), (0, 0), (0, r), (r, 0))
    return Part(none, none, boundary, *(np.zeros(shape, dtype=np.complex128) for shape in shapes))


def _extended(part: Part, cut: Ints, rows: Ints) -> Part:
    response = np.concatenate([part.response, np.zeros((len(cut), len(part.ports)))])
    transfer = np.concatenate([part.transfer, np.eye(len(part.boundary))[rows]])
    return replace(part, nodes=np.r_[part.nodes, cut], response=response, transfer=transfer)
