"""The methods by which a case's zone is simulated, behind one door: 5R1C and multi-node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin.buildings import kernel, multinode
from twin.buildings.control import Control
from twin.buildings.films import CONVECTION_W_M2K, KELVIN, natural_convection, outside_film
from twin.buildings.glass import inside_film, inward_shares, u_value
from twin.buildings.layers import effective_capacity, mass_area, resistance
from twin.units import HOUR_S
from twin.validation.bestest.envelope import Envelope, Opaque, Window

__all__ = ["METHODS", "FiveResistances", "ManyNodes", "Method"]

Floats = NDArray[np.float64]

H_MS_W_M2K = 9.1  # between mass and surfaces, EN ISO 13790, 12.2.2
H_IS_W_M2K = 3.45  # between surfaces and air, EN ISO 13790, 7.2.2.2
_RELAXATION = 0.65  # passes then settle fastest, by about a factor of ten each
_BLACKBODY_W_M2K = 4.0 * multinode.STEFAN_BOLTZMANN * multinode.INDOORS_K**3


class Method(Protocol):
    """A zone that can be moved through time.

    Attributes
    ----------
    passes
        How often the year is to be run, with `settled` in between.
    """

    passes: int

    def start(self) -> Floats:
        """Return a state in which all is at 20 degC."""

    def settled(self) -> Method:
        """Return the zone with coefficients that suit what happened so far."""

    def advance(self, state: Floats, hours: NDArray[np.int64], control: Control) -> tuple[Floats, Floats, Floats]:
        """Return heating (positive) or cooling power, W, air temperature, degC, per hour, and the state after."""


class FiveResistances:
    """The simple hourly method of EN ISO 13790, its mass from the layers (EN ISO 13786)."""

    passes = 1

    def __init__(self, envelope: Envelope, outdoor: Floats) -> None:
        e = envelope
        self._outdoor = outdoor[:, None]
        self._steps = kernel.fold(self.zones(e), HOUR_S)
        # the standard's internal gains are half convective; what is more radiant than that joins the sun
        convective = 2.0 * (1.0 - e.radiant) * e.internal_w
        self._internal = np.full((len(outdoor), 1), convective)
        self._solar = (self.solar(e) + e.internal_w - convective)[:, None]

    @staticmethod
    def zones(e: Envelope) -> kernel.Zones:
        """Return the coefficients of EN ISO 13790, 7.2.2.2 and 12.2.2, for the zone's actual surfaces."""
        area = np.array([o.area_m2 for o in e.opaque])
        capacity = np.array([effective_capacity(o.layers) for o in e.opaque])
        massive = np.array([o.layers.capacities.any() for o in e.opaque])
        u = np.array([_opaque_u(o) for o in e.opaque])
        h_w = float(u[~massive] @ area[~massive] + sum(w.area_m2 * _glass_u(w) for w in e.windows))
        a_m = mass_area(capacity[massive], area[massive])
        a_t = float(area.sum() + sum(w.area_m2 for w in e.windows))
        h_ms = H_MS_W_M2K * a_m
        h_op = float(u[massive] @ area[massive])
        values = (
            h_w,
            1.0 / (1.0 / h_op - 1.0 / h_ms),
            h_ms,
            H_IS_W_M2K * a_t,
            e.h_infiltration,
            float(capacity @ area),
        )
        shares = (a_m / a_t, 1.0 - a_m / a_t - h_w / (H_MS_W_M2K * a_t))
        return kernel.Zones(*(np.array([v]) for v in (*values, *shares)))

    @staticmethod
    def solar(e: Envelope) -> Floats:
        """Return gains by sun less what is lost to the sky, W, shape ``(t,)``: EN ISO 13790, 11.3."""
        walls, panes = e.indoors()
        gains: Floats = walls.sum(axis=1)
        for window, absorbed in zip(e.windows, panes, strict=True):
            inside = inside_film(float(window.panes.emissivity_back[-1]))
            gains = gains + absorbed @ inward_shares(window.between, window.outside_w_m2k, inside)
            gains = gains - window.area_m2 * _glass_u(window) / window.outside_w_m2k * window.sky
        for o in e.opaque:
            gains = gains + o.area_m2 * _opaque_u(o) / o.outside_w_m2k * o.outside
        return gains

    def start(self) -> Floats:
        """Return a state in which all is at 20 degC."""
        return np.array([20.0])

    def advance(self, state: Floats, hours: NDArray[np.int64], control: Control) -> tuple[Floats, Floats, Floats]:
        """Return power, W, air temperature, degC, and the state after, as `Method`."""
        outdoor, internal, solar = (v[hours] for v in (self._outdoor, self._internal, self._solar))
        done = kernel.simulate(self._steps, state, outdoor, internal, solar, control)
        return done.power[:, 0], done.air[:, 0], done.mass[-1]

    def settled(self) -> FiveResistances:
        """Return itself: the coefficients are the standard's."""
        return self


def _opaque_u(o: Opaque) -> float:
    """Return the thermal transmittance of an opaque element, W/(m2 K): EN ISO 6946, annex C at both surfaces."""
    inside = CONVECTION_W_M2K[o.heat_flow] + o.emissivity * _BLACKBODY_W_M2K
    return 1.0 / (1.0 / o.outside_w_m2k + resistance(o.layers) + 1.0 / inside)


def _glass_u(window: Window) -> float:
    return u_value(window.between, window.outside_w_m2k, inside_film(float(window.panes.emissivity_back[-1])))


@dataclass(frozen=True)
class Pass:
    """What a year was like at the surfaces, each of shape ``(t, element)`` with opaque elements first.

    Attributes
    ----------
    outer, inner
        Temperatures, degC; of a window the outer pane's.
    radiant, air
        Temperatures of the zone, degC, each of shape ``(t, 1)``.
    carried
        Heat from the outer surface to outdoors, W/m2.
    films, convection
        Conductances between outer nodes and outdoors and coefficients indoors that the pass had, W/(m2 K).
    """

    outer: Floats
    inner: Floats
    radiant: Floats
    air: Floats
    carried: Floats
    films: Floats
    convection: Floats


class ManyNodes:
    """Every layer by itself: `twin.buildings.multinode`, with films that change from hour to hour.

    The network is linear, films are not: convection is natural indoors (TARP) and by wind and buoyancy outdoors, and
    radiation grows with temperature. The network has mean films; what an hour's film carries more or less is a source
    of heat, found from the pass before (waveform relaxation).

    Parameters
    ----------
    before
        The pass before. Without one, films are those of EN ISO 52016-1 indoors and the year's means outdoors.
    """

    passes = 6

    def __init__(self, envelope: Envelope, outdoor: Floats, before: Pass | None = None) -> None:
        self._envelope = e = envelope
        self._outdoor = outdoor[:, None]
        self._mean_outside = np.array([float(_to_outdoors(x, x.outside_w_m2k)) for x in e.sides])
        inside = np.array([CONVECTION_W_M2K[flow] for flow in e.heat_flows])
        natural = np.broadcast_to(inside, (len(outdoor), len(inside)))
        films = np.broadcast_to(self._mean_outside, natural.shape)
        if before is not None:
            films, natural = self._outdoors(before), self._natural(before)
            warmer = before.inner - before.air
            inside = (natural * np.abs(warmer)).sum(axis=0) / np.abs(warmer).sum(axis=0)
        elements = self.elements(e, inside)
        net = multinode.network(elements, e.h_infiltration, e.air_j_k)
        self._steps = multinode.fold(net, HOUR_S)
        ends = np.cumsum([len(element.capacity) for element in elements])
        n = net.capacity.shape[1]
        self._nodes = np.array([0, *ends[:-1], *(ends - 1), n - 2, n - 1])
        self._happened = np.zeros((len(outdoor), len(self._nodes)))
        extra = np.zeros((3, len(outdoor), len(elements)))
        if before is not None:
            extra[0] = before.carried * (self._mean_outside / films - 1.0)
            extra[1] = (inside - natural) * warmer
            exchange = net.conductance[0, ends - 1, n - 2] / np.array([x.area_m2 for x in elements])
            extra[2] = exchange * (_hotter(before.inner, before.radiant) - 1.0) * (before.radiant - before.inner)
        self._extra_outside, self._films, self._convection = extra[0], films, natural
        self._sources = self.sources(e, *extra)[:, None]

    def _natural(self, before: Pass) -> Floats:
        """Return the coefficients of convection indoors, W/(m2 K), shape ``(t, element)``.

        Only part of the way from those before: a surface that loses more is less warm and loses less in the next pass.
        """
        warmer = before.inner - before.air
        flows = self._envelope.heat_flows
        now = np.column_stack([natural_convection(w, flow) for w, flow in zip(warmer.T, flows, strict=True)])
        return before.convection + _RELAXATION * (now - before.convection)

    def _outdoors(self, before: Pass) -> Floats:
        """Return the conductance between each outer node and outdoors, W/(m2 K), shape ``(t, element)``."""
        air, columns = self._outdoor[:, 0], []
        for x, outer, flow in zip(self._envelope.sides, before.outer.T, self._envelope.heat_flows, strict=True):
            film = outside_film(air, outer, x.wind, x.texture, x.outside_emissivity, flow)
            columns.append(_to_outdoors(x, film))
        return before.films + _RELAXATION * (np.column_stack(columns) - before.films)

    @staticmethod
    def elements(e: Envelope, films: Floats) -> list[multinode.Element]:
        """Return opaque elements by their layers, then windows by their panes, which have no mass."""
        found = [
            multinode.opaque(o.layers, o.area_m2, o.outside_w_m2k, film, o.emissivity)
            for o, film in zip(e.opaque, films, strict=False)
        ]
        for w, film in zip(e.windows, films[len(e.opaque) :], strict=True):
            nodes = np.zeros(len(w.between))
            outside = float(_to_outdoors(w, w.outside_w_m2k))
            emissivity = float(w.panes.emissivity_back[-1])
            heated = tuple(range(len(nodes)))
            found.append(multinode.Element(w.area_m2, nodes, w.between[1:], outside, film, emissivity, heated))
        return found

    @staticmethod
    def sources(e: Envelope, outside: Floats, convected: Floats, radiated: Floats) -> Floats:
        """Return the heat of every source of the network, W, shape ``(t, source)``.

        Parameters
        ----------
        outside, convected, radiated
            Heat into the outer surfaces, from the air into the inner ones, and from the radiant node into these, that
            the network's own films do not carry, W/m2, shape ``(t, element)``.
        """
        walls, panes = e.indoors()
        area = np.array([x.area_m2 for x in e.sides])
        outside, convected, radiated = outside * area, convected * area, radiated * area
        inside = convected + radiated
        columns = []
        for k, (o, sun) in enumerate(zip(e.opaque, walls.T, strict=True)):
            columns += [o.area_m2 * o.outside + outside[:, k], sun + inside[:, k]]
        for k, (w, absorbed) in enumerate(zip(e.windows, panes, strict=True), len(e.opaque)):
            columns += [absorbed[:, 0] - w.area_m2 * w.sky + outside[:, k], *absorbed.T[1:], inside[:, k]]
        columns.append(e.radiant * e.internal_w - radiated.sum(axis=1))
        columns.append((1.0 - e.radiant) * e.internal_w - convected.sum(axis=1))
        return np.column_stack(columns)

    def start(self) -> Floats:
        """Return a state in which all is at 20 degC."""
        return np.full((1, int(self._nodes[-1]) + 1), 20.0)

    def advance(self, state: Floats, hours: NDArray[np.int64], control: Control) -> tuple[Floats, Floats, Floats]:
        """Return power, W, air temperature, degC, and the state after, as `Method`."""
        steps = self._steps
        modes = np.einsum("zmn,zn->zm", steps.start, state)
        done, trace = multinode.simulate(steps, modes, self._outdoor[hours], self._sources[hours], control, keep=True)
        self._happened[hours] = multinode.temperatures(steps, trace)[:, 0, self._nodes]
        return done.power[:, 0], done.air[:, 0], np.einsum("znm,zm->zn", steps.end, trace.modes[-1])

    def settled(self) -> ManyNodes:
        """Return the zone with the films that its surfaces, as warm as they have been, would have had."""
        n = len(self._mean_outside)
        outer, inner, radiant, air = np.split(self._happened, [n, 2 * n, 2 * n + 1], axis=1)
        carried = self._mean_outside * (outer - self._outdoor) - self._extra_outside
        return ManyNodes(
            self._envelope,
            self._outdoor[:, 0],
            Pass(outer, inner, radiant, air, carried, self._films, self._convection),
        )


def _to_outdoors(x: Opaque | Window, film: Floats | float) -> Floats:
    """Return the conductance between an element's outer node and outdoors, W/(m2 K), for a film of that."""
    node = 0.0 if isinstance(x, Opaque) else float(x.between[0])
    return np.asarray(1.0 / (1.0 / np.asarray(film) + node))


def _hotter(one: Floats, other: Floats) -> Floats:
    """Return how much more heat black bodies exchange per kelvin than at `multinode.INDOORS_K`."""
    a, b = one + KELVIN, other + KELVIN
    return np.asarray((a**2 + b**2) * (a + b) / (4.0 * multinode.INDOORS_K**3))


METHODS = {"5r1c": FiveResistances, "multinode": ManyNodes}
