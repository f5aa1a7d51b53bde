"""Layers of opaque building elements: resistance, and the heat capacity that a day's swing indoors makes use of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.units import DAY_S

__all__ = ["Layers", "effective_capacity", "mass_area", "resistance"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Layers:
    """Homogeneous layers from outside to inside, each of shape ``(l,)``; one without density is a mere resistance."""

    thickness_m: Floats
    conductivity_w_mk: Floats
    density_kg_m3: Floats
    specific_heat_j_kgk: Floats

    @property
    def resistances(self) -> Floats:
        """Thermal resistance of each layer, m2 K/W."""
        return self.thickness_m / self.conductivity_w_mk

    @property
    def capacities(self) -> Floats:
        """Heat capacity of each layer, J/(m2 K)."""
        return self.thickness_m * self.density_kg_m3 * self.specific_heat_j_kgk


def resistance(layers: Layers) -> float:
    """Return the thermal resistance from surface to surface, m2 K/W: EN ISO 6946:2017, 6.7.1."""
    return float(layers.resistances.sum())


def effective_capacity(layers: Layers, period_s: float = DAY_S) -> float:
    """Return the areal heat capacity of the inner side without surface resistances, J/(m2 K).

    EN ISO 13786:2017: heat transfer matrix of the layers for a sine of the period; kappa = period / 2 pi
    |(Z11 - 1) / Z12|. The surface resistances are left out as the 5R1C network has them by itself.
    """
    matrix = np.eye(2, dtype=np.complex128)
    for r, c in zip(layers.resistances[::-1], layers.capacities[::-1], strict=True):
        matrix = _transfer(r, c, 2.0 * np.pi / period_s) @ matrix
    return float(period_s / (2.0 * np.pi) * np.abs((matrix[0, 0] - 1.0) / matrix[0, 1]))


def _transfer(resistance_: float, capacity: float, frequency: float) -> NDArray[np.complex128]:
    """Return temperature and heat flow at a layer's far face from those at the near one: EN ISO 13786:2017, 7.3."""
    if capacity <= 0.0:
        return np.array([[1.0, -resistance_], [0.0, 1.0]], dtype=np.complex128)
    depth = np.sqrt(1j * frequency * capacity * resistance_)
    sine, cosine = np.sinh(depth), np.cosh(depth)
    return np.array([[cosine, -resistance_ * sine / depth], [-depth * sine / resistance_, cosine]])


def mass_area(capacity: Floats, area_m2: Floats) -> float:
    """Return the effective mass area, m2: EN ISO 13790:2008, 12.2.2, equation 66.

    Parameters
    ----------
    capacity
        Areal heat capacity of each element, J/(m2 K), shape ``(e,)``.
    """
    return float((area_m2 @ capacity) ** 2 / (area_m2 @ capacity**2))
