"""Zones as networks of many nodes, every layer of every wall by itself, moved through time exactly by their modes.

The network is that of EN ISO 52016-1 (nodes through each element, convection to the air, long-wave exchange between the
inner surfaces), with a radiant node instead of pairs of surfaces. It is linear and its coefficients are constant, so it
falls apart into modes that decay by themselves: a step of all zones is a handful of multiplications per mode, exact
for inputs that are constant within the step, however many nodes there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.control import Control, Keeper
from twin.buildings.kernel.layers import Layers
from twin.buildings.kernel.series import spread
from twin.buildings.kernel.simple_hourly import Result
from twin.units import STEFAN_BOLTZMANN

__all__ = [
    "Element",
    "Modes",
    "Network",
    "Trace",
    "fold",
    "joined",
    "network",
    "opaque",
    "simulate",
    "stacked",
    "temperatures",
]

Floats = NDArray[np.float64]

INDOORS_K = 293.15  # at which the exchange of heat radiation indoors is linearized, EN ISO 52016-1 does alike
_CELL_S = 900.0  # a cell is no thicker than temperature spreads in this time


@dataclass(frozen=True)
class Element:
    """A plane element of a zone's envelope: a chain of nodes from outside to inside.

    Attributes
    ----------
    capacity
        Of each node, J/(m2 K), shape ``(k,)``; 0 is allowed.
    resistance
        Between neighbouring nodes, m2 K/W, shape ``(k - 1,)``.
    outside_w_m2k
        Between the first node and outdoors; 0 for an adiabatic element.
    inside_w_m2k
        Convection between the last node and the air.
    emissivity
        Of the inner surface, for heat radiation.
    heated
        Nodes that sources of heat are given for (sun, loss to the sky).
    """

    area_m2: float
    capacity: Floats
    resistance: Floats
    outside_w_m2k: float
    inside_w_m2k: float
    emissivity: float
    heated: tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """Zones of equally many nodes; the radiant node is the last but one, the air the last.

    Attributes
    ----------
    capacity
        J/K, shape ``(zone, node)``.
    conductance
        Between nodes, W/K, symmetric with an empty diagonal, shape ``(zone, node, node)``.
    outdoor
        Between nodes and outdoors, W/K, shape ``(zone, node)``.
    sources
        Where each source of heat enters, shape ``(zone, node, source)``: those of the elements in turn, then heat into
        the radiant node and into the air.
    """

    capacity: Floats
    conductance: Floats
    outdoor: Floats
    sources: Floats


@dataclass(frozen=True)
class Modes:
    """A step of a network, by its modes. ``inputs`` are outdoor temperature, the sources, and power into the air.

    Attributes
    ----------
    decay
        What is left of a mode after a step, shape ``(zone, mode)``.
    driven
        Mode at the step's end per input, shape ``(zone, mode, input)``.
    mean
        Node temperatures, means over the step, per mode at the step's start, shape ``(zone, node, mode)``.
    mean_driven
        The same per input, shape ``(zone, node, input)``.
    start
        Modes per temperature of the nodes, shape ``(zone, mode, node)``.
    end
        Temperature of the nodes per mode, shape ``(zone, node, mode)``; 0 for nodes without capacity.
    """

    decay: Floats
    driven: Floats
    mean: Floats
    mean_driven: Floats
    start: Floats
    end: Floats


@dataclass(frozen=True)
class Trace:
    """Modes at the steps' starts and at the end, ``(step + 1, zone, mode)``, and inputs with power, per step."""

    modes: Floats
    inputs: Floats


def opaque(
    layers: Layers, area_m2: float, outside_w_m2k: float, inside_w_m2k: float, emissivity: float = 0.9
) -> Element:
    """Return an element of layers, each cut into cells; heat is given for its outer and its inner surface.

    The temperature of a cell is that of its middle; cells are thin beside what temperature spreads in a quarter of an
    hour, sqrt(a t) with the diffusivity a.
    """
    capacity, resistance = [0.0], [0.0]
    for d, k, r, c in zip(
        layers.thickness_m, layers.conductivity_w_mk, layers.resistances, layers.capacities, strict=True
    ):
        cells = int(np.ceil(d / np.sqrt(_CELL_S * k * d / c))) if c > 0.0 else 0
        for _ in range(cells):
            resistance[-1] += r / cells / 2.0
            resistance.append(r / cells / 2.0)
            capacity.append(c / cells)
        if not cells:
            resistance[-1] += r
    return Element(
        area_m2,
        np.array([*capacity, 0.0]),
        np.array(resistance),
        outside_w_m2k,
        inside_w_m2k,
        emissivity,
        (0, len(capacity)),
    )


def network(elements: Sequence[Element], h_ve: float, air_capacity_j_k: float = 0.0) -> Network:
    """Return the network of one zone.

    Inner surfaces exchange heat radiation with a radiant node: J. A. Carroll 1980, An "MRT method" of computing
    radiant energy exchange in rooms; as in EnergyPlus' Engineering Reference.
    """
    first = np.cumsum([0, *(len(e.capacity) for e in elements)])
    n = int(first[-1]) + 2
    radiant, air = n - 2, n - 1
    capacity, outdoor, conductance = np.zeros(n), np.zeros(n), np.zeros((n, n))
    sources = np.zeros((n, sum(len(e.heated) for e in elements) + 2))
    capacity[air], outdoor[air] = air_capacity_j_k, h_ve
    exchange = _radiant_conductances(
        np.array([e.area_m2 for e in elements]), np.array([e.emissivity for e in elements])
    )
    column = 0
    for element, at, radiation in zip(elements, first[:-1], exchange, strict=True):
        nodes = np.arange(at, at + len(element.capacity))
        capacity[nodes] = element.area_m2 * element.capacity
        outdoor[nodes[0]] = element.area_m2 * element.outside_w_m2k
        conductance[nodes[:-1], nodes[1:]] = element.area_m2 / element.resistance
        conductance[nodes[-1], radiant] = radiation
        conductance[nodes[-1], air] = element.area_m2 * element.inside_w_m2k
        for node in element.heated:
            sources[nodes[node], column] = 1.0
            column += 1
    sources[radiant, column], sources[air, column + 1] = 1.0, 1.0
    both = conductance + conductance.T
    return Network(capacity[None], both[None], outdoor[None], sources[None])


def _radiant_conductances(area: Floats, emissivity: Floats) -> Floats:
    """Return the conductance between each surface and the radiant node, W/K, shape ``(e,)``."""
    factor = np.ones(len(area))
    for _ in range(50):  # Carroll's fixed point, contracts for every room but two parallel plates
        factor = 1.0 / (1.0 - np.minimum(area * factor / (area @ factor), 0.5))
    blackbody = 4.0 * STEFAN_BOLTZMANN * INDOORS_K**3
    return area * blackbody / ((1.0 - emissivity) / emissivity + 1.0 / factor)


def stacked(networks: Sequence[Network]) -> Network:
    """Return several networks of equally many nodes and sources as one."""
    return Network(**{f.name: np.concatenate([getattr(n, f.name) for n in networks]) for f in fields(Network)})


def fold(net: Network, step_s: float) -> Modes:
    """Return a step of the network, exact for inputs that are constant within it.

    Nodes without capacity are eliminated; what is left is made symmetric by the square root of the capacities, so its
    eigenvalues are real and its modes orthogonal.

    Raises
    ------
    ValueError
        If the zones do not have their capacities in the same nodes.
    """
    has = net.capacity[0] > 0.0
    if ((net.capacity > 0.0) != has).any():
        raise ValueError("zones of one network need their capacities in the same nodes")
    heavy, light = np.flatnonzero(has), np.flatnonzero(~has)
    matrix = -net.conductance
    at = np.arange(len(has))
    matrix[:, at, at] = net.conductance.sum(axis=2) + net.outdoor
    given = np.concatenate([net.outdoor[:, :, None], net.sources, net.sources[:, :, -1:]], axis=2)

    def part(a: NDArray[np.intp], b: NDArray[np.intp]) -> Floats:
        return matrix[:, a[:, None], b]

    light_from_heavy = -np.linalg.solve(part(light, light), part(light, heavy))
    light_from_given = np.linalg.solve(part(light, light), given[:, light])
    root = np.sqrt(net.capacity[:, heavy])
    reduced = (part(heavy, heavy) + part(heavy, light) @ light_from_heavy) / (root[:, :, None] * root[:, None, :])
    rate, shape = np.linalg.eigh((reduced + reduced.transpose(0, 2, 1)) / 2.0)
    force = shape.transpose(0, 2, 1) @ ((given[:, heavy] - part(heavy, light) @ light_from_given) / root[:, :, None])
    decay, rising, mean, mean_rising = _responses(np.maximum(rate, 0.0), step_s)
    to_nodes = np.empty((len(rate), len(has), len(heavy)))
    to_nodes[:, heavy] = shape / root[:, :, None]
    to_nodes[:, light] = light_from_heavy @ to_nodes[:, heavy]
    direct = np.zeros_like(given)
    direct[:, light] = light_from_given
    start, end = np.zeros((len(rate), len(heavy), len(has))), np.zeros((len(rate), len(has), len(heavy)))
    start[:, :, heavy] = shape.transpose(0, 2, 1) * root[:, None, :]
    end[:, heavy] = to_nodes[:, heavy]
    return Modes(
        decay=decay,
        driven=rising[:, :, None] * force,
        mean=to_nodes * mean[:, None, :],
        mean_driven=to_nodes @ (mean_rising[:, :, None] * force) + direct,
        start=start,
        end=end,
    )


def _responses(rate: Floats, step_s: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what a mode keeps and gains in a step, then the same for its mean over the step."""
    x = rate * step_s
    still = x < 1e-9  # a mode that loses nothing
    safe = np.where(still, 1.0, x)
    mean = np.where(still, 1.0 - x / 2.0, -np.expm1(-safe) / safe)
    mean_rising = np.where(still, 0.5 - x / 6.0, (1.0 - mean) / safe) * step_s
    return np.exp(-x), mean * step_s, mean, mean_rising


def joined(steps: Sequence[Modes]) -> Modes:
    """Return the steps of networks of any build as one.

    What a zone has less than others is filled up with modes, inputs and nodes that do nothing. They come before its
    own (inputs after the outdoor temperature), so the last ones are still those of radiant node and air.
    """
    modes, nodes, inputs = np.max([s.mean_driven.shape[1:] + s.decay.shape[1:] for s in steps], axis=0)[[2, 0, 1]]

    def filled(values: Floats, *shape: int) -> Floats:
        return np.pad(values, [(0, 0), *((n - m, 0) for n, m in zip(shape, values.shape[1:], strict=True))])

    def by_input(values: Floats, rows: int) -> Floats:
        first = filled(values[:, :, :1], rows, 1)
        return np.concatenate([first, filled(values[:, :, 1:], rows, inputs - 1)], axis=2)

    every = [
        Modes(
            decay=filled(s.decay, modes),
            driven=by_input(s.driven, modes),
            mean=filled(s.mean, nodes, modes),
            mean_driven=by_input(s.mean_driven, nodes),
            start=filled(s.start, modes, nodes),
            end=filled(s.end, nodes, modes),
        )
        for s in steps
    ]
    return Modes(**{f.name: np.concatenate([getattr(s, f.name) for s in every]) for f in fields(Modes)})


def simulate(
    steps: Modes, modes: Floats, outdoor: Floats, sources: Floats, control: Control, keep: bool = False
) -> tuple[Result, Trace]:
    """Run a window: the power into the air that keeps its mean over each step between the set points.

    Parameters
    ----------
    modes
        At the start, shape ``(zone, mode)``; ``steps.start @ temperatures``.
    outdoor
        Outdoor temperature, degC, shape ``(step, zone)`` or ``(step, 1)``.
    sources
        Heat, W, shape ``(step, zone, source)``, in the order of `Network.sources`.
    control
        Set points, installed powers and ventilation by the clock.
    keep
        Whether to return all modes and inputs, as `temperatures` needs them; else only the last modes.

    Raises
    ------
    ValueError
        If the control opens windows, which is not simulated here.
    """
    if control.airs:
        raise ValueError("networks of many nodes open no windows")
    shape = len(sources), len(modes)
    outdoor = np.broadcast_to(outdoor, shape)
    inputs = np.zeros((*shape, sources.shape[2] + 2))
    inputs[:, :, 0], inputs[:, :, 1:-1] = outdoor, sources
    response = np.ascontiguousarray(steps.mean_driven[:, -1, -1])
    into_modes, seen = steps.driven[:, :, -1], steps.mean[:, -1]
    keeper = Keeper(slice(0, shape[1]), response)
    keeper.window(control, spread(outdoor, shape), shape)
    by_zone = inputs.transpose(1, 0, 2)
    free = (by_zone @ steps.mean_driven[:, -1, :, None])[:, :, 0].T.copy()
    forcing = np.ascontiguousarray((by_zone @ steps.driven.transpose(0, 2, 1)).transpose(1, 0, 2))
    history = np.empty((shape[0] + 1 if keep else 1, *modes.shape))
    power, air = np.empty((2, *shape))
    vented = np.empty(shape) if control.vents else None
    for k in range(shape[0]):
        if keep:
            history[k] = modes
        free[k] += np.einsum("zm,zm->z", seen, modes)
        left = free[k].copy()  # without the ventilation by the clock, which the keeper adds
        keeper.keep(k, free[k], air[k])
        inputs[k, :, -1] = (air[k] - left) / response
        modes = steps.decay * modes + forcing[k] + inputs[k, :, -1, None] * into_modes
    history[-1] = modes
    keeper.settle(slice(0, shape[0]), free, air, power, vented)
    return Result(power, air, np.empty((0, shape[1])), vented), Trace(history, inputs)


def temperatures(steps: Modes, trace: Trace, nodes: NDArray[np.int64] | None = None) -> Floats:
    """Return nodes' temperatures, means over each step, degC, shape ``(step, zone, node)``.

    Parameters
    ----------
    nodes
        Which, shape ``(zone, node)``; all of them if None.
    """
    by_modes, by_inputs = steps.mean, steps.mean_driven
    if nodes is not None:
        by_modes, by_inputs = (np.take_along_axis(v, nodes[:, :, None], axis=1) for v in (by_modes, by_inputs))
    found: Floats = trace.modes[:-1].transpose(1, 0, 2) @ by_modes.transpose(0, 2, 1)
    found += trace.inputs.transpose(1, 0, 2) @ by_inputs.transpose(0, 2, 1)
    return found.transpose(1, 0, 2)
