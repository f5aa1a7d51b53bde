"""Whether a cavity that touches the outside of a solid cuts it in two. Code 404."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.check.bodies import Bodies, cut_edges
from twin.city.check.shells import connected
from twin.city.check.surfaces import Surfaces
from twin.city.geometry.polygons import frames
from twin.city.geometry.rings import number_rows, ragged_take, successors

__all__ = ["falls_apart"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOUCH_M = 1e-6
_MOST = 20_000_000  # pairs of edges and triangles; beyond that a cavity is no shape that people draw


def falls_apart(surfaces: Surfaces, of_surface: Ints, bodies: Bodies, outer: int, cavities: Ints) -> bool:
    """Say whether cavities touch the outer shell along lines that cut its surface into several pieces.

    Then the interior is in pieces too, for shells without handles.
    """
    lines = _contact(bodies, outer, cavities)
    if len(lines) < 3:  # no closed line
        return False
    sides: list[Floats] = []
    pieces: list[int] = []
    for surface in np.flatnonzero(of_surface == outer).tolist():
        for ring in _pieces(surfaces, surface, lines):
            sides.append(np.stack([ring, np.roll(ring, -1, axis=0)], axis=1))
            pieces.append(len(pieces))
    ends = np.concatenate(sides)
    piece = np.repeat(pieces, [len(side) for side in sides])
    middles = ends.mean(axis=1)
    free = ~_on(middles, lines)
    side = number_rows(*np.round(middles[free] / _TOUCH_M).astype(np.int64).T)
    component = connected(piece[free], len(pieces) + side, len(pieces) + side.max(initial=-1) + 1)
    return len(np.unique(component[: len(pieces)])) > 1


def _contact(bodies: Bodies, outer: int, cavities: Ints) -> Floats:
    """Return the pieces of edges of either that lie on a face of the other, as ends, shape ``(n, 2, 3)``."""
    found = [np.zeros((0, 2, 3))]
    for cavity in cavities.tolist():
        for first, second in ((cavity, outer), (outer, cavity)):
            triangle, _ = ragged_take(bodies.triangle_offsets, np.array([second]))
            pieces = cut_edges(bodies, first, second, _TOUCH_M)
            if len(pieces) * len(triangle) > _MOST:
                continue
            found.append(pieces[_on_triangles(pieces.mean(axis=1), bodies.triangles[triangle])])
    return np.concatenate(found)


def _on_triangles(points: Floats, triangles: Floats) -> NDArray[np.bool_]:
    """Return which points lie on one of the triangles."""
    sides = np.roll(triangles, -1, axis=1) - triangles
    normal = np.cross(sides[:, 0], sides[:, 1])
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    arms = points[:, None, None] - triangles[None]
    flat = np.abs((arms[:, :, 0] * normal).sum(axis=2)) <= _TOUCH_M
    into = np.cross(normal[:, None], sides)
    into /= np.linalg.norm(into, axis=2)[:, :, None]
    within = ((arms * into).sum(axis=3) >= -_TOUCH_M).all(axis=2)
    on: NDArray[np.bool_] = (flat & within).any(axis=1)
    return on


def _on(points: Floats, lines: Floats) -> NDArray[np.bool_]:
    """Return which points lie on one of the lines."""
    along = lines[:, 1] - lines[:, 0]
    share = ((points[:, None] - lines[:, 0]) * along).sum(axis=2) / (along**2).sum(axis=1)
    nearest = lines[:, 0] + np.clip(share, 0, 1)[:, :, None] * along
    on: NDArray[np.bool_] = (np.linalg.norm(points[:, None] - nearest, axis=2) <= _TOUCH_M).any(axis=1)
    return on


def _pieces(surfaces: Surfaces, surface: int, lines: Floats) -> list[Floats]:
    """Return the rings of the pieces into which lines cut a polygon; its own edges are cut where lines end."""
    geometry = surfaces.geometry
    corner, _ = ragged_take(geometry.ring_offsets, ragged_take(geometry.surface_offsets, np.array([surface]))[0])
    ends = geometry.corners[np.stack([corner, successors(geometry.ring_offsets)[corner]], axis=1)]
    origin = ends[0, 0]
    across, up = (axis[0] for axis in frames(surfaces.normal[[surface]]))
    normal = surfaces.normal[surface]
    in_plane = lines[(np.abs((lines - origin) @ normal) <= _TOUCH_M).all(axis=1)]
    nodes = lines.reshape(-1, 3)
    cut = [_cut_at(edge, nodes) for edge in ends]
    flat = [np.stack([(line - origin) @ across, (line - origin) @ up], axis=1) for line in (*cut, *in_plane)]
    noded = shapely.union_all(shapely.linestrings([pair for line in flat for pair in pairwise(line)]))
    outline = shapely.polygonize([shapely.union_all([shapely.linestrings(line) for line in flat[: len(cut)]])])
    found = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.node(noded))))
    inside = [piece for piece in found if shapely.covers(shapely.union_all(outline), shapely.point_on_surface(piece))]
    rings = [shapely.get_coordinates(shapely.get_exterior_ring(piece))[:-1] for piece in inside]
    return [origin + ring[:, :1] * across + ring[:, 1:] * up for ring in rings]


def _cut_at(edge: Floats, nodes: Floats) -> Floats:
    """Return an edge as a line with a corner at every node that lies on it."""
    on = nodes[_on(nodes, edge[None])]
    share = (on - edge[0]) @ (edge[1] - edge[0]) / ((edge[1] - edge[0]) ** 2).sum()
    share = np.unique(np.round(np.clip(share, 0, 1), 9))
    share = np.unique(np.concatenate([[0.0], share, [1.0]]))
    line: Floats = edge[0] + share[:, None] * (edge[1] - edge[0])
    return line
