"""BESTEST with every layer by itself, and films at the surfaces as of the hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel import multinode
from twin.buildings.kernel.control import Control
from twin.buildings.kernel.films import CONVECTION_W_M2K, natural_convection, outside_film
from twin.buildings.kernel.glass import gap_conductance
from twin.units import HOUR_S, ZERO_DEGC_K
from twin.validation.bestest.elements import START_DEGC, Envelope, Opaque, Window

__all__ = ["ManyNodes", "Pass", "Room"]

Floats = NDArray[np.float64]

_RELAXATION = 0.65  # passes then settle fastest, by about a factor of ten each
_BLOCK_H = 512  # simulated at a time: their modes are then kept in little memory


@dataclass(frozen=True)
class Pass:
    """What a year was like at the surfaces, each of shape ``(t, element)`` with opaque elements first.

    Attributes
    ----------
    outer, inner
        Temperatures, degC; of a window the outer pane's and the inner face.
    panes
        Temperatures of every window's panes, degC, each of shape ``(t, p)``.
    radiant, air
        Temperatures of the zone, degC, each of shape ``(t, 1)``.
    carried
        Heat from the outer surface to outdoors, W/m2.
    films, convection
        Conductances between outer nodes and outdoors and coefficients indoors that the pass had, W/(m2 K).
    """

    outer: Floats
    inner: Floats
    panes: Sequence[Floats]
    radiant: Floats
    air: Floats
    carried: Floats
    films: Floats
    convection: Floats


class Room:
    """A zone of `twin.buildings.kernel.multinode` for a pass of the year, with films that change from hour to hour.

    The network is linear, films are not: convection is natural indoors (TARP) and by wind and buoyancy outdoors, and
    radiation grows with temperature; so does what the gaps between panes carry. The network has mean films and winter's
    gaps; what an hour's film or gap carries more or less is a source of heat, found from the pass before (waveform
    relaxation).

    Parameters
    ----------
    before
        The pass before. Without one, films are those of EN ISO 52016-1 indoors and the year's means outdoors.
    """

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
        self.steps = multinode.fold(net, HOUR_S)
        ends = np.cumsum([len(element.capacity) for element in elements])
        n = net.capacity.shape[1]
        first = [0, *ends[:-1]]
        panes = [
            at + k for at, w in zip(first[len(e.opaque) :], e.windows, strict=True) for k in range(len(w.gaps) + 1)
        ]
        self.nodes = np.array([*first, *(ends - 1), n - 2, n - 1, *panes])
        extra = np.zeros((3, len(outdoor), len(elements)))
        crossing = [np.zeros_like(w.absorbed) for w in e.windows]
        if before is not None:
            extra[0] = before.carried * (self._mean_outside / films - 1.0)
            extra[1] = (inside - natural) * warmer
            exchange = net.conductance[0, ends - 1, n - 2] / np.array([x.area_m2 for x in elements])
            extra[2] = exchange * (_hotter(before.inner, before.radiant) - 1.0) * (before.radiant - before.inner)
            crossing = [_crossing(w, happened) for w, happened in zip(e.windows, before.panes, strict=True)]
        self._extra_outside, self._films, self._convection = extra[0], films, natural
        self.sources = self.heat(e, extra[0], extra[1], extra[2], crossing)

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
    def heat(e: Envelope, outside: Floats, convected: Floats, radiated: Floats, crossing: Sequence[Floats]) -> Floats:
        """Return the heat of every source of the network, W, shape ``(t, source)``.

        Parameters
        ----------
        outside, convected, radiated
            Heat into the outer surfaces, from the air into the inner ones, and from the radiant node into these, that
            the network's own films do not carry, W/m2, shape ``(t, element)``.
        crossing
            Heat into each window's panes that the network's own gaps do not carry, W/m2, each of shape ``(t, p)``.
        """
        walls, panes = e.indoors()
        area = np.array([x.area_m2 for x in e.sides])
        outside, convected, radiated = outside * area, convected * area, radiated * area
        inside = convected + radiated
        columns = []
        for k, (o, sun) in enumerate(zip(e.opaque, walls.T, strict=True)):
            columns += [o.area_m2 * o.outside + outside[:, k], sun + inside[:, k]]
        for k, (w, taken_up, gaps) in enumerate(zip(e.windows, panes, crossing, strict=True), len(e.opaque)):
            absorbed = taken_up + w.area_m2 * gaps
            columns += [absorbed[:, 0] - w.area_m2 * w.sky + outside[:, k], *absorbed.T[1:], inside[:, k]]
        columns.append(e.radiant * e.internal_w - radiated.sum(axis=1))
        columns.append((1.0 - e.radiant) * e.internal_w - convected.sum(axis=1))
        return np.column_stack(columns)

    def passed(self, happened: Floats) -> Pass:
        """Return what a year was like in which its `nodes` had these temperatures, degC, shape ``(t, node)``."""
        n = len(self._mean_outside)
        outer, inner, radiant, air, panes = np.split(happened, [n, 2 * n, 2 * n + 1, 2 * n + 2], axis=1)
        ends = np.cumsum([len(w.gaps) + 1 for w in self._envelope.windows], dtype=np.int64)
        by_window = np.split(panes, ends, axis=1)[:-1]
        carried = self._mean_outside * (outer - self._outdoor) - self._extra_outside
        return Pass(outer, inner, by_window, radiant, air, carried, self._films, self._convection)


class ManyNodes:
    """Rooms, every layer of their walls by itself, moved through time together."""

    passes = 6

    def __init__(
        self, envelopes: Sequence[Envelope], outdoor: Floats, before: Sequence[Pass | None] | None = None
    ) -> None:
        self._envelopes, self._outdoor = envelopes, outdoor
        self._rooms = [Room(e, outdoor, b) for e, b in zip(envelopes, before or [None] * len(envelopes), strict=True)]
        self._steps = multinode.joined([room.steps for room in self._rooms])
        widest = max(room.sources.shape[1] for room in self._rooms)
        self._sources = np.stack(
            [np.pad(room.sources, ((0, 0), (widest - room.sources.shape[1], 0))) for room in self._rooms], axis=1
        )
        n, most = self._steps.mean.shape[1], max(len(room.nodes) for room in self._rooms)
        self._nodes = np.full((len(self._rooms), most), n - 1)
        for row, room in zip(self._nodes, self._rooms, strict=True):
            row[: len(room.nodes)] = room.nodes + n - room.steps.mean.shape[1]
        self._happened = np.zeros((len(outdoor), *self._nodes.shape))

    def advance(self, hours: NDArray[np.int64], control: Control) -> tuple[Floats, Floats]:
        """Return power, W, and air temperature, degC, as `Method`."""
        modes = START_DEGC * self._steps.start.sum(axis=2)
        power, air = np.empty((2, len(hours), len(self._rooms)))
        for first in range(0, len(hours), _BLOCK_H):
            block = slice(first, first + _BLOCK_H)
            rows = hours[block]
            done, trace = multinode.simulate(
                self._steps, modes, self._outdoor[rows, None], self._sources[rows], _during(control, block), keep=True
            )
            self._happened[rows] = multinode.temperatures(self._steps, trace, self._nodes)
            modes = trace.modes[-1]
            power[block], air[block] = done.power, done.air
        return power, air

    def settled(self) -> ManyNodes:
        """Return the rooms with the films that their surfaces, as warm as they have been, would have had."""
        passed = [room.passed(self._happened[:, k, : len(room.nodes)]) for k, room in enumerate(self._rooms)]
        return ManyNodes(self._envelopes, self._outdoor, passed)


def _during(control: Control, steps: slice) -> Control:
    """Return the control of some steps; its series are dense."""
    given = {f.name: getattr(control, f.name) for f in fields(Control)}
    return Control(**{name: value if value is None else value[steps] for name, value in given.items()})


def _to_outdoors(x: Opaque | Window, film: Floats | float) -> Floats:
    """Return the conductance between an element's outer node and outdoors, W/(m2 K), for a film of that."""
    node = 0.0 if isinstance(x, Opaque) else float(x.between[0])
    return np.asarray(1.0 / (1.0 / np.asarray(film) + node))


def _crossing(window: Window, panes: Floats) -> Floats:
    """Return the heat into panes as warm as these that gaps as cold as in winter do not carry, W/m2, ``(t, p)``."""
    half = window.panes.thickness_m / window.panes.conductivity_w_mk / 2.0
    found = np.zeros_like(panes)
    for k, gap in enumerate(window.gaps):
        outer, inner = panes[:, k], panes[:, k + 1]
        faces = float(window.panes.emissivity_back[k]), float(window.panes.emissivity_front[k + 1])
        gas = gap_conductance(*gap, faces, (outer + inner) / 2.0 + ZERO_DEGC_K, np.abs(inner - outer))
        more = 1.0 / (half[k] + 1.0 / gas + half[k + 1]) - 1.0 / window.between[k + 1]
        found[:, k] += more * (inner - outer)
        found[:, k + 1] -= more * (inner - outer)
    return found


def _hotter(one: Floats, other: Floats) -> Floats:
    """Return how much more heat black bodies exchange per kelvin than at `multinode.INDOORS_K`."""
    a, b = one + ZERO_DEGC_K, other + ZERO_DEGC_K
    return np.asarray((a**2 + b**2) * (a + b) / (4.0 * multinode.INDOORS_K**3))
