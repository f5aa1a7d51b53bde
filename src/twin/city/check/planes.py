"""Polygons on the plane that fits them best, and cut into triangles there."""

from __future__ import annotations

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.polygons import polygons
from twin.city.geometry.rings import number_rows, ring_of_corner, successors, surface_of_corner
from twin.city.model import Geometry

__all__ = ["fit_planes", "folds", "triangles"]

STRAIGHT_M = 1e-8  # rounding: a corner no farther off the line between its neighbours is on it
DENT = 1e-5  # how far such a corner is moved, as a share of the edge's length

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def fit_planes(geometry: Geometry) -> tuple[Floats, Floats]:
    """Return the normal of each surface's plane, fitted by least squares, and how far corners lie off it at most, m."""
    surface, n = surface_of_corner(geometry), len(geometry.surface_offsets) - 1
    if not n:
        return np.zeros((0, 3)), np.zeros(0)
    corners = geometry.corners
    origin = corners[geometry.ring_offsets[geometry.surface_offsets[:-1]]]
    local = corners - origin[surface]
    starts = geometry.ring_offsets[geometry.surface_offsets[:-1]]
    counts = np.diff(np.append(starts, len(corners)))
    local -= (np.add.reduceat(local, starts) / counts[:, None])[surface]
    spread = np.add.reduceat(local[:, :, None] * local[:, None, :], starts)
    normal = np.linalg.eigh(spread)[1][:, :, 0]
    off = np.maximum.reduceat(np.abs((local * normal[surface]).sum(axis=1)), starts)
    newell = np.cross(local, local[successors(geometry.ring_offsets)])
    outer = np.add.reduceat(newell, geometry.ring_offsets[:-1])[geometry.surface_offsets[:-1]]
    backwards = (normal * outer).sum(axis=1) < 0
    return np.where(backwards[:, None], -normal, normal), off


def triangles(geometry: Geometry, plane: Floats) -> tuple[Ints, Ints]:
    """Return triangles (vertices, shape ``(n, 3)``) that face as their surfaces do, and the surface of each."""
    plane = _dented(geometry, plane)
    pieces, of_piece = _delaunay(polygons(geometry, plane) if len(plane) else np.zeros(0, dtype=object))
    points = shapely.get_coordinates(pieces).reshape(-1, 4, 2)[:, :3]
    u, v = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    backwards = u[:, 0] * v[:, 1] < u[:, 1] * v[:, 0]
    points[backwards] = points[backwards][:, ::-1]
    both = np.concatenate([plane, points.reshape(-1, 2)])
    place = number_rows(np.concatenate([surface_of_corner(geometry), np.repeat(of_piece, 3)]), *both.T)
    vertex_at = np.full(place.max(initial=-1) + 1, -1)
    vertex_at[place[: len(plane)]] = geometry.ring_vertices
    triangles = vertex_at[place[len(plane) :]].reshape(-1, 3)
    known = (triangles >= 0).all(axis=1)  # not where rounding makes rings touch between corners
    return triangles[known], of_piece[known]


def _delaunay(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], Ints]:
    """Return triangles and the shape of each; none for shapes that rounding has spoilt for GEOS."""
    try:
        cut = shapely.constrained_delaunay_triangles(shapes)
    except shapely.GEOSException:
        valid = shapely.is_valid(shapes)
        cut = np.full(len(shapes), None, dtype=object)
        cut[valid] = shapely.constrained_delaunay_triangles(shapes[valid])
    pieces, of_piece = shapely.get_parts(cut, return_index=True)
    return pieces, of_piece.astype(np.int64)


def _dented(geometry: Geometry, plane: Floats) -> Floats:
    """Return the plane with corners on straight edges moved inward a little, so that no triangle is a mere line.

    Rounding may put such a corner outside the edge it is on. The triangle of the three would then stand between the
    polygon and its neighbour, which has the corner too.
    """
    n = len(plane)
    following = successors(geometry.ring_offsets)
    before = np.empty(n, dtype=np.int64)
    before[following] = np.arange(n)
    out, back = plane[following] - plane, plane - plane[before]
    length = np.linalg.norm(out + back, axis=1)
    straight = np.abs(back[:, 0] * out[:, 1] - back[:, 1] * out[:, 0]) <= STRAIGHT_M * length
    first = geometry.ring_offsets[:-1][ring_of_corner(geometry)]
    last = geometry.ring_offsets[1:][ring_of_corner(geometry)] - 1
    start = np.maximum.accumulate(np.where(straight, -1, np.arange(n)))
    start = np.where(start < first, start[last], start)
    end = np.minimum.accumulate(np.where(straight, n, np.arange(n))[::-1])[::-1]
    end = np.where(end > last, end[first], end)
    rows = np.flatnonzero(straight & (start >= first) & (end <= last))
    edge = plane[end[rows]] - plane[start[rows]]
    whole = np.linalg.norm(edge, axis=1)
    part = np.linalg.norm(plane[rows] - plane[start[rows]], axis=1) / whole
    inward = np.stack([-edge[:, 1], edge[:, 0]], axis=1)
    shift = np.zeros((n, 2))
    shift[rows] = inward * (DENT * part * (1 - part))[:, None]
    # a corner of several rings is one point still
    place = number_rows(surface_of_corner(geometry), geometry.ring_vertices)
    at = np.zeros((place.max(initial=-1) + 1, 2))
    at[place[rows]] = shift[rows]
    moved: Floats = plane + at[place]
    return moved


def folds(points: Floats, triangles: Ints, normal: Floats, tolerance: float) -> Floats:
    """Return how far the normal of each triangle turns from its surface's, degrees; 0 where it is a mere line."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    double_area = np.linalg.norm(cross, axis=1)
    longest = np.max([np.linalg.norm(edge, axis=1) for edge in (b - a, c - b, a - c)], axis=0, initial=0.0)
    cosine = (cross * normal).sum(axis=1) / np.maximum(double_area, 1e-300)
    flat = double_area <= tolerance * longest
    return np.where(flat, 0.0, np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
