"""One phase that stands for all three where network and power are alike in them: a ninth of the work.

Then only the positive sequence exists, and phases b and c are phase a turned by a third and two thirds of a period
(Fortescue, Method of symmetrical co-ordinates applied to the solution of polyphase networks, AIEE 1918).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.grid.powerflow.network import GROUND, Complex, Ints, NodalNetwork, PrimitiveBlock

__all__ = ["TURN", "positive_sequence", "trios"]

TURN = np.exp(-2j * np.pi / 3 * np.arange(3))  # of phases a, b and c in the positive sequence
_ALIKE = 1e-12  # what rounding leaves of the difference between phases, of the largest entry


def trios(network: NodalNetwork) -> Ints | None:
    """Return the nodes of phases a, b, c of every bus, shape ``(n_bus, 3)``; None if a bus has not all three once."""
    order = np.lexsort((network.phase, network.bus))
    if len(order) % 3:
        return None
    rows = order.reshape(-1, 3)
    bus, phase = network.bus[rows], network.phase[rows]
    alike = (bus == bus[:, :1]).all() and (phase == np.arange(3)).all() and (np.diff(bus[:, 0]) > 0).all()
    return rows if alike else None


def positive_sequence(network: NodalNetwork) -> NodalNetwork | None:
    """Return the network of phase a alone, a node for every bus; None where the phases are not alike.

    They are alike if every element's admittance between phases depends only on how far these are apart (circulant
    matrices, as transposed lines and transformers of any vector group have), and the sources' voltages form a positive
    sequence. Nodes stand in the order of `trios`.
    """
    rows = trios(network)
    if rows is None:
        return None
    place = np.full(network.n_nodes + 1, GROUND, dtype=np.int64)
    place[rows] = np.arange(len(rows))[:, None]
    blocks = [_reduced(block, network, place) for block in network.blocks]
    source = _source(network, place)
    if source is None or any(block is None for block in blocks):
        return None
    node, voltage, admittance = source
    return replace(
        network,
        n_nodes=len(rows),
        bus=network.bus[rows[:, 0]],
        phase=np.zeros(len(rows), dtype=np.int64),
        base_v=network.base_v[rows[:, 0]],
        blocks=tuple(block for block in blocks if block is not None),
        source_node=node,
        source_voltage=voltage,
        source_admittance=admittance,
    )


def _reduced(block: PrimitiveBlock, network: NodalNetwork, place: Ints) -> PrimitiveBlock | None:
    """Return what a block's elements do to the positive sequence, None if their phases are not alike."""
    if not len(block.rows):
        return block
    width = block.nodes.shape[1]
    if width == 1:
        return _single(block, network, place)
    if width % 3 or (block.nodes < 0).any():
        return None
    phase = network.phase[block.nodes].reshape(-1, width // 3, 3)
    bus = network.bus[block.nodes].reshape(phase.shape)
    if (phase != np.arange(3)).any() or (bus != bus[:, :, :1]).any():
        return None
    y = _circulant(block.y)
    return None if y is None else replace(block, nodes=place[block.nodes[:, ::3]], y=y)


def _single(block: PrimitiveBlock, network: NodalNetwork, place: Ints) -> PrimitiveBlock | None:
    """Return elements between one node and earth, if each bus has the same at all phases."""
    nodes, y = block.nodes[:, 0], block.y[:, 0, 0]
    own = np.lexsort((network.phase[nodes], place[nodes], block.rows))
    if len(own) % 3:
        return None
    own = own.reshape(-1, 3)
    alike = (place[nodes[own]] == place[nodes[own]][:, :1]).all() and (network.phase[nodes[own]] == np.arange(3)).all()
    if not alike or (y[own] != y[own][:, :1]).any():
        return None
    first = own[:, 0]
    return PrimitiveBlock(block.table, block.rows[first], place[nodes[first]][:, None], y[first][:, None, None])


def _circulant(y: Complex) -> Complex | None:
    """Return the positive sequence of matrices between ends of three phases each, ``(m, 3 e, 3 e)`` to ``(m, e, e)``.

    None if they are not circulant between any two ends.
    """
    m, ends = len(y), y.shape[1] // 3
    parts = y.reshape(m, ends, 3, ends, 3)
    largest = np.abs(y).max(axis=(1, 2), initial=0.0)[:, None, None]
    for shift in range(3):
        turned = [parts[:, :, p, :, (p + shift) % 3] for p in range(3)]
        if max((np.abs(one - turned[0]) - _ALIKE * largest).max(initial=0.0) for one in turned[1:]) > 0:
            return None
    return np.asarray(np.einsum("meifq,q->meif", parts, TURN)[:, :, 0])


def _source(network: NodalNetwork, place: Ints) -> tuple[Ints, Complex, Complex | None] | None:
    """Return the sources' nodes, voltages and admittance in the positive sequence, None if they have others."""
    node, voltage, admittance = network.source_node, network.source_voltage, network.source_admittance
    order = np.lexsort((network.phase[node], place[node]))
    if len(order) % 3 or (network.phase[node[order]].reshape(-1, 3) != np.arange(3)).any():
        return None
    sorted_ = voltage[order].reshape(-1, 3)
    if np.abs(sorted_ - sorted_[:, :1] * TURN).max(initial=0.0) > _ALIKE * np.abs(voltage).max(initial=0.0):
        return None
    first = order[::3]
    if admittance is None:
        return place[node[first]], voltage[first], None
    reduced = _circulant(admittance[np.ix_(order, order)][None])
    return None if reduced is None else (place[node[first]], voltage[first], reduced[0])
