"""Building elements of EN ISO 52016-1 for arrays of zones: chains of nodes from U-value and mass, and their network.

An opaque element has five nodes, a window two; where the mass lies and how much of it there is are classes (6.5.7,
Tables B.13 and B.14; the numbers are from memory). `twin.buildings.kernel.multinode` moves the network through time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.films import CONVECTION_W_M2K
from twin.buildings.kernel.ground import Soil
from twin.buildings.kernel.multinode import Network
from twin.units import DAY_S

__all__ = [
    "MASS_CLASSES",
    "MASS_POSITIONS",
    "SOURCES",
    "Elements",
    "assemble",
    "ground_floor",
    "heavy_class",
    "internal_mass",
    "opaque",
    "usable_capacity",
    "window",
]

Floats = NDArray[np.float64]

RADIATION_IN_W_M2K = 5.13  # EN ISO 13789:2017, Table 8
OUTSIDE_W_M2K = 20.0 + 4.14  # convection and radiation, the same table
SOIL_M = 0.5  # of ground that counts with the floor, EN ISO 52016-1, 6.5.7.3
CONVECTIVE_INTERNAL, CONVECTIVE_SOLAR = 0.4, 0.1  # shares of gains that heat the air, EN ISO 52016-1, Table B.11
INTERNAL_MASS_M2K_W = 0.1  # planning assumption: half of a massive partition of 0.2 to 0.3 m
_LEAST_M2K_W = 0.01  # from inner surface to outdoors: U-values beyond what surfaces let through come down to that
_LEAST_AREA = 1e-9  # of a zone's surfaces, so that zones without a kind of element have the same nodes as others

# Areal heat capacity of opaque elements, J/(m2 K), and the internal capacity per floor area of the same class in
# EN ISO 13790, Table 12, J/(m2 K)
MASS_CLASSES = {"very light": 50e3, "light": 75e3, "medium": 110e3, "heavy": 175e3, "very heavy": 250e3}
_BY_FLOOR = (80e3, 110e3, 165e3, 260e3, 370e3)

# Share of the mass in each node from outside to inside, by where it lies: inside, outside, both, distributed, middle
MASS_POSITIONS = {
    "I": (0.0, 0.0, 0.0, 0.0, 1.0),
    "E": (1.0, 0.0, 0.0, 0.0, 0.0),
    "IE": (0.5, 0.0, 0.0, 0.0, 0.5),
    "D": (0.125, 0.25, 0.25, 0.25, 0.125),
    "M": (0.0, 0.0, 1.0, 0.0, 0.0),
}
_ON_GROUND = {
    "I": (0.0, 0.0, 0.0, 0.0, 1.0),
    "E": (0.0, 0.0, 1.0, 0.0, 0.0),
    "IE": (0.0, 0.0, 0.5, 0.0, 0.5),
    "D": (0.0, 0.0, 0.25, 0.5, 0.25),
    "M": (0.0, 0.0, 0.0, 1.0, 0.0),
}
# Share of the element's resistance between neighbouring nodes
_BETWEEN = np.array([1.0, 2.0, 2.0, 1.0]) / 6.0

# What enters a network, in this order: gains indoors and by the sun, W; by how much the ground is warmer than outdoors,
# K; heat for the air, W
SOURCES = ("internal", "solar", "ground", "air")


@dataclass(frozen=True)
class Elements:
    """One kind of plane element, one of it per zone, as chains of nodes from outside to inside.

    Attributes
    ----------
    area_m2
        Shape ``(zone,)``; 0 where a zone has none.
    capacity
        Of each node, J/(m2 K), shape ``(zone, k)``.
    resistance
        Between neighbouring nodes, m2 K/W, shape ``(zone, k - 1)``.
    outside_w_m2k
        Between the first node and outdoors or the ground, shape ``(zone,)``; 0 if adiabatic.
    heat_flow
        Direction of the heat that leaves, as in `twin.buildings.kernel.films.CONVECTION_W_M2K`.
    on_ground
        Whether the ground lies outside instead of outdoor air.
    """

    area_m2: Floats
    capacity: Floats
    resistance: Floats
    outside_w_m2k: Floats
    heat_flow: str
    on_ground: bool = False


def heavy_class(capacity_j_m2k: Floats) -> Floats:
    """Return the areal heat capacity kappa_m of opaque elements, J/(m2 K), in zones of a capacity per floor area.

    Classes correspond by name (very light to very heavy): EN ISO 13790, Table 12, and EN ISO 52016-1, Table B.14.
    """
    return np.interp(capacity_j_m2k, _BY_FLOOR, list(MASS_CLASSES.values()))


def _beyond_surface(u_w_m2k: Floats, heat_flow: str) -> Floats:
    """Return the resistance between the inner surface and outdoors, m2 K/W."""
    inside = 1.0 / (CONVECTION_W_M2K[heat_flow] + RADIATION_IN_W_M2K)
    return np.maximum(1.0 / np.asarray(u_w_m2k) - inside, _LEAST_M2K_W)


def _split(u_w_m2k: Floats, heat_flow: str) -> tuple[Floats, Floats]:
    """Return the element's own resistance, m2 K/W, and the conductance outside of it, W/(m2 K)."""
    beyond = _beyond_surface(u_w_m2k, heat_flow)
    own = np.maximum(beyond - 1.0 / OUTSIDE_W_M2K, beyond / 2.0)
    return own, 1.0 / (beyond - own)


def opaque(area_m2: Floats, u_w_m2k: Floats, kappa_j_m2k: Floats, position: str, heat_flow: str) -> Elements:
    """Return opaque elements to outdoors: EN ISO 52016-1, 6.5.7.2.

    Parameters
    ----------
    kappa_j_m2k
        Areal heat capacity, as in `MASS_CLASSES`.
    position
        Where the mass lies, as in `MASS_POSITIONS`.
    """
    own, outside = _split(u_w_m2k, heat_flow)
    capacity = np.multiply.outer(kappa_j_m2k, MASS_POSITIONS[position])
    return Elements(area_m2, capacity, np.multiply.outer(own, _BETWEEN), outside, heat_flow)


def window(area_m2: Floats, u_w_m2k: Floats) -> Elements:
    """Return windows, which have no mass: EN ISO 52016-1, 6.5.7.4."""
    own, outside = _split(u_w_m2k, "horizontal")
    return Elements(area_m2, np.zeros((len(own), 2)), own[:, None], outside, "horizontal")


def ground_floor(
    area_m2: Floats, u_w_m2k: Floats, resistance_m2k_w: Floats, kappa_j_m2k: Floats, position: str, soil: Soil
) -> Elements:
    """Return floors on the ground with half a metre of it: EN ISO 52016-1, 6.5.7.3.

    Parameters
    ----------
    u_w_m2k
        By the ground, as `twin.buildings.kernel.ground` has it; beyond the ground lies its virtual temperature.
    resistance_m2k_w
        Of the floor from surface to surface.
    """
    beyond = _beyond_surface(u_w_m2k, "down")
    own = np.clip(resistance_m2k_w, _LEAST_M2K_W / 2.0, 0.8 * beyond)
    layer = SOIL_M / soil.conductivity_w_mk
    earth = np.minimum(layer, 0.9 * (beyond - own))
    capacity = np.multiply.outer(kappa_j_m2k, _ON_GROUND[position])
    capacity[:, 1] += SOIL_M * soil.heat_capacity_j_m3k * earth / layer
    between = np.stack([earth / 2.0, earth / 2.0 + own / 4.0, own / 2.0, own / 4.0], axis=1)
    return Elements(area_m2, capacity, between, 1.0 / (beyond - own - earth), "down", on_ground=True)


def internal_mass(area_m2: Floats, kappa_j_m2k: Floats) -> Elements:
    """Return what stores heat within a zone, partitions and ceilings: adiabatic in their middle."""
    capacity = np.multiply.outer(kappa_j_m2k, MASS_POSITIONS["D"])
    between = np.broadcast_to(INTERNAL_MASS_M2K_W * _BETWEEN, (len(capacity), 4))
    return Elements(area_m2, capacity, between, np.zeros(len(capacity)), "horizontal")


def usable_capacity(elements: Elements, period_s: float = DAY_S) -> Floats:
    """Return the areal heat capacity that a swing of the inner surface makes use of, J/(m2 K), shape ``(zone,)``.

    EN ISO 13786:2017, as `twin.buildings.kernel.layers.effective_capacity`, for the chain of nodes: period / 2 pi times
    the heat flow into it while both surfaces swing by 1 K.
    """
    frequency = 2.0 * np.pi / period_s
    temperature, flow = np.zeros((2, 2, len(elements.area_m2)), dtype=np.complex128)
    temperature[0], flow[1] = 1.0, 1.0  # from the inner surface's temperature and heat flow
    last = elements.capacity.shape[1] - 1
    for node in range(last, -1, -1):
        flow = flow - 1j * frequency * elements.capacity[:, node] * temperature
        if node:
            temperature = temperature - elements.resistance[:, node - 1] * flow
    return np.asarray(np.abs((1.0 - temperature[0]) / temperature[1]) / frequency)


def assemble(kinds: Sequence[Elements], air_w_k: Floats, air_j_k: Floats) -> Network:
    """Return the networks of zones: EN ISO 52016-1, 6.5.6.

    Inner surfaces exchange heat radiation with their mean by area, which the radiant node is at; what is radiant of the
    gains reaches them by area.

    Parameters
    ----------
    air_w_k
        Between the air and outdoors: ventilation, and thermal bridges if they are not in the U-values.
    air_j_k
        Heat capacity of the air and of what is light indoors; more than 0.

    Returns
    -------
    Network
        Its sources are `SOURCES`.
    """
    first = np.cumsum([0, *(kind.capacity.shape[1] for kind in kinds)])
    shape = len(air_w_k), int(first[-1]) + 2
    radiant, air = shape[1] - 2, shape[1] - 1
    capacity, outdoor = np.zeros(shape), np.zeros(shape)
    conductance, sources = np.zeros((*shape, shape[1])), np.zeros((*shape, len(SOURCES)))
    capacity[:, air], outdoor[:, air] = air_j_k, air_w_k
    areas = np.stack([kind.area_m2 for kind in kinds])
    areas = np.maximum(areas, _LEAST_AREA * areas.sum(axis=0))
    for kind, area, at, end in zip(kinds, areas, first[:-1], first[1:] - 1, strict=True):
        nodes = np.arange(at, end + 1)
        capacity[:, nodes] = area[:, None] * kind.capacity
        outdoor[:, at] = area * kind.outside_w_m2k
        conductance[:, nodes[:-1], nodes[1:]] = area[:, None] / kind.resistance
        conductance[:, end, radiant] = area * RADIATION_IN_W_M2K
        conductance[:, end, air] = area * CONVECTION_W_M2K[kind.heat_flow]
        share = area / areas.sum(axis=0)
        sources[:, end, 0] = (1.0 - CONVECTIVE_INTERNAL) * share
        sources[:, end, 1] = (1.0 - CONVECTIVE_SOLAR) * share
        sources[:, at, 2] = outdoor[:, at] * kind.on_ground
    sources[:, air, 0], sources[:, air, 1], sources[:, air, 3] = CONVECTIVE_INTERNAL, CONVECTIVE_SOLAR, 1.0
    return Network(capacity, conductance + conductance.transpose(0, 2, 1), outdoor, sources)
