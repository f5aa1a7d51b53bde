"""A network cut into areas that know nothing of each other, and into what is left of it when elements are out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.network import GROUND, Complex, Ints, NodalNetwork, PrimitiveBlock

__all__ = ["Area", "areas", "components", "without"]

Mask = NDArray[np.bool_]

_BY_PHASE = ("line", "regulator")  # what joins the n-th node of its near end to the n-th of its far end
_TIED = 1.0  # admittance that ties dead nodes to earth, per unit


@dataclass(frozen=True)
class Area:
    """Part of a network that nothing but stiff voltages joins to the rest.

    Attributes
    ----------
    network
        With nodes and buses numbered by itself; stiff nodes stand in every area that they feed.
    nodes
        Node of the whole network of each of them, ascending, shape ``(n,)``.
    """

    network: NodalNetwork
    nodes: Ints


def areas(network: NodalNetwork) -> list[Area]:
    """Return the areas of a network, each of its nodes that is not stiff in exactly one."""
    n = network.n_nodes
    stiff = np.zeros(n, dtype=bool)
    if network.source_admittance is None:
        stiff[network.source_node] = True
    elements = [block.nodes for block in network.blocks]
    if network.source_admittance is not None:
        elements.append(network.source_node[np.argwhere(network.source_admittance)])
    if not elements:
        return []
    label = components(n, *_pairs([_star(np.where(stiff[rows], GROUND, rows)) for rows in elements]))
    label[stiff] = -1
    kept, label[~stiff] = np.unique(label[~stiff], return_inverse=True)
    belongs = np.unique(np.concatenate([_feeding(rows, stiff, label) for rows in elements]), axis=0)
    nodes = np.concatenate([np.flatnonzero(~stiff), belongs[:, 0]])
    owner = np.concatenate([label[~stiff], belongs[:, 1]])
    order = np.lexsort((nodes, owner))
    groups = np.split(nodes[order], np.searchsorted(owner[order], np.arange(1, len(kept))))
    blocks = _by_area(network, label, len(kept))
    place = np.full(n, GROUND, dtype=np.int64)
    return [_area(network, rows, parts, place) for rows, parts in zip(groups, blocks, strict=True)] if len(kept) else []


def _feeding(nodes: Ints, stiff: Mask, label: Ints) -> Ints:
    """Return stiff nodes of elements and the areas in which the elements' other nodes are, shape ``(pair, 2)``."""
    owner = np.where(nodes < 0, -1, label[nodes]).max(axis=1, keepdims=True, initial=-1)
    feeds = (nodes >= 0) & stiff[nodes] & (owner >= 0)
    return np.stack([nodes[feeds], np.broadcast_to(owner, nodes.shape)[feeds]], axis=1)


def _by_area(network: NodalNetwork, label: Ints, n_areas: int) -> list[list[PrimitiveBlock]]:
    """Return the elements of every area; those that only join stiff nodes are in none."""
    found: list[list[PrimitiveBlock]] = [[] for _ in range(n_areas)]
    padded = np.append(label, -1)
    for block in network.blocks:
        own = padded[block.nodes].max(axis=1, initial=-1)
        order = np.argsort(own, kind="stable")
        numbers, starts = np.unique(own[order], return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
            if number >= 0:
                found[number].append(_some(block, rows))
    return found


def _some(block: PrimitiveBlock, rows: Ints | Mask) -> PrimitiveBlock:
    return PrimitiveBlock(block.table, block.rows[rows], block.nodes[rows], block.y[rows])


def _area(network: NodalNetwork, nodes: Ints, blocks: list[PrimitiveBlock], place: Ints) -> Area:
    place[nodes] = np.arange(len(nodes))
    fed = np.isin(network.source_node, nodes)
    own = NodalNetwork(
        n_nodes=len(nodes),
        bus=np.unique(network.bus[nodes], return_inverse=True)[1].reshape(-1),
        phase=network.phase[nodes],
        base_v=network.base_v[nodes],
        base_va=network.base_va,
        blocks=tuple(replace(b, nodes=np.where(b.nodes < 0, GROUND, place[b.nodes])) for b in blocks),
        source_node=place[network.source_node[fed]],
        source_voltage=network.source_voltage[fed],
        source_admittance=None if network.source_admittance is None else network.source_admittance[np.ix_(fed, fed)],
    )
    return Area(own, nodes)


def without(network: NodalNetwork, out: Mapping[str, Ints]) -> tuple[NodalNetwork, Mask]:
    """Return a network with elements out of service, and which of its nodes no source feeds then.

    Dead nodes are tied to earth, so that their voltage is zero.

    Parameters
    ----------
    out
        Rows of elements by the name of their table, as blocks count them.
    """
    none = np.zeros(0, dtype=np.int64)
    left = [_some(block, ~np.isin(block.rows, out.get(block.table, none))) for block in network.blocks]
    blocks = [block for block in left if len(block.rows)]
    label = components(network.n_nodes, *_pairs([_conducting(block) for block in blocks]))
    dead = ~np.isin(label, label[network.source_node])
    if dead.any():
        rows = np.flatnonzero(dead)
        tied: Complex = np.full((len(rows), 1, 1), _TIED, dtype=np.complex128)
        blocks.append(PrimitiveBlock("bus", network.bus[rows], rows[:, None], tied))
    return replace(network, blocks=tuple(blocks)), dead


def components(n: int, one: Ints, other: Ints) -> Ints:
    """Return the number of the component of each of ``n`` things that pairs join, shape ``(n,)``."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(one)), (one, other)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


Pairs = tuple[Ints, Ints]


def _pairs(found: Sequence[Pairs]) -> Pairs:
    """Return all pairs of nodes, but for those with ground."""
    none = np.zeros(0, dtype=np.int64)
    one, other = (np.concatenate([none, *(pair[end] for pair in found)]) for end in (0, 1))
    both = (one >= 0) & (other >= 0)
    return one[both], other[both]


def _star(nodes: Ints) -> Pairs:
    """Return the pairs that join all nodes of each element, shape ``(m, k)``, to one of them."""
    anchor = np.broadcast_to(nodes.max(axis=1, keepdims=True, initial=GROUND), nodes.shape)
    return anchor.ravel(), nodes.ravel()


def _conducting(block: PrimitiveBlock) -> Pairs:
    """Return the pairs of nodes between which elements conduct: phases of a line only act on each other."""
    if block.table not in _BY_PHASE:
        return _star(block.nodes)
    half = block.nodes.shape[1] // 2
    return block.nodes[:, :half].ravel(), block.nodes[:, half:].ravel()
