"""Which cuts make a network cheapest to solve, by an estimate of what every step costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.grid.powerflow.admittance import Admittance
from twin.grid.powerflow.connected import Ports
from twin.grid.powerflow.cuts import bus_graph, cut_buses
from twin.grid.powerflow.network import Floats, Ints
from twin.grid.powerflow.parts import Parts, PartSizes, part_sizes, split

__all__ = ["Plan", "plan_iteration", "plan_recovery"]

# Seconds, measured on one core with AVX2; only their proportions matter.
_PER_FLOP = 1 / 25e9
_PER_PORT = 2e-8
_PER_PART = 2e-5  # of a block of steps; so are the exchange between parts and the parts of a recovery
_PER_EXCHANGE = 1.5e-4
_PER_PRODUCT = 4e-6
_PER_RELOAD = 8e-9  # of a port's current into other parts
_CACHE_VALUES = 1 << 15  # numbers of one kind (voltages, say) that a block of steps may have
_MOST_STEPS, _LEAST_STEPS = 512, 256
_SIZES = (4, 6, 8, 12, 16, 24, 32, 48)


@dataclass(frozen=True)
class Plan:
    """A network in parts, how many steps to work on at once, and other ways to cut it that were looked at."""

    parts: Parts
    steps: int
    candidates: tuple[PartSizes, ...] = ()


def plan_iteration(admittance: Admittance, ports: Ports) -> Plan:
    """Cut the network so that one iteration is cheap; not at all if that is cheaper."""
    steps = int(np.clip(_CACHE_VALUES // (2 * max(1, len(ports))), _LEAST_STEPS, _MOST_STEPS))
    candidates = tuple(_candidates(admittance, ports))
    best = min(candidates, key=lambda sizes: _iteration_cost(sizes, steps))
    return Plan(split(admittance, ports, best), steps, candidates)


def plan_recovery(admittance: Admittance, ports: Ports, plan: Plan, nodes: Ints) -> Parts:
    """Cut the network so that the voltages of some nodes follow cheaply; as for the iteration if that is as cheap."""
    wanted = np.zeros(admittance.network.n_nodes)
    wanted[nodes] = 1.0
    own = plan.parts
    reload = len(ports) * _PER_RELOAD
    as_is = PartSizes(
        own.cut,
        tuple(part.nodes for part in own.parts),
        tuple(part.ports for part in own.parts),
        tuple(part.boundary for part in own.parts),
    )
    candidates = [as_is, *(plan.candidates or _candidates(admittance, ports))]
    best = min(candidates, key=lambda s: _recovery_cost(s, wanted, plan.steps) + reload * (s is not as_is))
    return own if best is as_is else split(admittance, ports, best)


def _candidates(admittance: Admittance, ports: Ports) -> Iterator[PartSizes]:
    """Yield the network uncut, cut at its transformers, and cut into parts of several sizes."""
    network, entries = admittance.network, admittance.matrix.tocoo()
    yield part_sizes(admittance, ports, np.zeros(network.n_nodes, dtype=bool), len(ports))
    graph = bus_graph(network.bus, entries.row.astype(np.int64), entries.col.astype(np.int64))
    held = np.bincount(network.bus[ports.node], minlength=graph.shape[0]).astype(np.float64)
    roots = np.unique(network.bus[network.source_node])
    above = [block.nodes[:, 0] for block in network.blocks if block.table == "transformer"]
    if sum(map(len, above)) > 1:
        stations = np.isin(network.bus, network.bus[np.concatenate(above)])
        yield part_sizes(admittance, ports, stations, max(_SIZES))
    for size in _SIZES:
        if size < len(ports):
            cut = cut_buses(graph, roots, held, size)
            yield part_sizes(admittance, ports, cut[network.bus], size)


def _iteration_cost(sizes: PartSizes, steps: int) -> float:
    """Return the seconds that an iteration of one step takes."""
    cost = _PER_EXCHANGE / steps * (len(sizes.cut) > 0)
    for own, boundary in zip(sizes.ports, sizes.boundary, strict=True):
        k, r = len(own), len(boundary)
        if k:
            cost += 8 * k * (k + 2 * r) * _PER_FLOP + k * _PER_PORT + _PER_PART / steps
            cost += 8 * len(sizes.cut) * r * _PER_FLOP
    return cost


def _recovery_cost(sizes: PartSizes, wanted: Floats, steps: int) -> float:
    """Return the seconds that the voltages of one step take."""
    cost = _PER_EXCHANGE / steps * (len(sizes.cut) > 0)
    for nodes, own, boundary in zip(sizes.nodes, sizes.ports, sizes.boundary, strict=True):
        k, r, n = len(own), len(boundary), float(wanted[nodes].sum())
        cost += 8 * (n * (k + r) + k * r) * _PER_FLOP + _PER_PRODUCT / steps
        cost += 8 * len(sizes.cut) * r * _PER_FLOP * (k > 0)
    return cost
