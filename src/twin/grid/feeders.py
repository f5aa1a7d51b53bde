"""The cables of one transformer station: a tree over its customers, cut into feeders, each as thick as it must be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from itertools import count as count_from

import numpy as np
from numpy.typing import NDArray

from twin.grid.catalogue import cables
from twin.grid.demand import POWER_FACTOR, Customers, coincident_va

__all__ = ["Feeders", "lay_feeders", "routes_from"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LV_NOMINAL_V = 400.0
DETOUR = 1.2  # cable along streets over the straight line between neighbours
STAR_SHARE = 0.3  # how much a short way to the station counts against little cable: 0 is the least cable
SHORTEST_M = 1.0
SERVICE_M = 12.0
HIGHEST_DROP = 0.03
MOST_FEEDERS = 8
MAIN_CABLES = ("NAYY 4x150 SE", "NAYY 4x240 SE")
SERVICE_CABLES = ("NAYY 4x50 SE", *MAIN_CABLES)


@dataclass(frozen=True)
class Feeders:
    """Main and service cables of a station; customer ``i`` hangs on the main cable that ends at its joint ``i``.

    Attributes
    ----------
    parent
        Joint from which the main cable comes, -1 for the station, shape ``(n,)``.
    feeder
        Number of the outgoing feeder, shape ``(n,)``.
    length_m, cable, parallel
        Main cables, shape ``(n,)``.
    service_cable, service_parallel
        Service cables, `SERVICE_M` long, shape ``(n,)``.
    route_m
        Length of cable from the station to each joint, shape ``(n,)``.
    drop
        Voltage drop from the station to each customer at planned load, share of nominal, shape ``(n,)``.
    """

    parent: Ints
    feeder: Ints
    length_m: Floats
    cable: NDArray[np.str_]
    parallel: Ints
    service_cable: NDArray[np.str_]
    service_parallel: Ints
    route_m: Floats
    drop: Floats


@dataclass
class _Tree:
    """A tree over the station (node 0) and its customers; ``order`` has every node after its parent."""

    parent: Ints
    length: Floats
    route: Floats
    order: list[int]

    def subtree_sums(self, values: Floats) -> Floats:
        """Return for every node the sum over the nodes behind it and itself."""
        total = values.copy()
        for node in reversed(self.order[1:]):
            total[self.parent[node]] += total[node]
        return total

    def subtree_max(self, values: Floats) -> Floats:
        """Return for every node the largest value of the nodes behind it and itself."""
        largest = values.copy()
        for node in reversed(self.order[1:]):
            largest[self.parent[node]] = max(largest[self.parent[node]], largest[node])
        return largest

    def branches(self) -> Ints:
        """Return for every node the neighbour of the station through which it is fed; 0 for the station."""
        branch = np.zeros(len(self.parent), dtype=np.int64)
        for node in self.order[1:]:
            branch[node] = node if self.parent[node] == 0 else branch[self.parent[node]]
        return branch


def routes_from(station: Floats, xy: Floats) -> Floats:
    """Return the length of cable from a station to each of its customers, m, shape ``(n,)``."""
    return _grow(station, xy).route[1:] + SERVICE_M


def lay_feeders(station: Floats, customers: Customers) -> Feeders:
    """Lay the cables of a station.

    Parameters
    ----------
    station
        Where it is, m, shape ``(2,)``.
    """
    tree = _grow(station, customers.xy)
    load = _loads(tree, customers)
    while _should_split(tree, load) and _split(tree, load):
        load = _loads(tree, customers)
    branch = tree.branches()
    own = _current(coincident_va(customers.dwellings, customers.other_w, customers.other_w))
    service = [_thinnest(SERVICE_CABLES, current) for current in own]
    kinds, counts = np.array([s[0] for s in service]), np.array([s[1] for s in service], dtype=np.int64)
    drop_of_service = _drop_per_m(kinds, counts) * own * SERVICE_M
    cable, parallel, drop = _size_mains(tree, load, branch, np.concatenate([[0.0], drop_of_service]))
    feeder = np.unique(branch[1:], return_inverse=True)[1]
    return Feeders(
        parent=tree.parent[1:] - 1,
        feeder=feeder,
        length_m=tree.length[1:],
        cable=cable,
        parallel=parallel,
        service_cable=kinds,
        service_parallel=counts,
        route_m=tree.route[1:] + SERVICE_M,
        drop=drop[1:],
    )


def _grow(station: Floats, xy: Floats) -> _Tree:
    """Grow a tree from the station that trades little cable against short ways.

    Alpert, Hu, Huang, Kahng & Karger, IEEE Trans. CAD 14 (1995): Prim's algorithm in which a joint's way to the station
    counts with a share; without it this is the minimum spanning tree.
    """
    place = np.vstack([station, xy])
    distance = np.maximum(np.hypot(*(place[:, None] - place).T) * DETOUR, SHORTEST_M)
    n = len(place)
    parent, route = np.zeros(n, dtype=np.int64), np.zeros(n)
    cost = distance[0].copy()
    cost[0] = np.inf
    order = [0]
    for _ in range(n - 1):
        node = int(np.argmin(cost))
        order.append(node)
        route[node] = route[parent[node]] + distance[parent[node], node]
        through = STAR_SHARE * route[node] + distance[node]
        cost[node] = np.inf
        better = (through < cost) & np.isfinite(cost)
        cost[better], parent[better] = through[better], node
    length = distance[parent, np.arange(n)]
    length[0] = 0.0
    return _Tree(parent, length, route, order)


def _loads(tree: _Tree, customers: Customers) -> Floats:
    """Return the coincident load that the cable to each node carries, VA, shape ``(n + 1,)``."""
    dwellings, other = (np.concatenate([[0.0], v]) for v in (customers.dwellings, customers.other_w))
    return coincident_va(tree.subtree_sums(dwellings), tree.subtree_sums(other), tree.subtree_max(other))


def _current(load_va: Floats) -> Floats:
    """Return the phase current of a balanced load, A."""
    current: Floats = load_va / (np.sqrt(3) * LV_NOMINAL_V)
    return current


def _should_split(tree: _Tree, load: Floats) -> bool:
    """Whether the station has but one feeder, or one that more than the thickest cable would have to carry."""
    top = np.flatnonzero(tree.parent == 0)[1:]
    strongest = cables()[MAIN_CABLES[-1]]["max_current_a"]
    return len(top) < MOST_FEEDERS and (len(top) < 2 or bool(_current(load[top]).max() > strongest))


def _split(tree: _Tree, load: Floats) -> bool:
    """Give about half of the heaviest feeder a cable of its own beside the old one; False if it cannot be cut."""
    branch = tree.branches()
    top = np.flatnonzero(tree.parent == 0)[1:]
    heaviest = top[np.argmax(load[top])]
    inside = np.flatnonzero((branch == heaviest) & (np.arange(len(branch)) != heaviest))
    if not len(inside):
        return False
    node = inside[np.argmin(np.abs(load[inside] - load[heaviest] / 2))]
    tree.parent[node], tree.length[node] = 0, tree.route[node]
    return True


def _size_mains(
    tree: _Tree, load: Floats, branch: Ints, drop_of_service: Floats
) -> tuple[NDArray[np.str_], Ints, Floats]:
    """Choose for every feeder the thinnest cable that carries its load and keeps the voltage; the same all along."""
    n = len(branch)
    current = _current(load)
    cable, parallel, drop = np.full(n, MAIN_CABLES[-1]), np.ones(n, dtype=np.int64), np.zeros(n)
    for top in np.unique(branch[1:]):
        own = branch == top
        for kind, count in chain([(MAIN_CABLES[0], 1)], ((MAIN_CABLES[-1], k) for k in count_from(1))):
            cable[own], parallel[own] = kind, count
            step = _drop_per_m(cable, parallel) * current * tree.length
            for node in tree.order[1:]:
                if own[node]:
                    drop[node] = step[node] + (drop[tree.parent[node]] if tree.parent[node] else 0.0)
            fits = current[top] <= cables()[kind]["max_current_a"] * count
            if fits and (drop + drop_of_service)[own].max() <= HIGHEST_DROP:
                break
    return cable[1:], parallel[1:], drop + drop_of_service


def _drop_per_m(cable: NDArray[np.str_], parallel: Ints) -> Floats:
    """Return the relative voltage drop per ampere and metre, 1/(A m)."""
    kinds, which = np.unique(cable, return_inverse=True)
    sine = np.sqrt(1 - POWER_FACTOR**2)
    ohm = [cables()[str(k)]["r_ohm_m"] * POWER_FACTOR + cables()[str(k)]["x_ohm_m"] * sine for k in kinds]
    drop: Floats = np.sqrt(3) * np.array(ohm)[which] / parallel / LV_NOMINAL_V
    return drop


def _thinnest(kinds: tuple[str, ...], current: float) -> tuple[str, int]:
    """Return the thinnest cable that carries a current, and how many of the thickest are needed if none does."""
    for kind in kinds:
        if current <= cables()[kind]["max_current_a"]:
            return kind, 1
    return kinds[-1], int(np.ceil(current / cables()[kinds[-1]]["max_current_a"]))
