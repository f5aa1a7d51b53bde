"""How buildings, their connections, phase nodes, lines and transformers of a grid belong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid
from twin.grid.phases import at_bus, between, masks
from twin.grid.powerflow.areas import components
from twin.grid.switches import Switched, set_switches
from twin.quantities import Link
from twin.table import Table

__all__ = ["connection_nodes", "feeder_areas", "feeders", "links"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SERIES = ("line", "regulator")
_WINDINGS = {"transformer": ("hv_bus", "lv_bus"), "transformer_3w": ("hv_bus", "mv_bus", "lv_bus")}


def links(grid: ElectricGrid, connection: Table) -> tuple[Link, ...]:
    """Return all links of a grid; every building has one connection.

    A connection takes power from its phases alike. Line and transformer belong to the bus they feed, buses to the
    transformer that supplies them.
    """
    rows, cols, weights = connection_nodes(grid, connection)
    return (
        Link.belongs("building", "connection", np.argsort(connection["building"])),
        Link("connection", "phase_node", rows, cols, weights),
        Link.belongs("phase_node", "bus", grid.phase_node["bus"]),
        Link.belongs("line", "bus", grid.line["to_bus"]),
        Link.belongs("transformer", "bus", grid.transformer["lv_bus"]),
        feeder_areas(grid),
    )


def connection_nodes(grid: ElectricGrid, connection: Table) -> tuple[Ints, Ints, Floats]:
    """Return phase node, connection and weight of every phase of every connection, shape ``(k,)`` each."""
    mask = at_bus(grid)[connection["bus"]]
    if grid.phases == 3:
        named = masks(connection)
        mask = np.where(named.any(axis=1, keepdims=True), named, mask)
    node = between(grid, connection["bus"], mask)
    cols, phase = np.nonzero(node >= 0)
    weights = 1.0 / np.bincount(cols, minlength=len(connection))[cols]
    return node[cols, phase], cols, weights


def _joined_by_lines(switched: Switched, apart: Ints | None = None) -> Ints:
    """Return the number of the part that each bus belongs to, which lines and regulators join; ``apart`` join none."""
    grid = switched.grid
    ends = [np.concatenate([getattr(grid, name)[end] for name in _SERIES]) for end in ("from_bus", "to_bus")]
    if apart is not None:
        inside = ~np.isin(ends, apart).any(axis=0)
        ends = [end[inside] for end in ends]
    return components(len(grid.bus), *ends)


def feeder_areas(grid: ElectricGrid) -> Link:
    """Return which buses each transformer supplies: all that lines and closed switches join to its low-voltage side.

    Transformers that feed the same buses share them alike (weights 1/k); one that a switch opens feeds none. Buses that
    lines join to a source belong to no transformer, so sums per transformer leave them out.
    """
    switched = set_switches(grid)
    area = _joined_by_lines(switched)
    unit = switched.grid.transformer
    open_ends = np.stack([unit["hv_bus"], unit["lv_bus"]]) > int(switched.bus.max(initial=-1))  # stubs come last
    supplied = area[unit["lv_bus"]]
    by_source = np.isin(supplied, area[switched.grid.grid_source["bus"]])
    feeds = np.flatnonzero(~by_source & ~open_ends.any(axis=0))
    share = 1.0 / np.maximum(np.bincount(supplied[feeds], minlength=int(area.max(initial=-1)) + 1), 1)
    of_bus = area[switched.bus]
    by_area = np.argsort(of_bus, kind="stable")
    first, last = (np.searchsorted(of_bus[by_area], supplied[feeds], side=side) for side in ("left", "right"))
    count = last - first
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    bus = by_area[np.repeat(first, count) + within]
    rows = np.repeat(switched.rows["transformer"][feeds], count)
    order = np.lexsort((bus, rows))
    return Link("bus", "transformer", rows[order], bus[order], share[of_bus[bus[order]]])


def feeders(grid: ElectricGrid) -> tuple[Ints, Floats]:
    """Return the number of the feeder of every bus, and how far it is from the station along the lines, m.

    A feeder is what lines and closed switches join behind one cable of a station: a bus with a transformer or source.
    """
    switched = set_switches(grid)
    own = switched.grid
    ends = [getattr(own, name)[end] for name, all_ in _WINDINGS.items() for end in all_]
    stations = np.unique(np.concatenate([own.grid_source["bus"], *ends]))
    number, distance = _joined_by_lines(switched, stations), _distances(own, stations)
    return number[switched.bus], distance[switched.bus]


def _distances(grid: ElectricGrid, stations: Ints) -> Floats:
    """Return the length of the shortest way along lines from every bus to a station, infinite where there is none."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    n, line = len(grid.bus), grid.line
    if not len(stations):
        return np.full(n, np.inf)
    one, other = (np.concatenate([getattr(grid, name)[end] for name in _SERIES]) for end in ("from_bus", "to_bus"))
    length = np.concatenate([line["length_m"], np.ones(len(grid.regulator))])
    order = np.lexsort((length, other, one))  # of lines side by side the shortest counts
    one, other, length = one[order], other[order], length[order]
    first = np.r_[True, (np.diff(one) != 0) | (np.diff(other) != 0)][: len(one)]
    ways = csr_array((length[first], (one[first], other[first])), shape=(n, n))
    found = dijkstra(ways, directed=False, indices=stations, min_only=True)
    return np.asarray(found, dtype=np.float64)
