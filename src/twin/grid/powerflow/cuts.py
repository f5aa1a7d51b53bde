"""Where to cut a network: buses without which it falls into parts that hold few loads each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.network import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["bus_graph", "cut_buses"]


def bus_graph(bus: Ints, near: Ints, far: Ints) -> csr_array:
    """Return which buses touch, from pairs of nodes that do; ``bus`` is that of every node."""
    from scipy.sparse import csr_array

    n = int(bus.max(initial=-1)) + 1
    pairs = bus[near], bus[far]
    kept = pairs[0] != pairs[1]
    rows, columns = np.r_[pairs[0][kept], pairs[1][kept]], np.r_[pairs[1][kept], pairs[0][kept]]
    return csr_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(n, n))


def cut_buses(graph: csr_array, roots: Ints, ports: Floats, size: int) -> NDArray[np.bool_]:
    """Choose the buses to cut at.

    Walking up from the ends, a bus is cut as soon as what hangs from it holds ``size`` ports; a cut bus counts as one
    further up. In a meshed network, what hangs is what a depth-first walk finds: any choice is right, a good one fast.

    Parameters
    ----------
    graph
        Which buses touch.
    roots
        Buses from which to walk: those of the sources.
    ports
        How many ports each bus has.
    size
        Ports that make a part.
    """
    from scipy.sparse.csgraph import connected_components, depth_first_order

    n = graph.shape[0]
    cut = np.zeros(n, dtype=bool)
    hanging = np.array(ports, dtype=np.float64)
    label = connected_components(graph, directed=False)[1]
    first = {int(label[root]): int(root) for root in roots}
    for component in range(int(label.max(initial=-1)) + 1):
        start = first.get(component, int(np.flatnonzero(label == component)[0]))
        order, parent = depth_first_order(graph, start, directed=False)
        for bus in order[:0:-1].tolist():
            if hanging[bus] >= size:
                cut[bus], hanging[bus] = True, 1.0
            hanging[parent[bus]] += hanging[bus]
    return cut
