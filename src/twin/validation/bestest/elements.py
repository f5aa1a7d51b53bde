"""The elements around a case's one zone, and what the sun brings into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.glass import Optics, Panes
from twin.buildings.kernel.layers import Layers
from twin.validation.bestest.room import interreflection

__all__ = ["START_DEGC", "Envelope", "Opaque", "Window"]

Floats = NDArray[np.float64]

START_DEGC = 20.0
"""Of all that is in a zone and around it before the warm-up."""


@dataclass(frozen=True)
class Opaque:
    """An opaque element.

    Attributes
    ----------
    heat_flow
        Direction of the heat that leaves by it: ``horizontal``, ``up`` or ``down`` (EN ISO 6946).
    outside_w_m2k
        Convection and radiation outdoors.
    outside
        Sun taken up less what is lost to the sky, W/m2 of outer surface, shape ``(t,)``.
    wind, texture, outside_emissivity
        At the outer surface: m/s, shape ``(t,)``, and what it is like.
    emissivity, absorptance
        Of the inner surface.
    """

    name: str
    area_m2: float
    layers: Layers
    heat_flow: str
    outside_w_m2k: float
    outside: Floats
    wind: Floats
    texture: float
    outside_emissivity: float
    emissivity: float
    absorptance: float


@dataclass(frozen=True)
class Window:
    """The glass of one orientation.

    Attributes
    ----------
    gaps
        Gas and thickness, m, of what is between the panes.
    between
        Resistances from face to face by way of the panes' middles, `twin.buildings.kernel.glass.resistances`.
    beam
        Let through and falling first on each of the zone's `Envelope.sides`, W/m2 of glass, shape ``(t, side)``; what
        comes from around the sun is part of it.
    diffuse
        Let through, W/m2 of glass, shape ``(t,)``.
    absorbed
        In each pane, light from outside only, W/m2, shape ``(t, p)``.
    sky
        Lost to the sky, W/m2, shape ``(t,)``.
    wind, texture, outside_emissivity
        At the outer surface: m/s, shape ``(t,)``, and what it is like.
    back
        What it does with diffuse light from inside.
    """

    orientation: str
    area_m2: float
    panes: Panes
    gaps: list[tuple[str, float]]
    between: Floats
    outside_w_m2k: float
    beam: Floats
    diffuse: Floats
    absorbed: Floats
    sky: Floats
    wind: Floats
    texture: float
    outside_emissivity: float
    back: Optics


@dataclass(frozen=True)
class Envelope:
    """A case's zone: elements, gains and air.

    Attributes
    ----------
    exchange
        Area times view factor of each pair of `sides`, m2, shape ``(side, side)``.
    internal_w, radiant
        Internal gains, W, and the share of them that is radiant.
    h_infiltration, h_fan
        Heat that infiltration and the fan carry, W/K.
    """

    opaque: tuple[Opaque, ...]
    windows: tuple[Window, ...]
    exchange: Floats
    internal_w: float
    radiant: float
    h_infiltration: float
    h_fan: float
    air_j_k: float

    @property
    def sides(self) -> tuple[Opaque | Window, ...]:
        """Elements, opaque ones first, then windows."""
        return (*self.opaque, *self.windows)

    @property
    def heat_flows(self) -> list[str]:
        """Direction of the heat that leaves by each element, opaque ones first."""
        return [o.heat_flow for o in self.opaque] + ["horizontal"] * len(self.windows)

    def indoors(self) -> tuple[Floats, list[Floats]]:
        """Return the sun that inner surfaces take up: that of opaque elements, W, shape ``(t, e)``, and that of each
        window's panes, light from both sides, W, each of shape ``(t, p)``.

        The beam falls where it meets the box; what is thrown back there, and diffuse light, which comes from the
        window, go about between the surfaces by their view factors until taken up or let out by the windows.
        """
        absorptance = np.array([o.absorptance for o in self.opaque])
        reflectance = np.concatenate([1.0 - absorptance, [float(w.back.reflectance) for w in self.windows]])
        fallen = np.zeros((len(self.opaque[0].outside), len(reflectance)))
        thrown = np.zeros_like(fallen)
        for k, w in enumerate(self.windows, len(self.opaque)):
            fallen += w.area_m2 * w.beam
            thrown[:, k] = w.area_m2 * w.diffuse
        thrown += fallen * reflectance
        fallen += thrown @ interreflection(self.exchange, reflectance).T
        walls, glass = np.split(fallen, [len(absorptance)], axis=1)
        # panes of the turned glazing come from inside to outside
        panes = [
            w.area_m2 * w.absorbed + np.outer(inside, w.back.absorptance[::-1])
            for w, inside in zip(self.windows, glass.T, strict=True)
        ]
        return walls * absorptance, panes
