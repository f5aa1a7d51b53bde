"""The exposed perimeter of ground floors: the outline of what buildings stand on, less what touches neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.neighbours import facing_pairs
from twin.city.geometry.rings import following, of_owners, ring_of_corner, surface_of_ring, take_surfaces
from twin.city.model import City, Geometry

__all__ = ["ground_perimeter"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GAP_M = 0.2  # as between party walls, `twin.city.geometry.walls`
ANGLE_DEG = 5.0
LEVEL_M = 3.0  # floors a storey apart or more do not touch; on slopes neighbours do
_SHORTEST_M = 1e-3


@dataclass(frozen=True, slots=True)
class _Edges:
    """Edges of ground floors in plan.

    Attributes
    ----------
    ends
        Shape ``(n, 2, 2)``, m.
    height
        Of the middle, m.
    azimuth
        Compass direction in which outdoors lies, degrees.
    surface
        Which of the surfaces each is an edge of.
    """

    ends: Floats
    height: Floats
    azimuth: Floats
    surface: Ints

    @property
    def lengths(self) -> Floats:
        """Length of each edge, m."""
        length: Floats = np.hypot(*(self.ends[:, 1] - self.ends[:, 0]).T)
        return length


def ground_perimeter(city: City) -> Floats:
    """Return the exposed perimeter of each building's ground floor, m, shape ``(n_buildings,)``.

    The edges of all GroundSurfaces, holes included, less the length along which an edge of another one runs, of the
    same building or a neighbour, facing it within 5 degrees, at most 0.2 m away and less than a storey higher or lower.
    Heated and unheated neighbours are not told apart. A building without ground surfaces has 0.
    """
    n = len(city.buildings)
    ground = np.flatnonzero(city.surfaces["type"] == "GroundSurface")
    if len(city.geometry.surface_offsets) <= len(city.surfaces):  # tables without geometry
        return np.zeros(n)
    edges = _edges(take_surfaces(city.geometry, ground))
    exposed = np.maximum(edges.lengths - _covered(edges), 0.0)
    return _sum(city.surfaces["building"][ground[edges.surface]], exposed, n)


def _edges(geometry: Geometry) -> _Edges:
    corners = geometry.corners
    here, there = corners, following(corners, geometry.ring_offsets)
    ring, surface = ring_of_corner(geometry), surface_of_ring(geometry)
    # twice the area in plan by each edge, from a corner of its own ring so that large coordinates do not cancel
    start = corners[np.minimum(geometry.ring_offsets[:-1], max(len(corners) - 1, 0))][ring][:, :2]
    (x, y), (to_x, to_y) = (here[:, :2] - start).T, (there[:, :2] - start).T
    area = of_owners(np.add, x * to_y - to_x * y, ring, len(surface), 0.0)
    hole = np.ones(len(surface), dtype=bool)
    hole[geometry.surface_offsets[:-1][np.diff(geometry.surface_offsets) > 0]] = False
    # outdoors is on the right of an outline that runs counter-clockwise
    side = (np.where(area < 0.0, -1.0, 1.0) * np.where(hole, -1.0, 1.0))[ring]
    along = (there - here)[:, :2]
    azimuth = np.degrees(np.arctan2(side * along[:, 1], -side * along[:, 0])) % 360.0
    azimuth = np.where(azimuth >= 360.0, 0.0, azimuth)  # a tiny negative angle rounds up to a full turn
    ends = np.stack([here[:, :2], there[:, :2]], axis=1)
    edges = _Edges(ends, (here[:, 2] + there[:, 2]) / 2.0, azimuth, surface[ring])
    some = edges.lengths > _SHORTEST_M
    return _Edges(edges.ends[some], edges.height[some], edges.azimuth[some], edges.surface[some])


def _covered(edges: _Edges) -> Floats:
    """Return the length of each edge along which others run, m; no more than the edge is long."""
    a, b = facing_pairs(edges.ends, edges.azimuth, ANGLE_DEG, GAP_M)
    apart = np.abs((edges.azimuth[a] - edges.azimuth[b]) % 360.0 - 180.0)
    touching = (apart <= ANGLE_DEG) & (np.abs(edges.height[a] - edges.height[b]) < LEVEL_M)
    a, b = a[touching], b[touching]
    one, other = np.concatenate([a, b]), np.concatenate([b, a])
    begin, end, near = _beside(edges.ends, one, other)
    return _union(one[near], begin[near], end[near], len(edges.surface))


def _beside(ends: Floats, one: Ints, other: Ints) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return from where to where along an edge another runs, m, and whether it does and is near enough there."""
    origin = ends[one, 0]
    along = ends[one, 1] - origin
    length = np.hypot(along[:, 0], along[:, 1])
    along = along / length[:, None]
    away = ends[other] - origin[:, None]
    place = (away * along[:, None]).sum(axis=2)
    off = away[:, :, 0] * along[:, None, 1] - away[:, :, 1] * along[:, None, 0]
    begin, end = np.maximum(place.min(axis=1), 0.0), np.minimum(place.max(axis=1), length)
    run = place[:, 1] - place[:, 0]  # never 0, as the two are all but parallel
    gap = off[:, 0] + (off[:, 1] - off[:, 0]) * ((begin + end) / 2.0 - place[:, 0]) / run
    return begin, end, (end > begin) & (np.abs(gap) <= GAP_M)


def _union(owner: Ints, begin: Floats, end: Floats, n: int) -> Floats:
    """Return how much of each owner its intervals cover together, shape ``(n,)``."""
    order = np.lexsort((begin, owner))
    owner, begin, end = owner[order], begin[order], end[order]
    # owners one after the other on one line, so that a running maximum tells what is covered already
    shift = owner * (float(end.max(initial=0.0)) + 1.0)
    reached = np.concatenate([[0.0], np.maximum.accumulate(end + shift)[:-1]]) if len(owner) else shift
    fresh = np.maximum(end + shift - np.maximum(begin + shift, reached), 0.0)
    return _sum(owner, fresh, n)


def _sum(owner: Ints, values: Floats, n: int) -> Floats:
    """Return the sum of each owner's values, shape ``(n,)``."""
    return np.asarray(np.bincount(owner, values, n), dtype=np.float64)  # of none at all it would be whole numbers
