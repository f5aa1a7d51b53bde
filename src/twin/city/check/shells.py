"""Shells: closed, manifold, in one piece, facing one way. Codes 301 to 307 and 405."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.check.crossing import intersecting
from twin.city.check.primitives import SOLIDS, SURFACE, Fault, Primitives
from twin.city.check.surfaces import Surfaces
from twin.city.geometry.rings import number_rows, owners, successors, surface_of_corner

__all__ = ["Shells", "check_shells", "connected"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shells:
    """What is left of the shells of a file to build solids of.

    Attributes
    ----------
    of_surface
        Shell of every surface.
    sound
        Which shells have no fault; a shell that is merely inside out has one.
    volume
        By the divergence theorem, m3; negative where the polygons of a closed shell face inward.
    """

    of_surface: Ints
    sound: Mask
    volume: Floats


def check_shells(primitives: Primitives, surfaces: Surfaces) -> tuple[Shells, list[Fault]]:
    """Find what is wrong with every shell whose polygons are all sound; of each shell only the first thing."""
    shell_offsets = primitives.shell_offsets
    of_surface, n = owners(shell_offsets), len(shell_offsets) - 1
    primitive = owners(primitives.primitive_offsets)[owners(primitives.solid_offsets)]
    level = primitives.levels[primitive]
    solid = level >= SOLIDS
    sound = (level >= SURFACE) & (np.bincount(of_surface[~surfaces.sound], minlength=n) == 0)
    faults: list[Fault] = []

    def note(code: str, shells: Mask, edges_concerned: Ints | None = None) -> None:
        rows = np.flatnonzero(shells & sound)
        counts = np.zeros(len(rows)) if edges_concerned is None else edges_concerned[rows]
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            faults.append(Fault(code, "shell", row, count, f"{count} edges" if count else ""))
        sound[rows] = False

    note("301", solid & (np.diff(shell_offsets) < 4))
    edges = _edges(surfaces, of_surface, sound)
    pieces, apart = _pieces(surfaces, edges, of_surface, n)
    note("303", edges.count(edges.uses > 2, n) > 0, edges.count(edges.uses > 2, n))
    note("303", (pieces > 1) & (apart == 1))
    note("305", pieces > 1)
    turned = (edges.uses == 2) & (edges.balance != 0)
    note("307", edges.count(turned, n) > 0, edges.count(turned, n))
    note("302", solid & (edges.count(edges.uses == 1, n) > 0), edges.count(edges.uses == 1, n))
    note("303", _pinched(surfaces, edges, of_surface, n) | _across(surfaces, of_surface, n))
    note("306", intersecting(surfaces, of_surface, sound, n))
    volume = _volumes(surfaces, of_surface, n)
    inner = np.ones(n, dtype=bool)
    inner[primitives.solid_offsets[:-1]] = False
    note("405", solid & np.where(inner, volume > 0, volume < 0))
    return Shells(of_surface, sound, volume), faults


@dataclass(frozen=True, slots=True)
class _Edges:
    """Undirected edges of shells, and the corners that start them.

    Attributes
    ----------
    corner, edge
        Corners of the surfaces looked at, and the edge from each to its successor.
    shell, uses, balance
        Of every edge: its shell, how many polygons have it, and how many more in one direction than the other.
    """

    corner: Ints
    edge: Ints
    shell: Ints
    uses: Ints
    balance: Ints

    def count(self, which: Mask, n: int) -> Ints:
        """Return how many of some edges every shell has."""
        return np.bincount(self.shell[which], minlength=n)


def _edges(surfaces: Surfaces, of_surface: Ints, asked: Mask) -> _Edges:
    geometry = surfaces.geometry
    shell = of_surface[surface_of_corner(geometry)]
    corner = np.flatnonzero(asked[shell])
    a = geometry.ring_vertices[corner]
    b = geometry.ring_vertices[successors(geometry.ring_offsets)[corner]]
    edge = number_rows(shell[corner], np.minimum(a, b), np.maximum(a, b))
    of_edge = np.zeros(edge.max(initial=-1) + 1, dtype=np.int64)
    of_edge[edge] = shell[corner]
    balance = np.bincount(edge, np.where(a < b, 1, -1), len(of_edge)).astype(np.int64)
    return _Edges(corner, edge, of_edge, np.bincount(edge, minlength=len(of_edge)), balance)


def connected(a: Ints, b: Ints, n: int) -> Ints:
    """Return the connected component of each of ``n`` nodes linked in pairs."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    component: Ints = connected_components(links, directed=False)[1].astype(np.int64)
    return component


def _pieces(surfaces: Surfaces, edges: _Edges, of_surface: Ints, n: int) -> tuple[Ints, Ints]:
    """Return into how many pieces each shell falls that share no edge, and how many that share no corner either."""
    surface = surface_of_corner(surfaces.geometry)[edges.corner]
    n_surfaces = len(of_surface)
    vertex = number_rows(of_surface[surface], surfaces.geometry.ring_vertices[edges.corner])
    used = np.unique(surface)
    counts = []
    for joint in (edges.edge, vertex):
        component = connected(surface, n_surfaces + joint, n_surfaces + joint.max(initial=-1) + 1)[used]
        _, first = np.unique(component, return_index=True)
        counts.append(np.bincount(of_surface[used[first]], minlength=n))
    return counts[0], counts[1]


def _pinched(surfaces: Surfaces, edges: _Edges, of_surface: Ints, n: int) -> Mask:
    """Return which shells have a corner whose polygons do not form one umbrella around it."""
    geometry = surfaces.geometry
    surface = surface_of_corner(geometry)[edges.corner]
    a = geometry.ring_vertices[edges.corner]
    b = geometry.ring_vertices[successors(geometry.ring_offsets)[edges.corner]]
    # a wedge is a polygon at a corner, a spoke an edge at a corner; each edge joins two wedges with two spokes
    vertex, around = np.concatenate([a, b]), np.concatenate([surface, surface])
    wedge = number_rows(around, vertex)
    spoke = number_rows(np.concatenate([edges.edge, edges.edge]), vertex)
    n_wedges = wedge.max(initial=-1) + 1
    component = connected(wedge, n_wedges + spoke, n_wedges + spoke.max(initial=-1) + 1)[wedge]
    umbrella = number_rows(of_surface[around], vertex)
    pairs = np.unique(np.stack([umbrella, component], axis=1), axis=0)
    several = np.bincount(pairs[:, 0], minlength=umbrella.max(initial=-1) + 1) > 1
    pinched: Mask = np.bincount(of_surface[around[several[umbrella]]], minlength=n) > 0
    return pinched


def _across(surfaces: Surfaces, of_surface: Ints, n: int) -> Mask:
    """Return which shells have an edge that runs across another of their polygons, from corner to corner."""
    a, b = surfaces.triangles, np.roll(surfaces.triangles, -1, axis=1)
    shell = np.repeat(of_surface[surfaces.of_triangle], 3)
    edge = number_rows(shell, np.minimum(a, b).ravel(), np.maximum(a, b).ravel())
    across: Mask = np.bincount(shell[np.bincount(edge, minlength=1)[edge] > 2], minlength=n) > 0
    return across


def _volumes(surfaces: Surfaces, of_surface: Ints, n: int) -> Floats:
    """Return the volume that the triangles of each shell enclose."""
    shell = of_surface[surfaces.of_triangle]
    rows, at = np.unique(shell, return_index=True)
    corners = surfaces.geometry.vertices[surfaces.triangles]
    anchor = np.zeros((n, 3))
    anchor[rows] = corners[at, 0] if len(at) else 0.0
    a, b, c = (corners[:, k] - anchor[shell] for k in range(3))
    return np.bincount(shell, (np.cross(a, b) * c).sum(axis=1) / 6, n).astype(np.float64)
